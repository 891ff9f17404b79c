/* SPDX-License-Identifier: Apache-2.0 */
/* Segments, slices, fills, copies, staging, and what is said when they do not fit. */
#include "support.h"

static qn_context *ctx;
static qn_device *device;

static int setup(void **state)
{
    (void)state;
    ctx = open_context(NULL, "", NULL);
    device = ctx->device[0];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(qn_device_count_of(device)->bytes, 0);
    qn_context_destroy(&ctx);
    return 0;
}

static void test_zero_filled(void **state)
{
    static const size_t sizes[] = {1, 3, 4, 17, 100, 256, 257, 65536, 1000003};

    (void)state;
    for (int i = 0; i < QN_COUNT(sizes); i++) {
        unsigned char *data = malloc(sizes[i]);
        qn_buffer *buffer = NULL;

        memset(data, 0xaa, sizes[i]);
        assert_ok(ctx, qn_buffer_create(device, sizes[i], &buffer));
        assert_int_equal(qn_buffer_bytes(buffer), sizes[i]);
        assert_ptr_equal(qn_buffer_device(buffer), device);
        assert_ok(ctx, qn_buffer_read(buffer, 0, sizes[i], data));
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(data[j], 0);
        qn_buffer_destroy(&buffer);
        assert_null(buffer);
        free(data);
    }
}

static void test_write_read(void **state)
{
    unsigned char data[1000], back[1000];
    qn_buffer *buffer = NULL;

    (void)state;
    for (int i = 0; i < 1000; i++)
        data[i] = (unsigned char)(i * 7);
    assert_ok(ctx, qn_buffer_create(device, 1003, &buffer));
    assert_ok(ctx, qn_buffer_write(buffer, 3, 1000, data));
    assert_ok(ctx, qn_buffer_read(buffer, 3, 1000, back));
    assert_memory_equal(data, back, 1000);
    assert_ok(ctx, qn_buffer_read(buffer, 503, 500, back));
    assert_memory_equal(data + 500, back, 500);
    assert_ok(ctx, qn_buffer_read(buffer, 0, 3, back));
    assert_memory_equal(back, "\0\0\0", 3);
    assert_ok(ctx, qn_buffer_write(buffer, 1003, 0, data));
    qn_buffer_destroy(&buffer);
}

static void test_fill_copy(void **state)
{
    uint32_t data[64];
    qn_buffer *a = NULL, *b = NULL;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, sizeof data, &a));
    assert_ok(ctx, qn_buffer_create(device, sizeof data, &b));
    assert_ok(ctx, qn_buffer_fill(a, 8, 40, 0xdeadbeef));
    assert_ok(ctx, qn_buffer_copy(a, 4, b, 100, 48));
    assert_ok(ctx, qn_buffer_copy(a, 0, b, 0, 0));
    assert_ok(ctx, qn_buffer_read(b, 0, sizeof data, data));
    for (int i = 0; i < 64; i++)
        assert_int_equal(data[i], i >= 26 && i < 36 ? 0xdeadbeef : 0);
    assert_int_equal(qn_buffer_fill(a, 2, 4, 0), QN_ERROR_INTERNAL);
    qn_buffer_destroy(&a);
    qn_buffer_destroy(&b);
}

static void test_slices(void **state)
{
    size_t step = qn_device_alignment(device);
    unsigned char *data = malloc(4 * step);
    qn_buffer *whole = NULL, *half = NULL, *part = NULL, *wrong = NULL;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 4 * step, &whole));
    assert_ok(ctx, qn_buffer_slice(whole, 2 * step, 2 * step, &half));
    assert_ok(ctx, qn_buffer_slice(half, step, 100, &part)); /* of a slice */
    memset(data, 1, 4 * step);
    assert_ok(ctx, qn_buffer_write(half, 0, 2 * step, data));
    memset(data, 2, 4 * step);
    assert_ok(ctx, qn_buffer_write(part, 10, 20, data));
    assert_ok(ctx, qn_buffer_copy(part, 10, half, 0, 4));
    assert_ok(ctx, qn_buffer_fill(half, 8, 4, 0x05050505));
    assert_ok(ctx, qn_buffer_read(whole, 0, 4 * step, data));
    for (size_t i = 0; i < 4 * step; i++) {
        bool two = (i >= 2 * step && i < 2 * step + 4) || (i >= 3 * step + 10 && i < 3 * step + 30);
        bool five = i >= 2 * step + 8 && i < 2 * step + 12;

        assert_int_equal(data[i], two ? 2 : five ? 5 : i >= 2 * step);
    }
    assert_int_equal(qn_device_count_of(device)->bytes, 4 * step);
    assert_int_equal(qn_buffer_slice(whole, 4, 16, &wrong), QN_ERROR_INTERNAL);
    assert_says(qn_error(ctx), "multiples");
    assert_int_equal(qn_buffer_slice(whole, 3 * step, step + 1, &wrong), QN_ERROR_INTERNAL);
    assert_int_equal(qn_buffer_slice(half, step, step + 1, &wrong), QN_ERROR_INTERNAL);
    assert_int_equal(qn_buffer_slice(whole, 0, 0, &wrong), QN_ERROR_INTERNAL);
    assert_null(wrong);
    qn_buffer_destroy(&part);
    qn_buffer_destroy(&half);
    qn_buffer_destroy(&whole);
    free(data);
}

