/* SPDX-License-Identifier: Apache-2.0 */
/* What src/device claims, seen from outside by the layer: what a replay calls, and that the n-th
 * OpenCL call may fail, for every n, with a status, no crash and no object left behind. */
#include "../device/scenario.h"
#include "layer.h"
#include <dlfcn.h>

static qn_layer_count_fn *count;
static qn_layer_reset_fn *reset;
static qn_layer_fail_fn *fail_at;

/* The layer as the loader loaded it at OpenCL's first call. */
static int find_layer(void **state)
{
    const char *path = getenv("OPENCL_LAYERS");
    void *layer;
    cl_uint platforms;

    (void)state;
    if (clGetPlatformIDs(0, NULL, &platforms) != CL_SUCCESS)
        fail_msg("no platform");
    layer = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
    if (!layer)
        fail_msg("the layer is not loaded: OPENCL_LAYERS=%s", path ? path : "");
    *(void **)&count = dlsym(layer, QN_LAYER_COUNT);
    *(void **)&reset = dlsym(layer, QN_LAYER_RESET);
    *(void **)&fail_at = dlsym(layer, QN_LAYER_FAIL);
    assert_true(count && reset && fail_at);
    return 0;
}

/* Objects made and not yet released, since the last reset. */
static long left_over(void)
{
    static const char *const kinds[][4] = {
        {"clCreateContext", "", "clRetainContext", "clReleaseContext"},
        {"clCreateCommandQueue", "", "clRetainCommandQueue", "clReleaseCommandQueue"},
        {"clCreateBuffer", "clCreateSubBuffer", "clRetainMemObject", "clReleaseMemObject"},
        {"clCreateProgramWithSource", "clCreateProgramWithBinary", "clRetainProgram",
         "clReleaseProgram"},
        {"clCreateKernel", "", "clRetainKernel", "clReleaseKernel"},
    };
    long left = 0;

    for (int i = 0; i < QN_COUNT(kinds); i++)
        left += labs((long)count(kinds[i][0]) + (long)count(kinds[i][1]) +
                     (long)count(kinds[i][2]) - (long)count(kinds[i][3]));
    return left;
}

static void test_counts(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    unsigned long long launches;

    (void)state;
    reset();
    assert_int_equal(count("clEnqueueNDRangeKernel"), 0);
    assert_ok(ctx, qn_device_finish(ctx->device[0]));
    assert_int_equal(count("clFinish"), 2);
    assert_int_equal(count("no such function"), 0);
    launches = count("*");
    assert_true(launches >= 2);
    qn_context_destroy(&ctx);
}

/* A replay is a launch and one argument for each kernel, and nothing else; the first one waits for
 * each launch. */
static void test_replay(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_device *device = ctx->device[0];
    qn_kernel *kernel = NULL;
    qn_buffer *x = NULL;
    qn_steps steps;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    qn_steps_init(&steps, device);
    for (int i = 0; i < 3; i++) {
        assert_ok(ctx,
                  qn_kernel_create_source(device, "add.cl", scenario_source, NULL, "add", &kernel));
        assert_ok(ctx, qn_kernel_set_buffer(kernel, 0, x));
        assert_ok(ctx, qn_kernel_set_i32(kernel, 1, 0));
        assert_ok(ctx, qn_steps_add_kernel(&steps, &kernel, &(qn_range){1, {16, 1, 1}, {4, 1, 1}},
                                           i == 0 ? 1 : -1, (qn_cost){0, 0}));
    }
    reset();
    assert_ok(ctx, qn_steps_replay(&steps, 0));
    assert_int_equal(count("clFinish"), 3);
    assert_int_equal(qn_device_count_of(device)->first_launches, 3);
    reset();
    for (int row = 0; row < 10; row++)
        assert_ok(ctx, qn_steps_replay(&steps, row));
    assert_int_equal(count("clEnqueueNDRangeKernel"), 30);
    assert_int_equal(count("clSetKernelArg"), 10); /* of the one kernel that reads the row */
    assert_int_equal(count("*"), 40);
    assert_int_equal(count("blocking"), 0);
    assert_int_equal(left_over(), 0);
    qn_steps_free(&steps);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);
}

