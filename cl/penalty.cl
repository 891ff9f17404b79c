/* SPDX-License-Identifier: Apache-2.0 */
/* Penalties l1 * sum |x| + l2 * sum x^2 in a fixed order, of weights and of a batch's activations;
 * and what the orthogonal penalty needs beside products. */
#include "lib/reduce.h"
#include "lib/step.h"

/* n elements are left from x on, `valid` of them count; 0 stands for the others. */
static inline qn_v qn_load_valid(global const float *x, int valid, int n)
{
#if QN_CPU
    return qn_load(x, clamp(valid, 0, n), 0.0f);
#else
    return valid > 0 ? *x : 0.0f;
#endif
}

/* This work-item's part, as qn_lane_sum. */
static inline float qn_lane_penalty(global const float *x, int count, float l1, float l2)
{
    qn_v total = 0.0f;
    for (int block = 0; block < count; block += QN_SUM_BLOCK) {
        int n = min(QN_SUM_BLOCK, count - block);
        qn_v part = 0.0f;
        QN_LANES(i, n)
        {
            qn_v v = qn_load(x + block + i, n - i, 0.0f);
            part += l1 * fabs(v) + l2 * v * v;
        }
        total += part;
    }
    return qn_sum_of(total);
}

/* y[group]: the penalty of x[group * chunk ..), chunk elements at most. Long arrays take two
 * launches: parts, then their sum. */
QN_KERNEL void penalty(global const float *x, global float *y, int count, int chunk, float l1,
                       float l2)
{
    QN_SCRATCH(float, scratch);
    int begin = (int)get_group_id(0) * chunk;
    float total = qn_lane_penalty(x + begin, min(chunk, count - begin), l1, l2);
    total = qn_group_sum(total, scratch);
    if (get_local_id(0) == 0)
        y[get_group_id(0)] = total;
}

/* The same over the valid rows, divided by their number. */
QN_KERNEL void penalty_batch(global const float *x, global float *y, int inner, int chunk, float l1,
                             float l2, global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    int begin = (int)get_group_id(0) * chunk, rows = table[row].rows;
    float total = qn_lane_penalty(x + begin, min(chunk, rows * inner - begin), l1, l2);
    total = qn_group_sum(total, scratch);
    if (get_local_id(0) == 0)
        y[get_group_id(0)] = total / (float)rows;
}

/* dx = dy[0] * (l1 * sign(x) + 2 * l2 * x) */
QN_KERNEL void penalty_grad(global const float *dy, global const float *x, global float *dx,
                            int count, int chunk, float l1, float l2)
{
    float k1 = dy[0] * l1, k2 = dy[0] * 2.0f * l2;
    QN_EACH(i, end, count, chunk)
    {
        qn_v v = qn_load(x + i, end - i, 0.0f);
        qn_store(k1 * sign(v) + k2 * v, dx + i, end - i);
    }
}

/* The same over rows * inner elements of valid rows; 0 in padded ones. */
QN_KERNEL void penalty_batch_grad(global const float *dy, global const float *x, global float *dx,
                                  int count, int chunk, int inner, float l1, float l2,
                                  global const qn_step_row *table, int row)
{
    int rows = table[row].rows;
    float k1 = dy[0] * l1 / (float)rows, k2 = dy[0] * 2.0f * l2 / (float)rows;
    QN_EACH(i, end, count, chunk)
    {
        qn_v v = qn_load_valid(x + i, rows * inner - i, end - i);
        qn_store(k1 * sign(v) + k2 * v, dx + i, end - i);
    }
}

/* x [n, n] holds products of n vectors with each other. One over the norm of vector i, at most
 * 1e7: Keras's epsilon. */
static inline float qn_inverse_norm(global const float *x, int i, int n)
{
    float square = x[(size_t)i * n + i];
    return square <= 1e-14f ? 1e7f : rsqrt(square);
}

/* y[i, j] = x[i, j] / (|i| |j|), the cosine of two different vectors; 0 on the diagonal */
QN_KERNEL void cosines(global const float *x, global float *y, int n, int chunk)
{
    QN_ROWS(i, n, chunk)
    {
        float own = qn_inverse_norm(x, i, n);
        for (int j = (int)get_local_id(0); j < n; j += QN_LOCAL) {
            size_t at = (size_t)i * n + j;
            y[at] = i == j ? 0.0f : x[at] * own * qn_inverse_norm(x, j, n);
        }
    }
}

/* dx[i, j] = dy[i, j] / (|i| |j|); the diagonal gets what the norms do. */
QN_KERNEL void cosines_grad(global const float *dy, global const float *x, global float *dx, int n,
                            int chunk)
{
    QN_SCRATCH(float, scratch);
    QN_ROWS(i, n, chunk)
    {
        float own = qn_inverse_norm(x, i, n), square = x[(size_t)i * n + i], part = 0.0f;
        for (int j = (int)get_local_id(0); j < n; j += QN_LOCAL) {
            size_t at = (size_t)i * n + j, turned = (size_t)j * n + i;
            float scale = own * qn_inverse_norm(x, j, n);
            if (i == j)
                continue;
            dx[at] = dy[at] * scale;
            part += (dy[at] * x[at] + dy[turned] * x[turned]) * scale;
        }
        float total = qn_group_sum(part, scratch);
        if (get_local_id(0) == 0)
            dx[(size_t)i * n + i] = square <= 1e-14f ? 0.0f : -0.5f * total / square;
    }
}

/* y = x in valid rows, 0 in padded ones */
QN_KERNEL void valid_rows(global const float *x, global float *y, int count, int chunk, int inner,
                          global const qn_step_row *table, int row)
{
    int all = table[row].rows * inner;
    QN_EACH(i, end, count, chunk)
        qn_store(qn_load_valid(x + i, all - i, end - i), y + i, end - i);
}

/* y[0] = x[0] / number of valid rows. One group. */
QN_KERNEL void per_row(global const float *x, global float *y, global const qn_step_row *table,
                       int row)
{
    if (get_local_id(0) == 0)
        y[0] = x[0] / (float)table[row].rows;
}
