/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by Philox, keyed by the context's seed, the purpose, the step and the element. */
#include "ops/internal.h"

typedef struct random_attributes {
    qn_shape shape;
    uint64_t seed;
    uint32_t purpose;
    double first, second; /* low and high, or mean and standard deviation */
} random_attributes;

static qn_status infer(qn_infer *io)
{
    const random_attributes *attributes = io->attributes;
    io->shape[0] = attributes->shape;
    return QN_OK;
}

static qn_status uniform_emit(qn_emit *e)
{
    const random_attributes *a = e->node->attributes;
    return qn_kernel_random_uniform(e->steps, qn_emit_output(e, 0),
                                    qn_emit_count(e, e->node->output[0]), a->seed, a->purpose,
                                    a->first, a->second);
}

static qn_status normal_emit(qn_emit *e)
{
    const random_attributes *a = e->node->attributes;
    return qn_kernel_random_normal(e->steps, qn_emit_output(e, 0),
                                   qn_emit_count(e, e->node->output[0]), a->seed, a->purpose,
                                   a->first, a->second);
}

static void describe(const qn_node *node, qn_text *text)
{
    const random_attributes *attributes = node->attributes;
    qn_text_add(text, "%g, %g, purpose %u", attributes->first, attributes->second,
                (unsigned)attributes->purpose);
}

#define RANDOM_OP(distribution)                                                                    \
    const qn_op qn_random_##distribution##_op = {                                                  \
        .name = "random_" #distribution,                                                           \
        .attributes = sizeof(random_attributes),                                                   \
        .infer = infer,                                                                            \
        .emit = distribution##_emit,                                                               \
        .describe = describe,                                                                      \
    };
RANDOM_OP(uniform)
RANDOM_OP(normal)

static qn_value *apply(qn_graph *graph, const qn_op *op, int rank, const int64_t *shape,
                       double first, double second, uint32_t purpose)
{
    random_attributes attributes = {.purpose = purpose, .first = first, .second = second};
    if (!graph || qn_shape_from(graph, op->name, rank, shape, &attributes.shape) != QN_OK)
        return NULL;
    attributes.seed = graph->context->seed;
    return qn_graph_apply(graph, op, &attributes, 0, NULL);
}

qn_value *qn_ops_random_uniform(qn_graph *graph, int rank, const int64_t *shape, double low,
                                double high, uint32_t purpose)
{
    if (graph && !(low <= high))
        return qn_graph_mistake(graph, QN_ERROR_USAGE,
                                "random_uniform: low %g is not at most high %g", low, high);
    return apply(graph, &qn_random_uniform_op, rank, shape, low, high, purpose);
}

qn_value *qn_ops_random_normal(qn_graph *graph, int rank, const int64_t *shape, double mean,
                               double stddev, uint32_t purpose)
{
    if (graph && !(stddev >= 0))
        return qn_graph_mistake(graph, QN_ERROR_USAGE,
                                "random_normal: the standard deviation %g is below 0", stddev);
    return apply(graph, &qn_random_normal_op, rank, shape, mean, stddev, purpose);
}
