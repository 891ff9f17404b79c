/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout to the host's bits, Gaussian noise against double precision: both flavours, ragged sizes.
 */
#include "kernels/fixture.h"

#define STEP 11

static const qn_random_key key = {0x123456789abcdefull, 5};

static uint32_t word(int64_t element)
{
    return qn_random_word(key.seed, QN_RANDOM_OPS, key.stream, STEP, (uint64_t)element);
}

static double normal(int i)
{
    double u1 = ((word(2 * (int64_t)i) >> 8) + 1) * 0x1p-24;
    double u2 = (word(2 * (int64_t)i + 1) >> 8) * 0x1p-24;

    return sqrt(-2.0 * log(u1)) * cos(2.0 * acos(-1.0) * u2);
}

/* ---- dropout ---- */

typedef struct dropout {
    double rate;
    float factor, offset, dropped;
} dropout;

static void check_dropout(fixture *f, const dropout *d, int n, bool in_place)
{
    float *x = numbers(f, n, -2.0, 2.0), *got;
    qn_buffer *from = put(f, x, n), *to = in_place ? from : put(f, NULL, n);

    OK(qn_kernel_dropout(&f->steps, from, to, n, key, d->rate, (double)d->factor, (double)d->offset,
                         (double)d->dropped));
    run(f, (qn_step_row){.step = STEP});
    got = take(f, to, n);
    for (int i = 0; i < n; i++) {
        bool kept = (double)qn_random_uniform(word(i)) >= d->rate;
        float scaled = x[i] * d->factor, expected = kept ? scaled + d->offset : d->dropped;

        if (got[i] != expected)
            fail_msg("rate %g: element %d of %d is %.9g instead of %.9g", d->rate, i, n,
                     (double)got[i], (double)expected);
    }
    free(got);
    free(x);
    clear(f);
}

static void dropout_case(fixture *f)
{
    static const dropout cases[] = {
        {0.5, 2.0f, 0.0f, 0.0f},  {0.1, 1.1111112f, 0.0f, 0.0f}, {0.999, 1000.0f, 0.0f, 0.0f},
        {1e-9, 1.0f, 0.0f, 0.0f}, {0.3, 0.87f, 0.31f, -1.17f},
    };

    for (int c = 0; c < QN_COUNT(cases); c++)
        for (const int *n = test_sizes(); *n; n++)
            check_dropout(f, &cases[c], *n, c == 0);
}

static void test_dropout(void **state)
{
    each_flavour(*state, dropout_case);
}

/* What is dropped may be anything; what is kept stays what it is. */
static void not_finite_case(fixture *f)
{
    enum { N = 100 };
    float x[N], *got;
    qn_buffer *from;

    for (int i = 0; i < N; i++)
        x[i] = i % 2 ? NAN : INFINITY;
    from = put(f, x, N);
    OK(qn_kernel_dropout(&f->steps, from, from, N, key, 0.5, 2.0, 0.0, 0.0));
    run(f, (qn_step_row){.step = STEP});
    got = take(f, from, N);
    for (int i = 0; i < N; i++) {
        if (word(i) >> 31 == 0)
            assert_true(got[i] == 0.0f);
        else
            assert_true(i % 2 ? isnan(got[i]) : isinf(got[i]));
    }
    free(got);
}

static void test_not_finite(void **state)
{
    each_flavour(*state, not_finite_case);
}

/* ---- Gaussian ---- */

static void check_gaussian(fixture *f, int n, bool in_place)
{
    float *x = numbers(f, n, -2.0, 2.0);
    double *product = calloc((size_t)n, sizeof *product), *sum = calloc((size_t)n, sizeof *sum);
    qn_buffer *a = put(f, x, n), *b = put(f, x, n);
    qn_buffer *a_to = in_place ? a : put(f, NULL, n), *b_to = in_place ? b : put(f, NULL, n);

    for (int i = 0; i < n; i++) {
        product[i] = (double)x[i] * (1.0 + 0.75 * normal(i));
        sum[i] = (double)x[i] + 0.25 * normal(i);
    }
    OK(qn_kernel_gaussian_dropout(&f->steps, a, a_to, n, key, 0.75));
    OK(qn_kernel_gaussian_noise(&f->steps, b, b_to, n, key, 0.25));
    run(f, (qn_step_row){.step = STEP});
    expect(f, "gaussian_dropout", a_to, product, n, TOLERANCE);
    expect(f, "gaussian_noise", b_to, sum, n, TOLERANCE);
    free(product);
    free(sum);
    free(x);
    clear(f);
}

static void gaussian_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++)
        for (int in_place = 0; in_place < 2; in_place++)
            check_gaussian(f, *n, in_place != 0);
}

static void test_gaussian(void **state)
{
    each_flavour(*state, gaussian_case);
}

/* ---- keys ---- */

/* The same key gives the same bits; another seed, stream or step another mask: two of 64 fair coins
 * agree in 32 +- 24 (six sigma). */
static void test_keys(void **state)
{
    enum { N = 64, KEYS = 5 };
    fixture *f = *state;
    static const qn_random_key keys[KEYS] = {{7, 1}, {7, 1}, {7 + (1ull << 32), 1}, {7, 2}, {7, 1}};
    static const uint32_t steps[KEYS] = {0, 0, 0, 0, 1};
    float ones[N], *got[KEYS];

    for (int i = 0; i < N; i++)
        ones[i] = 1.0f;
    for (int k = 0; k < KEYS; k++) {
        qn_buffer *x = put(f, ones, N);

        OK(qn_kernel_dropout(&f->steps, x, x, N, keys[k], 0.5, 2.0, 0.0, 0.0));
        run(f, (qn_step_row){.step = steps[k]});
        got[k] = take(f, x, N);
    }
    assert_memory_equal(got[0], got[1], N * sizeof(float));
    for (int k = 2; k < KEYS; k++) {
        int equal = 0;

        for (int i = 0; i < N; i++)
            equal += got[0][i] == got[k][i];
        assert_in_range(equal, 8, 56);
    }
    for (int k = 0; k < KEYS; k++)
        free(got[k]);
    clear(f);
}

