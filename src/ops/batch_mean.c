/* SPDX-License-Identifier: Apache-2.0 */
/* Mean over the valid rows of a batch; padded rows count for nothing and get a zero gradient. */
#include "ops/internal.h"

/* ---- dx [B, ..] = dy / (valid rows * inner), 0 in padded rows ---- */

typedef struct batch_mean_grad_attributes {
    qn_shape shape;
} batch_mean_grad_attributes;

static qn_status batch_mean_grad_infer(qn_infer *io)
{
    const batch_mean_grad_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_single(&io->input[0]->shape) || !qn_shape_batched(&attributes->shape))
        return qn_infer_misfit(io, "the input must have one element, the output a batch");
    io->shape[0] = attributes->shape;
    return QN_OK;
}

static qn_status batch_mean_grad_emit(qn_emit *e)
{
    return qn_kernel_batch_mean_grad(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0), e->batch,
                                     qn_shape_inner(&e->node->output[0]->shape));
}

const qn_op qn_batch_mean_grad_op = {
    .name = "batch_mean_grad",
    .inputs = 1,
    .attributes = sizeof(batch_mean_grad_attributes),
    .infer = batch_mean_grad_infer,
    .emit = batch_mean_grad_emit,
};

/* ---- y = mean over valid rows ---- */

static qn_status infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_batched(&io->input[0]->shape))
        return qn_infer_misfit(io, "the first dimension is not the batch: use mean");
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static qn_status grad(qn_grad *g)
{
    batch_mean_grad_attributes attributes = {g->node->input[0]->shape};
    g->in[0] = qn_graph_apply(g->graph, &qn_batch_mean_grad_op, &attributes, 1, &g->out[0]);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    return qn_kernel_batch_mean(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0), e->batch,
                                qn_shape_inner(&e->node->input[0]->shape));
}

const qn_op qn_batch_mean_op = {
    .name = "batch_mean",
    .inputs = 1,
    .infer = infer,
    .grad = grad,
    .emit = emit,
};

qn_value *qn_op_batch_mean(qn_value *rows)
{
    return rows ? qn_graph_apply(rows->graph, &qn_batch_mean_op, NULL, 1, &rows) : NULL;
}
