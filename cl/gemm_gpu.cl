/* SPDX-License-Identifier: Apache-2.0 */
/* c = activation(op(a) op(b) + bias), or op(a) op(b) times the activation's gradient, for GPUs: a work-group of QN_IM x QN_IN items makes a tile of
 * c, each item QN_RM x QN_RN elements of it in registers, from tiles of op(a) and op(b) in local
 * memory, QN_KT values of k at a time; each element is summed in the order of k. An item's elements
 * lie QN_IM rows and QN_IN columns apart, so that neighbours read and write neighbours. */
#include "lib/functions.h"

#ifndef QN_IM
#define QN_IM 16 /* items of a work-group along m */
#endif
#ifndef QN_IN
#define QN_IN 16 /* items of a work-group along n */
#endif
#ifndef QN_RM
#define QN_RM 4 /* rows of c that an item makes */
#endif
#ifndef QN_RN
#define QN_RN 4 /* columns of c that an item makes */
#endif
#ifndef QN_KT
#define QN_KT 16 /* values of k in a tile */
#endif
#ifndef QN_TRANS_A
#define QN_TRANS_A 0
#endif
#ifndef QN_TRANS_B
#define QN_TRANS_B 0
#endif
#ifndef QN_BIAS
#define QN_BIAS 0
#endif
#ifndef QN_GRADIENT
#define QN_GRADIENT 0 /* c = op(a) op(b) * activation'(y); no bias */
#endif
#ifndef QN_ACTIVATION
#define QN_ACTIVATION qn_linear /* with its prefix: some drivers define tanh as a macro */
#endif

#define QN_TM (QN_IM * QN_RM)
#define QN_TN (QN_IN * QN_RN)
#define QN_ITEMS (QN_IM * QN_IN)
/* One float between rows: a column of a tile is spread over the banks of local memory. */
#define QN_A_PITCH (QN_TM + 1)
#define QN_B_PITCH (QN_TN + 1)
#if QN_GRADIENT
#define QN_RESULT(x, at) ((x) * QN_JOIN(QN_ACTIVATION, _grad, )(0.0f, y[at]))
#else
#define QN_RESULT(x, at) QN_ACTIVATION(x)
#endif

/* Brings a tile of `across` columns (of c) by QN_KT values of k, as to[value][column], zeros outside
 * of the matrix. `along_k`: memory runs along k, [columns, k]; otherwise [k, columns]. A macro and
 * unsigned, so that divisions are shifts. */
#define QN_LOAD_TILE(x, to, pitch, along_k, across, column0, columns)                              \
    for (uint t = item; t < (across) * QN_KT; t += QN_ITEMS) {                                     \
        const int i = (along_k) ? t / QN_KT : t % (across);                                        \
        const int j = (along_k) ? t % QN_KT : t / (across);                                        \
        const bool inside = (column0) + i < (columns) && k0 + j < k;                               \
        const size_t at = (along_k) ? (size_t)((column0) + i) * k + k0 + j                         \
                                    : (size_t)(k0 + j) * (columns) + (column0) + i;                \
        (to)[j * (pitch) + i] = inside ? (x)[at] : 0.0f;                                           \
    }

__kernel __attribute__((reqd_work_group_size(QN_IN, QN_IM, 1))) void
gemm_gpu(const __global float *restrict a, const __global float *restrict b,
         const __global float *restrict bias, const __global float *restrict y,
         __global float *restrict c, int m, int n, int k)
{
    __local float a_tile[QN_KT * QN_A_PITCH];
    __local float b_tile[QN_KT * QN_B_PITCH];
    const int item_n = get_local_id(0), item_m = get_local_id(1), item = item_m * QN_IN + item_n;
    const int column0 = get_group_id(0) * QN_TN, row0 = get_group_id(1) * QN_TM;
    float sum[QN_RM][QN_RN];

    for (int i = 0; i < QN_RM; i++)
        for (int j = 0; j < QN_RN; j++)
            sum[i][j] = 0.0f;
    for (int k0 = 0; k0 < k; k0 += QN_KT) {
        QN_LOAD_TILE(a, a_tile, QN_A_PITCH, !QN_TRANS_A, QN_TM, row0, m)
        QN_LOAD_TILE(b, b_tile, QN_B_PITCH, QN_TRANS_B, QN_TN, column0, n)
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 4
        for (int t = 0; t < QN_KT; t++) {
            float from_a[QN_RM], from_b[QN_RN];
#pragma unroll
            for (int i = 0; i < QN_RM; i++)
                from_a[i] = a_tile[t * QN_A_PITCH + i * QN_IM + item_m];
#pragma unroll
            for (int j = 0; j < QN_RN; j++)
                from_b[j] = b_tile[t * QN_B_PITCH + j * QN_IN + item_n];
#pragma unroll
            for (int i = 0; i < QN_RM; i++)
#pragma unroll
                for (int j = 0; j < QN_RN; j++)
                    sum[i][j] = fma(from_a[i], from_b[j], sum[i][j]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int j = 0; j < QN_RN; j++) {
        const int column = column0 + j * QN_IN + item_n;
        if (column < n) {
#if QN_BIAS
            const float shift = bias[column];
#else
            const float shift = 0.0f;
#endif
#pragma unroll
            for (int i = 0; i < QN_RM; i++) {
                const int row = row0 + i * QN_IM + item_m;
                const size_t at = (size_t)row * n + column;
                if (row < m)
                    c[at] = QN_RESULT(sum[i][j] + shift, at);
            }
        }
    }
}
