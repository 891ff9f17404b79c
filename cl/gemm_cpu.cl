/* SPDX-License-Identifier: Apache-2.0 */
/* c = activation(op(a) op(b) + bias), or op(a) op(b) times the activation's gradient, for CPUs: a work-group is one work-item, a task for one core,
 * and owns a block of c. It goes over the block in register tiles of QN_MR rows by up to QN_NV
 * vectors (Goto & van de Geijn 2008), each element summed in the order of k by fused multiply-adds.
 *
 * op(b) is read by whole vectors: straight from memory, or from panels packed in local memory, one
 * slice of QN_KC values of k at a time (QN_PACK; always where b is transposed). op(a) is read by
 * single elements. The last vector of a row is shifted left to end with it: the columns it has in
 * common with the one before come out equal. A c of fewer columns than that has QN_NARROW. */
#include "lib/vector.h"

#ifndef QN_W
#define QN_W 16 /* floats in a vector: 4, 8 or 16 */
#endif
#define QN_REAL QN_JOIN(float, QN_W, )
#include "lib/functions.h"

#ifndef QN_MR
#define QN_MR 8 /* rows of a register tile */
#endif
#ifndef QN_NV
#define QN_NV 3 /* vectors of a register tile, at most 3 */
#endif
#ifndef QN_TRANS_A
#define QN_TRANS_A 0
#endif
#ifndef QN_TRANS_B
#define QN_TRANS_B 0
#endif
#ifndef QN_PACK
#define QN_PACK QN_TRANS_B
#endif
#ifndef QN_KC
#define QN_KC 256 /* values of k in a slice; a multiple of QN_W */
#endif
#ifndef QN_NARROW
#define QN_NARROW 0
#endif
#ifndef QN_BIAS
#define QN_BIAS 0
#endif
#ifndef QN_GRADIENT
#define QN_GRADIENT 0 /* c = op(a) op(b) * activation'(y); no bias */
#endif
#ifndef QN_SUMS
#define QN_SUMS 0 /* the column sums of b as well; not with QN_TRANS_B */
#endif
#ifndef QN_ACTIVATION
#define QN_ACTIVATION qn_linear /* with its prefix: some drivers define tanh as a macro */
#endif

typedef qn_real qn_vector;
#define QN_LOAD(p) QN_JOIN(vload, QN_W, )(0, (p))
#define QN_STORE(x, p) QN_JOIN(vstore, QN_W, )((x), 0, (p))
#define QN_ACTIVATE(x) QN_ACTIVATION(x)
#define QN_GRADIENT_AT(y) QN_JOIN(QN_ACTIVATION, _grad, )((qn_vector)(0.0f), (y))

#if QN_PACK
typedef const __local float *qn_b_pointer;
#else
typedef const __global float *qn_b_pointer;
#endif

/* The first `count` elements at p, the others 0; and back. */
QN_INLINE qn_vector load_part(const __global float *p, int count)
{
    float part[QN_W];
    for (int i = 0; i < QN_W; i++)
        part[i] = i < count ? p[i] : 0.0f;
    return QN_LOAD(part);
}

QN_INLINE void store_part(qn_vector x, __global float *p, int count)
{
    float part[QN_W];
    QN_STORE(x, part);
    for (int i = 0; i < count; i++)
        p[i] = part[i];
}

QN_INLINE qn_vector load_row(const __global float *p, int n)
{
    return QN_NARROW ? load_part(p, n) : QN_LOAD(p);
}

