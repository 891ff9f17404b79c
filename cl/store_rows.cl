/* SPDX-License-Identifier: Apache-2.0 */
/* out[out_at + r, c] = x[r, c] for valid rows. */
#include "lib/step.h"
#include "lib/vector.h"

QN_KERNEL void store_rows(global const float *x, global float *out, int count, int columns,
                          int chunk, global const qn_step_row *table, int row)
{
    int valid = min(table[row].rows * columns, count);
    out += (size_t)table[row].out_at * columns;
    QN_EACH(i, end, valid, chunk)
        qn_store(qn_load(x + i, end - i, 0.0f), out + i, end - i);
}
