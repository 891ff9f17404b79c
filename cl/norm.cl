/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization within samples. An array [outer, before, channels, inner] holds sets of elements
 * that are normalized together: for each of `outer`, `groups` of channels with all that is before
 * and within them; or `across`, with before = 1, the channels at each of `inner` places. gamma and
 * beta are by channel.
 * Kinds: 0 standard, (x - mean) / sqrt(variance + epsilon); 1 rms, x / sqrt(mean(x * x) + epsilon);
 * 2 unit, x / max(sqrt(sum(x * x)), 1e-12).
 * Statistics as in batch_norm.cl. Padded rows of the outputs are zero: `per_row` sets belong to a
 * row of the batch, 0: there is no batch. */
#include "lib/pieces.h"
#include "lib/step.h"

enum { QN_STANDARD, QN_RMS, QN_UNIT };

#define QN_LARGEST_INVERSE 1e12f

/* One set: `runs` of `length` elements next to each other, the runs `stride` apart. */
typedef struct qn_set {
    int at, runs, length, stride, pieces; /* first element; pieces of all runs */
    int channel, channels_per_run;        /* first channel; across: each run is a channel */
    int inner;                            /* elements of a channel within a run */
} qn_set;

static inline qn_set qn_set_of(int r, int before, int channels, int inner, int groups, int across)
{
    int sets = across ? inner : groups, outer = r / sets, j = r - outer * sets;
    int per_group = channels / groups;
    qn_set s;
    s.at = outer * before * channels * inner + (across ? j : j * per_group * inner);
    s.runs = across ? channels : before;
    s.length = across ? 1 : per_group * inner;
    s.stride = across ? inner : channels * inner;
    s.pieces = s.runs * ((s.length + QN_WIDTH - 1) / QN_WIDTH);
    s.channel = across ? 0 : j * per_group;
    s.channels_per_run = across;
    s.inner = inner;
    return s;
}

/* Elements [at, at + n), from element b of run a on. */
typedef struct qn_part {
    int at, n, a, b;
} qn_part;

static inline qn_part qn_part_of(qn_set s, int k)
{
    int per_run = s.pieces / s.runs;
    qn_part p;
    p.a = s.runs == 1 ? 0 : k / per_run;
    p.b = (k - p.a * per_run) * QN_WIDTH;
    p.at = s.at + p.a * s.stride + p.b;
    p.n = s.length - p.b;
    return p;
}

/* p[(b + lane) / divisor] for n lanes */
static inline qn_v qn_repeated(global const float *p, int b, int n, int divisor)
{
#if QN_CPU
    if (divisor == 1)
        return qn_load(p + b, n, 0.0f);
    int last = min(n, QN_WIDTH) - 1;
    if (b / divisor == (b + last) / divisor)
        return (qn_v)(p[b / divisor]);
    float part[QN_WIDTH];
    for (int k = 0; k < QN_WIDTH; ++k)
        part[k] = p[(b + min(k, last)) / divisor];
    return vload16(0, part);
#else
    return p[b / divisor];
#endif
}

/* gamma or beta for a part */
static inline qn_v qn_parameter(global const float *p, qn_set s, qn_part part)
{
    if (s.channels_per_run)
        return (qn_v)(p[part.a]);
    return qn_repeated(p + s.channel, part.b, part.n, s.inner);
}

#define QN_SET_WALK(k, begin, end)                                                                 \
    for (int k = (begin) + (int)get_local_id(0); k < (end); k += QN_LOCAL)

/* sum of x - shift and of its square over a set, to *sum and *squares */
QN_INLINE void qn_set_sums(global const float *x, qn_set s, float shift, float *sum, float *squares,
                           local float *scratch)
{
    qn_v total = 0.0f, total_squares = 0.0f;
    QN_BLOCKS(begin, end, s.pieces, QN_LOCAL)
    {
        qn_v part = 0.0f, part_squares = 0.0f;
        QN_SET_WALK(k, begin, end)
        {
            qn_part p = qn_part_of(s, k);
            qn_v d = qn_load(x + p.at, p.n, shift) - shift;
            part += d;
            part_squares += d * d;
        }
        total += part;
        total_squares += part_squares;
    }
    *sum = qn_group_sum(qn_sum_of(total), scratch);
    *squares = qn_group_sum(qn_sum_of(total_squares), scratch);
}

