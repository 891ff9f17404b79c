/* SPDX-License-Identifier: Apache-2.0 */
/* Random words by number, as many at once as suit a work-item: 32 on a CPU, 8 on a GPU. A word
 * depends on seed, purpose, stream, step and its number only, never on how the work was split; it
 * is that of qn_random_word (src/base/util.h). */
#ifndef QN_LIB_DRAW_H
#define QN_LIB_DRAW_H

#include "lib/philox.h"
#include "lib/step.h"
#include "lib/vector.h"

/* A kernel's arguments that say where its words come from, and what it makes of them. */
#define QN_SOURCE                                                                                  \
    uint seed_low, uint seed_high, uint purpose, uint stream, global const qn_step_row *table,     \
        int row
#define QN_FROM {(uint2)(seed_low, seed_high), purpose, stream, table[row].step}
typedef struct qn_source {
    uint2 seed;
    uint purpose, stream, step;
} qn_source;

/* A vector of QN_DRAW elements, and one of as many words. */
#if QN_CPU
#define QN_DRAW QN_WIDTH
#define QN_DRAW_FLOAT(words) convert_float16(words)
typedef float16 qn_draws;
typedef uint16 qn_words;
#else
#define QN_DRAW 4
#define QN_DRAW_FLOAT(words) convert_float4(words)
typedef float4 qn_draws;
typedef uint4 qn_words;
#endif

/* for (i, in such steps) over this work-item's part of [0, count). */
#if QN_CPU
#define QN_DRAWS(i, end, count, chunk, step)                                                       \
    for (int i = (int)get_global_id(0) * (chunk), end = min(i + (chunk), (count)); i < end;        \
         i += (step))
#else
#define QN_DRAWS(i, end, count, chunk, step)                                                       \
    for (int i = (int)get_global_id(0) * (step), end = (count); i < end;                           \
         i += (int)get_global_size(0) * (step))
#endif

#if QN_CPU
/* Philox for the counters q .. q + 7 side by side: lane j of word[k] is word k of counter q + j, in
 * 64 bits, as a product of 64 bits has both halves that a round needs and is one instruction. Two
 * words in a lane lie in order on a little-endian device; another one fails the self-test. */
static inline void qn_draw_counters(int q, qn_source from, ulong8 word[4])
{
    const ulong8 half_word = 0xffffffffu;
    ulong8 x = (ulong8)(0, 1, 2, 3, 4, 5, 6, 7) + (ulong)q;
    ulong8 y = from.step, z = from.stream, w = from.purpose;
    uint2 key = from.seed; /* a copy: Mesa keeps what is written to a struct given by value */
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        ulong8 a = (x & half_word) * 0xD2511F53u, b = (z & half_word) * 0xCD9E8D57u;
        x = (b >> 32) ^ y ^ (ulong)key.x;
        y = b;
        z = (a >> 32) ^ w ^ (ulong)key.y;
        w = a;
        key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
    }
    word[0] = x & half_word;
    word[1] = y & half_word;
    word[2] = z & half_word;
    word[3] = w & half_word;
}

/* Words i .. i + 2 QN_DRAW - 1 as two vectors; i is a multiple of four. They are put in order in
 * memory, which compilers see through, and not by a shuffle of two vectors, which Oclgrind 21.10
 * takes for uninitialized. */
static inline void qn_draw(int i, qn_source from, qn_words word[2])
{
    ulong8 of[4];
    ulong pairs[16], order[16];
    qn_draw_counters(i / 4, from, of);
    vstore8(of[0] | of[1] << 32, 0, pairs);
    vstore8(of[2] | of[3] << 32, 1, pairs);
    for (int k = 0; k < 8; ++k) {
        order[2 * k] = pairs[k];
        order[2 * k + 1] = pairs[8 + k];
    }
    word[0] = as_uint16(vload8(0, order));
    word[1] = as_uint16(vload8(1, order));
}

/* For QN_DRAW elements from i on, a multiple of four, the words 2 i, and the words 2 i + 1. */
static inline void qn_draw_pairs(int i, qn_source from, qn_words word[2])
{
    ulong8 of[4];
    qn_draw_counters(i / 2, from, of);
    word[0] = as_uint16(of[0] | of[2] << 32);
    word[1] = as_uint16(of[1] | of[3] << 32);
}
#else
/* The same two. */
static inline void qn_draw(int i, qn_source from, qn_words word[2])
{
    for (uint k = 0; k < 2; ++k)
        word[k] = qn_philox((uint4)((uint)i / 4 + k, from.step, from.stream, from.purpose),
                            from.seed);
}

static inline void qn_draw_pairs(int i, qn_source from, qn_words word[2])
{
    qn_words both[2];
    qn_draw(2 * i, from, both);
    word[0] = (qn_words)(both[0].even, both[1].even);
    word[1] = (qn_words)(both[0].odd, both[1].odd);
}
#endif

/* Elements i .. i + QN_DRAW - 1 of a standard normal distribution by Box-Muller: element i from the
 * words 2 i and 2 i + 1, as sqrt(-2 log u1) cos(2 pi u2), u1 in (0, 1]. */
static inline qn_draws qn_draw_normal(int i, qn_source from)
{
    qn_words word[2];
    qn_draw_pairs(i, from, word);
    qn_draws u1 = QN_DRAW_FLOAT((word[0] >> 8u) + 1u) * 0x1p-24f;
    qn_draws u2 = QN_DRAW_FLOAT(word[1] >> 8u) * 0x1p-23f;
    return sqrt(-2.0f * log(u1)) * cospi(u2);
}

/* Loads and stores of what is there: n elements, 1 or more, are left from p on. */
#if QN_CPU
static inline qn_draws qn_draw_load(global const float *p, int n)
{
    return qn_load(p, n, 0.0f);
}

static inline void qn_draw_store(qn_draws v, global float *p, int n)
{
    qn_store(v, p, n);
}
#else
static inline qn_draws qn_draw_load(global const float *p, int n)
{
    if (n >= QN_DRAW)
        return vload4(0, p);
    return (float4)(p[0], n > 1 ? p[1] : 0.0f, n > 2 ? p[2] : 0.0f, 0.0f);
}

static inline void qn_draw_store(qn_draws v, global float *p, int n)
{
    if (n >= QN_DRAW) {
        vstore4(v, 0, p);
        return;
    }
    p[0] = v.s0;
    if (n > 1)
        p[1] = v.s1;
    if (n > 2)
        p[2] = v.s2;
}
#endif

#endif
