/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: the host's bits for uniform ones, values, moments and bounds for normal ones. */
#include "kernels/fixture.h"

#define SEED 0x123456789abcdefull

static void check_uniform(fixture *f, int n, double low, double high)
{
    qn_buffer *out = put(f, NULL, n);
    float *got;

    OK(qn_kernel_random_uniform(&f->steps, out, n, SEED, 7, low, high));
    run(f, (qn_step_row){.step = 3});
    got = take(f, out, n);
    for (int i = 0; i < n; i++) {
        uint32_t word = qn_random_word(SEED, QN_RANDOM_OPS, 7, 3, (uint64_t)i);
        float scaled = (float)(high - low) * qn_random_uniform(word);

        assert_true(got[i] == (float)low + scaled);
    }
    free(got);
    clear(f);
}

static void uniform_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_uniform(f, *n, 0.0, 1.0);
        check_uniform(f, *n, -0.3, 0.7);
    }
}

static void test_uniform(void **state)
{
    each_flavour(*state, uniform_case);
}

static void check_normal(fixture *f, int n)
{
    double *expected = calloc((size_t)n, sizeof *expected), pi = acos(-1.0);
    qn_buffer *out = put(f, NULL, n);

    for (int i = 0; i < n; i++) {
        uint32_t a = qn_random_word(SEED, QN_RANDOM_OPS, 2, 9, 2 * (uint64_t)i);
        uint32_t b = qn_random_word(SEED, QN_RANDOM_OPS, 2, 9, 2 * (uint64_t)i + 1);
        double u1 = ((a >> 8) + 1) * 0x1p-24, u2 = (b >> 8) * 0x1p-24;

        expected[i] = 1.5 + 0.5 * sqrt(-2.0 * log(u1)) * cos(2.0 * pi * u2);
    }
    OK(qn_kernel_random_normal(&f->steps, out, n, SEED, 2, 1.5, 0.5));
    run(f, (qn_step_row){.step = 9});
    expect(f, "normal", out, expected, n, TOLERANCE);
    free(expected);
    clear(f);
}

static void normal_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++)
        check_normal(f, *n);
}

static void test_normal(void **state)
{
    each_flavour(*state, normal_case);
}

/* Mean, variance and kurtosis within five standard errors, every number within the bound that 24
 * bits set: sqrt(2 log 2^24) = 5.77. */
static void moments_case(fixture *f)
{
    int n = test_is_small() ? 4000 : 200000;
    double sum = 0.0, square = 0.0, fourth = 0.0;
    qn_buffer *out = put(f, NULL, n);
    float *got;

    OK(qn_kernel_random_normal(&f->steps, out, n, SEED, 1, 0.0, 1.0));
    run(f, (qn_step_row){.step = 0});
    got = take(f, out, n);
    for (int i = 0; i < n; i++) {
        double x = got[i];

        assert_true(fabs(x) < 5.78);
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(sum / n) < 5.0 * sqrt(1.0 / n));
    assert_true(fabs(square / n - 1.0) < 5.0 * sqrt(2.0 / n));
    assert_true(fabs(fourth / n - 3.0) < 5.0 * sqrt(96.0 / n));
    free(got);
}

static void test_moments(void **state)
{
    each_flavour(*state, moments_case);
}

/* Seed, stream and step each give other numbers. */
static void test_keys(void **state)
{
    fixture *f = *state;
    static const uint64_t seeds[] = {SEED, SEED + 1, SEED, SEED, SEED + (1ull << 32)};
    static const uint32_t streams[] = {1, 1, 2, 1, 1}, steps[] = {0, 0, 0, 1, 0};
    float *got[5];

    for (int i = 0; i < 5; i++) {
        qn_buffer *out = put(f, NULL, 64);

        OK(qn_kernel_random_uniform(&f->steps, out, 64, seeds[i], streams[i], 0.0, 1.0));
        run(f, (qn_step_row){.step = steps[i]});
        got[i] = take(f, out, 64);
    }
    for (int i = 1; i < 5; i++) {
        int equal = 0;

        for (int k = 0; k < 64; k++)
            equal += got[0][k] == got[i][k];
        assert_true(equal < 3);
    }
    for (int i = 0; i < 5; i++)
        free(got[i]);
    clear(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