/* Mean and rest of a set (0 but for the standard kind); returns what x is multiplied by. */
QN_INLINE float qn_set_statistics(global const float *x, qn_set s, int kind, float epsilon,
                                  float *mean, float *rest, local float *scratch)
{
    float count = (float)s.runs * (float)s.length, sum, squares, near, inverse;
    *mean = *rest = 0.0f;
    if (kind != QN_STANDARD) {
        qn_set_sums(x, s, 0.0f, &sum, &squares, scratch);
        inverse = rsqrt(kind == QN_RMS ? squares / count + epsilon : squares);
        return kind == QN_UNIT && inverse > QN_LARGEST_INVERSE ? QN_LARGEST_INVERSE : inverse;
    }
    near = x[s.at];
    qn_set_sums(x, s, near, &sum, &squares, scratch);
    near += sum / count;
    qn_set_sums(x, s, near, &sum, &squares, scratch);
    float correction = sum / count, variance = (squares - sum * correction) / count;
    *mean = near + correction;
    *rest = correction - (*mean - near);
    return rsqrt((variance < 0.0f ? 0.0f : variance) + epsilon);
}

/* Sets of valid rows. */
static inline int qn_valid(int sets, int per_row, global const qn_step_row *table, int row)
{
    return per_row > 0 ? table[row].rows * per_row : sets;
}

QN_KERNEL void norm(global const float *x, global const float *gamma, int has_gamma,
                    global const float *beta, int has_beta, global float *y, int has_y,
                    global float *inverse, int has_inverse, global float *mean, int has_mean,
                    global float *rest, int has_rest, int kind, float epsilon, int before,
                    int channels, int inner, int groups, int across, int sets, int chunk,
                    int per_row, global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    int valid = qn_valid(sets, per_row, table, row);
    QN_ROWS(r, sets, chunk)
    {
        qn_set s = qn_set_of(r, before, channels, inner, groups, across);
        float m = 0.0f, e = 0.0f, factor = 0.0f;
        if (r < valid)
            factor = qn_set_statistics(x, s, kind, epsilon, &m, &e, scratch);
        for (int k = (int)get_local_id(0); has_y && k < s.pieces; k += QN_LOCAL) {
            qn_part p = qn_part_of(s, k);
            qn_v value = 0.0f;
            if (r < valid) {
                value = ((qn_load(x + p.at, p.n, 0.0f) - m) - e) * factor;
                if (has_gamma)
                    value *= qn_parameter(gamma, s, p);
                if (has_beta)
                    value += qn_parameter(beta, s, p);
            }
            qn_store(value, y + p.at, p.n);
        }
        if (get_local_id(0) != 0)
            continue;
        if (has_inverse)
            inverse[r] = factor;
        if (has_mean)
            mean[r] = m;
        if (has_rest)
            rest[r] = e;
    }
}

/* With z the normalized x and g = dy * gamma:
 * dx = inverse * (g - mean(g) - z * mean(g * z)); rms: without mean(g); unit: the sum of g * z, and
 * nothing where the norm is below its bound. */
