/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do at most: multiply-adds, loads and stores of global memory, loads of local
 * memory, an empty launch. Every result is stored, or a compiler would leave the work out. */
#include "lib/reduce.h"

/* Independent chains of multiply-adds: more than latency times issue rate of any vector unit at
 * hand, and few enough for 16 registers. */
#define QN_CHAINS 12

#define QN_LOAD_1(p) (*(p))
#define QN_LOAD_4(p) vload4(0, p)
#define QN_LOAD_8(p) vload8(0, p)
#define QN_LOAD_16(p) vload16(0, p)
#define QN_STORE_1(v, p) (*(p) = (v))
#define QN_STORE_4(v, p) vstore4(v, 0, p)
#define QN_STORE_8(v, p) vstore8(v, 0, p)
#define QN_STORE_16(v, p) vstore16(v, 0, p)

/* y[group] = sum over work-items, chains c and lanes of what `count` rounds of s = a * s + b make
 * of s = x[lane] + work-item + c. */
#define QN_PEAK_FMA(type, width)                                                                   \
    QN_KERNEL void peak_fma_##width(global const float *x, global float *y, float a, float b,      \
                                    int count)                                                     \
    {                                                                                              \
        QN_SCRATCH(float, scratch);                                                                \
        type s[QN_CHAINS];                                                                         \
        _Pragma("unroll") for (int c = 0; c < QN_CHAINS; ++c)                                      \
            s[c] = QN_LOAD_##width(x) + (float)((int)get_local_id(0) + c);                         \
        for (int k = 0; k < count; ++k) {                                                          \
            _Pragma("unroll") for (int c = 0; c < QN_CHAINS; ++c)                                  \
                s[c] = fma(s[c], (type)(a), (type)(b));                                            \
        }                                                                                          \
        _Pragma("unroll") for (int c = 1; c < QN_CHAINS; ++c)                                      \
            s[0] += s[c];                                                                          \
        float part[width], total = 0.0f; /* in memory: Oclgrind 21.10 crashes on shuffles */       \
        QN_STORE_##width(s[0], part);                                                              \
        for (int k = 0; k < width; ++k)                                                            \
            total += part[k];                                                                      \
        total = qn_group_sum(total, scratch);                                                      \
        if (get_local_id(0) == 0)                                                                  \
            y[get_group_id(0)] = total;                                                            \
    }

QN_PEAK_FMA(float, 1)
QN_PEAK_FMA(float4, 4)
QN_PEAK_FMA(float8, 8)
QN_PEAK_FMA(float16, 16)

/* A work-group moves blocks of QN_BLOCK elements, each work-item QN_UNROLL pieces of a block
 * (src/kernels/peak.c states the same). */
#define QN_UNROLL 8
#define QN_PIECE (QN_LOCAL * QN_WIDTH)
#define QN_BLOCK (QN_UNROLL * QN_PIECE)

/* y[group] = sum of `count` blocks of x, from group * stride on, around in mask + 1 elements. */
QN_KERNEL void peak_read(global const float *x, global float *y, int mask, int stride, int count)
{
    QN_SCRATCH(float, scratch);
    qn_v part[QN_UNROLL];
    int at = (int)get_group_id(0) * stride & mask;
    #pragma unroll
    for (int u = 0; u < QN_UNROLL; ++u)
        part[u] = 0.0f;
    x += (int)get_local_id(0) * QN_WIDTH;
    for (int k = 0; k < count; ++k) {
        #pragma unroll
        for (int u = 0; u < QN_UNROLL; ++u)
            part[u] += qn_load(x + at + u * QN_PIECE, QN_WIDTH, 0.0f);
        at = (at + QN_BLOCK) & mask;
    }
    #pragma unroll
    for (int u = 1; u < QN_UNROLL; ++u)
        part[0] += part[u];
    float total = qn_group_sum(qn_sum_of(part[0]), scratch);
    if (get_local_id(0) == 0)
        y[get_group_id(0)] = total;
}

/* This work-item's first element of `count` blocks for each group. */
#define QN_OWN(count) ((int)get_group_id(0) * (count) * QN_BLOCK + (int)get_local_id(0) * QN_WIDTH)

/* y = value */
QN_KERNEL void peak_write(global float *y, float value, int count)
{
    y += QN_OWN(count);
    for (int k = 0; k < count; ++k) {
        #pragma unroll
        for (int u = 0; u < QN_UNROLL; ++u)
            qn_store((qn_v)(value), y + k * QN_BLOCK + u * QN_PIECE, QN_WIDTH);
    }
}

/* y = x */
QN_KERNEL void peak_copy(global const float *x, global float *y, int count)
{
    x += QN_OWN(count);
    y += QN_OWN(count);
    for (int k = 0; k < count; ++k) {
        #pragma unroll
        for (int u = 0; u < QN_UNROLL; ++u) {
            int at = k * QN_BLOCK + u * QN_PIECE;
            qn_store(qn_load(x + at, QN_WIDTH, 0.0f), y + at, QN_WIDTH);
        }
    }
}

/* y[group] = sum over work-items of `count` rounds of QN_UNROLL elements of local memory, which
 * holds its indices modulo 8; `stride` moves from one round to the next. */
#define QN_LOCAL_COUNT 1024
QN_KERNEL void peak_local(global float *y, int stride, int count)
{
    QN_SCRATCH(float, scratch);
    local float data[QN_LOCAL_COUNT];
    float part[QN_UNROLL];
    int at = (int)get_local_id(0);
    for (int i = at; i < QN_LOCAL_COUNT; i += QN_LOCAL)
        data[i] = (float)(i & 7);
    barrier(CLK_LOCAL_MEM_FENCE);
    #pragma unroll
    for (int u = 0; u < QN_UNROLL; ++u)
        part[u] = 0.0f;
    for (int k = 0; k < count; ++k) {
        #pragma unroll
        for (int u = 0; u < QN_UNROLL; ++u)
            part[u] += data[(at + u * QN_LOCAL) & (QN_LOCAL_COUNT - 1)];
        at += stride;
    }
    #pragma unroll
    for (int u = 1; u < QN_UNROLL; ++u)
        part[0] += part[u];
    float total = qn_group_sum(part[0], scratch);
    if (get_local_id(0) == 0)
        y[get_group_id(0)] = total;
}

/* y[0] = value: as good as nothing. */
QN_KERNEL void peak_launch(global float *y, float value)
{
    if (get_global_id(0) == 0)
        y[0] = value;
}
