/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets against counts by hand, and the cases that have no width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/histogram.h"
#include <math.h>

static qn_bucket bucket[QN_BUCKETS];

static double counted(void)
{
    double count = 0;
    for (int i = 0; i < QN_BUCKETS; i++)
        count += bucket[i].count;
    return count;
}

/* Edges are whole numbers: what lies on one belongs to the right, but for the greatest value. */
static void counts_values(void **state)
{
    static const float values[] = {0, 30, 29, 29.5f, 0.5f, 1, 15, 15.999f, 14.999f, 0, 30};
    (void)state;
    qn_histogram(values, sizeof values / sizeof values[0], bucket);
    for (int i = 0; i < QN_BUCKETS; i++) {
        double wanted = i == 0 ? 3 : i == 1 ? 1 : i == 14 ? 1 : i == 15 ? 2 : i == 29 ? 4 : 0;
        assert_true(bucket[i].left == i && bucket[i].right == i + 1);
        assert_true(bucket[i].count == wanted);
    }
}

static void ends_at_least_and_greatest(void **state)
{
    static const float values[] = {0.1f, -3.3f, 7.7f, 1e-3f};
    (void)state;
    qn_histogram(values, 4, bucket);
    assert_true(bucket[0].left == (double)-3.3f);
    assert_true(bucket[QN_BUCKETS - 1].right == (double)7.7f);
    for (int i = 1; i < QN_BUCKETS; i++)
        assert_true(bucket[i].left == bucket[i - 1].right && bucket[i].left < bucket[i].right);
    assert_true(counted() == 4);
    assert_true(bucket[0].count == 1 && bucket[QN_BUCKETS - 1].count == 1);
}

static void counts_what_is_all_the_same(void **state)
{
    static const float zeros[7] = {0}, one[1] = {-2.5f};
    (void)state;
    qn_histogram(zeros, 7, bucket);
    for (int i = 0; i < QN_BUCKETS; i++) {
        assert_true(bucket[i].left == 0 && bucket[i].right == 0);
        assert_true(bucket[i].count == (i == QN_BUCKETS - 1 ? 7 : 0));
    }
    qn_histogram(one, 1, bucket);
    assert_true(bucket[0].left == -2.5 && bucket[QN_BUCKETS - 1].count == 1 && counted() == 1);
}

static void counts_nothing(void **state)
{
    (void)state;
    qn_histogram(NULL, 0, bucket);
    for (int i = 0; i < QN_BUCKETS; i++)
        assert_true(bucket[i].left == 0 && bucket[i].right == 0 && bucket[i].count == 0);
}

/* As in TensorFlow: no crash, finite values counted where there are edges to say where. */
static void counts_what_is_not_finite(void **state)
{
    static const float nan[] = {1, NAN, 2}, nan_first[] = {NAN, 1}, above[] = {1, 2, INFINITY, 3},
                       below[] = {1, -INFINITY}, all[] = {INFINITY, INFINITY};
    (void)state;
    qn_histogram(nan, 3, bucket);
    assert_true(isnan(bucket[0].left) && isnan(bucket[QN_BUCKETS - 1].right) && counted() == 0);
    qn_histogram(nan_first, 2, bucket);
    assert_true(isnan(bucket[0].left) && counted() == 0);
    qn_histogram(above, 4, bucket);
    assert_true(bucket[0].left == 1 && bucket[0].right == INFINITY && bucket[0].count == 3);
    assert_true(bucket[QN_BUCKETS - 1].right == INFINITY && counted() == 3);
    qn_histogram(below, 2, bucket);
    assert_true(bucket[0].left == -INFINITY && bucket[QN_BUCKETS - 1].right == 1);
    assert_true(counted() == 0);
    qn_histogram(all, 2, bucket);
    assert_true(isnan(bucket[0].right) && counted() == 0);
}

/* In double, float's smallest steps are wide enough. */
static void counts_the_smallest(void **state)
{
    static const float values[] = {0, 1e-45f};
    static const float close[] = {1, 1 + 0x1p-23f};
    (void)state;
    qn_histogram(values, 2, bucket);
    assert_true(counted() == 2 && bucket[0].count == 1 && bucket[QN_BUCKETS - 1].count == 1);
    qn_histogram(close, 2, bucket);
    assert_true(counted() == 2 && bucket[0].count == 1 && bucket[QN_BUCKETS - 1].count == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_values),
        cmocka_unit_test(ends_at_least_and_greatest),
        cmocka_unit_test(counts_what_is_all_the_same),
        cmocka_unit_test(counts_nothing),
        cmocka_unit_test(counts_what_is_not_finite),
        cmocka_unit_test(counts_the_smallest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
