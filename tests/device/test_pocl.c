/* SPDX-License-Identifier: Apache-2.0 */
/* Several devices at once, on PoCL: two kinds of device, sub-devices, scores, no device at all. */
#include "base/util.h"
#include "device/steps.h"
#include "support.h"

static void check_device(qn_context *ctx, int index)
{
    qn_device *device = ctx->device[index];
    qn_kernel *kernel = NULL;
    qn_buffer *x = NULL;
    int32_t data[8];

    assert_ok(ctx, qn_buffer_create(device, sizeof data, &x));
    assert_ok(ctx, qn_kernel_create_source(device, "k.cl",
                                           "__kernel void k(__global int *x) {"
                                           " x[get_global_id(0)] += (int)get_global_id(0); }",
                                           NULL, "k", &kernel));
    assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, x));
    assert_ok(ctx, qn_kernel_launch(kernel, &(qn_range){1, {8, 1, 1}, {1, 1, 1}}));
    assert_ok(ctx, qn_buffer_read(x, 0, sizeof data, data));
    for (int i = 0; i < 8; i++)
        assert_int_equal(data[i], i);
    qn_kernel_destroy(&kernel);
    qn_buffer_destroy(&x);
}

static void test_two_devices(void **state)
{
    qn_context *ctx = open_context("pocl:1,pocl:0", "", NULL);

    (void)state;
    assert_int_equal(qn_context_device_count(ctx), 2);
    assert_string_equal(qn_context_device(ctx, 0)->selector, "pocl:1");
    assert_string_equal(qn_context_device(ctx, 1)->selector, "pocl:0");
    assert_string_not_equal(qn_context_device(ctx, 0)->id, qn_context_device(ctx, 1)->id);
    check_device(ctx, 0);
    check_device(ctx, 1);
    qn_context_destroy(&ctx);
}

/* Two devices that one platform tells apart are not one chip under two drivers. */
static void test_all(void **state)
{
    char *cache = make_folder();
    qn_context *ctx = open_context("all", cache, NULL);

    (void)state;
    assert_int_equal(qn_context_device_count(ctx), 2);
    assert_null(qn_context_device(ctx, 0)->duplicate_of);
    assert_null(qn_context_device(ctx, 1)->duplicate_of);
    qn_context_destroy(&ctx);
    free(cache);
}

static void test_names(void **state)
{
    qn_context *ctx = NULL;

    (void)state;
    ctx = open_context("basic", "", NULL);
    assert_int_equal(strncmp(qn_context_device(ctx, 0)->name, "basic-", 6), 0);
    qn_context_destroy(&ctx);
    ctx = open_context("gpu / PTHREAD", "", NULL);
    assert_int_equal(strncmp(qn_context_device(ctx, 0)->name, "pthread-", 8), 0);
    qn_context_destroy(&ctx);
    assert_int_equal(qn_context_create(&ctx, .device = "-"), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "fits 2 devices");
    assert_says(qn_error(ctx), "pocl:0 (");
    assert_says(qn_error(ctx), "pocl:1 (");
    qn_context_destroy(&ctx);
}

static void test_sub_devices(void **state)
{
    qn_context *ctx = NULL;

    (void)state;
    /* "pthread" has the units of the machine; its first and only needed one is always there. */
    ctx = open_context("pthread", "", NULL);
    if (qn_context_device(ctx, 0)->compute_units >= 2) {
        char text[64];

        snprintf(text, sizeof text, "%s.0,%s.1", qn_context_device(ctx, 0)->selector,
                 qn_context_device(ctx, 0)->selector);
        qn_context_destroy(&ctx);
        ctx = open_context(text, "", NULL);
        assert_int_equal(qn_context_device_count(ctx), 2);
        assert_int_equal(qn_context_device(ctx, 1)->compute_units, 1);
        check_device(ctx, 1);
    }
    check_device(ctx, 0);
    qn_context_destroy(&ctx);
}

/* `auto` measures both once, remembers, and takes the same one from then on. */
static void test_scores(void **state)
{
    journal *log = calloc(1, sizeof *log);
    char *cache = make_folder(), first[64];
    qn_context *ctx = open_context("auto", cache, log);

    (void)state;
    assert_int_equal(occurrences(log->text, " measured: "), 2);
    assert_int_equal(qn_context_device_count(ctx), 1);
    snprintf(first, sizeof first, "%s", qn_context_device(ctx, 0)->selector);
    assert_string_equal(qn_error(ctx), "");
    qn_context_destroy(&ctx);
    for (int i = 0; i < 2; i++) {
        clear_journal(log);
        ctx = open_context("auto", cache, log);
        assert_int_equal(occurrences(log->text, "measured"), 0);
        assert_string_equal(qn_context_device(ctx, 0)->selector, first);
        qn_context_destroy(&ctx);
    }
    /* Without a place to remember it nothing is measured. */
    clear_journal(log);
    ctx = open_context("auto", "", log);
    assert_int_equal(occurrences(log->text, "measured"), 0);
    qn_context_destroy(&ctx);
    free(cache);
    free(log);
}

static double first_launch(qn_device *device, qn_steps *steps)
{
    const qn_device_counters *now = qn_device_count_of(device);
    double before = now->first_launch_seconds;

    assert_int_equal(qn_steps_replay(steps, 0), QN_OK);
    assert_int_equal(qn_device_finish(device), QN_OK);
    return now->first_launch_seconds - before;
}

/* PoCL compiles a kernel in the first launch of its work sizes: that time is counted, and what was
 * compiled by then costs the next first launch next to nothing. */
static void test_first_launch_compiles(void **state)
{
    qn_context *ctx = open_context("pthread", "", NULL);
    const qn_range range = {1, {16, 1, 1}, {8, 1, 1}};
    qn_device *device = ctx->device[0];
    char source[128]; /* that nobody has compiled before */
    double seconds[2];
    qn_buffer *x = NULL;

    (void)state;
    snprintf(source, sizeof source,
             "__kernel void k(__global float *x) { x[get_global_id(0)] = exp(%.17gf); }",
             qn_seconds());
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    for (int i = 0; i < 2; i++) {
        qn_kernel *kernel = NULL;
        qn_steps steps;

        qn_steps_init(&steps, device);
        assert_ok(ctx, qn_kernel_create_source(device, "k.cl", source, NULL, "k", &kernel));
        assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, x));
        assert_ok(ctx, qn_steps_add_kernel(&steps, &kernel, &range, -1, (qn_cost){0, 0}));
        seconds[i] = first_launch(device, &steps);
        qn_steps_free(&steps);
    }
    if (seconds[0] < 0.002 || seconds[0] < 3 * seconds[1])
        fail_msg("first launch %g s, once compiled %g s", seconds[0], seconds[1]);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_devices), cmocka_unit_test(test_all),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_sub_devices),
        cmocka_unit_test(test_scores),      cmocka_unit_test(test_first_launch_compiles),
    };

    /* Before OpenCL's first call: PoCL reads it once. */
    setenv("POCL_DEVICES", "pthread basic", 1);
    unsetenv("RUSTICL_ENABLE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
