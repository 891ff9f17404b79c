/* SPDX-License-Identifier: Apache-2.0 */
/* Losses, one number per row: y_true against y_pred [.., columns]. */
#include "ops/internal.h"

static const char *const kind_names[] = {
    [QN_LOSS_CATEGORICAL] = "categorical_crossentropy",
    [QN_LOSS_SPARSE] = "sparse_categorical_crossentropy",
    [QN_LOSS_BINARY] = "binary_crossentropy",
    [QN_LOSS_SQUARED] = "mean_squared_error",
    [QN_LOSS_ABSOLUTE] = "mean_absolute_error",
};

static void describe(const qn_node *node, qn_text *text)
{
    const qn_loss_attributes *attributes = node->attributes;
    qn_text_add(text, "%s", kind_names[attributes->kind]);
}

/* Inputs: y_true, y_pred, .... Output 0: one number per row. */
qn_status qn_infer_targets(qn_infer *io, bool sparse)
{
    const qn_value *y_true = io->input[0], *y_pred = io->input[1];
    qn_shape rows = qn_shape_lead(&y_pred->shape), column = rows;
    QN_TRY(qn_infer_float(io, 1));
    if (y_pred->shape.rank < 1 || qn_shape_columns(&y_pred->shape) == QN_BATCH)
        return qn_infer_misfit(io, "the predictions have no axis of classes: reshape them");
    io->shape[0] = rows;
    if (!sparse) {
        QN_TRY(qn_infer_float(io, 0));
        if (!qn_shape_equal(&y_true->shape, &y_pred->shape))
            return qn_infer_misfit(io, "targets and predictions must have equal shapes");
        return QN_OK;
    }
    if (y_true->kind == QN_VALUE_DATA || y_true->dtype != QN_I32)
        return qn_infer_fail(io, "the targets are %s where int32 labels are needed",
                             qn_dtype_name(y_true->dtype));
    column.dim[column.rank++] = 1;
    if (!qn_shape_equal(&y_true->shape, &rows) && !qn_shape_equal(&y_true->shape, &column))
        return qn_infer_misfit(io, "the targets must be one label for each row of predictions");
    return QN_OK;
}

/* ---- the gradient: d(sum of drow * loss)/d(y_pred) ---- */

static qn_status loss_grad_infer(qn_infer *io)
{
    const qn_loss_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_targets(io, attributes->kind == QN_LOSS_SPARSE));
    QN_TRY(qn_infer_float(io, 2));
    if (!qn_shape_equal(&io->input[2]->shape, &io->shape[0]))
        return qn_infer_misfit(io, "the last input must have one number per row");
    return qn_infer_same_shape(io, 1);
}

static qn_status loss_grad_emit(qn_emit *e)
{
    const qn_loss_attributes *attributes = e->node->attributes;
    const qn_value *y_pred = e->node->input[1];
    int64_t columns = qn_shape_columns(&y_pred->shape);
    return qn_kernel_loss_grad(e->steps, attributes->kind, qn_emit_input(e, 0), qn_emit_input(e, 1),
                               qn_emit_input(e, 2), qn_emit_output(e, 0),
                               qn_emit_count(e, y_pred) / columns, columns);
}

const qn_op qn_loss_grad_op = {
    .name = "loss_grad",
    .inputs = 3,
    .attributes = sizeof(qn_loss_attributes),
    .infer = loss_grad_infer,
    .emit = loss_grad_emit,
    .describe = describe,
};

/* ---- the loss; no gradient flows to the targets ---- */

static qn_status infer(qn_infer *io)
{
    const qn_loss_attributes *attributes = io->attributes;
    return qn_infer_targets(io, attributes->kind == QN_LOSS_SPARSE);
}

static qn_status grad(qn_grad *g)
{
    qn_value *input[3] = {g->node->input[0], g->node->input[1], g->out[0]};
    g->in[1] = qn_graph_apply(g->graph, &qn_loss_grad_op, g->node->attributes, 3, input);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    const qn_loss_attributes *attributes = e->node->attributes;
    const qn_value *y_pred = e->node->input[1];
    int64_t columns = qn_shape_columns(&y_pred->shape);
    return qn_kernel_loss(e->steps, attributes->kind, qn_emit_input(e, 0), qn_emit_input(e, 1),
                          qn_emit_output(e, 0), qn_emit_count(e, y_pred) / columns, columns);
}

const qn_op qn_loss_op = {
    .name = "loss",
    .inputs = 2,
    .attributes = sizeof(qn_loss_attributes),
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .describe = describe,
};

qn_value *qn_op_loss(qn_loss_kind kind, qn_value *y_true, qn_value *y_pred)
{
    qn_loss_attributes attributes = {kind};
    qn_value *input[2] = {y_true, y_pred};
    return y_true && y_pred ? qn_graph_apply(y_pred->graph, &qn_loss_op, &attributes, 2, input)
                            : NULL;
}
