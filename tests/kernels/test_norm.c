/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization within samples against double precision on the same float inputs: every kind and
 * layout, ragged sizes, padded rows of NaN, a mean that is large beside the deviation. */
#include "kernels/fixture.h"

typedef struct norm_case {
    int kind, rows, batch, outer, before, channels, inner, groups;
    bool across;
    double low, high, epsilon;
} norm_case;

static int64_t count_of(const norm_case *c)
{
    return (int64_t)c->outer * c->before * c->channels * c->inner;
}

static int64_t valid_of(const norm_case *c)
{
    return c->batch > 0 ? count_of(c) / c->batch * c->rows : count_of(c);
}

static int channel_of(const norm_case *c, int64_t i)
{
    return (int)(i / c->inner % c->channels);
}

static int64_t set_of(const norm_case *c, int64_t i)
{
    int64_t outer = i / ((int64_t)c->before * c->channels * c->inner);

    if (c->across)
        return outer * c->inner + i % c->inner;
    return outer * c->groups + channel_of(c, i) / (c->channels / c->groups);
}

typedef struct host_norm {
    const norm_case *c;
    float *x, *dy, *gamma, *beta;
    int64_t sets;
    double each; /* elements of a set */
    double *mean, *inverse, *y, *dx, *dgamma, *dbeta;
    double *sum, *along; /* by set */
} host_norm;

static double *zeros(int64_t count)
{
    double *values = calloc((size_t)count, sizeof *values);

    assert_non_null(values);
    return values;
}

static void make(fixture *f, host_norm *h)
{
    const norm_case *c = h->c;
    int64_t count = count_of(c);

    h->sets = (int64_t)c->outer * (c->across ? c->inner : c->groups);
    h->each = (double)count / (double)h->sets;
    h->x = numbers(f, count, c->low, c->high);
    h->dy = numbers(f, count, -1, 1);
    h->gamma = numbers(f, c->channels, 0.5, 2);
    h->beta = numbers(f, c->channels, -1, 1);
    for (int64_t i = valid_of(c); i < count; i++) {
        h->x[i] = NAN;
        h->dy[i] = 0.0f;
    }
    h->mean = zeros(h->sets);
    h->inverse = zeros(h->sets);
    h->sum = zeros(h->sets);
    h->along = zeros(h->sets);
    h->dgamma = zeros(c->channels);
    h->dbeta = zeros(c->channels);
    h->y = zeros(count);
    h->dx = zeros(count);
}

