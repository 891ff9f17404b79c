/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion to device types, checks of arrays, one-hot targets. */
#include "data/convert.h"
#include "device/context.h"

#include <math.h>
#include <quern/data.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static qn_context ctx;

static void assert_failed(qn_status status, qn_status expected, const char *piece)
{
    assert_int_equal(status, expected);
    if (!strstr(ctx.env.message, piece))
        fail_msg("message: %s; expected: %s", ctx.env.message, piece);
}

static void device_types(void **state)
{
    static const qn_dtype given[] = {QN_F32, QN_U8,  QN_I32, QN_I8, QN_U16,
                                     QN_I16, QN_U32, QN_I64, QN_F64};
    static const qn_dtype device[] = {QN_F32, QN_U8,  QN_I32, QN_I32, QN_I32,
                                      QN_I32, QN_I32, QN_I32, QN_F32};
    (void)state;
    for (int i = 0; i < 9; i++) {
        qn_array array = {.dtype = given[i]};
        assert_int_equal(qn_array_device_dtype(&array), device[i]);
        assert_int_equal(qn_dtype_is_integer(given[i]), device[i] != QN_F32);
    }
}

/* Three rows of two; rows 1 and 2 are taken. */
#define CHECK_INTEGERS(type, kind)                                                                 \
    do {                                                                                           \
        type values[6] = {9, 9, 1, 2, (type)-3, 100};                                              \
        qn_array array = {values, kind, 2, {3, 2}, 0.5f};                                          \
        int32_t out[4];                                                                            \
        assert_int_equal(qn_array_convert(&ctx.env, &array, 1, 2, out), QN_OK);                    \
        for (int i = 0; i < 4; i++)                                                                \
            assert_int_equal(out[i], (int32_t)values[2 + i]);                                      \
    } while (0)

static void integers_become_int32(void **state)
{
    (void)state;
    CHECK_INTEGERS(int8_t, QN_I8);
    CHECK_INTEGERS(uint16_t, QN_U16);
    CHECK_INTEGERS(int16_t, QN_I16);
    CHECK_INTEGERS(int32_t, QN_I32);
    CHECK_INTEGERS(int64_t, QN_I64);
    uint32_t words[2] = {7, 0x80000000u};
    int64_t wide[3] = {INT32_MIN, INT32_MAX, (int64_t)INT32_MIN - 1};
    int32_t out[3];
    qn_array array = qn_i64(wide, 3);
    assert_int_equal(qn_array_convert(&ctx.env, &array, 0, 2, out), QN_OK);
    assert_int_equal(out[0], INT32_MIN);
    assert_int_equal(out[1], INT32_MAX);
    assert_failed(qn_array_convert(&ctx.env, &array, 0, 3, out), QN_ERROR_DATA,
                  "int64 value -2147483649 in row 2 does not fit");
    array = (qn_array){words, QN_U32, 2, {2, 1}, 1};
    assert_failed(qn_array_convert(&ctx.env, &array, 1, 1, out), QN_ERROR_DATA,
                  "uint32 value 2147483648 in row 1 does not fit");
}

static void bytes_and_floats_stay(void **state)
{
    uint8_t bytes[6] = {0, 1, 2, 253, 254, 255}, bytes_out[4];
    float floats[4] = {0.1f, -INFINITY, 3e38f, 4}, floats_out[4];
    (void)state;
    qn_array array = qn_u8(bytes, 3, 2);
    assert_int_equal(qn_array_convert(&ctx.env, &array, 1, 2, bytes_out), QN_OK);
    assert_memory_equal(bytes_out, bytes + 2, 4);
    array = qn_f32(floats, 2, 2, 1);
    assert_int_equal(qn_array_row_elements(&array), 2);
    assert_int_equal(qn_array_convert(&ctx.env, &array, 0, 2, floats_out), QN_OK);
    assert_memory_equal(floats_out, floats, sizeof floats);
}

