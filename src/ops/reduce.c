/* SPDX-License-Identifier: Apache-2.0 */
/* Sums: of everything, the mean, over the leading dimensions; and their counterpart, one element
 * everywhere in a shape. */
#include "ops/internal.h"

/* ---- broadcast: y[i] = x * factor ---- */

typedef struct broadcast_attributes {
    qn_shape shape;
    double factor;
} broadcast_attributes;

static qn_status broadcast_infer(qn_infer *io)
{
    const broadcast_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_single(&io->input[0]->shape))
        return qn_infer_misfit(io, "the input must have one element");
    io->shape[0] = attributes->shape;
    return QN_OK;
}

static qn_status broadcast_grad(qn_grad *g)
{
    const broadcast_attributes *attributes = g->node->attributes;
    qn_value *sum = qn_op_sum_all(g->out[0]);
    if (attributes->factor != 1)
        sum = qn_ops_affine(sum, attributes->factor, 0);
    g->in[0] = qn_op_as_shape(sum, &g->node->input[0]->shape);
    return g->graph->status;
}

static qn_status broadcast_emit(qn_emit *e)
{
    const broadcast_attributes *attributes = e->node->attributes;
    return qn_kernel_broadcast(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                               qn_emit_count(e, e->node->output[0]), attributes->factor);
}

static void broadcast_describe(const qn_node *node, qn_text *text)
{
    const broadcast_attributes *attributes = node->attributes;
    if (attributes->factor != 1)
        qn_text_add(text, "times %g", attributes->factor);
}

const qn_op qn_broadcast_op = {
    .name = "broadcast",
    .inputs = 1,
    .attributes = sizeof(broadcast_attributes),
    .infer = broadcast_infer,
    .grad = broadcast_grad,
    .emit = broadcast_emit,
    .describe = broadcast_describe,
};

qn_value *qn_op_broadcast(qn_value *x, const qn_shape *shape, double factor)
{
    broadcast_attributes attributes = {*shape, factor};
    return x ? qn_graph_apply(x->graph, &qn_broadcast_op, &attributes, 1, &x) : NULL;
}

/* ---- sum and mean ---- */

static qn_status infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static size_t scratch(const qn_emit *e)
{
    return qn_sum_scratch_bytes(e->device, qn_shape_count(&e->node->input[0]->shape, e->batch));
}

static qn_status emit_sum(qn_emit *e, int64_t divisor)
{
    return qn_kernel_sum(e->steps, qn_emit_input(e, 0), qn_emit_scratch(e), qn_emit_output(e, 0),
                         qn_emit_count(e, e->node->input[0]), 1.0 / (double)divisor);
}

static qn_status sum_emit(qn_emit *e)
{
    return emit_sum(e, 1);
}

static qn_status sum_grad(qn_grad *g)
{
    g->in[0] = qn_op_broadcast(g->out[0], &g->node->input[0]->shape, 1);
    return g->graph->status;
}

static qn_status mean_emit(qn_emit *e)
{
    return emit_sum(e, qn_emit_count(e, e->node->input[0]));
}

static qn_status mean_grad(qn_grad *g)
{
    const qn_shape *shape = &g->node->input[0]->shape;
    g->in[0] = qn_op_broadcast(g->out[0], shape, 1.0 / (double)qn_shape_count(shape, 0));
    return g->graph->status;
}

const qn_op qn_sum_op = {
    .name = "sum",
    .inputs = 1,
    .infer = infer,
    .grad = sum_grad,
    .emit = sum_emit,
    .scratch = scratch,
};

const qn_op qn_mean_op = {
    .name = "mean",
    .inputs = 1,
    .infer = infer,
    .grad = mean_grad,
    .emit = mean_emit,
    .scratch = scratch,
};

qn_value *qn_op_sum_all(qn_value *x)
{
    return x ? qn_graph_apply(x->graph, &qn_sum_op, NULL, 1, &x) : NULL;
}

/* A batch's padded rows would be counted: batch_mean leaves them out. */
static qn_value *refuse_batch(qn_value *a, const char *op)
{
    if (a && qn_shape_batched(&a->shape))
        return qn_graph_mistake(a->graph, QN_ERROR_USAGE,
                                "%s: the first dimension is the batch, whose padded rows would be "
                                "counted: take the mean over the batch instead",
                                op);
    return a;
}

qn_value *qn_ops_sum(qn_value *a)
{
    return qn_op_sum_all(refuse_batch(a, "sum"));
}

qn_value *qn_ops_mean(qn_value *a)
{
    a = refuse_batch(a, "mean");
    return a ? qn_graph_apply(a->graph, &qn_mean_op, NULL, 1, &a) : NULL;
}

/* ---- column_sum: the last `tail` dimensions stay; of a batch, padded rows must be zero ---- */

typedef struct column_sum_attributes {
    int tail;
} column_sum_attributes;

static qn_status column_sum_infer(qn_infer *io)
{
    const column_sum_attributes *attributes = io->attributes;
    const qn_shape *x = &io->input[0]->shape;
    int lead = x->rank - attributes->tail;
    QN_TRY(qn_infer_floats(io));
    if (attributes->tail < 0 || lead < 0 || (lead == 0 && qn_shape_batched(x)))
        return qn_infer_misfit(io, "the last %d dimensions cannot stay", attributes->tail);
    io->shape[0].rank = attributes->tail;
    for (int i = 0; i < attributes->tail; i++)
        io->shape[0].dim[i] = x->dim[lead + i];
    return QN_OK;
}

static qn_status column_sum_emit(qn_emit *e)
{
    const qn_value *x = e->node->input[0], *y = e->node->output[0];
    int64_t columns = qn_emit_count(e, y);
    return qn_kernel_column_sum(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                                qn_emit_count(e, x) / columns, columns);
}

bool qn_node_column_sum(const qn_node *node, const qn_value **value)
{
    *value = node->op == &qn_column_sum_op ? node->input[0] : NULL;
    return *value && ((const column_sum_attributes *)node->attributes)->tail == 1;
}

const qn_op qn_column_sum_op = {
    .name = "column_sum",
    .inputs = 1,
    .attributes = sizeof(column_sum_attributes),
    .infer = column_sum_infer,
    .emit = column_sum_emit,
};

qn_value *qn_op_column_sum(qn_value *x, int tail)
{
    column_sum_attributes attributes = {tail};
    return x ? qn_graph_apply(x->graph, &qn_column_sum_op, &attributes, 1, &x) : NULL;
}
