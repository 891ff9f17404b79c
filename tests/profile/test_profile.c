/* SPDX-License-Identifier: Apache-2.0 */
/* Profiled regions on a device: spans and kernels against the host's clock, bracketed calls, times
 * that cannot be true, queues brought back, no wait added. */
#include "../device/support.h"

#include "../layer/layer.h"
#include "base/util.h"
#include "profile/profile.h"
#include <dlfcn.h>
#include <math.h>
#include <quern/opencl.h>

#define ROUNDS 9
#define LAUNCHES 3 /* of a region */
/* Seconds of a launch: those in which a busy machine wakes a driver's thread do not count. */
#define LONG 0.08
/* Parts of it, in rounds enough that one has the machine for itself. */
#define SHORT_PART 8
#define SHORT_ROUNDS 30
#define WITHIN 0.05

/* One work-item that works for a time in proportion to `rounds`. */
static const char source[] = "__kernel void work(__global float *x, const int rounds)\n"
                             "{\n"
                             "    float y = x[0];\n"
                             "    for (int i = 0; i < rounds; i++)\n"
                             "        y = y * 0.999f + 0.5f;\n"
                             "    x[0] = y;\n"
                             "}\n";
static const qn_range one = {1, {1, 1, 1}, {1, 1, 1}};

static qn_context *ctx;
static qn_device *device;
static qn_buffer *x;
static qn_steps steps;
static int32_t rounds = 20000;
static qn_layer_time_fn *set_times;
static qn_layer_count_fn *count;
static qn_layer_reset_fn *reset;

/* ---- work of a known length ---- */

static qn_kernel *make_work(int32_t length)
{
    qn_kernel *kernel = NULL;

    assert_ok(ctx, qn_kernel_create_source(device, "work.cl", source, NULL, "work", &kernel));
    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, x));
    assert_ok(ctx, qn_kernel_set_i32(kernel, 1, length));
    return kernel;
}

static void record_work(int32_t length)
{
    qn_kernel *kernel = make_work(length);

    qn_steps_free(&steps);
    qn_steps_init(&steps, device);
    steps.label = "layer/work";
    assert_ok(ctx, qn_steps_add_kernel(&steps, &kernel, &one, -1, (qn_cost){2.0 * length, 8}));
}

/* Host seconds of `launches` replays, the wait included. */
static double host_loop(int launches)
{
    double began = qn_seconds();

    for (int i = 0; i < launches; i++)
        assert_ok(ctx, qn_steps_replay(&steps, 0));
    assert_ok(ctx, qn_device_finish(device));
    return qn_seconds() - began;
}

static void calibrate(void)
{
    double seconds;

    record_work(rounds);
    (void)host_loop(1);
    while ((seconds = host_loop(1)) < LONG && rounds < (1 << 29)) {
        rounds *= seconds < LONG / 3 ? 2 : 1;
        rounds += rounds / 4;
        record_work(rounds);
    }
}

static int find_layer(void)
{
    const char *path = getenv("OPENCL_LAYERS");
    void *layer = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;

    if (!layer)
        fail_msg("the layer is not loaded: OPENCL_LAYERS=%s", path ? path : "");
    *(void **)&set_times = dlsym(layer, QN_LAYER_TIME);
    *(void **)&count = dlsym(layer, QN_LAYER_COUNT);
    *(void **)&reset = dlsym(layer, QN_LAYER_RESET);
    assert_true(set_times && count && reset);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    ctx = open_context(NULL, "", NULL);
    device = ctx->device[0];
    find_layer();
    qn_steps_init(&steps, device);
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    calibrate();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    qn_steps_free(&steps);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);
    return 0;
}

/* ---- what a profile says ---- */

static const qn_profile_row *row_named(const qn_profile *profile, const char *routine)
{
    for (size_t i = 0; i < profile->row_count; i++)
        if (strcmp(profile->row[i].routine, routine) == 0)
            return &profile->row[i];
    fail_msg("no row is named %s", routine);
    return NULL;
}