static void doubles_become_floats(void **state)
{
    double values[4] = {0.1, -INFINITY, 1e300, 4};
    float out[4];
    (void)state;
    qn_array array = qn_f64(values, 4);
    assert_int_equal(qn_array_convert(&ctx.env, &array, 0, 2, out), QN_OK);
    assert_true(out[0] == 0.1f && out[1] == -INFINITY);
    assert_failed(qn_array_convert(&ctx.env, &array, 0, 4, out), QN_ERROR_DATA,
                  "1e+300 in row 2 does not fit into float32");
}

static void arrays_are_checked(void **state)
{
    int x = 0;
    qn_array good = qn_i32(&x, 1);
    (void)state;
    assert_int_equal(qn_array_check(&ctx.env, &good, "x"), QN_OK);
    qn_array bad = good;
    bad.dtype = (qn_dtype)77;
    assert_failed(qn_array_check(&ctx.env, &bad, "x"), QN_ERROR_USAGE,
                  "x has the unknown data type 77");
    bad = good;
    bad.rank = 0;
    assert_failed(qn_array_check(&ctx.env, &bad, "x"), QN_ERROR_USAGE, "rank 0");
    bad.rank = QN_MAX_RANK + 1;
    assert_failed(qn_array_check(&ctx.env, &bad, "x"), QN_ERROR_USAGE, "rank 9");
    bad = qn_i32(&x, 1, -5);
    assert_failed(qn_array_check(&ctx.env, &bad, "x"), QN_ERROR_USAGE, "negative dimension -5");
    bad = qn_i32(&x, INT64_MAX, 2);
    assert_failed(qn_array_check(&ctx.env, &bad, "x"), QN_ERROR_USAGE, "larger than memory");
    bad = qn_i32(NULL, 1);
    assert_failed(qn_array_check(&ctx.env, &bad, "x"), QN_ERROR_USAGE, "NULL");
    bad = qn_i32(NULL, 0, 3);
    assert_int_equal(qn_array_check(&ctx.env, &bad, "x"), QN_OK);
}

static void one_hot(void **state)
{
    uint8_t labels[3] = {2, 0, 1};
    int64_t wide[2] = {1, -1};
    float out[9], expected[9] = {0, 0, 1, 1, 0, 0, 0, 1, 0};
    (void)state;
    assert_int_equal(qn_one_hot(&ctx, qn_u8(labels, 3), qn_f32_out(out, 3, 3)), QN_OK);
    assert_memory_equal(out, expected, sizeof out);
    assert_int_equal(qn_one_hot(&ctx, qn_u8(labels, 3, 1), qn_f32_out(out, 3, 3)), QN_OK);
    assert_failed(qn_one_hot(&ctx, qn_u8(labels, 3), qn_f32_out(out, 3, 2)), QN_ERROR_DATA,
                  "label 2 in row 0 is outside [0, 2)");
    assert_failed(qn_one_hot(&ctx, qn_i64(wide, 2), qn_f32_out(out, 2, 2)), QN_ERROR_DATA,
                  "label -1 in row 1");
    assert_failed(
        qn_one_hot(&ctx, qn_u8(labels, 3), qn_f32_out(out, 2, 3)), QN_ERROR_USAGE,
        "labels of shape (3,) gives float32 (3, classes), but the result has float32 (2, 3)");
    assert_failed(qn_one_hot(&ctx, qn_f32(expected, 3), qn_f32_out(out, 3, 3)), QN_ERROR_USAGE,
                  "integer labels, found float32");
    assert_failed(qn_one_hot(&ctx, qn_u8(labels, 1, 3), qn_f32_out(out, 1, 3)), QN_ERROR_USAGE,
                  "one label a row");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_types),          cmocka_unit_test(integers_become_int32),
        cmocka_unit_test(bytes_and_floats_stay), cmocka_unit_test(doubles_become_floats),
        cmocka_unit_test(arrays_are_checked),    cmocka_unit_test(one_hot),
    };
    qn_env_init(&ctx.env, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
