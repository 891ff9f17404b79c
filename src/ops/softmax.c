/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax over the last axis, and its gradient. */
#include "ops/internal.h"

static qn_status infer(qn_infer *io)
{
    const qn_shape *shape = &io->input[0]->shape;
    QN_TRY(qn_infer_floats(io));
    if (shape->rank < 1 || qn_shape_columns(shape) == QN_BATCH)
        return qn_infer_misfit(io, "there is no axis of classes: give a tensor of [..., classes]");
    return qn_infer_same_shape(io, 0);
}

/* ---- dx = y * (dy - sum(dy * y)) ---- */

static qn_status softmax_grad_emit(qn_emit *e)
{
    const qn_value *y = e->node->input[0];
    int64_t columns = qn_shape_columns(&y->shape);
    return qn_kernel_softmax_grad(e->steps, qn_emit_input(e, 0), qn_emit_input(e, 1),
                                  qn_emit_output(e, 0), qn_emit_count(e, y) / columns, columns);
}

const qn_op qn_softmax_grad_op = {
    .name = "softmax_grad",
    .inputs = 2,
    .infer = infer,
    .emit = softmax_grad_emit,
};

/* ---- y = exp(x) / sum(exp(x)) ---- */

static qn_status grad(qn_grad *g)
{
    qn_value *input[2] = {g->node->output[0], g->out[0]};
    g->in[0] = qn_graph_apply(g->graph, &qn_softmax_grad_op, NULL, 2, input);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    const qn_value *x = e->node->input[0];
    int64_t columns = qn_shape_columns(&x->shape);
    return qn_kernel_softmax(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                             qn_emit_count(e, x) / columns, columns);
}

const qn_op qn_softmax_op = {
    .name = "softmax",
    .inputs = 1,
    .infer = infer,
    .grad = grad,
    .emit = emit,
};

qn_value *qn_ops_softmax(qn_value *a)
{
    return a ? qn_graph_apply(a->graph, &qn_softmax_op, NULL, 1, &a) : NULL;
}
