/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th host allocation fails, for every n: a status, a sentence, no crash, nothing left behind.
 * (tests/layer does the same with OpenCL's calls.) */
#include "scenario.h"

/* An allocator that fails at one allocation, and knows what is still held. */
typedef struct meter {
    long left; /* allocations until one fails; below 0: none does */
    long held;
} meter;

static void *metered(void *user, void *pointer, size_t bytes)
{
    meter *m = user;
    void *made;

    if (bytes == 0) {
        m->held -= pointer != NULL;
        free(pointer);
        return NULL;
    }
    if (m->left == 0)
        return NULL;
    m->left -= m->left > 0;
    made = realloc(pointer, bytes);
    m->held += !pointer && made;
    return made;
}

/* The number of allocations that the scenario makes, each failed once; with or without a cache. */
static long fail_each(const char *cache)
{
    long n = 0;

    for (bool whole = false; !whole; n++) {
        meter m = {.left = n};
        qn_context_create_params params = qn_context_create_defaults();
        qn_context *ctx = NULL;
        qn_status status;

        params.allocator = (qn_allocator){metered, &m};
        params.cache_dir = cache;
        status = run_scenario(&ctx, &params);
        /* A cache that could not be used for want of memory may still be lived without. */
        whole = m.left > 0 || n > 2000;
        if (status != QN_OK) {
            assert_int_equal(status, QN_ERROR_MEMORY);
            if (ctx)
                assert_true(strlen(qn_error(ctx)) > 10);
        }
        qn_context_destroy(&ctx);
        assert_int_equal(m.held, 0);
    }
    return n;
}

static void test_without_cache(void **state)
{
    (void)state;
    assert_in_range(fail_each(""), 30, 1000);
}

static void test_with_cache(void **state)
{
    char *cache = make_folder();

    (void)state;
    assert_in_range(fail_each(cache), 30, 1000);
    free(cache);
}

/* A selection that measures devices, remembers and opens them. */
static void test_all_devices(void **state)
{
    char *cache = make_folder();
    bool whole = false;

    (void)state;
    for (long n = 0; !whole && n < 2000; n += 3) {
        meter m = {.left = n};
        qn_context *ctx = NULL;
        qn_status status = qn_context_create(&ctx, .device = "all/oclgrind:0", .cache_dir = cache,
                                             .allocator = {metered, &m});

        whole = m.left > 0;
        if (status != QN_OK)
            assert_int_equal(status, QN_ERROR_MEMORY);
        qn_context_destroy(&ctx);
        assert_int_equal(m.held, 0);
    }
    assert_true(whole);
    free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_cache),
        cmocka_unit_test(test_with_cache),
        cmocka_unit_test(test_all_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
