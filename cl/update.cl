/* SPDX-License-Identifier: Apache-2.0 */
/* Optimizer updates of whole segments. Nothing happens once a loss that is not finite was latched. */
#include "lib/step.h"
#include "lib/vector.h"

/* p -= rate * g */
QN_KERNEL void sgd(global float *parameters, global const float *gradients, int count, int chunk,
                   global const int *latch, int has_latch, global const qn_step_row *table, int row)
{
    if (has_latch && latch[0])
        return;
    float rate = table[row].rate;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v p = qn_load(parameters + i, n, 0.0f), g = qn_load(gradients + i, n, 0.0f);
        qn_store(p - rate * g, parameters + i, n);
    }
}

/* Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015; the row's rate
 * is learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t). rest_1 = 1 - beta_1, rest_2 = 1 - beta_2. */
QN_KERNEL void adam(global float *parameters, global const float *gradients, global float *m,
                    global float *v, int count, int chunk, float rest_1, float rest_2,
                    float epsilon, global const int *latch, int has_latch,
                    global const qn_step_row *table, int row)
{
    if (has_latch && latch[0])
        return;
    float rate = table[row].rate;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v g = qn_load(gradients + i, n, 0.0f);
        qn_v first = qn_load(m + i, n, 0.0f), second = qn_load(v + i, n, 0.0f);
        first += (g - first) * rest_1;
        second += (g * g - second) * rest_2;
        qn_store(first, m + i, n);
        qn_store(second, v + i, n);
        qn_v p = qn_load(parameters + i, n, 0.0f);
        qn_store(p - first * rate / (sqrt(second) + epsilon), parameters + i, n);
    }
}