static void test_bounds(void **state)
{
    char data[64] = {0};
    qn_buffer *a = NULL;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &a));
    assert_int_equal(qn_buffer_write(a, 1, 64, data), QN_ERROR_INTERNAL);
    assert_says(qn_error(ctx), "64 bytes at offset 1");
    assert_int_equal(qn_buffer_read(a, 65, 0, data), QN_ERROR_INTERNAL);
    assert_int_equal(qn_buffer_read(a, SIZE_MAX, 2, data), QN_ERROR_INTERNAL);
    assert_int_equal(qn_buffer_fill(a, 64, 4, 0), QN_ERROR_INTERNAL);
    assert_int_equal(qn_buffer_copy(a, 32, a, 0, 33), QN_ERROR_INTERNAL);
    assert_int_equal(qn_buffer_copy(a, 0, a, 32, 33), QN_ERROR_INTERNAL);
    assert_int_equal(qn_transfer_read(a, 60, 5, data, NULL, NULL), QN_ERROR_INTERNAL);
    qn_buffer_destroy(&a);
    qn_buffer_destroy(&a);
}

static void test_too_large(void **state)
{
    const qn_device_info *info = qn_context_device(ctx, 0);
    qn_buffer *buffer = NULL;
    char most[32];

    (void)state;
    assert_int_equal(qn_buffer_create(device, (size_t)info->max_allocation + 1, &buffer),
                     QN_ERROR_MEMORY);
    assert_null(buffer);
    assert_says(qn_error(ctx), info->selector);
    assert_says(qn_error(ctx), qn_bytes_text(info->max_allocation, most, sizeof most));
    assert_says(qn_error(ctx), qn_bytes_text(info->memory, most, sizeof most));
    assert_int_equal(qn_buffer_create(device, SIZE_MAX, &buffer), QN_ERROR_MEMORY);
    assert_int_equal(qn_buffer_create(device, 0, &buffer), QN_ERROR_INTERNAL);
}

static void test_counters(void **state)
{
    const qn_device_counters *counters = qn_device_count_of(device);
    qn_device_counters before = *counters;
    qn_buffer *a = NULL;
    char data[16] = {0};

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 16, &a));
    assert_int_equal(counters->buffers, before.buffers + 1);
    assert_int_equal(counters->bytes, before.bytes + 16);
    before = *counters;
    assert_ok(ctx, qn_buffer_write(a, 0, 16, data));
    assert_ok(ctx, qn_buffer_read(a, 0, 16, data));
    assert_int_equal(counters->waits, before.waits + 2);
    assert_int_equal(counters->copies, before.copies + 2);
    assert_ok(ctx, qn_device_finish(device));
    assert_int_equal(counters->waits, before.waits + 3);
    qn_device_count_call(device);
    assert_int_equal(counters->calls, before.calls + 1);
    qn_buffer_destroy(&a);
}

static void test_staging(void **state)
{
    qn_staging *staging = NULL;
    qn_buffer *buffer = NULL;
    uint32_t *data, back[100];

    (void)state;
    assert_ok(ctx, qn_staging_create(device, sizeof back, &staging));
    assert_ok(ctx, qn_buffer_create(device, sizeof back, &buffer));
    data = qn_staging_data(staging);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 100; i++)
            data[i] = i * 3 + round;
        assert_ok(ctx, qn_buffer_write(buffer, 0, sizeof back, data));
        assert_ok(ctx, qn_buffer_read(buffer, 0, sizeof back, back));
        for (uint32_t i = 0; i < 100; i++)
            assert_int_equal(back[i], i * 3 + round);
        memset(back, 0, sizeof back);
    }
    qn_staging_destroy(&staging);
    assert_null(staging);
    qn_staging_destroy(&staging);
    qn_buffer_destroy(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_filled), cmocka_unit_test(test_write_read),
        cmocka_unit_test(test_fill_copy),   cmocka_unit_test(test_slices),
        cmocka_unit_test(test_bounds),      cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_counters),    cmocka_unit_test(test_staging),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