static void release(host_norm *h)
{
    void *all[] = {h->x,   h->dy,    h->gamma, h->beta, h->mean,   h->inverse,
                   h->sum, h->along, h->y,     h->dx,   h->dgamma, h->dbeta};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void statistics(host_norm *h)
{
    const norm_case *c = h->c;
    bool standard = c->kind == QN_NORM_STANDARD;
    int64_t valid = valid_of(c);

    for (int64_t i = 0; standard && i < valid; i++)
        h->mean[set_of(c, i)] += h->x[i] / h->each;
    for (int64_t i = 0; i < valid; i++)
        h->inverse[set_of(c, i)] += pow(h->x[i] - h->mean[set_of(c, i)], 2);
    for (int64_t s = 0; s < h->sets * valid / count_of(c); s++)
        h->inverse[s] = c->kind == QN_NORM_UNIT ? fmin(1 / sqrt(h->inverse[s]), 1e12)
                                                : 1 / sqrt(h->inverse[s] / h->each + c->epsilon);
}

static double normalized(const host_norm *h, int64_t i)
{
    int64_t s = set_of(h->c, i);

    return (h->x[i] - h->mean[s]) * h->inverse[s];
}

static void results(host_norm *h)
{
    const norm_case *c = h->c;

    for (int64_t i = 0; i < valid_of(c); i++) {
        int k = channel_of(c, i);
        int64_t s = set_of(c, i);

        h->y[i] = normalized(h, i) * h->gamma[k] + h->beta[k];
        h->dgamma[k] += h->dy[i] * normalized(h, i);
        h->dbeta[k] += h->dy[i];
        h->sum[s] += h->dy[i] * h->gamma[k];
        h->along[s] += h->dy[i] * h->gamma[k] * normalized(h, i);
    }
    for (int64_t i = 0; i < valid_of(c); i++) {
        int64_t s = set_of(c, i);
        double share = c->kind == QN_NORM_UNIT ? 1 : 1 / h->each;
        double sum = c->kind == QN_NORM_STANDARD ? h->sum[s] : 0;

        h->dx[i] = h->inverse[s] * (h->dy[i] * h->gamma[channel_of(c, i)] - sum * share -
                                    normalized(h, i) * h->along[s] * share);
    }
}

static qn_norm upload(fixture *f, const host_norm *h)
{
    const norm_case *c = h->c;
    int64_t count = count_of(c);
    bool standard = c->kind == QN_NORM_STANDARD;

    return (qn_norm){
        .kind = (qn_norm_kind)c->kind,
        .outer = c->outer,
        .before = c->before,
        .channels = c->channels,
        .inner = c->inner,
        .groups = c->groups,
        .across = c->across,
        .batch = c->batch,
        .epsilon = c->epsilon,
        .x = put(f, h->x, count),
        .gamma = put(f, h->gamma, c->channels),
        .beta = put(f, h->beta, c->channels),
        .y = put(f, NULL, count),
        .inverse = put(f, NULL, h->sets),
        .mean = standard ? put(f, NULL, h->sets) : NULL,
        .rest = standard ? put(f, NULL, h->sets) : NULL,
        .dy = put(f, h->dy, count),
        .dx = put(f, NULL, count),
        .dgamma = put(f, NULL, c->channels),
        .dbeta = put(f, NULL, c->channels),
    };
}

static qn_norm run_all(fixture *f, const host_norm *h)
{
    qn_norm norm = upload(f, h);

    assert_int_equal(qn_norm_sets(&norm), h->sets);
    OK(qn_kernel_norm(&f->steps, &norm));
    OK(qn_kernel_norm_grad(&f->steps, &norm));
    OK(qn_kernel_norm_parameters(&f->steps, &norm));
    assert_int_equal(f->steps.count, 3);
    run(f, (qn_step_row){.rows = h->c->rows});
    return norm;
}

static void check_norm(fixture *f, const norm_case *c)
{
    host_norm h = {.c = c};
    qn_norm norm;

    make(f, &h);
    statistics(&h);
    results(&h);
    norm = run_all(f, &h);
    expect(f, "norm", norm.y, h.y, count_of(c), TOLERANCE);
    expect(f, "inverse", norm.inverse, h.inverse, h.sets, TOLERANCE);
    expect(f, "dx", norm.dx, h.dx, count_of(c), TOLERANCE);
    expect(f, "dgamma", norm.dgamma, h.dgamma, c->channels, TOLERANCE);
    expect(f, "dbeta", norm.dbeta, h.dbeta, c->channels, TOLERANCE);
    release(&h);
    clear(f);
}

/* The last axis, then others, then groups; rows, batch, outer, before, channels, inner, groups. */
static const norm_case layouts[] = {
    /* of three elements: of two, dx would be a difference of almost equal numbers */
    {0, 1, 1, 1, 1, 3, 1, 1, false, -2, 2, 0.5},
    {0, 3, 5, 5, 1, 17, 1, 1, false, -2, 2, 1e-3},
    {0, 20, 32, 32, 1, 100, 1, 1, false, -2, 2, 1e-3},
    {0, 3, 5, 10, 1, 16, 1, 1, false, -2, 2, 1e-3},
    {0, 0, 0, 7, 1, 33, 1, 1, false, -2, 2, 1e-3},
    {0, 3, 5, 5, 1, 7, 3, 1, true, -2, 2, 1e-3},
    {0, 2, 3, 6, 1, 5, 17, 1, true, -2, 2, 1e-3},
    {0, 0, 0, 1, 1, 20, 33, 1, true, -2, 2, 1e-3},
    {0, 3, 5, 5, 1, 12, 1, 3, false, -2, 2, 1e-3},
    {0, 3, 5, 5, 1, 40, 1, 2, false, -2, 2, 1e-3},
    {0, 2, 3, 3, 7, 12, 1, 4, false, -2, 2, 1e-3},
    {0, 2, 3, 3, 1, 6, 19, 2, false, -2, 2, 1e-3},
    {0, 3, 4, 4, 3, 6, 5, 3, false, -2, 2, 1e-3},
    {0, 3, 4, 4, 2, 4, 5, 4, false, -2, 2, 1e-3},
};
static const norm_case large_layouts[] = {
    {0, 9, 10, 10, 1, 5003, 1, 1, false, -2, 5, 1e-3},
    {0, 1000, 1024, 1024, 1, 33, 1, 1, false, -2, 2, 1e-3},
    {0, 3, 4, 4, 1, 300, 100, 1, true, -2, 2, 1e-3},
    {0, 7, 8, 8, 50, 64, 1, 8, false, -2, 2, 1e-3},
};

static void every_kind(fixture *f, norm_case c)
{
    for (c.kind = QN_NORM_STANDARD; c.kind <= QN_NORM_UNIT; c.kind++)
        check_norm(f, &c);
}

static void layout_case(fixture *f)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        every_kind(f, layouts[i]);
    for (size_t i = 0; !test_is_small() && i < sizeof large_layouts / sizeof *large_layouts; i++)
        every_kind(f, large_layouts[i]);
}

