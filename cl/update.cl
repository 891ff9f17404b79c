/* SPDX-License-Identifier: Apache-2.0 */
/* Optimizer updates of whole segments, as Keras has them. Nothing happens once a loss that is not
 * finite was latched. Options that the plain kernels shall not pay for are macros, and part of the
 * names: QN_DECAY, weight decay before the update (the row's decay is learning_rate *
 * weight_decay); QN_AMSGRAD. */
#include "lib/step.h"
#include "lib/vector.h"

#ifndef QN_DECAY
#define QN_DECAY 0
#endif
#ifndef QN_AMSGRAD
#define QN_AMSGRAD 0
#endif

#if QN_DECAY
#define QN_NAME(name) name##_decay
#define QN_READ_ROW float rate = table[row].rate, decay = table[row].decay
#define QN_DECAYED(p) ((p) - decay * (p))
#else
#define QN_NAME(name) name
#define QN_READ_ROW float rate = table[row].rate
#define QN_DECAYED(p) (p)
#endif

#if QN_AMSGRAD
#define QN_ADAM QN_NAME(adam_amsgrad)
#else
#define QN_ADAM QN_NAME(adam)
#endif

/* p -= rate * g */
QN_KERNEL void QN_NAME(sgd)(global float *parameters, global const float *gradients, int count,
                            int chunk, global const int *latch, int has_latch,
                            global const qn_step_row *table, int row)
{
    if (has_latch && latch[0])
        return;
    QN_READ_ROW;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v p = qn_load(parameters + i, n, 0.0f), g = qn_load(gradients + i, n, 0.0f);
        qn_store(QN_DECAYED(p) - rate * g, parameters + i, n);
    }
}

/* v = momentum * v - rate * g, p += v; Nesterov: p += momentum * v - rate * g with the new v */
QN_KERNEL void QN_NAME(sgd_momentum)(global float *parameters, global const float *gradients,
                                     global float *velocity, int count, int chunk, float momentum,
                                     int nesterov, global const int *latch, int has_latch,
                                     global const qn_step_row *table, int row)
{
    if (has_latch && latch[0])
        return;
    QN_READ_ROW;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v p = qn_load(parameters + i, n, 0.0f), g = qn_load(gradients + i, n, 0.0f);
        qn_v v = momentum * qn_load(velocity + i, n, 0.0f) - rate * g;
        qn_store(v, velocity + i, n);
        qn_v change = nesterov ? momentum * v - rate * g : v;
        qn_store(QN_DECAYED(p) + change, parameters + i, n);
    }
}

/* v = rho * v + (1 - rho) * g^2, step = rate * g / sqrt(v + epsilon), p -= step.
 * Centered: a = rho * a + (1 - rho) * g, and v - a^2 under the root.
 * With momentum: m = momentum * m + step, p -= m. A buffer that is not there is not touched. */
QN_KERNEL void QN_NAME(rmsprop)(global float *parameters, global const float *gradients,
                                global float *velocity, global float *moment, int has_moment,
                                global float *average, int has_average, int count, int chunk,
                                float rho, float rest, float momentum, float epsilon,
                                global const int *latch, int has_latch,
                                global const qn_step_row *table, int row)
{
    if (has_latch && latch[0])
        return;
    QN_READ_ROW;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v g = qn_load(gradients + i, n, 0.0f);
        qn_v v = rho * qn_load(velocity + i, n, 0.0f) + rest * g * g;
        qn_store(v, velocity + i, n);
        if (has_average) {
            qn_v a = rho * qn_load(average + i, n, 0.0f) + rest * g;
            qn_store(a, average + i, n);
            v -= a * a;
        }
        qn_v change = rate * g / sqrt(v + epsilon);
        if (has_moment) {
            change += momentum * qn_load(moment + i, n, 0.0f);
            qn_store(change, moment + i, n);
        }
        qn_v p = qn_load(parameters + i, n, 0.0f);
        qn_store(QN_DECAYED(p) - change, parameters + i, n);
    }
}

/* Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015; the row's rate
 * is learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t). rest_1 = 1 - beta_1, rest_2 = 1 - beta_2.
 * AMSGrad (Reddi et al. 2018) divides by the largest v so far, `top`. */
QN_KERNEL void QN_ADAM(global float *parameters, global const float *gradients, global float *m,
                       global float *v,
#if QN_AMSGRAD
                       global float *top,
#endif
                       int count, int chunk, float rest_1, float rest_2, float epsilon,
                       global const int *latch, int has_latch, global const qn_step_row *table,
                       int row)
{
    if (has_latch && latch[0])
        return;
    QN_READ_ROW;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v g = qn_load(gradients + i, n, 0.0f);
        qn_v first = qn_load(m + i, n, 0.0f), second = qn_load(v + i, n, 0.0f);
        first += (g - first) * rest_1;
        second += (g * g - second) * rest_2;
        qn_store(first, m + i, n);
        qn_store(second, v + i, n);
#if QN_AMSGRAD
        qn_v most = qn_load(top + i, n, 0.0f);
        second = select(second, most, second <= most); /* a NaN stays */
        qn_store(second, top + i, n);
#endif
        qn_v p = qn_load(parameters + i, n, 0.0f);
        qn_store(QN_DECAYED(p) - first * rate / (sqrt(second) + epsilon), parameters + i, n);
    }
}
