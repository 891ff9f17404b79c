/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a step's results: sums over the valid rows of losses and metrics. Latches the first step
 * whose loss, value 0, is not finite. */
#include "ops/internal.h"

/* Inputs: values, results, the latch when there is one. */
typedef struct record_attributes {
    bool latched;
} record_attributes;

static int value_count(int inputs, const record_attributes *attributes)
{
    return inputs - 1 - attributes->latched;
}

qn_status qn_infer_latch(qn_infer *io, int input)
{
    const qn_value *latch = io->input[input];
    if (latch->kind != QN_VALUE_DATA || latch->dtype != QN_I32 ||
        qn_shape_count(&latch->shape, 0) != 2)
        return qn_infer_fail(io, "the latch must be bound int32 data of two elements");
    return QN_OK;
}

static qn_status infer(qn_infer *io)
{
    const record_attributes *attributes = io->attributes;
    int count = value_count(io->count, attributes);
    if (count < 1 || count > QN_MAX_RECORDS)
        return qn_infer_fail(io, "%d values were given: give 1 to %d", count, QN_MAX_RECORDS);
    for (int i = 0; i < count; i++) {
        QN_TRY(qn_infer_float(io, i));
        if (!qn_shape_batched(&io->input[i]->shape))
            return qn_infer_misfit(io, "value %d is not a batch of rows", i);
    }
    const qn_value *results = io->input[count];
    if (results->kind != QN_VALUE_DATA || results->dtype != QN_F32 || results->shape.rank != 2 ||
        results->shape.dim[1] != count)
        return qn_infer_misfit(io, "the results must be bound float32 data of [steps, %d]", count);
    if (attributes->latched)
        QN_TRY(qn_infer_latch(io, count + 1));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static qn_status emit(qn_emit *e)
{
    const record_attributes *attributes = e->node->attributes;
    int count = value_count(e->node->input_count, attributes);
    qn_buffer *values[QN_MAX_RECORDS];
    int64_t inner[QN_MAX_RECORDS];
    for (int i = 0; i < count; i++) {
        values[i] = qn_emit_input(e, i);
        inner[i] = qn_shape_inner(&e->node->input[i]->shape);
    }
    qn_buffer *latch = attributes->latched ? qn_emit_input(e, count + 1) : NULL;
    return qn_kernel_record(e->steps, count, values, inner, qn_emit_input(e, count), latch,
                            e->batch);
}

static void describe(const qn_node *node, qn_text *text)
{
    const record_attributes *attributes = node->attributes;
    qn_text_add(text, "%d values%s", value_count(node->input_count, attributes),
                attributes->latched ? ", latch" : "");
}

const qn_op qn_record_op = {
    .name = "record",
    .inputs = -1,
    .attributes = sizeof(record_attributes),
    .flags = QN_OP_WRITES_DATA | QN_OP_UPDATES,
    .infer = infer,
    .emit = emit,
    .describe = describe,
};

qn_value *qn_op_record(int count, qn_value *const *values, qn_value *results, qn_value *latch)
{
    record_attributes attributes = {.latched = latch != NULL};
    qn_value *input[QN_MAX_RECORDS + 2];
    if (!results)
        return NULL;
    if (count < 1 || count > QN_MAX_RECORDS)
        return qn_graph_mistake(results->graph, QN_ERROR_USAGE,
                                "record: %d values were given: give 1 to %d", count,
                                QN_MAX_RECORDS);
    for (int i = 0; i < count; i++)
        if (!(input[i] = values[i]))
            return NULL;
    input[count] = results;
    input[count + 1] = latch;
    return qn_graph_apply(results->graph, &qn_record_op, &attributes, count + 1 + (latch != NULL),
                          input);
}
