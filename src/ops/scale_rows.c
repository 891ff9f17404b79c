/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a batch, each times its own number: losses and sample weights. No gradient flows to the
 * numbers. */
#include "ops/internal.h"

static qn_status infer(qn_infer *io)
{
    const qn_shape *scale = &io->input[1]->shape;
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_batched(&io->input[0]->shape) || !qn_shape_batched(scale) ||
        qn_shape_inner(scale) != 1)
        return qn_infer_misfit(io, "both must begin with the batch, the second with one number for "
                                   "each row");
    return qn_infer_same_shape(io, 0);
}

static qn_status grad(qn_grad *g)
{
    g->in[0] = qn_op_scale_rows(g->out[0], g->node->input[1]);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    return qn_kernel_scale_rows(e->steps, qn_emit_input(e, 0), qn_emit_input(e, 1),
                                qn_emit_output(e, 0), e->batch,
                                qn_shape_inner(&e->node->input[0]->shape));
}

const qn_op qn_scale_rows_op = {
    .name = "scale_rows",
    .inputs = 2,
    .flags = QN_OP_IN_PLACE,
    .infer = infer,
    .grad = grad,
    .emit = emit,
};

qn_value *qn_op_scale_rows(qn_value *x, qn_value *scale)
{
    qn_value *input[2] = {x, scale};
    return x && scale ? qn_graph_apply(x->graph, &qn_scale_rows_op, NULL, 2, input) : NULL;
}
