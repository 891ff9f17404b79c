/* SPDX-License-Identifier: Apache-2.0 */
/* Self-tests: every case passes here, outcomes are remembered in memory and on disk, wrong answers
 * are refused with what was expected and found. */
#include "kernels/fixture.h"
#include "kernels/selftest.h"
#include "scratch_folder.h"
#include <quern/unstable.h>

typedef struct tally {
    int passed, failed;
    char last[QN_SELFTEST_DETAIL];
} tally;

static void count(void *user, const char *test, bool passed, const char *detail)
{
    tally *t = user;

    if (passed) {
        t->passed++;
        return;
    }
    t->failed++;
    snprintf(t->last, sizeof t->last, "%s: %s", test, detail);
}

static void test_all(void **state)
{
    fixture *f = *state;
    tally t = {0};
    int cases = 0;

    while (qn_selftest_case_at(cases))
        cases++;
    OK(qn_selftest(f->ctx, count, &t));
    assert_string_equal(t.last, "");
    assert_int_equal(t.passed, cases * f->ctx->device_count);
}

/* Every kernel that steps record is found by its name. */
static void test_require(void **state)
{
    fixture *f = *state;
    qn_buffer *x = put(f, NULL, 64), *y = put(f, NULL, 64);

    OK(qn_kernel_unary(&f->steps, qn_plain("relu"), x, y, 64));
    OK(qn_kernel_softmax(&f->steps, x, y, 4, 16));
    OK(qn_kernel_sum(&f->steps, x, NULL, y, 64, 1.0));
    OK(qn_steps_add_copy(&f->steps, x, 0, y, 0, 64));
    OK(qn_selftest_require(&f->steps));
    qn_steps_free(&f->steps);
    clear(f);
}

static void test_no_case(void **state)
{
    fixture *f = *state;
    bool trusted;

    assert_int_equal(qn_selftest_trust(f->device, "softmaxx", &trusted), QN_ERROR_INTERNAL);
    assert_non_null(strstr(qn_error(f->ctx), "softmaxx"));
}

/* A context of its own, with a cache folder or without ("" keeps nothing). */
static qn_context *open_context(const char *cache_dir)
{
    qn_context *ctx = NULL;

    assert_int_equal(qn_context_create(&ctx, .cache_dir = cache_dir), QN_OK);
    return ctx;
}

static uint64_t launches(const qn_context *ctx)
{
    return qn_device_count_of(ctx->device[0])->launches;
}

/* Launches that trusting a kernel took. */
static uint64_t trust(qn_context *ctx, const char *kernel, bool expected)
{
    uint64_t before = launches(ctx);
    bool trusted = !expected;

    assert_int_equal(qn_selftest_trust(ctx->device[0], kernel, &trusted), QN_OK);
    assert_true(trusted == expected);
    return launches(ctx) - before;
}

static void test_remembered(void **state)
{
    qn_context *ctx;

    (void)state;
    assert_int_equal(scratch_make(), 0);
    ctx = open_context(scratch_path("cache"));
    assert_true(trust(ctx, "softmax", true) > 0);
    assert_int_equal(trust(ctx, "softmax", true), 0);
    qn_context_destroy(&ctx);

    ctx = open_context(scratch_path("cache"));
    assert_int_equal(trust(ctx, "softmax", true), 0);
    assert_true(trust(ctx, "affine", true) > 0);
    qn_context_destroy(&ctx);

    ctx = open_context(scratch_path("cache"));
    assert_int_equal(trust(ctx, "softmax", true), 0);
    assert_int_equal(trust(ctx, "affine", true), 0);
    qn_context_destroy(&ctx);

    ctx = open_context("");
    assert_true(trust(ctx, "softmax", true) > 0);
    assert_int_equal(trust(ctx, "softmax", true), 0);
    qn_context_destroy(&ctx);
    scratch_remove();
}

/* The one file in the folder of remembered self-tests. */
static void file_of_selftests(char *path, size_t size)
{
    DIR *folder = opendir(scratch_path("cache/selftests"));
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) && entry->d_name[0] == '.')
        ;
    assert_non_null(entry);
    snprintf(path, size, "%s/%s", scratch_path("cache/selftests"), entry->d_name);
    closedir(folder);
}

static void overwrite(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* A failure that was remembered is refused with its detail; damage is passed over. */
static void test_refused(void **state)
{
    qn_context *ctx;
    qn_buffer *x = NULL;
    qn_steps steps;
    char path[1024];

    (void)state;
    assert_int_equal(scratch_make(), 0);
    ctx = open_context(scratch_path("cache"));
    trust(ctx, "affine", true);
    qn_context_destroy(&ctx);
    file_of_selftests(path, sizeof path);

    overwrite(path, "quern self-tests 1\naffine failed element 3 is off\nno such kernel\n\n");
    ctx = open_context(scratch_path("cache"));
    qn_steps_init(&steps, ctx->device[0]);
    assert_int_equal(trust(ctx, "affine", false), 0);
    assert_int_equal(qn_buffer_create(ctx->device[0], 64, &x), QN_OK);
    assert_int_equal(qn_kernel_affine(&steps, x, x, 16, 1.0, 0.0), QN_OK);
    assert_int_equal(qn_selftest_require(&steps), QN_ERROR_DEVICE);
    assert_non_null(strstr(qn_error(ctx), "affine"));
    assert_non_null(strstr(qn_error(ctx), "element 3 is off"));
    qn_steps_free(&steps);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);

    overwrite(path, "\x01\x02 garbage\naffine failed as the first line is wrong\n");
    ctx = open_context(scratch_path("cache"));
    assert_true(trust(ctx, "affine", true) > 0);
    qn_context_destroy(&ctx);
    scratch_remove();
}

/* A kernel that answers wrongly: told from sources of which one was spoilt. */
static void test_wrong_answer(void **state)
{
    static const char spoilt[] =
        "kernel void affine(global const float *x, global float *y, int count,\n"
        "                   int chunk, float factor, float offset)\n"
        "{\n"
        "    if (get_global_id(0) == 0)\n"
        "        for (int i = 0; i < count; ++i)\n"
        "            y[i] = x[i] * factor - offset;\n"
        "}\n";
    qn_context *ctx;
    qn_buffer *x = NULL;
    qn_steps steps;
    char path[1024];

    (void)state;
    assert_int_equal(scratch_make(), 0);
    snprintf(path, sizeof path, "%s/arithmetic.cl", scratch);
    overwrite(path, spoilt);
    assert_int_equal(setenv("QUERN_CL_DIR", scratch, 1), 0);
    ctx = open_context("");
    trust(ctx, "affine", false);
    assert_int_equal(qn_buffer_create(ctx->device[0], 64, &x), QN_OK);
    qn_steps_init(&steps, ctx->device[0]);
    assert_int_equal(qn_kernel_affine(&steps, x, x, 16, 1.0, 0.0), QN_OK);
    assert_int_equal(qn_selftest_require(&steps), QN_ERROR_DEVICE);
    assert_non_null(strstr(qn_error(ctx), "should be -13 and is -7"));
    qn_steps_free(&steps);
    qn_buffer_destroy(&x);
    qn_context_destroy(&ctx);
    assert_int_equal(unsetenv("QUERN_CL_DIR"), 0);
    scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_require),      cmocka_unit_test(test_no_case),
        cmocka_unit_test(test_remembered),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_answer), cmocka_unit_test(test_all),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
