/* SPDX-License-Identifier: Apache-2.0 */
/* The public context: options, errors that it carries, OpenCL's objects, sub-devices. */
#include "support.h"
#include <quern/opencl.h>

static void test_defaults(void **state)
{
    qn_context *ctx = open_context(NULL, NULL, NULL), *other = open_context(NULL, NULL, NULL);

    (void)state;
    assert_int_equal(qn_context_device_count(ctx), 1);
    assert_string_equal(qn_context_device(ctx, 0)->selector, getenv("QUERN_DEVICE"));
    assert_string_equal(qn_error(ctx), "");
    assert_true(qn_context_seed(ctx) != qn_context_seed(other));
    assert_true(qn_context_seed(ctx) <= INT64_MAX);
    assert_int_equal(ctx->gemm, QN_GEMM_AUTO);
    assert_non_null(ctx->cache_dir);
    qn_context_destroy(&ctx);
    qn_context_destroy(&other);
    assert_null(ctx);
}

static void test_options(void **state)
{
    qn_context *ctx = NULL;
    /* A caller built against an older header knows fewer fields. */
    qn_context_create_params older = qn_context_create_defaults();

    (void)state;
    assert_ok(ctx, qn_context_create(&ctx, .seed = 0, .gemm = "Quern", .cache_dir = ""));
    assert_int_equal(qn_context_seed(ctx), 0);
    assert_int_equal(ctx->gemm, QN_GEMM_QUERN);
    assert_null(ctx->cache_dir);
    qn_context_destroy(&ctx);

    older.size = offsetof(qn_context_create_params, gemm);
    older.seed = 7;
    older.gemm = "not read";
    assert_ok(ctx, qn_context_create_with(&ctx, &older));
    assert_int_equal(qn_context_seed(ctx), 7);
    qn_context_destroy(&ctx);
}

static void test_errors(void **state)
{
    qn_context *ctx = NULL;

    (void)state;
    assert_int_equal(qn_context_create(&ctx, .device = "banana"), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "'banana'");
    assert_says(qn_error(ctx), getenv("QUERN_DEVICE"));
    assert_int_equal(qn_context_device_count(ctx), 0);
    assert_null(qn_context_device(ctx, 0));
    assert_null(qn_context_cl_queue(ctx, 0));
    qn_context_destroy(&ctx);

    assert_int_equal(qn_context_create(&ctx, .gemm = "clblst"), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "'clblst'");
    assert_says(qn_error(ctx), "did you mean 'clblast'");
    qn_context_destroy(&ctx);
    assert_string_equal(qn_error(NULL), "out of memory");
    qn_context_destroy(&ctx);
}

static void test_environment(void **state)
{
    char *device = strdup(getenv("QUERN_DEVICE"));
    qn_context *ctx = NULL;

    (void)state;
    setenv("QUERN_DEVICE", "nowhere:0", 1);
    assert_int_equal(qn_context_create(&ctx, .cache_dir = ""), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "'nowhere:0'");
    assert_says(qn_error(ctx), "QUERN_DEVICE");
    qn_context_destroy(&ctx);
    assert_ok(ctx, qn_context_create(&ctx, .device = device)); /* the argument counts first */
    qn_context_destroy(&ctx);
    setenv("QUERN_DEVICE", device, 1);
    free(device);
}

static void test_opencl_objects(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    cl_command_queue queue = qn_context_cl_queue(ctx, 0);
    cl_context in = NULL;
    cl_device_id on = NULL;

    (void)state;
    assert_int_equal(clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof in, &in, NULL), 0);
    assert_int_equal(clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof on, &on, NULL), 0);
    assert_ptr_equal(in, qn_context_cl_context(ctx, 0));
    assert_ptr_equal(on, qn_context_cl_device(ctx, 0));
    assert_null(qn_context_cl_device(ctx, 1));
    assert_null(qn_context_cl_context(ctx, -1));
    qn_context_destroy(&ctx);
}

static void test_description(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_device *device = ctx->device[0];
    size_t alignment = qn_device_alignment(device);

    (void)state;
    assert_ptr_equal(qn_device_context(device), ctx);
    assert_ptr_equal(qn_device_env(device), &ctx->env);
    assert_ptr_equal(qn_device_description(device), qn_context_device(ctx, 0));
    assert_true(alignment >= 128 && (alignment & (alignment - 1)) == 0);
    assert_says(qn_device_fingerprint(device), qn_context_device(ctx, 0)->driver);
    assert_says(qn_device_fingerprint(device), qn_context_device(ctx, 0)->name);
    if (!qn_device_quirk(device, QN_QUIRK_LOOP_LIMIT))
        assert_int_equal(qn_device_kind(device) == QN_CLASS_CPU,
                         strcmp(qn_context_device(ctx, 0)->type, "cpu") == 0);
    else
        assert_int_equal(qn_device_kind(device), QN_CLASS_GPU);
    qn_context_destroy(&ctx);
}

/* Where nothing can be split into one-unit parts the message says so. */
static void test_sub_device(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    unsigned units = qn_context_device(ctx, 0)->compute_units;
    char selector[64], beyond[64];
    qn_status status;

    (void)state;
    snprintf(selector, sizeof selector, "%s.%u", getenv("QUERN_DEVICE"), units - 1);
    snprintf(beyond, sizeof beyond, "%s.%u", getenv("QUERN_DEVICE"), units);
    qn_context_destroy(&ctx);

    status = qn_context_create(&ctx, .device = selector, .cache_dir = "");
    if (status == QN_OK) {
        qn_buffer *buffer = NULL;
        char zeros[64];

        assert_string_equal(qn_context_device(ctx, 0)->selector, selector);
        assert_int_equal(qn_context_device(ctx, 0)->compute_units, 1);
        assert_ok(ctx, qn_buffer_create(ctx->device[0], sizeof zeros, &buffer));
        assert_ok(ctx, qn_buffer_read(buffer, 0, sizeof zeros, zeros));
        qn_buffer_destroy(&buffer);
    } else {
        assert_int_equal(status, QN_ERROR_DEVICE);
        assert_says(qn_error(ctx), "cannot be split");
    }
    qn_context_destroy(&ctx);
    assert_int_equal(qn_context_create(&ctx, .device = beyond, .cache_dir = ""), QN_ERROR_USAGE);
    assert_says(qn_error(ctx), "compute units");
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_options),
        cmocka_unit_test(test_errors),         cmocka_unit_test(test_environment),
        cmocka_unit_test(test_opencl_objects), cmocka_unit_test(test_description),
        cmocka_unit_test(test_sub_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