QN_KERNEL void norm_grad(global const float *x, global const float *dy, global const float *gamma,
                         int has_gamma, global const float *inverse, global const float *mean,
                         int has_mean, global const float *rest, int has_rest, global float *dx,
                         int kind, int before, int channels, int inner, int groups, int across,
                         int sets, int chunk, int per_row, global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    int valid = qn_valid(sets, per_row, table, row);
    QN_ROWS(r, sets, chunk)
    {
        qn_set s = qn_set_of(r, before, channels, inner, groups, across);
        int pieces = r < valid ? s.pieces : 0;
        float factor = inverse[r], m = has_mean ? mean[r] : 0.0f, e = has_rest ? rest[r] : 0.0f;
        qn_v total = 0.0f, along = 0.0f;
        QN_BLOCKS(begin, end, pieces, QN_LOCAL)
        {
            qn_v part = 0.0f, part_along = 0.0f;
            QN_SET_WALK(k, begin, end)
            {
                qn_part p = qn_part_of(s, k);
                qn_v g = qn_load(dy + p.at, p.n, 0.0f);
                if (has_gamma)
                    g *= qn_parameter(gamma, s, p);
                part += g;
                part_along += g * ((qn_load(x + p.at, p.n, m) - m) - e);
            }
            total += part;
            along += part_along;
        }
        float share = kind == QN_UNIT ? 1.0f : 1.0f / ((float)s.runs * (float)s.length);
        float sum = qn_group_sum(qn_sum_of(total), scratch) * share;
        float slope = qn_group_sum(qn_sum_of(along), scratch) * share * factor * factor;
        if (kind != QN_STANDARD)
            sum = 0.0f;
        if (kind == QN_UNIT && factor >= QN_LARGEST_INVERSE)
            slope = 0.0f;
        QN_SET_WALK(k, 0, s.pieces)
        {
            qn_part p = qn_part_of(s, k);
            qn_v value = 0.0f;
            if (r < valid) {
                value = qn_load(dy + p.at, p.n, 0.0f);
                if (has_gamma)
                    value *= qn_parameter(gamma, s, p);
                value = ((value - sum) - ((qn_load(x + p.at, p.n, 0.0f) - m) - e) * slope) * factor;
            }
            qn_store(value, dx + p.at, p.n);
        }
    }
}

/* Statistics (by set) of a piece of channels. */
static inline qn_v qn_of_sets(global const float *p, qn_channels v, qn_piece at, int before,
                              int groups, int across)
{
#if QN_PLANES
    int set = at.outer / before * (across ? v.inner : groups);
    if (across)
        return qn_load(p + set + at.inner, at.n, 0.0f);
    return (qn_v)(p[set + v.c / (v.channels / groups)]);
#else
    return qn_repeated(p + at.outer / before * groups, v.c, max(at.n, 1), v.channels / groups);
#endif
}

/* dgamma = sum(dy * z), dbeta = sum(dy) by channel. `outer` counts `before` as well here; `per_row`
 * of it belong to a row of the batch. */
QN_KERNEL void QN_NAMED(norm_parameters)(global const float *x, global const float *dy,
                                         global const float *inverse, global const float *mean,
                                         int has_mean, global const float *rest, int has_rest,
                                         global float *dgamma, int has_dgamma, global float *dbeta,
                                         int has_dbeta, int outer, int before, int channels,
                                         int inner, int groups, int across, int per_row,
                                         global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    qn_channels v = qn_channels_of((int)get_group_id(0), channels, inner);
    int valid = qn_valid(outer, per_row, table, row) * v.pieces;
    qn_v total = 0.0f, along = 0.0f;
    QN_BLOCKS(begin, end, valid, QN_STEP)
    {
        qn_v part = 0.0f, part_along = 0.0f;
        QN_WALK(k, begin, end)
        {
            qn_piece p = qn_piece_of(v, k);
            qn_v g = qn_load(dy + p.at, p.n, 0.0f), z = qn_load(x + p.at, p.n, 0.0f);
            if (has_mean)
                z -= qn_of_sets(mean, v, p, before, groups, across);
            if (has_rest)
                z -= qn_of_sets(rest, v, p, before, groups, across);
            part += g;
            part_along += g * (z * qn_of_sets(inverse, v, p, before, groups, across));
        }
        total += part;
        along += part_along;
    }
    qn_s sum = qn_channel_sum(total, scratch), sum_along = qn_channel_sum(along, scratch);
    if (has_dgamma)
        qn_keep(sum_along, dgamma, v);
    if (has_dbeta)
        qn_keep(sum, dbeta, v);
}
