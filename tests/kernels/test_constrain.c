/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints against double, along every axis of ragged shapes; a latched step changes nothing. */
#include "kernels/fixture.h"

static void non_neg_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        float *w = numbers(f, *n, -1, 1);
        double *expected = calloc((size_t)*n, sizeof *expected);
        qn_buffer *b;

        w[0] = NAN;
        for (int i = 0; i < *n; i++)
            expected[i] = isnan(w[i]) ? NAN : fmax((double)w[i], 0.0);
        b = put(f, w, *n);
        OK(qn_kernel_constrain_non_neg(&f->steps, b, NULL, *n));
        run(f, (qn_step_row){0});
        expect(f, "non_neg", b, expected, *n, 0);
        free(w);
        free(expected);
        clear(f);
    }
}

static void test_non_neg(void **state)
{
    each_flavour(*state, non_neg_case);
}

typedef struct rule {
    double low, high, rate;
} rule;

/* Norms of [outer, n, inner] along the middle. A vector of zeros stays one. */
static void norm_case_of(fixture *f, int outer, int n, int inner, rule r)
{
    int count = outer * n * inner;
    float *w = numbers(f, count, -1, 1);
    double *expected = calloc((size_t)count, sizeof *expected);
    qn_buffer *b;

    for (int k = 0; k < n; k++)
        w[k * inner] = 0.0f;
    for (int o = 0; o < outer; o++)
        for (int c = 0; c < inner; c++) {
            int at = o * n * inner + c;
            double square = 0.0, norm;

            for (int k = 0; k < n; k++)
                square += (double)w[at + k * inner] * (double)w[at + k * inner];
            norm = sqrt(square);
            for (int k = 0; k < n; k++)
                expected[at + k * inner] =
                    w[at + k * inner] *
                    (r.rate * fmin(fmax(norm, r.low), r.high) + (1.0 - r.rate) * norm) /
                    (1e-7 + norm);
        }
    b = put(f, w, count);
    OK(qn_kernel_constrain_norm(&f->steps, b, NULL, outer, n, inner, r.low, r.high, r.rate));
    run(f, (qn_step_row){0});
    expect(f, "constrain_norm", b, expected, count, TOLERANCE);
    free(w);
    free(expected);
    clear(f);
}

static void norm_case(fixture *f)
{
    static const int shapes[][3] = {{1, 1, 1},   {1, 17, 1},    {1, 5, 3},
                                    {1, 64, 16}, {1, 100, 33},  {7, 19, 1},
                                    {3, 4, 100}, {100, 257, 1}, {2, 257, 17}};
    static const rule rules[] = {{0, 2, 1}, {1, 1, 1}, {0.5, 1, 0.25}};

    for (int i = 0; i < QN_COUNT(shapes); i++)
        for (int k = 0; k < QN_COUNT(rules); k++)
            norm_case_of(f, shapes[i][0], shapes[i][1], shapes[i][2], rules[k]);
}

static void test_norm(void **state)
{
    each_flavour(*state, norm_case);
}

static void latched_case(fixture *f)
{
    const int32_t set[2] = {1, 0};
    float *w = numbers(f, 60, -1, 1);
    double expected[60];
    qn_buffer *b = put(f, w, 60), *latch = put(f, set, 2);

    for (int i = 0; i < 60; i++)
        expected[i] = w[i];
    OK(qn_kernel_constrain_non_neg(&f->steps, b, latch, 60));
    OK(qn_kernel_constrain_norm(&f->steps, b, latch, 1, 10, 6, 1, 1, 1));
    OK(qn_kernel_constrain_norm(&f->steps, b, latch, 10, 6, 1, 1, 1, 1));
    run(f, (qn_step_row){0});
    expect(f, "latched", b, expected, 60, 0);
    free(w);
}

static void test_latched(void **state)
{
    each_flavour(*state, latched_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_non_neg),
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_latched),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
