/* SPDX-License-Identifier: Apache-2.0 */
/* Order between the compute queue and the transfer queue, events, and profiles. */
#include "support.h"

#include "base/util.h"

#define COUNT 4096

static const char source[] = "__kernel void slow_add(__global int *x, const int value)\n"
                             "{\n"
                             "    size_t i = get_global_id(0);\n"
                             "    int y = x[i];\n"
                             "    for (int k = 0; k < 200; k++)\n"
                             "        y = (y ^ k) ^ k; /* takes time and changes nothing */\n"
                             "    x[i] = y + value;\n"
                             "}\n";

static qn_context *ctx;
static qn_device *device;
static qn_buffer *x;
static qn_kernel *kernel;
static const qn_range range = {1, {COUNT, 1, 1}, {16, 1, 1}};

static int setup(void **state)
{
    (void)state;
    assert_ok(ctx, qn_context_create(&ctx, .cache_dir = "", .profile = true));
    device = ctx->device[0];
    assert_ok(ctx, qn_buffer_create(device, COUNT * sizeof(int32_t), &x));
    assert_ok(ctx, qn_kernel_create_source(device, "queue.cl", source, NULL, "slow_add", &kernel));
    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, x));
    assert_ok(ctx, qn_kernel_set_i32(kernel, 1, 1));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    qn_kernel_destroy(&kernel);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);
    return 0;
}

/* Write, compute, read in turns on two queues, ordered by events alone: chunk after chunk. */
static void test_ping_pong(void **state)
{
    size_t bytes = COUNT * sizeof(int32_t);
    qn_staging *in = NULL, *out = NULL;

    (void)state;
    assert_ok(ctx, qn_staging_create(device, bytes, &in));
    assert_ok(ctx, qn_staging_create(device, bytes, &out));
    for (int round = 0; round < 10; round++) {
        int32_t *from = qn_staging_data(in), *to = qn_staging_data(out);
        qn_event *written = NULL, *computed = NULL, *done = NULL;

        for (int i = 0; i < COUNT; i++)
            from[i] = i * round;
        assert_ok(ctx, qn_transfer_write(x, 0, bytes, from, NULL, &written));
        assert_ok(ctx, qn_compute_after(device, written));
        for (int k = 0; k < 3; k++)
            assert_ok(ctx, qn_kernel_launch(kernel, &range));
        assert_ok(ctx, qn_compute_mark(device, &computed));
        assert_ok(ctx, qn_transfer_read(x, 0, bytes, to, computed, &done));
        assert_ok(ctx, qn_event_wait(done));
        assert_true(qn_event_done(written) && qn_event_done(computed) && qn_event_done(done));
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(to[i], i * round + 3);
        qn_event_destroy(&written);
        qn_event_destroy(&computed);
        qn_event_destroy(&done);
        assert_null(done);
    }
    qn_staging_destroy(&in);
    qn_staging_destroy(&out);
}

/* A transfer that nobody asked an event of is over when the device is finished. */
static void test_finish(void **state)
{
    int32_t data[16], back[16] = {0};

    (void)state;
    for (int i = 0; i < 16; i++)
        data[i] = -i;
    assert_ok(ctx, qn_transfer_write(x, 64, sizeof data, data, NULL, NULL));
    assert_ok(ctx, qn_device_finish(device));
    assert_ok(ctx, qn_transfer_read(x, 64, sizeof back, back, NULL, NULL));
    assert_ok(ctx, qn_device_flush(device));
    assert_ok(ctx, qn_device_finish(device));
    assert_memory_equal(data, back, sizeof data);
    assert_ok(ctx, qn_compute_after(device, NULL));
}

static void test_event_done(void **state)
{
    qn_event *mark = NULL;
    double until = qn_seconds() + 60;

    (void)state;
    for (int k = 0; k < 20; k++)
        assert_ok(ctx, qn_kernel_launch(kernel, &range));
    assert_ok(ctx, qn_compute_mark(device, &mark));
    while (!qn_event_done(mark) && qn_seconds() < until) /* the mark has flushed: no wait needed */
        qn_sleep(0.001);
    assert_true(qn_event_done(mark));
    qn_event_destroy(&mark);
    qn_event_destroy(&mark);
}

/* Events are reused: chunks allocate nothing once under way. */
static void test_no_allocation(void **state)
{
    uint64_t allocations = 0, waits = qn_device_count_of(device)->waits;
    int32_t data[16] = {0};

    (void)state;
    for (int chunk = 0; chunk < 6; chunk++) {
        qn_event *written = NULL, *mark = NULL;

        if (chunk == 1)
            allocations = ctx->env.allocations;
        assert_ok(ctx, qn_transfer_write(x, 0, sizeof data, data, NULL, &written));
        assert_ok(ctx, qn_compute_after(device, written));
        assert_ok(ctx, qn_compute_mark(device, &mark));
        assert_ok(ctx, qn_event_wait(mark));
        qn_event_destroy(&written);
        qn_event_destroy(&mark);
    }
    assert_int_equal(ctx->env.allocations, allocations);
    assert_int_equal(qn_device_count_of(device)->waits, waits + 6);
}

static void test_profile(void **state)
{
    qn_event *first = NULL, *second = NULL;
    double begin[2], end[2];

    (void)state;
    assert_ok(ctx, qn_kernel_launch_timed(kernel, &range, &first));
    assert_ok(ctx, qn_kernel_launch_timed(kernel, &range, &second));
    assert_ok(ctx, qn_event_wait(second));
    if (qn_device_quirk(device, QN_QUIRK_NO_EVENT_TIMES)) {
        assert_int_equal(qn_event_times(first, &begin[0], &end[0]), QN_ERROR_DEVICE);
        assert_says(qn_error(ctx), "does not tell when");
    } else {
        assert_ok(ctx, qn_event_times(first, &begin[0], &end[0]));
        assert_ok(ctx, qn_event_times(second, &begin[1], &end[1]));
        assert_true(begin[0] <= end[0] && end[0] <= begin[1] && begin[1] <= end[1]);
        assert_true(end[1] - begin[0] > 0 && end[1] - begin[0] < 60);
    }
    qn_event_destroy(&first);
    qn_event_destroy(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping_pong),  cmocka_unit_test(test_finish),
        cmocka_unit_test(test_event_done), cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_profile),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
