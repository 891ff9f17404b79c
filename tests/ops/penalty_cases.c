/* SPDX-License-Identifier: Apache-2.0 */
/* Penalties of weights and of activations. */
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Rows that count: all of an array's, the valid ones of a batch. */
static int64_t rows_of(const rig_host *h)
{
    const qn_shape *shape = &h->c->in[0].shape;
    return shape->dim[0] == B ? RIG_ROWS : shape->rank > 0 ? shape->dim[0] : 1;
}

static int64_t columns_of(const rig_host *h)
{
    const qn_shape *shape = &h->c->in[0].shape;
    return shape->rank > 0 ? h->count[0] / (shape->dim[0] == B ? RIG_BATCH : shape->dim[0]) : 1;
}

static double divisor_of(const rig_host *h)
{
    return h->c->in[0].shape.dim[0] == B ? RIG_ROWS : 1;
}

/* ---- l1 * sum |x| + l2 * sum x^2; factor: l1, offset: l2 ---- */

static qn_value *build_penalty(const rig_case *c, qn_value *const *in)
{
    return qn_op_penalty(in[0], c->factor, c->offset);
}

static void host_penalty(const rig_host *h)
{
    double sum = 0;
    for (int64_t i = 0; i < rows_of(h) * columns_of(h); i++)
        sum += h->c->factor * fabs(h->in[0][i]) + h->c->offset * h->in[0][i] * h->in[0][i];
    h->out[0] = sum / divisor_of(h);
}

/* ---- orthogonal; transpose_a: columns ---- */

static qn_value *build_orthogonal(const rig_case *c, qn_value *const *in)
{
    return qn_op_orthogonal_penalty(in[0], c->factor, c->transpose_a);
}

static double dot(const double *a, const double *b, int64_t length, int64_t stride)
{
    double sum = 0;
    for (int64_t k = 0; k < length; k++)
        sum += a[k * stride] * b[k * stride];
    return sum;
}

static void host_orthogonal(const rig_host *h)
{
    bool columns = h->c->transpose_a;
    int64_t rows = rows_of(h), width = columns_of(h), n = columns ? width : rows;
    int64_t length = columns ? rows : width, next = columns ? 1 : width,
            stride = columns ? width : 1;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            const double *a = h->in[0] + i * next, *b = h->in[0] + j * next;
            if (i != j)
                sum += fabs(dot(a, b, length, stride)) /
                       sqrt(dot(a, a, length, stride) * dot(b, b, length, stride));
        }
    h->out[0] = h->c->factor * 0.5 * sum / ((double)n * (double)(n - 1) / 2) / divisor_of(h);
}

/* ---- cosines alone, with any weights: x [n, n] with a positive diagonal ---- */

static qn_value *build_cosines(const rig_case *c, qn_value *const *in)
{
    (void)c;
    return qn_graph_apply(in[0]->graph, &qn_cosines_op, NULL, 1, &in[0]);
}

static void host_cosines(const rig_host *h)
{
    const double *x = h->in[0];
    int64_t n = h->columns;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            h->out[i * n + j] = i == j ? 0 : x[i * n + j] / sqrt(x[i * n + i] * x[j * n + j]);
}

static qn_value *build_valid_rows(const rig_case *c, qn_value *const *in)
{
    (void)c;
    return qn_op_valid_rows(in[0]);
}

static void host_valid_rows(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = i < h->out_count / RIG_BATCH * RIG_ROWS ? h->in[0][i] : 0;
}

/* `two_launches`: of a large array, whose central differences would take long. */
#define PENALTY(title, shape, l1, l2, two_launches)                                                \
    {                                                                                              \
        .name = title, .in = {{shape, -1, 1}}, .inputs = 1, .build = build_penalty,                \
        .host = host_penalty, .factor = l1, .offset = l2, .no_gradient = two_launches              \
    }
#define ORTHOGONAL(title, shape, columns)                                                          \
    {                                                                                              \
        .name = title, .in = {{shape, -1, 1}}, .inputs = 1, .build = build_orthogonal,             \
        .host = host_orthogonal, .factor = 0.5, .transpose_a = columns                             \
    }
#define S_7_5 SHAPE(7, 5)
#define S_2_33 SHAPE(2, 33)
#define S_150_130 SHAPE(150, 130)
#define S_17 SHAPE(17)
#define S_B_7 SHAPE(B, 7)
#define S_B_3_5 SHAPE(B, 3, 5)
#define S_B_4000 SHAPE(B, 4000)

static const rig_case cases[] = {
    PENALTY("l1", S_17, 0.5, 0, false),
    PENALTY("l2", S_7_5, 0, 0.25, false),
    PENALTY("l1_l2", S_7_5, 0.5, 0.25, false),
    PENALTY("l1_l2, two launches", S_150_130, 0.5, 0.25, true),
    PENALTY("l1_l2 of a batch", S_B_3_5, 0.5, 0.25, false),
    PENALTY("l1_l2 of a batch, two launches", S_B_4000, 0.5, 0.25, true),
    ORTHOGONAL("orthogonal rows", S_7_5, false),
    ORTHOGONAL("orthogonal rows, two", S_2_33, false),
    ORTHOGONAL("orthogonal columns", S_7_5, true),
    ORTHOGONAL("orthogonal columns of a batch", S_B_7, true),
    {.name = "cosines",
     .in = {{SHAPE(6, 6), 0.5, 2}},
     .inputs = 1,
     .build = build_cosines,
     .host = host_cosines},
    {.name = "valid_rows",
     .in = {{SHAPE(B, 7), -1, 1}},
     .inputs = 1,
     .build = build_valid_rows,
     .host = host_valid_rows},
};

void rig_penalties(void **state)
{
    for (int i = 0; i < QN_COUNT(cases); i++)
        rig_check(*state, &cases[i]);
}