/* ---- statistics: bounds of six standard errors, fixed seeds ---- */

static int most(void)
{
    return test_is_small() ? 4000 : 200000;
}

/* Dropout of ones, or noise around zero. */
static float *drawn(fixture *f, int n, qn_random_key from, uint32_t step, double rate)
{
    float *x = calloc((size_t)n, sizeof *x), *got;
    qn_buffer *buffer;

    assert_non_null(x);
    for (int i = 0; i < n && rate > 0.0; i++)
        x[i] = 1.0f;
    buffer = put(f, x, n);
    if (rate > 0.0)
        OK(qn_kernel_dropout(&f->steps, buffer, buffer, n, from, rate, 1.0 / (1.0 - rate), 0.0,
                             0.0));
    else
        OK(qn_kernel_gaussian_noise(&f->steps, buffer, buffer, n, from, 1.0));
    run(f, (qn_step_row){.step = step});
    got = take(f, buffer, n);
    clear(f);
    free(x);
    return got;
}

/* The share of elements kept, and their mean, which stays 1. */
static void test_dropout_statistics(void **state)
{
    fixture *f = *state;
    static const double rates[] = {0.1, 0.5, 0.9};
    int n = most();

    f->steps.flavour = QN_FLAVOUR_AUTO;
    for (int r = 0; r < QN_COUNT(rates); r++) {
        double rate = rates[r], error = sqrt(rate * (1.0 - rate) / n), kept = 0.0, sum = 0.0;
        float *y = drawn(f, n, key, 3, rate);

        for (int i = 0; i < n; i++) {
            kept += y[i] != 0.0f;
            sum += (double)y[i];
        }
        assert_true(fabs(kept / n - (1.0 - rate)) < 6.0 * error);
        assert_true(fabs(sum / n - 1.0) < 6.0 * error / (1.0 - rate));
        free(y);
    }
}

/* Mean, variance, kurtosis, and the bound that 24 bits set: sqrt(2 log 2^24) = 5.77. */
static void test_noise_statistics(void **state)
{
    int n = most();
    double sum = 0.0, second = 0.0, fourth = 0.0;
    float *y = drawn(*state, n, key, 3, 0.0);

    for (int i = 0; i < n; i++) {
        double x = (double)y[i];

        assert_true(fabs(x) < 5.78);
        sum += x;
        second += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(sum / n) < 6.0 * sqrt(1.0 / n));
    assert_true(fabs(second / n - 1.0) < 6.0 * sqrt(2.0 / n));
    assert_true(fabs(fourth / n - 3.0) < 6.0 * sqrt(96.0 / n));
    free(y);
}

/* Gaussian dropout of ones: mean 1 and the deviation given. */
static void test_gaussian_dropout_statistics(void **state)
{
    fixture *f = *state;
    int n = most();
    double sum = 0.0, second = 0.0, stddev = 0.5;
    float *ones = calloc((size_t)n, sizeof *ones), *y;
    qn_buffer *x;

    for (int i = 0; i < n; i++)
        ones[i] = 1.0f;
    x = put(f, ones, n);
    OK(qn_kernel_gaussian_dropout(&f->steps, x, x, n, key, stddev));
    run(f, (qn_step_row){.step = 3});
    y = take(f, x, n);
    for (int i = 0; i < n; i++) {
        double off = (double)y[i] - 1.0;

        sum += off;
        second += off * off;
    }
    assert_true(fabs(sum / n) < 6.0 * stddev / sqrt(n));
    assert_true(fabs(second / n / (stddev * stddev) - 1.0) < 6.0 * sqrt(2.0 / n));
    free(y);
    free(ones);
    clear(f);
}

static double correlation(const float *a, const float *b, int n, double mean)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;

    for (int i = 0; i < n; i++) {
        ab += ((double)a[i] - mean) * ((double)b[i] - mean);
        aa += ((double)a[i] - mean) * ((double)a[i] - mean);
        bb += ((double)b[i] - mean) * ((double)b[i] - mean);
    }
    return ab / sqrt(aa * bb);
}

/* Steps, layers (streams), seeds and elements know nothing of each other. */
static void independent_case(fixture *f, double rate)
{
    static const qn_random_key others[] = {{3, 1}, {3, 1}, {3, 2}, {4, 1}, {3 + (1ull << 32), 1}};
    static const uint32_t steps[] = {8, 1 << 16, 7, 7, 7};
    static const int lags[] = {1, 2, 3, 4, 16, 32, 100};
    int n = most();
    double mean = rate > 0.0, bound = 6.0 / sqrt(n - 100);
    float *first = drawn(f, n, (qn_random_key){3, 1}, 7, rate);

    for (int k = 0; k < QN_COUNT(others); k++) {
        float *other = drawn(f, n, others[k], steps[k], rate);

        assert_true(fabs(correlation(first, other, n, mean)) < bound);
        free(other);
    }
    for (int k = 0; k < QN_COUNT(lags); k++)
        assert_true(fabs(correlation(first, first + lags[k], n - lags[k], mean)) < bound);
    free(first);
}

static void test_independence(void **state)
{
    independent_case(*state, 0.5);
    independent_case(*state, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_dropout_statistics),
        cmocka_unit_test(test_noise_statistics),
        cmocka_unit_test(test_gaussian_dropout_statistics),
        cmocka_unit_test(test_independence),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
