/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that only the fuse pass makes (graph/fuse.c): several ops in one launch. Gradients are taken
 * before, so these have none. */
#include "ops/internal.h"

/* ---- dense: activation(a b + bias) ---- */

static qn_status dense_infer(qn_infer *io)
{
    const qn_dense_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_product(io, &attributes->matmul));
    if (io->count == 2)
        return QN_OK;
    const qn_shape *bias = &io->input[2]->shape;
    if (io->count > 3 || bias->rank != 1 || bias->dim[0] != qn_shape_columns(&io->shape[0]))
        return qn_infer_misfit(io, "the bias must be a vector as long as the last dimension");
    return QN_OK;
}

static qn_status dense_emit(qn_emit *e)
{
    const qn_dense_attributes *attributes = e->node->attributes;
    qn_buffer *bias = e->node->input_count > 2 ? qn_emit_input(e, 2) : NULL;
    return qn_emit_product(e, &attributes->matmul, bias, NULL, attributes->activation, NULL);
}

static void dense_describe(const qn_node *node, qn_text *text)
{
    const qn_dense_attributes *attributes = node->attributes;
    const char *part[3] = {
        attributes->matmul.transpose_a ? "transpose_a" : NULL,
        attributes->matmul.transpose_b ? "transpose_b" : NULL,
        node->input_count > 2 ? "bias" : NULL,
    };
    bool first = true;
    for (int i = 0; i < QN_COUNT(part); i++) {
        if (part[i]) {
            qn_text_add(text, "%s%s", first ? "" : ", ", part[i]);
            first = false;
        }
    }
    if (attributes->activation.function) {
        qn_text_add(text, "%s", first ? "" : ", ");
        qn_elementwise_describe(attributes->activation, text);
    }
}

const qn_op qn_dense_op = {
    .name = "dense",
    .inputs = -1,
    .attributes = sizeof(qn_dense_attributes),
    .infer = dense_infer,
    .emit = dense_emit,
    .describe = dense_describe,
};

/* ---- dense_grad: a b times the gradient, at y, of the activation that made y ---- */

static qn_status dense_grad_infer(qn_infer *io)
{
    const qn_dense_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_product(io, &attributes->matmul));
    if (!qn_shape_equal(&io->input[2]->shape, &io->shape[0]))
        return qn_infer_misfit(io, "the third must have the product's shape");
    return QN_OK;
}

static qn_status dense_grad_emit(qn_emit *e)
{
    const qn_dense_attributes *attributes = e->node->attributes;
    return qn_emit_product(e, &attributes->matmul, NULL, qn_emit_input(e, 2),
                           attributes->activation, NULL);
}

static void dense_grad_describe(const qn_node *node, qn_text *text)
{
    const qn_dense_attributes *attributes = node->attributes;
    qn_text_add(text, "%s",
                attributes->matmul.transpose_a   ? "transpose_a, "
                : attributes->matmul.transpose_b ? "transpose_b, "
                                                 : "");
    qn_elementwise_describe(attributes->activation, text);
}

const qn_op qn_dense_grad_op = {
    .name = "dense_grad",
    .inputs = 3,
    .attributes = sizeof(qn_dense_attributes),
    .infer = dense_grad_infer,
    .emit = dense_grad_emit,
    .describe = dense_grad_describe,
};

/* ---- matmul_sums: a b, and the column sums of b: the gradients of a dense layer's weights ---- */

static qn_status matmul_sums_infer(qn_infer *io)
{
    const qn_matmul_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_product(io, attributes));
    if (attributes->transpose_b)
        return qn_infer_misfit(io, "the second must not be transposed");
    io->output_count = 2;
    io->shape[1] = (qn_shape){1, {qn_shape_columns(&io->input[1]->shape)}};
    return QN_OK;
}

static qn_status matmul_sums_emit(qn_emit *e)
{
    return qn_emit_product(e, e->node->attributes, NULL, NULL, qn_plain(NULL),
                           qn_emit_output(e, 1));
}

static void matmul_sums_describe(const qn_node *node, qn_text *text)
{
    const qn_matmul_attributes *attributes = node->attributes;
    qn_text_add(text, "%s", attributes->transpose_a ? "transpose_a" : "");
}

const qn_op qn_matmul_sums_op = {
    .name = "matmul_sums",
    .inputs = 2,
    .attributes = sizeof(qn_matmul_attributes),
    .infer = matmul_sums_infer,
    .emit = matmul_sums_emit,
    .describe = matmul_sums_describe,
};

/* ---- softmax_loss: from y_true and logits [B, .., columns] to probabilities, row losses and the
 * gradient of their mean over valid rows; the last only where something reads it ---- */

static qn_status softmax_loss_infer(qn_infer *io)
{
    const qn_loss_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_targets(io, attributes->kind == QN_LOSS_SPARSE));
    if (!qn_shape_batched(&io->input[1]->shape))
        return qn_infer_misfit(io, "the first dimension of the logits must be the batch");
    io->output_count = 3;
    io->shape[1] = io->shape[0];
    io->shape[0] = io->shape[2] = io->input[1]->shape;
    return QN_OK;
}

static qn_status softmax_loss_emit(qn_emit *e)
{
    const qn_loss_attributes *attributes = e->node->attributes;
    const qn_shape *logits = &e->node->input[1]->shape;
    int64_t columns = qn_shape_columns(logits);
    qn_buffer *gradient = e->node->output_count > 2 ? qn_emit_output(e, 2) : NULL;
    return qn_kernel_softmax_loss(e->steps, attributes->kind, qn_emit_input(e, 0),
                                  qn_emit_input(e, 1), qn_emit_output(e, 0), qn_emit_output(e, 1),
                                  gradient, e->batch, qn_shape_inner(logits) / columns, columns);
}

static void softmax_loss_describe(const qn_node *node, qn_text *text)
{
    const qn_loss_attributes *attributes = node->attributes;
    qn_text_add(text, "%s%s", attributes->kind == QN_LOSS_SPARSE ? "sparse" : "categorical",
                node->output_count > 2 ? ", gradient" : "");
}

const qn_op qn_softmax_loss_op = {
    .name = "softmax_loss",
    .inputs = 2,
    .attributes = sizeof(qn_loss_attributes),
    .infer = softmax_loss_infer,
    .emit = softmax_loss_emit,
    .describe = softmax_loss_describe,
};
