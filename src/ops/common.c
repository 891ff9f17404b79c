/* SPDX-License-Identifier: Apache-2.0 */
/* Shape and type rules that several ops share. */
#include "ops/internal.h"

#include <stdio.h>

qn_status qn_infer_misfit(qn_infer *io, const char *format, ...)
{
    char message[256], shape[96], shapes[320] = "";
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    for (int i = 0; i < io->count; i++) {
        size_t length = strlen(shapes);
        snprintf(shapes + length, sizeof shapes - length, "%s%s", i ? " and " : "",
                 qn_shape_print(&io->input[i]->shape, shape, sizeof shape));
    }
    return qn_infer_fail(io, "shape%s %s: %s", io->count > 1 ? "s" : "", shapes, message);
}

qn_status qn_infer_float(qn_infer *io, int input)
{
    const qn_value *value = io->input[input];
    if (value->kind == QN_VALUE_DATA)
        return qn_infer_fail(io, "input %d is a bound dataset: gather its rows first", input);
    if (value->dtype != QN_F32)
        return qn_infer_fail(io, "input %d is %s where float32 is needed: give it as float32",
                             input, qn_dtype_name(value->dtype));
    return QN_OK;
}

qn_status qn_infer_floats(qn_infer *io)
{
    for (int i = 0; i < io->count; i++)
        QN_TRY(qn_infer_float(io, i));
    return QN_OK;
}

bool qn_shape_batched(const qn_shape *shape)
{
    return shape->rank > 0 && shape->dim[0] == QN_BATCH;
}

bool qn_shape_single(const qn_shape *shape)
{
    return !qn_shape_batched(shape) && qn_shape_count(shape, 0) == 1;
}

int64_t qn_shape_columns(const qn_shape *shape)
{
    return shape->rank > 0 ? shape->dim[shape->rank - 1] : 1;
}

qn_shape qn_shape_lead(const qn_shape *shape)
{
    qn_shape lead = *shape;
    if (lead.rank > 0)
        lead.dim[--lead.rank] = 0;
    return lead;
}

int64_t qn_shape_inner(const qn_shape *shape)
{
    return qn_shape_count(shape, 1);
}

qn_status qn_shape_from(qn_graph *graph, const char *op, int rank, const int64_t *dimension,
                        qn_shape *shape)
{
    *shape = (qn_shape){.rank = rank};
    if (rank < 0 || rank > QN_MAX_RANK) {
        qn_graph_mistake(graph, QN_ERROR_USAGE, "%s: rank %d is not between 0 and %d", op, rank,
                         QN_MAX_RANK);
        return QN_ERROR_USAGE;
    }
    int64_t count = 1;
    for (int i = 0; i < rank; i++) {
        if (dimension[i] < 1 || dimension[i] > INT64_MAX / 8 / count) {
            qn_graph_mistake(graph, QN_ERROR_USAGE, "%s: dimension %d of the shape is %lld: %s", op,
                             i, (long long)dimension[i],
                             dimension[i] < 1 ? "give 1 or more" : "that is too many elements");
            return QN_ERROR_USAGE;
        }
        count *= dimension[i];
        shape->dim[i] = dimension[i];
    }
    return QN_OK;
}
