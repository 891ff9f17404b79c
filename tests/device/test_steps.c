/* SPDX-License-Identifier: Apache-2.0 */
/* Steps: recorded once, replayed with a row; ownership, labels, counters, and kernels' arguments.
 */
#include "support.h"

#include <time.h>

static const char source[] =
    "__kernel void add_row(__global int *x, const int row, const uint scale, const float half_,\n"
    "                      __local int *room)\n"
    "{\n"
    "    size_t i = get_global_id(0), l = get_local_id(0);\n"
    "    room[l] = row * (int)scale;\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    x[i] += room[get_local_size(0) - 1 - l] + (int)(half_ * 2.0f);\n"
    "}\n"
    "__kernel void place(__global int *x)\n"
    "{\n"
    "    size_t i = get_global_id(0) + get_global_size(0) *\n"
    "               (get_global_id(1) + get_global_size(1) * get_global_id(2));\n"
    "    x[i] = (int)(get_global_id(0) + 10 * get_global_id(1) + 100 * get_global_id(2));\n"
    "}\n";

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
    qn_context_destroy(&ctx);
    return 0;
}

static qn_kernel *make_kernel(const char *name)
{
    qn_kernel *kernel = NULL;

    assert_ok(ctx, qn_kernel_create_source(device, "steps.cl", source, NULL, name, &kernel));
    return kernel;
}

static void add_row_step(qn_steps *steps, qn_buffer *buffer)
{
    const qn_range range = {1, {16, 1, 1}, {4, 1, 1}};
    qn_kernel *kernel = make_kernel("add_row");

    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, buffer));
    assert_ok(ctx, qn_kernel_set_i32(kernel, 1, -1));
    assert_ok(ctx, qn_kernel_set_u32(kernel, 2, 1000));
    assert_ok(ctx, qn_kernel_set_f32(kernel, 3, 0.5f));
    assert_ok(ctx, qn_kernel_set_local(kernel, 4, 4 * sizeof(int32_t)));
    assert_ok(ctx, qn_steps_add_kernel(steps, &kernel, &range, 1, (qn_cost){32, 128}));
    assert_null(kernel);
}

typedef struct call_state {
    int enqueued, destroyed;
    qn_status status;
    long slow; /* nanoseconds that the first call takes more */
} call_state;

static qn_status enqueue(void *state)
{
    call_state *call = state;

    if (call->enqueued++ == 0)
        nanosleep(&(struct timespec){0, call->slow}, NULL);
    return call->status == QN_OK ? QN_OK : qn_fail(&ctx->env, call->status, "the routine said no");
}

static void destroy(void *state)
{
    ((call_state *)state)->destroyed++;
}

static void test_replay(void **state)
{
    qn_buffer *x = NULL, *copy = NULL;
    qn_device_counters before;
    call_state call = {0};
    int32_t data[16];
    qn_steps steps;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, sizeof data, &x));
    assert_ok(ctx, qn_buffer_create(device, 2 * sizeof data, &copy));
    qn_steps_init(&steps, device);
    steps.label = "first";
    add_row_step(&steps, x);
    add_row_step(&steps, x);
    steps.label = "second";
    assert_ok(ctx, qn_steps_add_copy(&steps, x, 0, copy, sizeof data, sizeof data));
    assert_ok(ctx,
              qn_steps_add_call(&steps, &(qn_call){"r", enqueue, destroy, &call}, (qn_cost){5, 6}));
    assert_int_equal(steps.count, 4);
    assert_string_equal(steps.step[1].label, "first");
    assert_string_equal(steps.step[2].label, "second");
    assert_true(steps.step[2].cost.bytes == 2.0 * sizeof data);

    before = *qn_device_count_of(device);
    for (int row = 0; row < 5; row++)
        assert_ok(ctx, qn_steps_replay(&steps, row));
    assert_int_equal(qn_device_count_of(device)->launches - before.launches, 10);
    assert_int_equal(qn_device_count_of(device)->calls - before.calls, 5);
    assert_int_equal(qn_device_count_of(device)->copies - before.copies, 5);
    assert_int_equal(qn_device_count_of(device)->waits, before.waits);
    assert_int_equal(call.enqueued, 5);
    assert_ok(ctx, qn_buffer_read(copy, sizeof data, sizeof data, data));
    for (int i = 0; i < 16; i++)
        assert_int_equal(data[i], 2 * (0 + 1 + 2 + 3 + 4) * 1000 + 2 * 5);
    qn_steps_free(&steps);
    assert_int_equal(call.destroyed, 1);
    qn_buffer_destroy(&copy);
    qn_buffer_destroy(&x);
}

/* First launches are counted once, and the host's time in them; copies have none. */
static void test_first_launches(void **state)
{
    const qn_device_counters *now = qn_device_count_of(device);
    call_state call = {.slow = 50000000};
    qn_buffer *x = NULL, *copy = NULL;
    qn_device_counters before;
    qn_steps steps;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    assert_ok(ctx, qn_buffer_create(device, 64, &copy));
    qn_steps_init(&steps, device);
    add_row_step(&steps, x);
    add_row_step(&steps, x);
    assert_ok(ctx, qn_steps_add_copy(&steps, x, 0, copy, 0, 64));
    before = *now;
    assert_ok(ctx, qn_steps_replay(&steps, 0));
    assert_int_equal(now->first_launches - before.first_launches, 2);
    assert_true(now->first_launch_seconds > before.first_launch_seconds);

    assert_ok(ctx,
              qn_steps_add_call(&steps, &(qn_call){"r", enqueue, destroy, &call}, (qn_cost){0, 0}));
    before = *now;
    assert_ok(ctx, qn_steps_replay(&steps, 1));
    assert_int_equal(now->first_launches - before.first_launches, 1);
    assert_true(now->first_launch_seconds - before.first_launch_seconds >= 0.05);

    before = *now;
    assert_ok(ctx, qn_steps_replay(&steps, 2));
    assert_int_equal(now->first_launches, before.first_launches);
    assert_true(now->first_launch_seconds == before.first_launch_seconds);
    qn_steps_free(&steps);
    qn_buffer_destroy(&copy);
    qn_buffer_destroy(&x);
}

