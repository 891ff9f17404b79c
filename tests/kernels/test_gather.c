/* SPDX-License-Identifier: Apache-2.0 */
/* Gather with conversion and scale, and rows stored: exact. */
#include "kernels/fixture.h"

static void *make_data(fixture *f, qn_dtype dtype, int n)
{
    unsigned char *bytes = calloc((size_t)n, 4);

    assert_non_null(bytes);
    for (int i = 0; i < n; i++) {
        if (dtype == QN_U8)
            bytes[i] = (unsigned char)integer(f, 0, 255);
        else if (dtype == QN_I32)
            ((int32_t *)bytes)[i] = integer(f, -1000, 1000);
        else
            ((float *)bytes)[i] = (float)integer(f, -1000, 1000);
    }
    return bytes;
}

static double element(qn_dtype dtype, const void *data, int64_t i)
{
    if (dtype == QN_U8)
        return ((const unsigned char *)data)[i];
    return dtype == QN_I32 ? ((const int32_t *)data)[i] : (double)((const float *)data)[i];
}

static void check_gather(fixture *f, qn_dtype dtype, qn_dtype to, int rows, int batch, int columns)
{
    int samples = 23, at = 5, n = batch * columns;
    void *data = make_data(f, dtype, samples * columns), *got;
    int32_t *index = labels(f, at + batch, samples);
    float scale = to == QN_F32 ? 0.25f : 1.0f;
    qn_buffer *out = put(f, NULL, n);

    OK(qn_kernel_gather(&f->steps, dtype, to, put(f, data, samples * columns),
                        put(f, index, at + batch), out, batch, columns, scale));
    run(f, (qn_step_row){.rows = rows, .index_at = at});
    got = take(f, out, n);
    for (int i = 0; i < n; i++) {
        int r = i / columns, c = i % columns;
        double expected = r < rows ? element(dtype, data, (int64_t)index[at + r] * columns + c) : 0;

        assert_true(element(to, got, i) == expected * (double)scale);
    }
    free(data);
    free(index);
    free(got);
    clear(f);
}

static void gather_case(fixture *f)
{
    static const qn_dtype from[] = {QN_U8, QN_I32, QN_F32}, to[] = {QN_F32, QN_I32};

    for (int i = 0; i < 6; i++) {
        for (const int *n = test_sizes(); *n; n++) {
            check_gather(f, from[i / 2], to[i % 2], *n, *n, 10);
            check_gather(f, from[i / 2], to[i % 2], (*n + 1) / 2, *n, 1);
            check_gather(f, from[i / 2], to[i % 2], 5, 7, *n);
        }
    }
}

static void test_gather(void **state)
{
    each_flavour(*state, gather_case);
}

static void images_case(fixture *f)
{
    check_gather(f, QN_U8, QN_F32, 32, 32, 784);
    check_gather(f, QN_U8, QN_F32, 31, 32, 784);
}

static void test_images(void **state)
{
    each_flavour(*state, images_case);
}

static void check_store(fixture *f, int rows, int batch, int columns)
{
    int n = batch * columns, at = 3, total = (at + rows + 2) * columns;
    float *x = integers(f, n, -1000, 1000), *got;
    qn_buffer *out = put(f, NULL, total);

    OK(qn_kernel_store_rows(&f->steps, put(f, x, n), out, batch, columns));
    run(f, (qn_step_row){.rows = rows, .out_at = at});
    got = take(f, out, total);
    for (int i = 0; i < total; i++) {
        if (i >= at * columns && i < (at + rows) * columns)
            assert_true(got[i] == x[i - at * columns]);
        else
            assert_true(isnan(got[i])); /* untouched */
    }
    free(x);
    free(got);
    clear(f);
}

static void store_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_store(f, *n, *n, 10);
        check_store(f, (*n + 1) / 2, *n, 3);
        check_store(f, 2, 3, *n);
    }
}

static void test_store_rows(void **state)
{
    each_flavour(*state, store_case);
}

static void test_unknown_type(void **state)
{
    fixture *f = *state;

    assert_int_equal(qn_kernel_gather(&f->steps, QN_F64, QN_F32, NULL, NULL, NULL, 1, 1, 1.0f),
                     QN_ERROR_INTERNAL);
    assert_non_null(strstr(qn_error(f->ctx), "float64"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_store_rows),
        cmocka_unit_test(test_unknown_type),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
