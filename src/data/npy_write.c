/* SPDX-License-Identifier: Apache-2.0 */
/* Writing .npy, version 1, atomically. */
#include "base/file.h"
#include "base/text.h"
#include "data/convert.h"
#include "device/context.h"

#include <quern/data.h>

static const char *descr_of(qn_dtype dtype)
{
    switch (dtype) {
    case QN_F32:
        return "<f4";
    case QN_U8:
        return "|u1";
    case QN_I32:
        return "<i4";
    case QN_I8:
        return "|i1";
    case QN_U16:
        return "<u2";
    case QN_I16:
        return "<i2";
    case QN_U32:
        return "<u4";
    case QN_I64:
        return "<i8";
    case QN_F64:
        return "<f8";
    }
    return "|V0";
}

static bool is_scaled(const qn_array *array)
{
    return array->scale != 0 && array->scale != 1;
}

/* Magic, version, length, dictionary; spaces and a newline make it a multiple of 64 bytes. */
static qn_status write_header(qn_file_writer *writer, qn_env *env, const qn_array *array)
{
    char shape[QN_MAX_RANK * 24];
    qn_text text = {.env = env};
    qn_text_add_bytes(&text, "\x93NUMPY\1\0\0\0", 10);
    qn_text_add(&text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                is_scaled(array) ? "<f4" : descr_of(array->dtype),
                qn_shape_text(array->rank, array->shape, shape, sizeof shape));
    while ((text.length + 1) % 64 != 0 && !text.failed)
        qn_text_add_bytes(&text, " ", 1);
    qn_text_add_bytes(&text, "\n", 1);
    qn_status status = text.failed ? QN_ERROR_MEMORY : QN_OK;
    if (status == QN_OK) {
        size_t length = text.length - 10;
        text.data[8] = (char)(length & 0xff);
        text.data[9] = (char)(length >> 8);
        status = qn_file_writer_add(writer, text.data, text.length);
    }
    qn_text_free(&text);
    return status;
}

static float scaled_element(const qn_array *array, int64_t index)
{
    if (array->dtype == QN_F32)
        return ((const float *)array->data)[index] * array->scale;
    if (array->dtype == QN_F64)
        return (float)(((const double *)array->data)[index] * (double)array->scale);
    return (float)qn_array_integer(array, index) * array->scale;
}

/* An array with a scale is written as what it means: float32, multiplied. */
static qn_status write_data(qn_file_writer *writer, const qn_array *array)
{
    int64_t count = array->shape[0] * qn_array_row_elements(array);
    if (!is_scaled(array))
        return qn_file_writer_add(writer, array->data, (size_t)count * qn_dtype_size(array->dtype));
    float values[1024];
    for (int64_t at = 0; at < count; at += 1024) {
        int64_t piece = count - at < 1024 ? count - at : 1024;
        for (int64_t i = 0; i < piece; i++)
            values[i] = scaled_element(array, at + i);
        QN_TRY(qn_file_writer_add(writer, values, (size_t)piece * sizeof *values));
    }
    return QN_OK;
}

qn_status qn_npy_write(qn_context *ctx, const char *path, qn_array array)
{
    qn_env *env = &ctx->env;
    qn_file_writer *writer;
    QN_TRY(qn_array_check(env, &array, "the array"));
    QN_TRY(qn_file_writer_open(env, path, &writer));
    qn_status status = write_header(writer, env, &array);
    if (status == QN_OK)
        status = write_data(writer, &array);
    if (status == QN_OK)
        return qn_file_writer_commit(&writer);
    qn_file_writer_abandon(&writer);
    return status;
}
