/* SPDX-License-Identifier: Apache-2.0 */
/* Normalizations: values and gradients. `kind` of a case is the number of its layout; factor is
 * epsilon; transpose_a says that gamma is there, transpose_b beta. */
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* How elements belong together. */
typedef struct layout {
    enum { BATCH, GIVEN, STANDARD, LAYER, RMS, UNIT, GROUP } what;
    int first, last; /* axes; BATCH to STANDARD and GROUP: the channels' */
    int groups;
} layout;

static const layout layouts[] = {
    {BATCH, 1, 1, 0}, {BATCH, 2, 2, 0}, {GIVEN, 1, 1, 0}, {GIVEN, 2, 2, 0},
    {LAYER, 1, 1, 0}, {LAYER, 2, 2, 0}, {LAYER, 1, 2, 0}, {RMS, 1, 1, 0},
    {RMS, 2, 2, 0},   {UNIT, 1, 1, 0},  {UNIT, 2, 2, 0},  {UNIT, 0, 0, 0},
    {GROUP, 1, 1, 2}, {GROUP, 2, 2, 3}, {GROUP, 2, 2, 6}, {STANDARD, 2, 2, 0},
};
enum {
    BATCH_1,
    BATCH_2,
    GIVEN_1,
    GIVEN_2,
    LAYER_1,
    LAYER_2,
    LAYER_1_2,
    RMS_1,
    RMS_2,
    UNIT_1,
    UNIT_2,
    UNIT_0,
    GROUP_1,
    GROUP_2,
    GROUP_EACH,
    STANDARD_2
};

static qn_value *build(const rig_case *c, qn_value *const *in)
{
    const layout *l = &layouts[c->kind];
    int next = l->what == GIVEN ? 3 : 1;
    qn_value *gamma = c->transpose_a ? in[next++] : NULL, *beta = c->transpose_b ? in[next] : NULL;
    switch (l->what) {
    case BATCH:
        return qn_op_batch_norm(in[0], l->first, gamma, beta, c->factor, NULL, NULL);
    case GIVEN:
        return qn_op_batch_norm_inference(in[0], l->first, in[1], in[2], gamma, beta, c->factor);
    case STANDARD:
        return qn_op_standardize(in[0], l->first, in[1], in[2]);
    case LAYER:
        return qn_op_layer_norm(in[0], l->first, l->last, gamma, beta, c->factor);
    case RMS:
        return qn_op_rms_norm(in[0], l->first, l->last, gamma, c->factor);
    case UNIT:
        return qn_op_unit_norm(in[0], l->first);
    case GROUP:
        return qn_op_group_norm(in[0], l->groups, l->first, gamma, beta, c->factor);
    }
    return NULL;
}

/* ---- the same in double ---- */

/* Index along axes first to last of element i; and of the others, in order. */
static int64_t along(const rig_case *c, int64_t i, bool others)
{
    const qn_shape *x = &c->in[0].shape;
    const layout *l = &layouts[c->kind];
    int64_t index = 0, unit = 1;
    for (int axis = x->rank - 1; axis >= 0; axis--) {
        int64_t dim = x->dim[axis] == B ? RIG_BATCH : x->dim[axis], at = i % dim;
        i /= dim;
        if ((axis < l->first || axis > l->last) == others) {
            index += at * unit;
            unit *= dim;
        }
    }
    return index;
}

static int64_t row_elements(const rig_host *h)
{
    return h->count[0] / RIG_BATCH;
}

/* Which elements share statistics. */
static int64_t set_of(const rig_host *h, int64_t i)
{
    const rig_case *c = h->c;
    const layout *l = &layouts[c->kind];
    if (l->what <= STANDARD)
        return along(c, i, false);
    if (l->what == GROUP)
        return i / row_elements(h) * l->groups +
               along(c, i, false) / (c->in[0].shape.dim[l->first] / l->groups);
    return along(c, i, true);
}