static bool has_times(void)
{
    return !qn_device_quirk(device, QN_QUIRK_NO_EVENT_TIMES);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Says the spread, which the closing note tells. */
static double median(const char *what, double *value)
{
    qsort(value, ROUNDS, sizeof *value, compare);
    print_message("%s: median %.4f, from %.4f to %.4f\n", what, value[ROUNDS / 2], value[0],
                  value[ROUNDS - 1]);
    return value[ROUNDS / 2];
}

/* ---- tests ---- */

/* The span by the device's clock, and a kernel by its events, against a loop of it that the host
 * times: in the same region, so that what else the machine does falls on both. */
static void test_clocks(void **state)
{
    double span[ROUNDS], kernel[ROUNDS];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        qn_profile *profile = NULL;
        double inside;
        const qn_profile_row *row;

        assert_ok(ctx, qn_profile_begin(ctx));
        inside = host_loop(LAUNCHES);
        assert_ok(ctx, qn_profile_end(ctx, &profile));
        row = row_named(profile, "work");
        assert_int_equal(row->calls, LAUNCHES);
        assert_int_equal(row->measured, has_times() ? LAUNCHES : 0);
        assert_true(profile->wall >= inside && profile->wall < 2 * inside);
        span[i] = qn_profile_span(profile) / inside;
        kernel[i] = row->total / inside;
        assert_true(profile->gaps >= 0);
        if (has_times())
            assert_true(fabs(row->total + profile->gaps - qn_profile_span(profile)) <
                        1e-6 * qn_profile_span(profile));
        qn_profile_destroy(&profile);
    }
    if (!has_times())
        return;
    assert_true(fabs(median("device span / host clock", span) - 1) < WITHIN);
    assert_true(fabs(median("kernel by events / host loop", kernel) - 1) < WITHIN);
}

/* A foreign routine of several launches, whose last one is short. */
static qn_status enqueue_three(void *state)
{
    qn_kernel **kernel = state;

    for (int i = 0; i < 3; i++)
        QN_TRY(qn_kernel_launch(kernel[i], &one));
    return QN_OK;
}

static void test_call_is_bracketed(void **state)
{
    const int32_t part = rounds / SHORT_PART;
    qn_kernel *kernel[] = {make_work(part), make_work(part), make_work(1)};
    qn_call call = {.name = "routine", .enqueue = enqueue_three, .state = kernel};
    double call_least = INFINITY, work_least = INFINITY;

    (void)state;
    record_work(part);
    steps.label = "layer/call";
    assert_ok(ctx, qn_steps_add_call(&steps, &call, (qn_cost){1, 1}));
    (void)host_loop(1);
    for (int i = 0; i < SHORT_ROUNDS; i++) {
        qn_profile *profile = NULL;

        assert_ok(ctx, qn_profile_begin(ctx));
        (void)host_loop(2);
        assert_ok(ctx, qn_profile_end(ctx, &profile));
        assert_int_equal(row_named(profile, "routine")->calls, 2);
        call_least = fmin(call_least, row_named(profile, "routine")->least);
        work_least = fmin(work_least, row_named(profile, "work")->least);
        qn_profile_destroy(&profile);
    }
    /* The routine's two long launches, and not its last one alone. The shortest of all rounds: what
     * else the machine does only makes them longer. */
    print_message("call %.4f s, kernel %.4f s\n", call_least, work_least);
    if (has_times())
        assert_true(fabs(call_least / work_least - 2) < 2 * WITHIN);
    record_work(rounds);
    for (int i = 0; i < 3; i++)
        qn_kernel_destroy(&kernel[i]);
}

static void written(void *user, const char *text)
{
    qn_text_add(user, "%s", text);
}

static void test_impossible_times(void **state)
{
    static const qn_layer_times wrong[] = {QN_LAYER_TIMES_UNTOUCHED, QN_LAYER_TIMES_ZERO,
                                           QN_LAYER_TIMES_BACKWARD};

    (void)state;
    for (int i = 0; i < QN_COUNT(wrong); i++) {
        qn_text table = {.env = &ctx->env}, json = {.env = &ctx->env}, csv = {.env = &ctx->env};
        qn_profile *profile = NULL;

        set_times(wrong[i]);
        assert_ok(ctx, qn_profile_begin(ctx));
        (void)host_loop(3);
        assert_ok(ctx, qn_profile_end(ctx, &profile));
        set_times(QN_LAYER_TIMES_TRUE);
        assert_int_equal(row_named(profile, "work")->calls, 3);
        assert_int_equal(row_named(profile, "work")->measured, 0);
        assert_ok(ctx, qn_profile_write(profile, QN_PROFILE_TABLE, written, &table));
        assert_ok(ctx, qn_profile_write(profile, QN_PROFILE_JSON, written, &json));
        assert_ok(ctx, qn_profile_write(profile, QN_PROFILE_CSV, written, &csv));
        assert_says(qn_text_get(&table), "3  not measured");
        assert_says(qn_text_get(&table), "device times not measured");
        assert_says(qn_text_get(&json), "\"device_span_seconds\": null");
        assert_says(qn_text_get(&json), "\"total_seconds\": null");
        assert_says(qn_text_get(&csv), "work,work,layer,forward,,3,0,,,,,,,,1,1,compute\n");
        qn_text_free(&table);
        qn_text_free(&json);
        qn_text_free(&csv);
        qn_profile_destroy(&profile);
    }
}

