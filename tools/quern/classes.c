/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs as classes: what was predicted, and what is true. */
#include "classes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- outputs ---- */

qn_status outputs_make(const qn_model *model, int64_t rows, outputs *o)
{
    int64_t shape[QN_MAX_RANK];
    int rank = qn_model_output_shape(model, shape);
    *o = (outputs){.rows = rows, .columns = 1};
    o->array = (qn_array){.dtype = QN_F32, .rank = rank + 1, .shape = {rows}};
    for (int i = 0; i < rank; i++) {
        o->array.shape[i + 1] = shape[i];
        o->columns *= shape[i];
    }
    o->values = calloc((size_t)rows * (size_t)o->columns, sizeof *o->values);
    o->array.data = o->values;
    o->classes = outputs_are_classes(model);
    return o->values ? QN_OK : QN_ERROR_MEMORY;
}

qn_status outputs_predict(const arguments *a, qn_model *model, const samples *s, outputs *o)
{
    qn_array x = s->x;
    qn_out out = {.data = o->values, .dtype = QN_F32, .rank = o->array.rank};
    memcpy(out.shape, o->array.shape, sizeof out.shape);
    x.shape[0] = o->rows;
    return qn_predict(model, x, out, .batch_size = a->batch_size, .verbose = a->quiet ? 0 : 1,
                      .progress = qn_progress_bar);
}

void outputs_free(outputs *o)
{
    free(o->values);
    o->values = NULL;
}

/* ---- classes ---- */

bool outputs_are_classes(const qn_model *model)
{
    int64_t shape[QN_MAX_RANK];
    const char *loss = qn_model_loss(model);
    return qn_model_output_shape(model, shape) == 1 &&
           (loss ? strstr(loss, "crossentropy") != NULL : shape[0] > 1);
}

static int64_t largest(const float *values, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

int64_t class_count(const outputs *o)
{
    return o->columns > 1 ? o->columns : 2;
}

int64_t predicted_class(const outputs *o, int64_t row, double *probability)
{
    const float *values = o->values + row * o->columns;
    if (o->columns > 1) {
        int64_t best = largest(values, o->columns);
        *probability = (double)values[best];
        return best;
    }
    *probability = values[0] > 0.5f ? (double)values[0] : 1 - (double)values[0];
    return values[0] > 0.5f;
}

int64_t true_class(const outputs *o, const samples *s, int64_t row)
{
    const qn_array *y = &s->y;
    if (s->labels.data)
        return (int64_t)element_at(&s->labels, row);
    if (!y->data || y->dtype != QN_F32)
        return -1;
    const float *values = y->data;
    if (o->columns > 1)
        return y->rank == 2 && y->shape[1] == o->columns
                   ? largest(values + row * o->columns, o->columns)
                   : -1;
    bool single = y->rank == 1 || (y->rank == 2 && y->shape[1] == 1);
    return single && (values[row] == 0 || values[row] == 1) ? (int64_t)values[row] : -1;
}

const char *class_name(const samples *s, int64_t index)
{
    return index >= 0 && index < 1000000 ? qn_dataset_class(s->dataset, (int)index) : NULL;
}

const char *class_text(const samples *s, int64_t index, char *buffer, size_t size)
{
    const char *name = class_name(s, index);
    if (name)
        snprintf(buffer, size, "%" PRId64 " %s", index, name);
    else
        snprintf(buffer, size, index < 0 ? "-" : "%" PRId64, index);
    return buffer;
}

double element_at(const qn_array *array, int64_t index)
{
    switch (array->dtype) {
    case QN_U8:
        return ((const uint8_t *)array->data)[index];
    case QN_I8:
        return ((const int8_t *)array->data)[index];
    case QN_U16:
        return ((const uint16_t *)array->data)[index];
    case QN_I16:
        return ((const int16_t *)array->data)[index];
    case QN_U32:
        return ((const uint32_t *)array->data)[index];
    case QN_I32:
        return ((const int32_t *)array->data)[index];
    case QN_I64:
        return (double)((const int64_t *)array->data)[index];
    case QN_F32:
        return (double)((const float *)array->data)[index];
    case QN_F64:
        return ((const double *)array->data)[index];
    }
    return 0;
}