static void set_statistics(const rig_host *h, int64_t set, int64_t valid, double *mean,
                           double *inverse)
{
    const layout *l = &layouts[h->c->kind];
    double sum = 0, squares = 0, count = 0;
    for (int64_t i = 0; i < valid; i++) {
        if (set_of(h, i) != set)
            continue;
        sum += h->in[0][i];
        count += 1;
    }
    *mean = l->what == RMS || l->what == UNIT ? 0 : sum / count;
    for (int64_t i = 0; i < valid; i++)
        if (set_of(h, i) == set)
            squares += (h->in[0][i] - *mean) * (h->in[0][i] - *mean);
    *inverse = 1 / sqrt(l->what == UNIT ? squares : squares / count + h->c->factor);
    if (l->what == GIVEN || l->what == STANDARD) {
        *mean = h->in[1][set];
        *inverse = 1 / fmax(sqrt(h->in[2][set] + h->c->factor), 1e-7);
    }
}

static void host(const rig_host *h)
{
    const rig_case *c = h->c;
    const layout *l = &layouts[c->kind];
    int next = l->what == GIVEN ? 3 : 1;
    const double *gamma = c->transpose_a ? h->in[next++] : NULL;
    const double *beta = c->transpose_b ? h->in[next] : NULL;
    int64_t valid = h->count[0];
    if (c->in[0].shape.dim[0] == B && l->what != GIVEN && l->what != STANDARD)
        valid = row_elements(h) * RIG_ROWS;
    for (int64_t i = 0; i < h->out_count; i++) {
        int64_t channel = along(c, i, false);
        double mean, inverse;
        h->out[i] = 0; /* in padded rows */
        if (i >= valid)
            continue;
        set_statistics(h, set_of(h, i), valid, &mean, &inverse);
        h->out[i] = (h->in[0][i] - mean) * inverse * (gamma ? gamma[channel] : 1) +
                    (beta ? beta[channel] : 0);
    }
}

/* ---- cases ---- */

#define NORM(title, layout, x, e, has_gamma, has_beta, count, ...)                                 \
    {                                                                                              \
        .name = title, .in = {{x, -2, 2}, __VA_ARGS__}, .inputs = count, .build = build,           \
        .host = host, .kind = layout, .factor = e, .transpose_a = has_gamma,                       \
        .transpose_b = has_beta                                                                    \
    }
#define GAMMA(...)                                                                                 \
    {                                                                                              \
        SHAPE(__VA_ARGS__), 0.5, 2                                                                 \
    }
#define BETA(...)                                                                                  \
    {                                                                                              \
        SHAPE(__VA_ARGS__), -1, 1                                                                  \
    }
#define MEAN(...)                                                                                  \
    {                                                                                              \
        SHAPE(__VA_ARGS__), -1, 1, .fixed = true                                                   \
    }
#define VARIANCE(...)                                                                              \
    {                                                                                              \
        SHAPE(__VA_ARGS__), 0.5, 2, .fixed = true                                                  \
    }
#define X_1 SHAPE(B, 19)
#define X_6 SHAPE(B, 6)
#define X_2 SHAPE(B, 4, 18)
#define X_3 SHAPE(B, 4, 6, 3)
#define X_U SHAPE(4, 18)

