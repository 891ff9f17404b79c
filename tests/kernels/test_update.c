/* SPDX-License-Identifier: Apache-2.0 */
/* SGD, RMSprop and Adam with their options over several steps against double; a latched step
 * changes nothing. */
#include "kernels/fixture.h"

#define STEPS 5

typedef struct segments {
    int n;
    float *p, *g;
    double *ep, *em, *ev, *ea; /* expected: parameters, three slots */
    qn_buffer *bp, *bg, *bm, *bv, *ba;
} segments;

static segments make(fixture *f, int n)
{
    segments s = {.n = n, .p = numbers(f, n, -1, 1), .g = numbers(f, n, -0.1, 0.1)};
    float *zeros = calloc((size_t)n, sizeof *zeros);

    s.ep = calloc((size_t)n, sizeof *s.ep);
    s.em = calloc((size_t)n, sizeof *s.em);
    s.ev = calloc((size_t)n, sizeof *s.ev);
    s.ea = calloc((size_t)n, sizeof *s.ea);
    for (int i = 0; i < n; i++)
        s.ep[i] = s.p[i];
    s.bp = put(f, s.p, n);
    s.bg = put(f, s.g, n);
    s.bm = put(f, zeros, n);
    s.bv = put(f, zeros, n);
    s.ba = put(f, zeros, n);
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
    free(s->ea);
    clear(f);
}

static qn_update update_of(const segments *s, qn_buffer *latch, bool decays)
{
    return (qn_update){
        .parameters = s->bp, .gradients = s->bg, .latch = latch, .count = s->n, .decays = decays};
}

static qn_step_row row_of(double rate, double decay)
{
    return (qn_step_row){.rate = (float)rate, .decay = (float)decay};
}

/* Variants: 0 plain, 1 with momentum, 2 with Nesterov's; a decay that is not asked for
 * counts for nothing. */
static void sgd_variant(fixture *f, int n, int variant, bool decays)
{
    segments s = make(f, n);
    qn_update update = update_of(&s, NULL, decays);
    double momentum = 0.9;

    for (int step = 0; step < STEPS; step++) {
        qn_step_row row = row_of(0.1 / (step + 1), 0.01);
        double rate = (double)row.rate;

        for (int i = 0; i < n; i++) {
            double g = s.g[i], change = -rate * g;

            if (variant)
                change = s.em[i] = momentum * s.em[i] - rate * g;
            if (variant == 2)
                change = momentum * s.em[i] - rate * g;
            s.ep[i] += change - (decays ? (double)row.decay * s.ep[i] : 0.0);
        }
        if (!variant)
            OK(qn_kernel_sgd(&f->steps, &update));
        else
            OK(qn_kernel_sgd_momentum(&f->steps, &update, s.bm, momentum, variant == 2));
        run(f, row);
    }
    expect(f, "sgd", s.bp, s.ep, n, TOLERANCE);
    expect(f, "sgd's velocity", s.bm, s.em, n, TOLERANCE);
    destroy(f, &s);
}

static void sgd_case(fixture *f)
{
    for (int variant = 0; variant < 6; variant++)
        for (const int *n = test_sizes(); *n; n++)
            sgd_variant(f, *n, variant / 2, variant % 2);
}

static void test_sgd(void **state)
{
    each_flavour(*state, sgd_case);
}

/* Slots: ev the velocity, em the momentum, ea the average gradient. */
static void rmsprop_variant(fixture *f, int n, bool moves, bool centered, bool decays)
{
    segments s = make(f, n);
    qn_update update = update_of(&s, NULL, decays);
    double rho = 0.9, momentum = moves ? 0.5 : 0.0, epsilon = 1e-4;

    for (int step = 0; step < STEPS; step++) {
        qn_step_row row = row_of(0.01, 0.001);

        for (int i = 0; i < n; i++) {
            double g = s.g[i], v = s.ev[i] = rho * s.ev[i] + (1.0 - rho) * g * g, change;

            if (centered) {
                s.ea[i] = rho * s.ea[i] + (1.0 - rho) * g;
                v -= s.ea[i] * s.ea[i];
            }
            change = (double)row.rate * g / sqrt(v + epsilon);
            if (moves)
                change = s.em[i] = momentum * s.em[i] + change;
            s.ep[i] -= change + (decays ? (double)row.decay * s.ep[i] : 0.0);
        }
        OK(qn_kernel_rmsprop(&f->steps, &update, s.bv, moves ? s.bm : NULL, centered ? s.ba : NULL,
                             rho, momentum, epsilon));
        run(f, row);
    }
    expect(f, "rmsprop", s.bp, s.ep, n, TOLERANCE);
    expect(f, "rmsprop's velocity", s.bv, s.ev, n, TOLERANCE);
    expect(f, "rmsprop's momentum", s.bm, s.em, n, TOLERANCE);
    expect(f, "rmsprop's average", s.ba, s.ea, n, TOLERANCE);
    destroy(f, &s);
}

