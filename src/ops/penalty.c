/* SPDX-License-Identifier: Apache-2.0 */
/* l1 * sum |x| + l2 * sum x^2. Of a batch: over its valid rows, divided by their number, as Keras
 * divides the penalties of activations. */
#include "ops/internal.h"

typedef struct penalty_attributes {
    double l1, l2;
} penalty_attributes;

/* ---- dx = dy * (l1 sign(x) + 2 l2 x) ---- */

static qn_status grad_infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_single(&io->input[0]->shape))
        return qn_infer_misfit(io, "the first input must have one element");
    return qn_infer_same_shape(io, 1);
}

static qn_status grad_emit(qn_emit *e)
{
    const penalty_attributes *a = e->node->attributes;
    const qn_shape *shape = &e->node->input[1]->shape;
    qn_buffer *dy = qn_emit_input(e, 0), *x = qn_emit_input(e, 1), *dx = qn_emit_output(e, 0);
    if (qn_shape_batched(shape))
        return qn_kernel_penalty_batch_grad(e->steps, dy, x, dx, e->batch, qn_shape_inner(shape),
                                            a->l1, a->l2);
    return qn_kernel_penalty_grad(e->steps, dy, x, dx, qn_shape_count(shape, 0), a->l1, a->l2);
}

static void describe(const qn_node *node, qn_text *text)
{
    const penalty_attributes *attributes = node->attributes;
    qn_text_add(text, "l1 %g, l2 %g", attributes->l1, attributes->l2);
}

const qn_op qn_penalty_grad_op = {
    .name = "penalty_grad",
    .inputs = 2,
    .attributes = sizeof(penalty_attributes),
    .infer = grad_infer,
    .emit = grad_emit,
    .describe = describe,
};

/* ---- y ---- */

static qn_status infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static qn_status grad(qn_grad *g)
{
    qn_value *input[2] = {g->out[0], g->node->input[0]};
    g->in[0] = qn_graph_apply(g->graph, &qn_penalty_grad_op, g->node->attributes, 2, input);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    const penalty_attributes *a = e->node->attributes;
    const qn_shape *shape = &e->node->input[0]->shape;
    qn_buffer *x = qn_emit_input(e, 0), *y = qn_emit_output(e, 0), *scratch = qn_emit_scratch(e);
    if (qn_shape_batched(shape))
        return qn_kernel_penalty_batch(e->steps, x, scratch, y, e->batch, qn_shape_inner(shape),
                                       a->l1, a->l2);
    return qn_kernel_penalty(e->steps, x, scratch, y, qn_shape_count(shape, 0), a->l1, a->l2);
}

static size_t scratch(const qn_emit *e)
{
    return qn_sum_scratch_bytes(e->device, qn_shape_count(&e->node->input[0]->shape, e->batch));
}

const qn_op qn_penalty_op = {
    .name = "penalty",
    .inputs = 1,
    .attributes = sizeof(penalty_attributes),
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .scratch = scratch,
    .describe = describe,
};

qn_value *qn_op_penalty(qn_value *x, double l1, double l2)
{
    penalty_attributes attributes = {l1, l2};
    return x ? qn_graph_apply(x->graph, &qn_penalty_op, &attributes, 1, &x) : NULL;
}
