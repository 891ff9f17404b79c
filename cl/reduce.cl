/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and means in a fixed order. */
#include "lib/reduce.h"
#include "lib/step.h"

/* y[group] = factor * sum of x[group * chunk ..), chunk elements at most. Long arrays take two
 * launches: parts, then their sum. */
QN_KERNEL void sum(global const float *x, global float *y, int count, int chunk, float factor)
{
    QN_SCRATCH(float, scratch);
    int begin = (int)get_group_id(0) * chunk;
    float total = qn_lane_sum(x + begin, min(chunk, count - begin));
    total = qn_group_sum(total, scratch);
    if (get_local_id(0) == 0)
        y[get_group_id(0)] = total * factor;
}

/* y[c] = sum over rows of x[r, c]: a group takes 16 columns, on a GPU with 4 lanes of rows. */
#define QN_ROW_BLOCK 256
#if QN_CPU
QN_KERNEL void column_sum(global const float *x, global float *y, int rows, int columns)
{
    int c = (int)get_group_id(0) * 16, n = columns - c;
    qn_v total = 0.0f;
    for (int block = 0; block < rows; block += QN_ROW_BLOCK) {
        int end = min(block + QN_ROW_BLOCK, rows);
        qn_v part = 0.0f;
        for (int r = block; r < end; ++r)
            part += qn_load(x + (size_t)r * columns + c, n, 0.0f);
        total += part;
    }
    qn_store(total, y + c, n);
}
#else
QN_KERNEL void column_sum(global const float *x, global float *y, int rows, int columns)
{
    local float scratch[QN_LOCAL];
    int lane = (int)get_local_id(0), c = (int)get_group_id(0) * 16 + (lane & 15);
    bool inside = c < columns;
    float total = 0.0f;
    for (int block = lane >> 4; block < rows; block += 4 * QN_ROW_BLOCK) {
        int end = min(block + 4 * QN_ROW_BLOCK, rows);
        float part = 0.0f;
        for (int r = block; r < end; r += 4)
            part += x[(size_t)r * columns + min(c, columns - 1)];
        total += part;
    }
    scratch[lane] = total;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < 16 && inside)
        y[c] = (scratch[lane] + scratch[lane + 16]) + (scratch[lane + 32] + scratch[lane + 48]);
}
#endif

/* y[0] = mean of x[0 .. rows * inner), rows from the step table. One group. */
QN_KERNEL void batch_mean(global const float *x, global float *y, int inner,
                          global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    int count = table[row].rows * inner;
    float total = qn_group_sum(qn_lane_sum(x, count), scratch);
    if (get_local_id(0) == 0)
        y[0] = total / (float)count;
}

/* dx[i] = dy[0] / (rows * inner) for valid rows, else 0 */
QN_KERNEL void batch_mean_grad(global const float *dy, global float *dx, int count, int chunk,
                               int inner, global const qn_step_row *table, int row)
{
    int valid = table[row].rows * inner;
    float part = dy[0] / (float)valid;
    QN_EACH(i, end, count, chunk)
    {
#if QN_CPU
        for (int k = i; k < min(i + QN_WIDTH, end); ++k)
            dx[k] = k < valid ? part : 0.0f;
#else
        dx[i] = i < valid ? part : 0.0f;
#endif
    }
}
