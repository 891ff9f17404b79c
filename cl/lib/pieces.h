/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of channels: an array [outer, channels, inner], of which a work-group takes the
 * elements of some channels and walks them piece by piece, what a work-item holds at a time.
 * QN_PLANES 0, for inner = 1: a group takes 16 channels; a piece is of one row, and each channel
 * has its own statistic. QN_PLANES 1: a group takes one channel; a piece is of one run of `inner`.
 * Sums go in blocks of 256 pieces, which bounds the rounding error, in a fixed order. */
#ifndef QN_LIB_PIECES_H
#define QN_LIB_PIECES_H

#include "lib/reduce.h"

#ifndef QN_PLANES
#define QN_PLANES 0
#endif

#if QN_PLANES
#define QN_NAMED(name) name##_planes
#define QN_FIRST ((int)get_local_id(0))
#define QN_STEP QN_LOCAL
typedef float qn_s; /* a channel's statistic */
#else
#define QN_NAMED(name) name##_columns
#define QN_FIRST ((int)get_local_id(0) >> 4) /* on a GPU: 4 lanes of rows */
#define QN_STEP (QN_CPU ? 1 : 4)
typedef qn_v qn_s;
#endif

/* for (blocks [begin, end) of `count` pieces, of which this work-item takes every step-th) */
#define QN_BLOCKS(begin, end, count, step)                                                         \
    for (int begin = 0, end = min(256 * (step), (count)); begin < (count);                         \
         begin = end, end = min(end + 256 * (step), (count)))
/* for (k over this work-item's pieces in [begin, end)) */
#define QN_WALK(k, begin, end) for (int k = (begin) + QN_FIRST; k < (end); k += QN_STEP)

/* The channels of this group. */
typedef struct qn_channels {
    int c, n; /* the (first) channel, and how many there are from it on: 0 where a lane has none */
    int channels, inner, pieces; /* pieces of one run */
} qn_channels;

static inline qn_channels qn_channels_of(int group, int channels, int inner)
{
    qn_channels v = {group, 1, channels, inner, 1};
#if QN_PLANES
    v.pieces = (inner + QN_WIDTH - 1) / QN_WIDTH;
#elif QN_CPU
    v.c = group * 16;
    v.n = channels - v.c;
#else
    int c = group * 16 + ((int)get_local_id(0) & 15);
    v.c = min(c, channels - 1);
    v.n = c < channels;
#endif
    return v;
}

/* A piece: elements [at, at + n) of the array, of row `outer`, from `inner` on. */
typedef struct qn_piece {
    int at, n, outer, inner;
} qn_piece;

static inline qn_piece qn_piece_of(qn_channels v, int k)
{
    qn_piece p;
#if QN_PLANES
    p.outer = k / v.pieces;
    p.inner = (k - p.outer * v.pieces) * QN_WIDTH;
    p.at = (p.outer * v.channels + v.c) * v.inner + p.inner;
    p.n = v.inner - p.inner;
#else
    p.outer = k;
    p.inner = 0;
    p.at = k * v.channels + v.c;
    p.n = v.n;
#endif
    return p;
}

static inline void qn_put(qn_v value, global float *to, qn_piece p)
{
    if (p.n > 0)
        qn_store(value, to + p.at, p.n);
}

/* Stands for missing lanes, so that they add nothing: of the statistic that is subtracted. */
#if QN_PLANES
#define QN_FILL(statistic) (statistic)
#else
#define QN_FILL(statistic) 0.0f
#endif

/* What is kept by channel: one element each. */
static inline qn_s qn_statistic(global const float *p, qn_channels v)
{
#if QN_PLANES
    return p[v.c];
#else
    return qn_load(p + v.c, v.n, 0.0f);
#endif
}

static inline void qn_keep(qn_s value, global float *p, qn_channels v)
{
#if QN_PLANES
    if (get_local_id(0) == 0)
        p[v.c] = value;
#else
    if (get_local_id(0) < 16 && v.n > 0)
        qn_store(value, p + v.c, v.n);
#endif
}

/* The sum by channel, for every work-item of the group. */
QN_INLINE qn_s qn_channel_sum(qn_v part, local float *scratch)
{
#if QN_PLANES
    return qn_group_sum(qn_sum_of(part), scratch);
#elif QN_CPU
    return part;
#else
    int lane = (int)get_local_id(0), c = lane & 15;
    scratch[lane] = part;
    barrier(CLK_LOCAL_MEM_FENCE);
    part = (scratch[c] + scratch[c + 16]) + (scratch[c + 32] + scratch[c + 48]);
    barrier(CLK_LOCAL_MEM_FENCE);
    return part;
#endif
}

#endif
