/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of any type: checks, elements, and conversion to the three types that devices take. */
#include "data/convert.h"

#include <inttypes.h>
#include <math.h>

bool qn_dtype_is_integer(qn_dtype dtype)
{
    return qn_dtype_size(dtype) != 0 && dtype != QN_F32 && dtype != QN_F64;
}

qn_dtype qn_array_device_dtype(const qn_array *array)
{
    if (array->dtype == QN_U8)
        return QN_U8;
    return qn_dtype_is_integer(array->dtype) ? QN_I32 : QN_F32;
}

int64_t qn_array_row_elements(const qn_array *array)
{
    int64_t elements = 1;
    for (int i = 1; i < array->rank; i++)
        elements *= array->shape[i];
    return elements;
}

qn_status qn_array_check(qn_env *env, const qn_array *array, const char *what)
{
    size_t size = qn_dtype_size(array->dtype);
    if (size == 0)
        return qn_fail(env, QN_ERROR_USAGE, "%s has the unknown data type %d", what,
                       (int)array->dtype);
    if (array->rank < 1 || array->rank > QN_MAX_RANK)
        return qn_fail(env, QN_ERROR_USAGE, "%s has rank %d; it must be from 1 to %d", what,
                       array->rank, QN_MAX_RANK);
    uint64_t bytes = size;
    bool empty = false;
    for (int i = 0; i < array->rank; i++) {
        int64_t n = array->shape[i];
        if (n < 0)
            return qn_fail(env, QN_ERROR_USAGE,
                           "%s has the negative dimension %" PRId64 " at position %d", what, n, i);
        empty = empty || n == 0;
        if (n > 0 && bytes > (uint64_t)PTRDIFF_MAX / (uint64_t)n)
            return qn_fail(env, QN_ERROR_USAGE,
                           "%s is larger than memory can address: dimension %" PRId64
                           " at position %d",
                           what, n, i);
        bytes *= n > 0 ? (uint64_t)n : 1;
    }
    if (!array->data && !empty)
        return qn_fail(env, QN_ERROR_USAGE, "%s has no data: its pointer is NULL", what);
    return QN_OK;
}

int64_t qn_array_integer(const qn_array *array, int64_t index)
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
    case QN_I32:
        return ((const int32_t *)array->data)[index];
    case QN_U32:
        return ((const uint32_t *)array->data)[index];
    case QN_I64:
        return ((const int64_t *)array->data)[index];
    case QN_F32:
    case QN_F64:
        break;
    }
    return 0;
}

static qn_status convert_integers(qn_env *env, const qn_array *array, int64_t first, int64_t count,
                                  int32_t *out)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t value = qn_array_integer(array, first + i);
        if (value < INT32_MIN || value > INT32_MAX)
            return qn_fail(env, QN_ERROR_DATA,
                           "the %s value %" PRId64 " in row %" PRId64
                           " does not fit into the 32 bits that integers have on a device; "
                           "give the array as float32",
                           qn_dtype_name(array->dtype), value,
                           (first + i) / qn_array_row_elements(array));
        out[i] = (int32_t)value;
    }
    return QN_OK;
}

static qn_status convert_doubles(qn_env *env, const qn_array *array, int64_t first, int64_t count,
                                 float *out)
{
    const double *values = (const double *)array->data + first;
    for (int64_t i = 0; i < count; i++) {
        out[i] = (float)values[i];
        if (isinf(out[i]) && !isinf(values[i]))
            return qn_fail(env, QN_ERROR_DATA,
                           "the value %g in row %" PRId64 " does not fit into float32; scale the "
                           "data",
                           values[i], (first + i) / qn_array_row_elements(array));
    }
    return QN_OK;
}

qn_status qn_array_convert(qn_env *env, const qn_array *array, int64_t first_row, int64_t rows,
                           void *out)
{
    int64_t columns = qn_array_row_elements(array);
    int64_t first = first_row * columns, count = rows * columns;
    size_t size = qn_dtype_size(array->dtype);
    if (count == 0)
        return QN_OK;
    if (array->dtype == qn_array_device_dtype(array)) {
        memcpy(out, (const char *)array->data + (size_t)first * size, (size_t)count * size);
        return QN_OK;
    }
    if (array->dtype == QN_F64)
        return convert_doubles(env, array, first, count, out);
    return convert_integers(env, array, first, count, out);
}
