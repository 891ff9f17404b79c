/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout and Gaussian noise. The gradient draws the same numbers again: nothing is kept for it. */
#include "ops/internal.h"

#include <math.h>

static qn_status infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    return qn_infer_same_shape(io, 0);
}

static void describe_key(const qn_random_key *key, double amount, qn_text *text)
{
    qn_text_add(text, "%g, stream %u", amount, (unsigned)key->stream);
}

/* ---- dropout: y = x * factor + offset where the element is kept, else `dropped` ---- */

typedef struct dropout_attributes {
    qn_random_key key;
    double rate, factor, offset, dropped;
} dropout_attributes;

static qn_status dropout_emit(qn_emit *e)
{
    const dropout_attributes *a = e->node->attributes;
    return qn_kernel_dropout(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                             qn_emit_count(e, e->node->output[0]), a->key, a->rate, a->factor,
                             a->offset, a->dropped);
}

/* dx = dy * factor where the element is kept, else 0: a dropout of dy. */
static qn_status dropout_grad(qn_grad *g)
{
    dropout_attributes attributes = *(const dropout_attributes *)g->node->attributes;
    attributes.offset = attributes.dropped = 0;
    g->in[0] = qn_graph_apply(g->graph, &qn_dropout_op, &attributes, 1, &g->out[0]);
    return g->graph->status;
}

static void dropout_describe(const qn_node *node, qn_text *text)
{
    const dropout_attributes *attributes = node->attributes;
    describe_key(&attributes->key, attributes->rate, text);
}

#define DROPOUT_OP(title)                                                                          \
    const qn_op qn_##title##_op = {                                                                \
        .name = #title,                                                                            \
        .inputs = 1,                                                                               \
        .attributes = sizeof(dropout_attributes),                                                  \
        .flags = QN_OP_IN_PLACE,                                                                   \
        .infer = infer,                                                                            \
        .grad = dropout_grad,                                                                      \
        .emit = dropout_emit,                                                                      \
        .describe = dropout_describe,                                                              \
    };
DROPOUT_OP(dropout)
DROPOUT_OP(alpha_dropout)

/* A rate that drops nothing needs no launch. */
static qn_value *apply_dropout(qn_value *x, const qn_op *op, const dropout_attributes *attributes)
{
    if (!(attributes->rate >= 0 && attributes->rate < 1))
        return qn_graph_mistake(x->graph, QN_ERROR_USAGE, "%s: the rate %g is not in [0, 1)",
                                op->name, attributes->rate);
    return attributes->rate > 0 ? qn_graph_apply(x->graph, op, attributes, 1, &x) : x;
}

qn_value *qn_op_dropout(qn_value *x, qn_random_key key, double rate)
{
    const dropout_attributes attributes = {.key = key, .rate = rate, .factor = 1 / (1 - rate)};
    return x ? apply_dropout(x, &qn_dropout_op, &attributes) : NULL;
}

/* Klambauer et al. 2017: what is dropped takes selu's lowest value, and an affine function gives
 * mean and variance back. Constants as Keras has them. */
qn_value *qn_op_alpha_dropout(qn_value *x, qn_random_key key, double rate)
{
    const double lowest = -1.6732632423543772 * 1.0507009873554805;
    double a = 1 / sqrt((1 - rate) * (1 + rate * lowest * lowest)), b = -a * lowest * rate;
    const dropout_attributes attributes = {
        .key = key, .rate = rate, .factor = a, .offset = b, .dropped = a * lowest + b};
    return x ? apply_dropout(x, &qn_alpha_dropout_op, &attributes) : NULL;
}

/* ---- Gaussian: y = x * N(1, stddev), y = x + N(0, stddev) ---- */

typedef struct gaussian_attributes {
    qn_random_key key;
    double stddev;
} gaussian_attributes;

static qn_status gaussian_dropout_emit(qn_emit *e)
{
    const gaussian_attributes *a = e->node->attributes;
    return qn_kernel_gaussian_dropout(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                                      qn_emit_count(e, e->node->output[0]), a->key, a->stddev);
}

static qn_status gaussian_dropout_grad(qn_grad *g)
{
    g->in[0] = qn_graph_apply(g->graph, &qn_gaussian_dropout_op, g->node->attributes, 1, g->out);
    return g->graph->status;
}

static qn_status gaussian_noise_emit(qn_emit *e)
{
    const gaussian_attributes *a = e->node->attributes;
    return qn_kernel_gaussian_noise(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                                    qn_emit_count(e, e->node->output[0]), a->key, a->stddev);
}

static qn_status gaussian_noise_grad(qn_grad *g)
{
    g->in[0] = g->out[0];
    return QN_OK;
}

static void gaussian_describe(const qn_node *node, qn_text *text)
{
    const gaussian_attributes *attributes = node->attributes;
    describe_key(&attributes->key, attributes->stddev, text);
}

#define GAUSSIAN_OP(title)                                                                         \
    const qn_op qn_##title##_op = {                                                                \
        .name = #title,                                                                            \
        .inputs = 1,                                                                               \
        .attributes = sizeof(gaussian_attributes),                                                 \
        .flags = QN_OP_IN_PLACE,                                                                   \
        .infer = infer,                                                                            \
        .grad = title##_grad,                                                                      \
        .emit = title##_emit,                                                                      \
        .describe = gaussian_describe,                                                             \
    };
GAUSSIAN_OP(gaussian_dropout)
GAUSSIAN_OP(gaussian_noise)

qn_value *qn_op_gaussian_dropout(qn_value *x, qn_random_key key, double rate)
{
    if (!x)
        return NULL;
    if (!(rate >= 0 && rate < 1))
        return qn_graph_mistake(x->graph, QN_ERROR_USAGE,
                                "gaussian_dropout: the rate %g is not in [0, 1)", rate);
    const gaussian_attributes attributes = {key, sqrt(rate / (1 - rate))};
    return rate > 0 ? qn_graph_apply(x->graph, &qn_gaussian_dropout_op, &attributes, 1, &x) : x;
}

qn_value *qn_op_gaussian_noise(qn_value *x, qn_random_key key, double stddev)
{
    if (!x)
        return NULL;
    if (!(stddev >= 0))
        return qn_graph_mistake(x->graph, QN_ERROR_USAGE,
                                "gaussian_noise: the standard deviation %g is below 0", stddev);
    const gaussian_attributes attributes = {key, stddev};
    return stddev > 0 ? qn_graph_apply(x->graph, &qn_gaussian_noise_op, &attributes, 1, &x) : x;
}
