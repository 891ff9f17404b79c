/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Keras's values from JSON, and comparing tensors with them. */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

json_t *golden_load(const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);

    if (!root)
        fail_msg("%s: line %d: %s", path, error.line, error.text);
    return root;
}

json_t *golden_get(const json_t *object, const char *key)
{
    json_t *member = json_object_get(object, key);

    if (!member)
        fail_msg("the data has no \"%s\"", key);
    return member;
}

const char *golden_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(golden_get(object, key));

    assert_non_null(text);
    return text;
}

double golden_number(const json_t *object, const char *key)
{
    const json_t *number = golden_get(object, key);

    assert_true(json_is_number(number));
    return json_number_value(number);
}

bool golden_is(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

static golden_tensor make_tensor(size_t count, bool integers)
{
    golden_tensor tensor = {.count = count, .values = calloc(count + 1, sizeof(float))};

    assert_non_null(tensor.values);
    tensor.array.data = tensor.values;
    tensor.array.dtype = integers ? QN_I32 : QN_F32;
    return tensor;
}

static void read_values(golden_tensor *tensor, const json_t *list)
{
    assert_int_equal(json_array_size(list), tensor->count);
    for (size_t i = 0; i < tensor->count; i++) {
        double value = json_number_value(json_array_get(list, i));

        if (tensor->array.dtype == QN_I32)
            ((int32_t *)tensor->values)[i] = (int32_t)value;
        else
            ((float *)tensor->values)[i] = (float)value;
    }
}

static void make_noise(golden_tensor *tensor, const json_t *object)
{
    uint64_t stream = (uint64_t)golden_number(object, "noise");
    double scale = golden_number(object, "scale"), offset = golden_number(object, "offset");

    for (size_t i = 0; i < tensor->count; i++)
        ((float *)tensor->values)[i] = (float)(golden_noise(i, stream, (float)scale) + offset);
}

golden_tensor golden_read(const json_t *object)
{
    const json_t *shape = golden_get(object, "shape");
    bool integers = golden_is(object, "dtype") && !strcmp(golden_text(object, "dtype"), "int32");
    size_t rank = json_array_size(shape), count = 1;
    golden_tensor tensor;

    assert_in_range(rank, 1, QN_MAX_RANK);
    for (size_t i = 0; i < rank; i++)
        count *= (size_t)json_integer_value(json_array_get(shape, i));
    tensor = make_tensor(count, integers);
    tensor.array.rank = (int)rank;
    for (size_t i = 0; i < rank; i++)
        tensor.array.shape[i] = json_integer_value(json_array_get(shape, i));
    if (golden_is(object, "noise"))
        make_noise(&tensor, object);
    else
        read_values(&tensor, golden_get(object, "values"));
    return tensor;
}

golden_tensor golden_list(const json_t *list)
{
    golden_tensor tensor;

    assert_true(json_is_array(list));
    tensor = make_tensor(json_array_size(list), false);
    read_values(&tensor, list);
    tensor.array.rank = 1;
    tensor.array.shape[0] = (int64_t)tensor.count;
    return tensor;
}

void golden_free(golden_tensor *tensor)
{
    free(tensor->values);
    tensor->values = NULL;
}

void golden_compare(const char *what, const float *got, const float *want, size_t count,
                    double tolerance)
{
    double largest = 0, worst = 0;
    size_t where = 0;

    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)got[i] - want[i]);

        if (!(difference <= worst)) { /* a NaN is the worst of all */
            worst = difference;
            where = i;
        }
        largest = fmax(largest, fabs(want[i]));
    }
    if (!(worst <= tolerance * largest))
        fail_msg("%s: element %zu is %.9g, Keras has %.9g: difference %.3g, allowed %.3g", what,
                 where, got[where], want[where], worst, tolerance * largest);
}

void golden_ok(const qn_context *ctx, qn_status status, const char *what)
{
    if (status != QN_OK)
        fail_msg("%s: %s: %s", what, qn_status_name(status), qn_error(ctx));
}

float golden_noise(uint64_t i, uint64_t stream, float scale)
{
    uint32_t word = (uint32_t)((i + stream * 1000003u) * 2654435761u);

    word = (word ^ (word >> 15)) * 2246822519u;
    return (float)(((double)(word >> 8) * 0x1p-24 - 0.5) * scale);
}