/* A chunk: rows up, an order, a mark, results down, one wait. */
static void test_chunk(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_device *device = ctx->device[0];
    qn_buffer *x = NULL;
    int32_t data[16] = {0};

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    reset();
    assert_ok(ctx, scenario_transfers(device, x, data, sizeof data));
    assert_int_equal(count("clEnqueueWriteBuffer"), 1);
    assert_int_equal(count("clEnqueueReadBuffer"), 1);
    assert_int_equal(count("blocking"), 0);
    assert_int_equal(count("clWaitForEvents"), 1);
    assert_int_equal(count("clFinish"), 0);
    assert_int_equal(count("clReleaseEvent"), 3);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);
}

/* Each call of the scenario fails once, with each code. Errors that a driver may answer for what is
 * only information (an extension's name) may leave the result right: then it must be. */
static long fail_each(const char *cache, int code)
{
    qn_context_create_params params = qn_context_create_defaults();
    long n = 1, failures = 0;

    params.cache_dir = cache;
    for (bool whole = false; !whole; n++) {
        qn_context *ctx = NULL;
        qn_status status;

        reset();
        fail_at("*", (unsigned long long)n, code);
        status = run_scenario(&ctx, &params);
        whole = count("*") < (unsigned long long)n;
        if (status != QN_OK) {
            assert_in_range(status, QN_ERROR_USAGE, QN_ERROR_DEVICE);
            assert_true(strlen(qn_error(ctx)) > 20);
            failures++;
        } else {
            assert_string_equal(qn_error(ctx), "");
        }
        qn_context_destroy(&ctx);
        fail_at(NULL, 0, 0);
        if (left_over() != 0)
            fail_msg("call %ld failed with %d: %ld objects are left", n, code, left_over());
        assert_in_range(n, 1, 3000);
    }
    assert_in_range(failures, 20, n);
    return n;
}

static void test_failures(void **state)
{
    (void)state;
    assert_in_range(fail_each("", CL_OUT_OF_RESOURCES), 40, 2000);
    assert_in_range(fail_each("", CL_INVALID_VALUE), 40, 2000);
}

static void test_failures_with_cache(void **state)
{
    char *cache = make_folder();

    (void)state;
    assert_in_range(fail_each(cache, CL_OUT_OF_HOST_MEMORY), 40, 2000);
    free(cache);
}

/* What is said of a failed launch, and that the context lives on. */
static void test_one_failure(void **state)
{
    qn_context *ctx = open_context(NULL, "", NULL);
    qn_device *device = ctx->device[0];
    qn_buffer *x = NULL;
    char byte;

    (void)state;
    assert_ok(ctx, qn_buffer_create(device, 64, &x));
    fail_at("clEnqueueReadBuffer", 2, CL_OUT_OF_RESOURCES);
    assert_ok(ctx, qn_buffer_read(x, 0, 1, &byte));
    assert_int_equal(qn_buffer_read(x, 0, 1, &byte), QN_ERROR_MEMORY);
    assert_says(qn_error(ctx), "reading a buffer failed on");
    assert_says(qn_error(ctx), "CL_OUT_OF_RESOURCES (-5)");
    assert_ok(ctx, qn_buffer_read(x, 0, 1, &byte));
    fail_at("clCreateBuffer", 1, CL_MEM_OBJECT_ALLOCATION_FAILURE);
    qn_buffer_destroy(&x);
    assert_int_equal(qn_buffer_create(device, 1 << 20, &x), QN_ERROR_MEMORY);
    assert_says(qn_error(ctx), "1.0 MiB");
    assert_says(qn_error(ctx), "CL_MEM_OBJECT_ALLOCATION_FAILURE");
    fail_at(NULL, 0, 0);
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_failures_with_cache),
        cmocka_unit_test(test_one_failure),
    };

    return cmocka_run_group_tests(tests, find_layer, NULL);
}