static void rmsprop_case(fixture *f)
{
    for (int variant = 0; variant < 8; variant++)
        for (const int *n = test_sizes(); *n; n++)
            rmsprop_variant(f, *n, variant & 1, variant & 2, variant & 4);
}

static void test_rmsprop(void **state)
{
    each_flavour(*state, rmsprop_case);
}

static double adam_rate(int step)
{
    return 0.001 * sqrt(1.0 - pow(0.999, step + 1)) / (1.0 - pow(0.9, step + 1));
}

/* Gradients shrink from step to step, so that amsgrad's largest v is an older one. */
static void adam_variant(fixture *f, int n, bool amsgrad, bool decays)
{
    const int32_t none[2] = {0, 0};
    segments s = make(f, n);
    qn_update update = update_of(&s, put(f, none, 2), decays);
    double beta_2 = amsgrad ? 0.5 : 0.999;

    s.g[0] = 0.0f; /* 0 / (0 + epsilon) */
    for (int step = 0; step < STEPS; step++) {
        qn_step_row row = row_of(adam_rate(step), 0.004);

        for (int i = 0; i < n; i++) {
            double g = s.g[i] *= step ? 0.5f : 1.0f, v;

            s.em[i] += (g - s.em[i]) * (1.0 - 0.9);
            v = s.ev[i] += (g * g - s.ev[i]) * (1.0 - beta_2);
            if (amsgrad)
                v = s.ea[i] = fmax(s.ea[i], v);
            s.ep[i] -= s.em[i] * (double)row.rate / (sqrt(v) + 1e-7) +
                       (decays ? (double)row.decay * s.ep[i] : 0.0);
        }
        OK(qn_buffer_write(s.bg, 0, (size_t)n * 4, s.g));
        OK(qn_kernel_adam(&f->steps, &update, s.bm, s.bv, amsgrad ? s.ba : NULL, 0.9, beta_2,
                          1e-7));
        run(f, row);
    }
    expect(f, "adam", s.bp, s.ep, n, TOLERANCE);
    expect(f, "adam's m", s.bm, s.em, n, TOLERANCE);
    expect(f, "adam's v", s.bv, s.ev, n, TOLERANCE);
    expect(f, "adam's largest v", s.ba, s.ea, n, TOLERANCE);
    destroy(f, &s);
}

static void adam_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        adam_variant(f, *n, false, false);
        adam_variant(f, *n, true, false);
        adam_variant(f, *n, false, true);
        adam_variant(f, *n, true, true);
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

    for (int decays = 0; decays < 2; decays++) {
        qn_update update = update_of(&s, latch, decays);

        OK(qn_kernel_sgd(&f->steps, &update));
        OK(qn_kernel_sgd_momentum(&f->steps, &update, s.bm, 0.9, true));
        OK(qn_kernel_rmsprop(&f->steps, &update, s.bv, s.bm, s.ba, 0.9, 0.5, 1e-7));
        OK(qn_kernel_adam(&f->steps, &update, s.bm, s.bv, NULL, 0.9, 0.999, 1e-7));
        OK(qn_kernel_adam(&f->steps, &update, s.bm, s.bv, s.ba, 0.9, 0.999, 1e-7));
    }
    run(f, (qn_step_row){.rate = 1.0f, .decay = 1.0f});
    expect(f, "parameters", s.bp, s.ep, s.n, 0);
    expect(f, "m", s.bm, s.em, s.n, 0);
    expect(f, "v", s.bv, s.ev, s.n, 0);
    expect(f, "a", s.ba, s.ea, s.n, 0);
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
        qn_update update;
        float *got;

        f->numbers = 99;
        s = make(f, 1003);
        update = update_of(&s, NULL, false);
        for (int step = 0; step < STEPS; step++) {
            OK(qn_kernel_adam(&f->steps, &update, s.bm, s.bv, NULL, 0.9, 0.999, 1e-7));
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
        cmocka_unit_test(test_sgd),       cmocka_unit_test(test_rmsprop),
        cmocka_unit_test(test_adam),      cmocka_unit_test(test_latched),
        cmocka_unit_test(test_same_bits),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
