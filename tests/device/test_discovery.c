/* SPDX-License-Identifier: Apache-2.0 */
/* What discovery says of the devices that are here, and the table of quirks. */
#include "support.h"

static bool one_of(const char *word, const char *a, const char *b, const char *c, const char *d)
{
    return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c) || !strcmp(word, d);
}

static void test_list(void **state)
{
    qn_device_list *list = NULL;

    (void)state;
    assert_int_equal(qn_device_list_create(&list), QN_OK);
    assert_in_range(qn_device_list_count(list), 1, 64);
    for (int i = 0; i < qn_device_list_count(list); i++) {
        const qn_device_info *d = qn_device_list_get(list, i);

        assert_int_equal(d->size, sizeof *d);
        assert_int_equal(d->index, i);
        assert_true(strlen(d->id) >= 12 && strlen(d->id) <= 36);
        assert_int_equal(strncmp(d->selector, d->platform, strlen(d->platform)), 0);
        assert_int_equal(d->selector[strlen(d->platform)], ':');
        assert_true(*d->name && *d->driver && *d->platform_name && *d->vendor);
        assert_int_equal(strncmp(d->version, "OpenCL ", 7), 0);
        assert_true(one_of(d->type, "cpu", "gpu", "igpu", "accelerator"));
        assert_true(d->memory >= (16u << 20));
        assert_true(d->max_allocation > 0 && d->max_allocation <= d->memory);
        assert_true(d->local_memory >= 1024);
        assert_in_range(d->compute_units, 1, 100000);
        assert_in_range(d->max_work_group, 1, 1 << 20);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(d->selector, qn_device_list_get(list, j)->selector);
            assert_string_not_equal(d->id, qn_device_list_get(list, j)->id);
        }
    }
    assert_string_equal(qn_device_list_error(list), "");
    qn_device_list_destroy(&list);
    assert_null(list);
}

/* The same devices under the same ids the next time. */
static void test_stable(void **state)
{
    qn_device_list *a = NULL, *b = NULL;

    (void)state;
    assert_int_equal(qn_device_list_create(&a), QN_OK);
    assert_int_equal(qn_device_list_create(&b), QN_OK);
    assert_int_equal(qn_device_list_count(a), qn_device_list_count(b));
    for (int i = 0; i < qn_device_list_count(a); i++) {
        assert_string_equal(qn_device_list_get(a, i)->id, qn_device_list_get(b, i)->id);
        assert_string_equal(qn_device_list_get(a, i)->selector, qn_device_list_get(b, i)->selector);
    }
    qn_device_list_destroy(&a);
    qn_device_list_destroy(&b);
}

static void test_bounds(void **state)
{
    qn_device_list *list = NULL;

    (void)state;
    assert_int_equal(qn_device_list_create(&list), QN_OK);
    assert_null(qn_device_list_get(list, -1));
    assert_null(qn_device_list_get(list, qn_device_list_count(list)));
    assert_null(qn_device_list_note(list, -1));
    assert_null(qn_device_list_note(list, 1000));
    qn_device_list_destroy(&list);
    qn_device_list_destroy(&list);
    assert_int_equal(qn_device_list_count(NULL), 0);
    assert_null(qn_device_list_get(NULL, 0));
    assert_null(qn_device_list_note(NULL, 0));
    assert_string_equal(qn_device_list_error(NULL), "out of memory");
}

/* Selecting each usable device by id, selector and index opens that one. */
static void test_every_selector(void **state)
{
    qn_device_list *list = NULL;

    (void)state;
    assert_int_equal(qn_device_list_create(&list), QN_OK);
    for (int i = 0; i < qn_device_list_count(list); i++) {
        const qn_device_info *d = qn_device_list_get(list, i);
        char index[16];
        const char *ways[] = {d->id, d->selector, index};

        snprintf(index, sizeof index, "%d", i);
        if (d->skipped && strcmp(d->platform, "oclgrind") != 0)
            continue;
        for (int way = 0; way < QN_COUNT(ways); way++) {
            qn_context *ctx = open_context(ways[way], "", NULL);

            assert_int_equal(qn_context_device_count(ctx), 1);
            assert_string_equal(qn_context_device(ctx, 0)->id, d->id);
            assert_null(qn_context_device(ctx, 1));
            qn_context_destroy(&ctx);
        }
    }
    qn_device_list_destroy(&list);
}

static void test_quirk_rows(void **state)
{
    int count = 0;

    (void)state;
    for (const qn_quirk_row *row = qn_quirk_table; row->what; row++, count++) {
        assert_true(row->effect != 0);
        assert_true(row->platform || row->version || row->device);
        assert_true(strlen(row->what) > 10 && strlen(row->reason) > 20);
    }
    assert_in_range(count, 5, 1000);
}

static void test_quirk_effects(void **state)
{
    const char *skip = NULL;
    unsigned old_pocl = qn_quirks_of("Portable Computing Language",
                                     "OpenCL 3.0 PoCL 3.1+debian  Linux", "pthread", &skip);
    unsigned new_pocl = qn_quirks_of("Portable Computing Language",
                                     "OpenCL 3.0 PoCL 5.0+debian  Linux", "pthread", &skip);

    (void)state;
    assert_true(old_pocl & QN_QUIRK_LOCAL_SIZE_BUILDS);
    assert_true(old_pocl & QN_QUIRK_SERIAL_BUILDS);
    assert_int_equal(new_pocl, 0);
    assert_null(skip);
    assert_true(qn_quirks_of("rusticl", "22.3.6", "llvmpipe", &skip) & QN_QUIRK_SLOW_LAUNCH);
    assert_false(qn_quirks_of("rusticl", "25.0.1", "llvmpipe", &skip) & QN_QUIRK_SLOW_LAUNCH);
    assert_null(skip);
    assert_true(qn_quirks_of("Clover", "OpenCL 1.1 Mesa 22.3.6", "navi", &skip) & QN_QUIRK_SKIP);
    assert_says(skip, "rusticl");
    assert_true(qn_quirks_of("Oclgrind", "", "Oclgrind Simulator", &skip) & QN_QUIRK_SIMULATOR);
    assert_true(qn_quirks_of("Intel(R) OpenCL HD Graphics", "", "UHD", &skip) &
                QN_QUIRK_CLBLAST_GEMMK0);
    assert_true(qn_quirks_of("Portable Computing Language", "PoCL 5.0",
                             "cpu-haswell-Intel(R) Core(TM)", &skip) &
                QN_QUIRK_CLBLAST_GEMMK0);
    assert_says(qn_quirk_no_device("rusticl"), "RUSTICL_ENABLE");
    assert_null(qn_quirk_no_device("NVIDIA CUDA"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),       cmocka_unit_test(test_stable),
        cmocka_unit_test(test_bounds),     cmocka_unit_test(test_every_selector),
        cmocka_unit_test(test_quirk_rows), cmocka_unit_test(test_quirk_effects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