/* Transfers and copies have their rows; every command of the region is there once. */
static void test_moves(void **state)
{
    qn_profile *profile = NULL;
    qn_event *done = NULL, *before = NULL;
    int32_t data[16] = {0};

    (void)state;
    if (qn_device_quirk(device, QN_QUIRK_WHOLE_WRITES))
        return;
    assert_ok(ctx, qn_profile_begin(ctx));
    assert_ok(ctx, qn_buffer_write(x, 0, sizeof data, data));
    assert_ok(ctx, qn_buffer_fill(x, 0, 32, 7));
    assert_ok(ctx, qn_buffer_copy(x, 0, x, 32, 32));
    assert_ok(ctx, qn_compute_mark(device, &before));
    assert_ok(ctx, qn_transfer_write(x, 0, 4, data, before, &done));
    qn_event_destroy(&before);
    assert_ok(ctx, qn_compute_after(device, done));
    qn_event_destroy(&done);
    assert_ok(ctx, qn_compute_read(x, 0, sizeof data, data, &done));
    assert_ok(ctx, qn_event_wait(done));
    qn_event_destroy(&done);
    assert_ok(ctx, qn_profile_end(ctx, &profile));
    assert_int_equal(profile->row_count, 5);
    assert_int_equal(profile->commands, 4);
    for (size_t i = 0; i < profile->row_count; i++)
        assert_int_equal(profile->row[i].calls, 1);
    if (has_times())
        assert_true(row_named(profile, "copy")->bytes == 64);
    assert_int_equal(data[0], 0);
    assert_int_equal(data[1], 7);
    assert_int_equal(data[8 + 7], 7);
    qn_profile_destroy(&profile);
}

/* More than are read at once, without an end: finished events do not pile up. */
static void test_many(void **state)
{
    const int launches = getenv("QUERN_TEST_SMALL") ? 200 : 20000;
    qn_profile *profile = NULL;
    uint64_t waits;
    long kept;

    (void)state;
    record_work(1);
    (void)host_loop(1); /* a first launch is waited for */
    assert_ok(ctx, qn_profile_begin(ctx));
    waits = qn_device_count_of(device)->waits;
    reset();
    for (int i = 0; i < launches; i++) {
        assert_ok(ctx, qn_steps_replay(&steps, 0));
        if (i % 100 == 0)
            assert_ok(ctx, qn_device_flush(device));
    }
    assert_int_equal(qn_device_count_of(device)->waits, waits);
    assert_int_equal(count("clFinish") + count("clWaitForEvents"), 0);
    kept = launches - (long)count("clReleaseEvent");
    print_message("%ld of %d events were kept\n", kept, launches);
    assert_ok(ctx, qn_profile_end(ctx, &profile));
    assert_int_equal(count("clReleaseEvent"), launches);
    assert_int_equal(row_named(profile, "work")->calls, launches);
    qn_profile_destroy(&profile);
    record_work(rounds);
}

static void test_region(void **state)
{
    cl_command_queue plain = qn_context_cl_queue(ctx, 0);
    qn_profile *profile = NULL;

    (void)state;
    assert_int_equal(qn_profile_end(ctx, &profile), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "qn_profile_begin");
    assert_null(profile);
    assert_ok(ctx, qn_profile_begin(ctx));
    assert_ptr_not_equal(qn_context_cl_queue(ctx, 0), plain);
    assert_int_equal(qn_profile_begin(ctx), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "qn_profile_end");
    assert_ok(ctx, qn_profile_end(ctx, &profile));
    assert_ptr_equal(qn_context_cl_queue(ctx, 0), plain);
    assert_int_equal(profile->row_count, 0);
    qn_profile_destroy(&profile);
    /* Off again: no event, nothing allocated. */
    reset();
    uint64_t allocations = ctx->env.allocations;
    (void)host_loop(2);
    assert_int_equal(count("clReleaseEvent") + count("clGetEventInfo"), 0);
    assert_int_equal(ctx->env.allocations, allocations);
}

/* A context that is closed within a region frees all of it. */
static void test_closed_within(void **state)
{
    qn_context *other = open_context(NULL, "", NULL);

    (void)state;
    assert_ok(other, qn_profile_begin(other));
    qn_context_destroy(&other);
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_region),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_impossible_times),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_closed_within),
        cmocka_unit_test(test_call_is_bracketed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