static void test_layouts(void **state)
{
    each_flavour(*state, layout_case);
}

static void far_case(fixture *f)
{
    const double half = 0.01 * 1.7320508;
    const norm_case row = {0, 3, 4, 4, 1, 300, 1, 1, false, 1e4 - half, 1e4 + half, 1e-9};
    const norm_case across = {0, 3, 4, 4, 1, 30, 5, 1, true, 1e4 - half, 1e4 + half, 0};
    const norm_case group = {0, 3, 4, 4, 5, 12, 3, 3, false, 1e4 - half, 1e4 + half, 0};

    check_norm(f, &row);
    check_norm(f, &across);
    check_norm(f, &group);
}

static void test_large_mean(void **state)
{
    each_flavour(*state, far_case);
}

/* A row of zeros has norm 1e-12, as in Keras, and lets the gradient through times its inverse; one
 * of a single element gets none; one with a NaN is lost, and no other. */
static void unit_case(fixture *f)
{
    float x[4 * 3] = {0, 0, 0, 3, 0, -4, NAN, 1, 1, 0, 5, 0}, dy[12] = {1, 2, 3};
    double y[12] = {0, 0, 0, 0.6, 0, -0.8, NAN, NAN, NAN, 0, 1, 0};
    double dx[12] = {1e12, 2e12, 3e12, 0, 0, 0, NAN, NAN, NAN};
    qn_norm norm = {
        .kind = QN_NORM_UNIT, .outer = 4, .before = 1, .channels = 3, .inner = 1, .groups = 1};

    norm.x = put(f, x, 12);
    norm.dy = put(f, dy, 12);
    norm.y = put(f, NULL, 12);
    norm.dx = put(f, NULL, 12);
    norm.inverse = put(f, NULL, 4);
    OK(qn_kernel_norm(&f->steps, &norm));
    OK(qn_kernel_norm_grad(&f->steps, &norm));
    run(f, (qn_step_row){0});
    expect(f, "unit", norm.y, y, 12, TOLERANCE);
    expect(f, "gradient at zero", norm.dx, dx, 12, TOLERANCE);
}

static void test_unit(void **state)
{
    each_flavour(*state, unit_case);
}

static void bits_case(fixture *f)
{
    const norm_case c = {0, 30, 32, 32, 1, 257, 1, 1, false, -2, 2, 1e-3};
    host_norm h = {.c = &c};
    float *first[3], *second;

    make(f, &h);
    for (int pass = 0; pass < 2; pass++) {
        qn_norm norm = run_all(f, &h);
        qn_buffer *from[] = {norm.y, norm.dx, norm.dgamma};
        int64_t counts[] = {count_of(&c), count_of(&c), c.channels};

        for (int i = 0; i < 3 && pass == 0; i++)
            first[i] = take(f, from[i], counts[i]);
        for (int i = 0; i < 3 && pass == 1; i++) {
            second = take(f, from[i], counts[i]);
            assert_memory_equal(first[i], second, (size_t)counts[i] * sizeof *second);
            free(first[i]);
            free(second);
        }
    }
    release(&h);
}

static void test_same_bits(void **state)
{
    each_flavour(*state, bits_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_large_mean),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_same_bits),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
