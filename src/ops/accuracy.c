/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracies, one number per row: y_true against y_pred [.., columns]. */
#include "ops/internal.h"

typedef struct accuracy_attributes {
    qn_accuracy_kind kind;
    double threshold; /* binary */
    int k;            /* top k */
} accuracy_attributes;

static const char *const kind_names[] = {
    [QN_ACCURACY_BINARY] = "binary",
    [QN_ACCURACY_CATEGORICAL] = "categorical",
    [QN_ACCURACY_SPARSE] = "sparse_categorical",
    [QN_ACCURACY_TOP_K] = "top_k_categorical",
    [QN_ACCURACY_SPARSE_TOP_K] = "sparse_top_k_categorical",
};

static bool is_top_k(qn_accuracy_kind kind)
{
    return kind == QN_ACCURACY_TOP_K || kind == QN_ACCURACY_SPARSE_TOP_K;
}

static qn_status infer(qn_infer *io)
{
    const accuracy_attributes *attributes = io->attributes;
    if (is_top_k(attributes->kind) && attributes->k < 1)
        return qn_infer_fail(io, "k is %d: give 1 or more", attributes->k);
    return qn_infer_targets(io, attributes->kind == QN_ACCURACY_SPARSE ||
                                    attributes->kind == QN_ACCURACY_SPARSE_TOP_K);
}

static qn_status emit(qn_emit *e)
{
    const accuracy_attributes *attributes = e->node->attributes;
    const qn_value *y_pred = e->node->input[1];
    int64_t columns = qn_shape_columns(&y_pred->shape);
    return qn_kernel_accuracy(e->steps, attributes->kind, attributes->threshold, attributes->k,
                              qn_emit_input(e, 0), qn_emit_input(e, 1), qn_emit_output(e, 0),
                              qn_emit_count(e, y_pred) / columns, columns);
}

static void describe(const qn_node *node, qn_text *text)
{
    const accuracy_attributes *attributes = node->attributes;
    qn_text_add(text, "%s", kind_names[attributes->kind]);
    if (attributes->kind == QN_ACCURACY_BINARY)
        qn_text_add(text, ", threshold %g", attributes->threshold);
    if (is_top_k(attributes->kind))
        qn_text_add(text, ", k %d", attributes->k);
}

const qn_op qn_accuracy_op = {
    .name = "accuracy",
    .inputs = 2,
    .attributes = sizeof(accuracy_attributes),
    .infer = infer,
    .emit = emit,
    .describe = describe,
};

qn_value *qn_op_accuracy(qn_accuracy_kind kind, double threshold, int k, qn_value *y_true,
                         qn_value *y_pred)
{
    accuracy_attributes attributes = {kind, threshold, k};
    qn_value *input[2] = {y_true, y_pred};
    return y_true && y_pred ? qn_graph_apply(y_pred->graph, &qn_accuracy_op, &attributes, 2, input)
                            : NULL;
}