#if QN_TRANS_B
/* a0 b0 a1 b1 ... of the lower and of the upper halves of two vectors. */
#define QN_PICK(a, b, ...) shuffle2(a, b, (QN_JOIN(uint, QN_W, ))(__VA_ARGS__))
#if QN_W == 16
#define QN_MIX_LOW(a, b) QN_PICK(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define QN_MIX_HIGH(a, b)                                                                          \
    QN_PICK(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif QN_W == 8
#define QN_MIX_LOW(a, b) QN_PICK(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define QN_MIX_HIGH(a, b) QN_PICK(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define QN_MIX_LOW(a, b) QN_PICK(a, b, 0, 4, 1, 5)
#define QN_MIX_HIGH(a, b) QN_PICK(a, b, 2, 6, 3, 7)
#endif

/* Transposes QN_W x QN_W elements of b [n, k]: log2(QN_W) perfect shuffles of its rows. The last of
 * `columns` rows stands for those missing. */
QN_INLINE void transpose(const __global float *b, __local float *to, int pitch, int k, int columns)
{
    qn_vector x[QN_W], y[QN_W];
#pragma unroll
    for (int i = 0; i < QN_W; i++)
        x[i] = QN_LOAD(b + (size_t)min(i, columns - 1) * k);
#pragma unroll
    for (int stage = 1; stage < QN_W; stage *= 2) {
#pragma unroll
        for (int i = 0; i < QN_W / 2; i++) {
            y[2 * i] = QN_MIX_LOW(x[i], x[i + QN_W / 2]);
            y[2 * i + 1] = QN_MIX_HIGH(x[i], x[i + QN_W / 2]);
        }
#pragma unroll
        for (int i = 0; i < QN_W; i++)
            x[i] = y[i];
    }
#pragma unroll
    for (int i = 0; i < QN_W; i++)
        QN_STORE(x[i], to + i * pitch);
}

/* Packs kc values of k for one vector of columns; `to` has `pitch` floats from one to the next. */
QN_INLINE void pack(const __global float *b, __local float *to, int pitch, int kc, int n, int k)
{
    const int columns = min(QN_W, n);
    if (kc < QN_W) {
        for (int i = 0; i < kc; i++)
            for (int j = 0; j < QN_W; j++)
                to[i * pitch + j] = b[(size_t)min(j, columns - 1) * k + i];
        return;
    }
    for (int i = 0; i < kc; i += QN_W) {
        const int at = min(i, kc - QN_W); /* the last square may repeat a part of the one before */
        transpose(b + at, to + at * pitch, pitch, k, columns);
    }
}
#elif QN_PACK
QN_INLINE void pack(const __global float *b, __local float *to, int pitch, int kc, int n, int k)
{
    for (int i = 0; i < kc; i++)
        QN_STORE(load_row(b + (size_t)i * n, n), to + i * pitch);
}
#endif

/* A register tile: `v` vectors, constant after inlining, of `rows` rows of c, over kc values of k.
 * a_row: where the rows of op(a) begin; b_at and column: where the vectors begin in b and in c. At
 * the first b_safe rows of b a whole vector ends within b. */
QN_INLINE void tile(const int v, const __global float *a, const int *a_row, int a_step,
                    qn_b_pointer b, const int *b_at, int b_step, int kc, int b_safe,
                    __global float *c, const int *column, int rows, int n, bool first, bool last,
                    const __global float *bias, const __global float *y)
{
    qn_vector sum[QN_MR][QN_NV];
#pragma unroll
    for (int i = 0; i < QN_MR; i++)
#pragma unroll
        for (int j = 0; j < QN_NV; j++)
            sum[i][j] = 0.0f;
#if QN_PACK
    if (!first)
#pragma unroll
        for (int i = 0; i < QN_MR; i++)
#pragma unroll
            for (int j = 0; j < QN_NV; j++)
                if (i < rows && j < v)
                    sum[i][j] = load_row(c + (size_t)i * n + column[j], n);
#endif
    for (int k = 0; k < b_safe; k++) {
        qn_vector from_b[QN_NV];
#pragma unroll
        for (int j = 0; j < QN_NV; j++)
            if (j < v)
                from_b[j] = QN_LOAD(b + b_at[j]);
#pragma unroll
        for (int i = 0; i < QN_MR; i++) {
            const qn_vector x = a[a_row[i]];
#pragma unroll
            for (int j = 0; j < QN_NV; j++)
                if (j < v)
                    sum[i][j] = fma(x, from_b[j], sum[i][j]);
        }
        a += a_step;
        b += b_step;
    }
#if QN_NARROW && !QN_PACK
    for (int k = b_safe; k < kc; k++) {
        const qn_vector from_b = load_part(b, n);
#pragma unroll
        for (int i = 0; i < QN_MR; i++)
            sum[i][0] = fma((qn_vector)(a[a_row[i]]), from_b, sum[i][0]);
        a += a_step;
        b += b_step;
    }
#endif
#if QN_GRADIENT
    if (last) {
#pragma unroll
        for (int i = 0; i < QN_MR; i++)
#pragma unroll
            for (int j = 0; j < QN_NV; j++)
                if (i < rows && j < v)
                    sum[i][j] *= QN_GRADIENT_AT(load_row(y + (size_t)i * n + column[j], n));
    }
#else
    if (last) {
#pragma unroll
        for (int j = 0; j < QN_NV; j++)
            if (j < v) {
#if QN_BIAS
                const qn_vector shift = load_row(bias + column[j], n);
#pragma unroll
                for (int i = 0; i < QN_MR; i++)
                    sum[i][j] += shift;
#endif
#pragma unroll
                for (int i = 0; i < QN_MR; i++)
                    sum[i][j] = QN_ACTIVATE(sum[i][j]);
            }
    }
#endif
#pragma unroll
    for (int i = 0; i < QN_MR; i++)
#pragma unroll
        for (int j = 0; j < QN_NV; j++)
            if (i < rows && j < v) {
                if (QN_NARROW)
                    store_part(sum[i][j], c + (size_t)i * n, n);
                else
                    QN_STORE(sum[i][j], c + (size_t)i * n + column[j]);
            }
}

#if QN_SUMS
#define QN_SUM_BLOCK 64 /* rows that are added up before they go to the sum: less rounding */

/* Of one vector of columns. */
QN_INLINE qn_vector column_sums(const __global float *b, int n, int k)
{
    qn_vector sum = 0.0f;
    for (int k0 = 0; k0 < k; k0 += QN_SUM_BLOCK) {
        const int end = min(k, k0 + QN_SUM_BLOCK);
        qn_vector part = 0.0f;
        for (int i = k0; i < end; i++)
            part += load_row(b + (size_t)i * n, n);
        sum += part;
    }
    return sum;
}
#endif

/* bias [n] is read with QN_BIAS, y [m, n] with QN_GRADIENT, sums [n] written with QN_SUMS. Group (i, j) makes rows [i * block_rows, ...) and the j-th share of the vectors of a row. Where
 * there are several shares, each has two vectors or more. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_cpu(const __global float *restrict a, const __global float *restrict b,
         const __global float *restrict bias, const __global float *restrict y,
         __global float *restrict c, __global float *restrict sums, int m, int n, int k,
         int block_rows)
{
#if QN_PACK
    __local float panel[QN_KC * QN_NV * QN_W];
#endif
    const int row0 = get_group_id(0) * block_rows, row1 = min(m, row0 + block_rows);
    const int shares = get_num_groups(1), share = get_group_id(1);
    const int vectors = (n + QN_W - 1) / QN_W;
    const int vector0 = (int)((long)vectors * share / shares);
    const int count = (int)((long)vectors * (share + 1) / shares) - vector0;
    const int last_column = min(n, (vector0 + count) * QN_W) - QN_W; /* of the last vector */
    const int strips = (count + QN_NV - 1) / QN_NV;
    const int a_pitch = QN_TRANS_A ? 1 : k, a_step = QN_TRANS_A ? m : 1;

#if QN_SUMS
    if (row0 == 0)
        for (int j = 0; j < count; j++) {
            const int column = max(0, min((vector0 + j) * QN_W, last_column));
            const qn_vector sum = column_sums(b + column, n, k);
            if (QN_NARROW)
                store_part(sum, sums, n);
            else
                QN_STORE(sum, sums + column);
        }
#endif

    for (int strip = 0; strip < strips; strip++) {
        const int first_vector = count * strip / strips;
        const int v = count * (strip + 1) / strips - first_vector;
        int column[QN_NV], b_at[QN_NV];
        for (int j = 0; j < QN_NV; j++)
            column[j] = max(0, min((vector0 + first_vector + j) * QN_W, last_column));
#if QN_PACK
        const int slice = QN_KC, b_step = v * QN_W;
        for (int j = 0; j < QN_NV; j++)
            b_at[j] = j * QN_W;
#else
        const __global float *panel = b;
        const int slice = k, b_step = n;
        for (int j = 0; j < QN_NV; j++)
            b_at[j] = column[j];
#endif
        for (int k0 = 0; k0 < k; k0 += slice) {
            const int kc = min(slice, k - k0);
            int b_safe = kc;
#if QN_PACK
            for (int j = 0; j < v; j++)
                pack(QN_TRANS_B ? b + (size_t)column[j] * k + k0 : b + (size_t)k0 * n + column[j],
                     panel + b_at[j], b_step, kc, n, k);
#elif QN_NARROW
            b_safe = max(0, kc - (QN_W - 1) / n);
#endif
            for (int i = row0; i < row1; i += QN_MR) {
                const int rows = min(QN_MR, row1 - i);
                int a_row[QN_MR];
                for (int r = 0; r < QN_MR; r++)
                    a_row[r] = min(r, rows - 1) * a_pitch;
#define QN_TILE(count)                                                                             \
    tile(count, a + (size_t)i * a_pitch + (size_t)k0 * a_step, a_row, a_step, panel, b_at, b_step, \
         kc, b_safe, c + (size_t)i * n, column, rows, n, k0 == 0, k0 + kc == k, bias,              \
         y + (size_t)i * n)
                if (v == 1)
                    QN_TILE(1);
#if QN_NV >= 2 && !QN_NARROW
                else if (v == 2)
                    QN_TILE(2);
#endif
#if QN_NV >= 3 && !QN_NARROW
                else
                    QN_TILE(3);
#endif
            }
        }
    }
}
