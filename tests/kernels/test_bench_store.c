/* SPDX-License-Identifier: Apache-2.0 */
/* A device's measurements are kept by the cache folder, read back whole, and passed over when
 * damaged. */
#include "kernels/bench.h"
#include "kernels/fixture.h"
#include "scratch_folder.h"

static qn_context *open_context(const char *cache_dir)
{
    qn_context *ctx = NULL;

    assert_int_equal(qn_context_create(&ctx, .cache_dir = cache_dir), QN_OK);
    return ctx;
}

static qn_bench_results example(void)
{
    static const qn_bench_item items[] = {
        {.kind = QN_BENCH_FMA, .parameter = 4, .median = 1e11, .best = 1.1e11, .spread = 0.1},
        {.kind = QN_BENCH_FMA, .parameter = 16, .median = 0.9e11, .best = 1.25e11, .spread = 2.5},
        {.kind = QN_BENCH_LEVEL, .parameter = 16384, .median = 9e11, .best = 9.5e11},
        {.kind = QN_BENCH_READ, .parameter = 1 << 28, .median = 1e10, .best = 1.5e10, .spread = 1},
        {.kind = QN_BENCH_COPY, .parameter = 1 << 27, .median = 1.1e10, .best = 2.0 / 3 * 1e10},
        {.kind = QN_BENCH_LAUNCH_QUEUED, .median = 1.25e-6, .best = 1e-6, .spread = 0.5},
        {.kind = QN_BENCH_LAUNCH_WAITED, .median = 2e-5, .best = 1e-5, .spread = 0.5},
        {.kind = QN_BENCH_DOWNLOAD, .parameter = 1 << 26, .median = 3e9, .best = 4e9},
    };
    qn_bench_results results = {.size = sizeof results};

    for (int i = 0; i < QN_COUNT(items); i++)
        assert_true(qn_bench_add(&results, &items[i]));
    return results;
}

/* Roofs are the best rates; times and transfers are medians; what is not there is 0. */
static void check_conclusions(const qn_bench_results *r)
{
    assert_true(fabs(r->peak_gflops - 125.0) < 1e-9);
    assert_true(r->memory_bandwidth == 1.5e10);
    assert_true(r->local_bandwidth == 0.0);
    assert_true(r->launch_seconds_queued == 1.25e-6);
    assert_true(r->launch_seconds_waited == 2e-5);
    assert_true(r->download == 3e9);
    assert_true(r->upload == 0.0);
}

static void test_kept(void **state)
{
    const qn_bench_results wanted = example();
    qn_bench_results found;
    qn_context *ctx;

    (void)state;
    assert_int_equal(scratch_make(), 0);
    ctx = open_context(scratch_path("cache"));
    assert_false(qn_roofline_known(ctx->device[0], &found));
    qn_bench_keep(ctx->device[0], &wanted);
    qn_context_destroy(&ctx);

    ctx = open_context(scratch_path("cache"));
    assert_true(qn_roofline_known(ctx->device[0], &found));
    qn_context_destroy(&ctx);
    assert_int_equal(found.count, wanted.count);
    for (int i = 0; i < wanted.count; i++) {
        assert_int_equal(found.item[i].kind, wanted.item[i].kind);
        assert_string_equal(found.item[i].name, wanted.item[i].name);
        assert_string_equal(found.item[i].unit, wanted.item[i].unit);
        assert_int_equal(found.item[i].parameter, wanted.item[i].parameter);
        assert_true(found.item[i].median == wanted.item[i].median);
        assert_true(found.item[i].best == wanted.item[i].best);
        assert_true(found.item[i].spread == wanted.item[i].spread);
    }
    check_conclusions(&found);
    scratch_remove();
}

static void test_no_folder(void **state)
{
    const qn_bench_results wanted = example();
    qn_bench_results found;
    qn_context *ctx = open_context("");

    (void)state;
    qn_bench_keep(ctx->device[0], &wanted);
    assert_false(qn_roofline_known(ctx->device[0], &found));
    assert_string_equal(qn_error(ctx), "");
    qn_context_destroy(&ctx);
}

/* The one file in the folder. */
static void kept_file(char *path, size_t size)
{
    DIR *folder = opendir(scratch_path("cache/bench"));
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) && entry->d_name[0] == '.')
        ;
    assert_non_null(entry);
    snprintf(path, size, "%s/%s", scratch_path("cache/bench"), entry->d_name);
    closedir(folder);
}

static void test_damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "quern bench 1\n",
        "quern bench 2\nfma 4 1 1 0\n",
        "quern bench 1\nfma 4 1 1 0",
        "quern bench 1\nfma 4 1 1\n",
        "quern bench 1\nfma 4 1 1 0 7\n",
        "quern bench 1\nfma 4 1 nan 0\n",
        "quern bench 1\nfma 4 0 1 0\n",
        "quern bench 1\nfma 4 1 1 0\n\n",
        "quern bench 1\nfma 4 1 1 0\nfmb 4 1 1 0\n",
        "quern bench 1\nfma 1e300 1 1 0\n",
    };
    const qn_bench_results wanted = example();
    qn_bench_results found;
    qn_context *ctx;
    char path[1024];

    (void)state;
    assert_int_equal(scratch_make(), 0);
    ctx = open_context(scratch_path("cache"));
    qn_bench_keep(ctx->device[0], &wanted);
    kept_file(path, sizeof path);
    for (int i = 0; i < QN_COUNT(texts); i++) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        fputs(texts[i], file);
        assert_int_equal(fclose(file), 0);
        if (qn_roofline_known(ctx->device[0], &found))
            fail_msg("damaged file %d was taken", i);
        assert_int_equal(found.count, 0);
        assert_true(found.peak_gflops == 0.0);
    }
    qn_bench_keep(ctx->device[0], &wanted);
    assert_true(qn_roofline_known(ctx->device[0], &found));
    qn_context_destroy(&ctx);
    scratch_remove();
}

/* A list has an end. */
static void test_full(void **state)
{
    const qn_bench_item item = {.kind = QN_BENCH_UPLOAD, .median = 1.0, .best = 1.0};
    qn_bench_results results = {.size = sizeof results};

    (void)state;
    for (int i = 0; i < QN_BENCH_MAX; i++)
        assert_true(qn_bench_add(&results, &item));
    assert_false(qn_bench_add(&results, &item));
    assert_int_equal(results.count, QN_BENCH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
