/* SPDX-License-Identifier: Apache-2.0 */
/* y [.., n] = x [.., n] + bias [n] */
#include "ops/internal.h"

static qn_status infer(qn_infer *io)
{
    const qn_shape *x = &io->input[0]->shape, *bias = &io->input[1]->shape;
    QN_TRY(qn_infer_floats(io));
    if (x->rank < 1 || bias->rank != 1 || qn_shape_batched(bias) ||
        qn_shape_columns(x) != bias->dim[0])
        return qn_infer_misfit(io, "the bias must be a vector as long as the last dimension");
    return qn_infer_same_shape(io, 0);
}

static qn_status grad(qn_grad *g)
{
    g->in[0] = g->out[0];
    g->in[1] = qn_op_column_sum(g->out[0], 1);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    const qn_value *x = e->node->input[0];
    int64_t columns = qn_shape_columns(&x->shape);
    return qn_kernel_bias(e->steps, qn_plain(NULL), qn_emit_input(e, 0), qn_emit_input(e, 1),
                          qn_emit_output(e, 0), qn_emit_count(e, x) / columns, columns);
}

const qn_op qn_bias_add_op = {
    .name = "bias_add",
    .inputs = 2,
    .flags = QN_OP_IN_PLACE,
    .infer = infer,
    .grad = grad,
    .emit = emit,
};

qn_value *qn_op_bias_add(qn_value *x, qn_value *bias)
{
    qn_value *input[2] = {x, bias};
    return x && bias ? qn_graph_apply(x->graph, &qn_bias_add_op, NULL, 2, input) : NULL;
}