static const rig_case batch_cases[] = {
    NORM("batch_norm", BATCH_1, X_1, 1e-3, true, true, 3, GAMMA(19), BETA(19)),
    NORM("batch_norm, no gamma", BATCH_1, X_1, 0.1, false, true, 2, BETA(19)),
    NORM("batch_norm, no beta", BATCH_1, X_1, 0.1, true, false, 2, GAMMA(19)),
    NORM("batch_norm alone", BATCH_1, X_1, 0.1, false, false, 1),
    NORM("batch_norm, rank 3", BATCH_2, X_2, 1e-3, true, true, 3, GAMMA(18), BETA(18)),
    NORM("batch_norm of planes", BATCH_1, X_2, 1e-3, true, true, 3, GAMMA(4), BETA(4)),
    NORM("batch_norm of a middle axis", BATCH_2, X_3, 1e-3, true, true, 3, GAMMA(6), BETA(6)),
    NORM("batch_norm_inference", GIVEN_1, X_1, 1e-3, true, false, 4, MEAN(19), VARIANCE(19),
         GAMMA(19)),
    NORM("batch_norm_inference, no gamma", GIVEN_1, X_1, 1e-3, false, true, 4, MEAN(19),
         VARIANCE(19), BETA(19)),
    NORM("batch_norm_inference of planes", GIVEN_2, X_3, 1e-3, true, false, 4, MEAN(6), VARIANCE(6),
         GAMMA(6)),
    NORM("standardize", STANDARD_2, X_3, 0, false, false, 3, MEAN(6), VARIANCE(6)),
    /* no variance at all: small differences become large */
    NORM("standardize without variance", STANDARD_2, X_3, 0, false, false, 3, MEAN(6),
         {SHAPE(6), 0, 0, .fixed = true}),
};

static const rig_case norm_cases[] = {
    NORM("layer_norm", LAYER_1, X_1, 1e-3, true, true, 3, GAMMA(19), BETA(19)),
    NORM("layer_norm, no gamma", LAYER_1, X_1, 1e-3, false, true, 2, BETA(19)),
    NORM("layer_norm, no beta", LAYER_1, X_1, 1e-3, true, false, 2, GAMMA(19)),
    NORM("layer_norm alone", LAYER_1, X_1, 1e-3, false, false, 1),
    NORM("layer_norm, rank 3", LAYER_2, X_2, 1e-3, true, true, 3, GAMMA(18), BETA(18)),
    NORM("layer_norm of an inner axis", LAYER_1, X_2, 1e-3, true, true, 3, GAMMA(4), BETA(4)),
    NORM("layer_norm of two axes", LAYER_1_2, X_2, 1e-3, true, true, 3, GAMMA(4, 18), BETA(4, 18)),
    NORM("layer_norm of two inner axes", LAYER_1_2, X_3, 1e-3, true, true, 3, GAMMA(4, 6),
         BETA(4, 6)),
    NORM("rms_norm", RMS_1, X_1, 1e-6, true, false, 2, GAMMA(19)),
    NORM("rms_norm of an inner axis", RMS_2, X_3, 1e-6, true, false, 2, GAMMA(6)),
    NORM("unit_norm", UNIT_1, X_1, 0, false, false, 1),
    NORM("unit_norm of an inner axis", UNIT_2, X_3, 0, false, false, 1),
    NORM("unit_norm of the rows of a matrix", UNIT_1, X_U, 0, false, false, 1),
    NORM("unit_norm of the columns of a matrix", UNIT_0, X_U, 0, false, false, 1),
    NORM("group_norm", GROUP_1, X_6, 1e-3, true, true, 3, GAMMA(6), BETA(6)),
    NORM("group_norm, first axis", GROUP_1, X_2, 1e-3, true, true, 3, GAMMA(4), BETA(4)),
    NORM("group_norm, last axis", GROUP_2, X_2, 1e-3, true, true, 3, GAMMA(18), BETA(18)),
    NORM("group_norm, middle axis", GROUP_2, X_3, 1e-3, true, true, 3, GAMMA(6), BETA(6)),
    NORM("group_norm of each channel", GROUP_EACH, X_3, 1e-3, false, true, 2, BETA(6)),
};

void rig_batch_norms(void **state)
{
    for (int i = 0; i < QN_COUNT(batch_cases); i++)
        rig_check(*state, &batch_cases[i]);
}

void rig_norms(void **state)
{
    for (int i = 0; i < QN_COUNT(norm_cases); i++)
        rig_check(*state, &norm_cases[i]);
}
