/* SPDX-License-Identifier: Apache-2.0 */
/* SGD and Adam over several steps against double; a latched step changes nothing. */
#include "kernels/fixture.h"

#define STEPS 5

typedef struct segments {
    int n;
    float *p, *g;
    double *ep, *em, *ev; /* expected */
    qn_buffer *bp, *bg, *bm, *bv;
} segments;

static segments make(fixture *f, int n)
{
    segments s = {.n = n, .p = numbers(f, n, -1, 1), .g = numbers(f, n, -0.1, 0.1)};
    float *zeros = calloc((size_t)n, sizeof *zeros);

    s.ep = calloc((size_t)n, sizeof *s.ep);
    s.em = calloc((size_t)n, sizeof *s.em);
    s.ev = calloc((size_t)n, sizeof *s.ev);
    for (int i = 0; i < n; i++)
        s.ep[i] = s.p[i];
    s.bp = put(f, s.p, n);
    s.bg = put(f, s.g, n);
    s.bm = put(f, zeros, n);
    s.bv = put(f, zeros, n);
    free(zeros);
    return s;
}

static void destroy(fixture *f, segments *s)
{
    free(s->p);
    free(s->g);
    free(s->ep);
    free(s->em);
    free(s->ev);
    clear(f);
}

static void sgd_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        segments s = make(f, *n);

        for (int step = 0; step < STEPS; step++) {
            float rate = 0.1f / (float)(step + 1);

            for (int i = 0; i < *n; i++)
                s.ep[i] -= (double)rate * s.g[i];
            OK(qn_kernel_sgd(&f->steps, s.bp, s.bg, NULL, *n));
            run(f, (qn_step_row){.rate = rate});
        }
        expect(f, "sgd", s.bp, s.ep, *n, TOLERANCE);
        destroy(f, &s);
    }
}

static void test_sgd(void **state)
{
    each_flavour(*state, sgd_case);
}

static double adam_rate(int step)
{
    return 0.001 * sqrt(1.0 - pow(0.999, step + 1)) / (1.0 - pow(0.9, step + 1));
}

static void adam_case(fixture *f)
{
    const int32_t none[2] = {0, 0};

    for (const int *n = test_sizes(); *n; n++) {
        segments s = make(f, *n);
        qn_buffer *latch = put(f, none, 2);

        s.g[0] = 0.0f; /* 0 / (0 + epsilon) */
        OK(qn_buffer_write(s.bg, 0, (size_t)*n * 4, s.g));
        for (int step = 0; step < STEPS; step++) {
            float rate = (float)adam_rate(step);

            for (int i = 0; i < *n; i++) {
                s.em[i] += (s.g[i] - s.em[i]) * (1.0 - 0.9);
                s.ev[i] += ((double)s.g[i] * s.g[i] - s.ev[i]) * (1.0 - 0.999);
                s.ep[i] -= s.em[i] * (double)rate / (sqrt(s.ev[i]) + 1e-7);
            }
            OK(qn_kernel_adam(&f->steps, s.bp, s.bg, s.bm, s.bv, latch, *n, 0.9, 0.999, 1e-7));
            run(f, (qn_step_row){.rate = rate});
        }
        expect(f, "adam", s.bp, s.ep, *n, TOLERANCE);
        expect(f, "adam's m", s.bm, s.em, *n, TOLERANCE);
        expect(f, "adam's v", s.bv, s.ev, *n, TOLERANCE);
        destroy(f, &s);
    }
}

static void test_adam(void **state)
{
    each_flavour(*state, adam_case);
}

static void latched_case(fixture *f)
{
    const int32_t set[2] = {1, 4};
    segments s = make(f, 257);
    qn_buffer *latch = put(f, set, 2);

    OK(qn_kernel_sgd(&f->steps, s.bp, s.bg, latch, s.n));
    OK(qn_kernel_adam(&f->steps, s.bp, s.bg, s.bm, s.bv, latch, s.n, 0.9, 0.999, 1e-7));
    run(f, (qn_step_row){.rate = 1.0f});
    expect(f, "parameters", s.bp, s.ep, s.n, 0);
    expect(f, "m", s.bm, s.em, s.n, 0);
    expect(f, "v", s.bv, s.ev, s.n, 0);
    destroy(f, &s);
}

static void test_latched(void **state)
{
    each_flavour(*state, latched_case);
}

static void bits_case(fixture *f)
{
    float *first = NULL;

    for (int pass = 0; pass < 2; pass++) {
        segments s;
        float *got;

        f->numbers = 99;
        s = make(f, 1003);
        for (int step = 0; step < STEPS; step++) {
            OK(qn_kernel_adam(&f->steps, s.bp, s.bg, s.bm, s.bv, NULL, s.n, 0.9, 0.999, 1e-7));
            run(f, (qn_step_row){.rate = (float)adam_rate(step)});
        }
        got = take(f, s.bp, s.n);
        if (first)
            assert_memory_equal(first, got, (size_t)s.n * sizeof *got);
        free(first);
        first = got;
        destroy(f, &s);
    }
    free(first);
}

static void test_same_bits(void **state)
{
    each_flavour(*state, bits_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_latched),
        cmocka_unit_test(test_same_bits),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
