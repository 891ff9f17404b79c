/* SPDX-License-Identifier: Apache-2.0 */
/* Between a dataset on the device and a batch: rows by index in, rows in order out. */
#include "ops/internal.h"

/* ---- gather: data [n, ..], index [ring] -> [B, ..]; padded rows are zero ---- */

typedef struct gather_attributes {
    qn_dtype out_dtype;
    float scale;
} gather_attributes;

static qn_status gather_infer(qn_infer *io)
{
    const gather_attributes *attributes = io->attributes;
    const qn_value *data = io->input[0], *index = io->input[1];
    if (data->kind != QN_VALUE_DATA || index->kind != QN_VALUE_DATA || data->shape.rank < 1)
        return qn_infer_fail(io, "both inputs must be bound data");
    if (data->dtype != QN_U8 && data->dtype != QN_I32 && data->dtype != QN_F32)
        return qn_infer_fail(io, "the data is %s: give uint8, int32 or float32",
                             qn_dtype_name(data->dtype));
    if (index->dtype != QN_I32 || index->shape.rank != 1)
        return qn_infer_misfit(io, "the index must be an int32 vector");
    if (attributes->out_dtype != QN_F32 && attributes->out_dtype != QN_I32)
        return qn_infer_fail(io, "rows cannot become %s: take float32 or int32",
                             qn_dtype_name(attributes->out_dtype));
    if (attributes->out_dtype == QN_I32 && data->dtype == QN_F32)
        return qn_infer_fail(io, "float32 data cannot become int32 labels: convert it before");
    io->shape[0] = data->shape;
    io->shape[0].dim[0] = QN_BATCH;
    io->dtype[0] = attributes->out_dtype;
    return QN_OK;
}

static qn_status gather_emit(qn_emit *e)
{
    const gather_attributes *attributes = e->node->attributes;
    const qn_value *out = e->node->output[0];
    return qn_kernel_gather(e->steps, e->node->input[0]->dtype, attributes->out_dtype,
                            qn_emit_input(e, 0), qn_emit_input(e, 1), qn_emit_output(e, 0),
                            e->batch, qn_shape_inner(&out->shape), attributes->scale);
}

static void gather_describe(const qn_node *node, qn_text *text)
{
    const gather_attributes *attributes = node->attributes;
    qn_text_add(text, "%s to %s", qn_dtype_name(node->input[0]->dtype),
                qn_dtype_name(attributes->out_dtype));
    if (attributes->scale != 1 && attributes->out_dtype == QN_F32)
        qn_text_add(text, ", times %g", attributes->scale);
}

const qn_op qn_gather_op = {
    .name = "gather",
    .inputs = 2,
    .attributes = sizeof(gather_attributes),
    .infer = gather_infer,
    .emit = gather_emit,
    .describe = gather_describe,
};

qn_value *qn_op_gather(qn_value *data, qn_value *index, qn_dtype out_dtype, float scale)
{
    gather_attributes attributes = {out_dtype, scale};
    qn_value *input[2] = {data, index};
    return data && index ? qn_graph_apply(data->graph, &qn_gather_op, &attributes, 2, input) : NULL;
}

/* ---- store_rows: the valid rows of x [B, ..] to out [ring, ..] ---- */

static qn_status store_rows_infer(qn_infer *io)
{
    const qn_value *x = io->input[0], *out = io->input[1];
    qn_shape row = x->shape;
    QN_TRY(qn_infer_float(io, 0));
    if (out->kind != QN_VALUE_DATA || out->dtype != QN_F32)
        return qn_infer_fail(io, "rows go to bound float32 data");
    if (!qn_shape_batched(&x->shape) || out->shape.rank != x->shape.rank)
        return qn_infer_misfit(io, "the rows must be a batch of the data's rank");
    row.dim[0] = out->shape.dim[0];
    if (!qn_shape_equal(&row, &out->shape))
        return qn_infer_misfit(io, "the data's rows have another shape");
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static qn_status store_rows_emit(qn_emit *e)
{
    return qn_kernel_store_rows(e->steps, qn_emit_input(e, 0), qn_emit_input(e, 1), e->batch,
                                qn_shape_inner(&e->node->input[0]->shape));
}

const qn_op qn_store_rows_op = {
    .name = "store_rows",
    .inputs = 2,
    .flags = QN_OP_WRITES_DATA | QN_OP_UPDATES,
    .infer = store_rows_infer,
    .emit = store_rows_emit,
};

qn_value *qn_op_store_rows(qn_value *x, qn_value *out)
{
    qn_value *input[2] = {x, out};
    return x && out ? qn_graph_apply(x->graph, &qn_store_rows_op, NULL, 2, input) : NULL;
}
