/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracies by row (cl/metrics.cl) and the step's row of results (cl/record.cl). */
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

qn_status qn_kernel_accuracy(qn_steps *steps, qn_accuracy_kind kind, double threshold, int k,
                             qn_buffer *y_true, qn_buffer *y_pred, qn_buffer *row_value,
                             int64_t rows, int64_t columns)
{
    static const char *const names[] = {"accuracy_binary", "accuracy_categorical",
                                        "accuracy_sparse", "accuracy_top_k",
                                        "accuracy_sparse_top_k"};
    double count = (double)rows * (double)columns;
    char options[32];
    qn_launch l;

    snprintf(options, sizeof options, "-DQN_ACCURACY=%d", (int)kind);
    qn_launch_begin(&l, steps, "metrics.cl", options, names[kind]);
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, y_true);
    qn_launch_buffer(&l, y_pred);
    qn_launch_buffer(&l, row_value);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_f32(&l, threshold);
    qn_launch_i32(&l, k);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 2.0 * count, 2.0 * count + (double)rows);
}

qn_status qn_kernel_record(qn_steps *steps, int count, qn_buffer *const *values,
                           const int64_t *inner, qn_buffer *results, qn_buffer *latch,
                           int64_t batch)
{
    double elements = 0;
    qn_launch l;

    if (count < 1 || count > QN_MAX_RECORDS)
        return qn_fail(qn_device_env(steps->device), QN_ERROR_USAGE,
                       "%d results a step were asked for; a loss and metrics may be 1 to %d", count,
                       QN_MAX_RECORDS);
    qn_launch_begin(&l, steps, "record.cl", "", "record");
    for (int i = 0; i < QN_MAX_RECORDS; i++) {
        int source = i < count ? i : 0;

        qn_launch_rows(&l, batch, inner[source]); /* checks the count */
        qn_launch_buffer(&l, values[source]);
        qn_launch_i32(&l, inner[source]);
        elements += i < count ? (double)batch * (double)inner[i] : 0.0;
    }
    qn_launch_groups(&l, count);
    qn_launch_i32(&l, count);
    qn_launch_buffer(&l, results);
    qn_launch_optional(&l, latch, results);
    qn_launch_table(&l);
    return qn_launch_end(&l, elements, elements + count);
}
