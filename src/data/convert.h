/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of any type: checks, elements, and the three types that devices take. */
#ifndef DATA_CONVERT_H
#define DATA_CONVERT_H

#include "base/env.h"

/* The type that an array has on the device: uint8 stays (small), other integers become int32,
 * floats float32. */
qn_dtype qn_array_device_dtype(const qn_array *array);

/* Copies `rows` rows (along the first axis) from `first_row` on to `out` in the device type,
 * without scaling. A value that does not fit (an integer beyond 32 bits, a finite double beyond
 * float) is QN_ERROR_DATA with its row. */
qn_status qn_array_convert(qn_env *env, const qn_array *array, int64_t first_row, int64_t rows,
                           void *out);

/* A rank of 1 to QN_MAX_RANK, no negative dimension, a known type, data there, and a size that
 * memory can hold: QN_ERROR_USAGE says which does not hold; `what` names the array ("x"). */
qn_status qn_array_check(qn_env *env, const qn_array *array, const char *what);

/* Elements of one row (the product of all dimensions but the first). */
int64_t qn_array_row_elements(const qn_array *array);

bool qn_dtype_is_integer(qn_dtype dtype);
/* Element `index` of an integer array, without scale. */
int64_t qn_array_integer(const qn_array *array, int64_t index);

#endif