/* The steady state takes no host memory. */
static void test_no_allocation(void **state)
{
    qn_buffer *x = NULL;
    qn_steps steps;
    uint64_t allocations;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    qn_steps_init(&steps, device);
    add_row_step(&steps, x);
    allocations = ctx->env.allocations;
    for (int row = 0; row < 20; row++)
        assert_ok(ctx, qn_steps_replay(&steps, row));
    assert_ok(ctx, qn_device_finish(device));
    assert_int_equal(ctx->env.allocations, allocations);
    qn_steps_free(&steps);
    qn_buffer_destroy(&x);
}

static void test_failures_name_the_op(void **state)
{
    call_state call = {.status = QN_ERROR_DEVICE};
    qn_kernel *kernel;
    qn_buffer *x = NULL;
    qn_steps steps;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    qn_steps_init(&steps, device);
    steps.label = "dense_1/matmul";
    assert_ok(ctx,
              qn_steps_add_call(&steps, &(qn_call){"r", enqueue, destroy, &call}, (qn_cost){0, 0}));
    assert_int_equal(qn_steps_replay(&steps, 0), QN_ERROR_DEVICE);
    assert_string_equal(qn_error(ctx), "dense_1/matmul: the routine said no");
    qn_steps_free(&steps);

    qn_steps_init(&steps, device);
    steps.label = "dense_2/sigmoid";
    kernel = make_kernel("place");
    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, x));
    assert_ok(ctx, qn_steps_add_kernel(&steps, &kernel, &(qn_range){1, {10, 1, 1}, {4, 1, 1}}, -1,
                                       (qn_cost){0, 0}));
    assert_int_equal(qn_steps_replay(&steps, 0), QN_ERROR_DEVICE); /* 10 is no multiple of 4 */
    assert_says(qn_error(ctx), "dense_2/sigmoid: launching kernel place over 10x1x1");
    assert_says(qn_error(ctx), "CL_INVALID_WORK_GROUP_SIZE");
    qn_steps_free(&steps);
    qn_buffer_destroy(&x);
}

static void test_arguments(void **state)
{
    qn_kernel *kernel = make_kernel("place");
    qn_buffer *x = NULL;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    assert_int_equal(qn_kernel_set_buffer(kernel, 7, x), QN_ERROR_DEVICE);
    assert_says(qn_error(ctx), "argument 7 of kernel place");
    qn_kernel_destroy(&kernel);
    qn_kernel_destroy(&kernel);
    qn_buffer_destroy(&x);
}

static void test_dimensions(void **state)
{
    const qn_range range = {3, {4, 2, 2}, {2, 1, 2}};
    qn_kernel *kernel = make_kernel("place");
    qn_buffer *x = NULL, *slice = NULL;
    size_t at = qn_device_alignment(device);
    int32_t data[16];

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, at + sizeof data, &x));
    assert_ok(ctx, qn_buffer_slice(x, at, sizeof data, &slice)); /* kernels take slices */
    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, slice));
    assert_ok(ctx, qn_kernel_launch(kernel, &range));
    assert_ok(ctx, qn_buffer_read(x, at, sizeof data, data));
    for (int i = 0; i < 16; i++)
        assert_int_equal(data[i], i % 4 + 10 * (i / 4 % 2) + 100 * (i / 8));
    assert_ok(ctx, qn_buffer_read(x, at - 4, 4, data));
    assert_int_equal(data[0], 0);
    qn_kernel_destroy(&kernel);
    qn_buffer_destroy(&slice);
    qn_buffer_destroy(&x);
}

/* Takes what it is given also when there is no memory to keep it in. */
static long left;
static void *failing(void *user, void *pointer, size_t bytes)
{
    (void)user;
    if (bytes == 0) {
        free(pointer);
        return NULL;
    }
    return left-- > 0 ? realloc(pointer, bytes) : NULL;
}

static void test_ownership(void **state)
{
    qn_allocator usual = ctx->env.allocator;

    (void)state;
    for (long n = 0; n < 2; n++) {
        call_state call = {0};
        qn_kernel *kernel = make_kernel("place");
        qn_steps steps;

        qn_steps_init(&steps, device);
        ctx->env.allocator.resize = failing;
        left = n;
        assert_int_equal(
            qn_steps_add_call(&steps, &(qn_call){"r", enqueue, destroy, &call}, (qn_cost){0, 0}),
            QN_ERROR_MEMORY);
        left = 0;
        assert_int_equal(qn_steps_add_kernel(&steps, &kernel, &(qn_range){1, {4, 1, 1}, {4, 1, 1}},
                                             -1, (qn_cost){0, 0}),
                         QN_ERROR_MEMORY);
        ctx->env.allocator = usual;
        assert_int_equal(call.destroyed, 1);
        assert_null(kernel);
        assert_int_equal(steps.count, 0);
        qn_steps_free(&steps);
        assert_int_equal(call.destroyed, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay),        cmocka_unit_test(test_first_launches),
        cmocka_unit_test(test_no_allocation), cmocka_unit_test(test_failures_name_the_op),
        cmocka_unit_test(test_arguments),     cmocka_unit_test(test_dimensions),
        cmocka_unit_test(test_ownership),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
