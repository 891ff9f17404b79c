/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalization against double precision on the same float inputs: both layouts, ragged
 * sizes, padded rows of NaN, a mean that is large beside the deviation; and moving averages. */
#include "kernels/fixture.h"

typedef struct batch_case {
    int rows, batch, between, channels, inner;
    double low, high, epsilon;
    bool scale, center;
} batch_case;

static int64_t count_of(const batch_case *c)
{
    return (int64_t)c->batch * c->between * c->channels * c->inner;
}

static int64_t valid_of(const batch_case *c)
{
    return (int64_t)c->rows * c->between * c->channels * c->inner;
}

static int channel_of(const batch_case *c, int64_t i)
{
    return (int)(i / c->inner % c->channels);
}

/* What the host works with, and what it expects. */
typedef struct host_norm {
    const batch_case *c;
    float *x, *dy, *gamma, *beta;
    double *mean, *variance, *y, *dx, *dgamma, *dbeta;
} host_norm;

static double *zeros(int64_t count)
{
    double *values = calloc((size_t)count, sizeof *values);

    assert_non_null(values);
    return values;
}

static void make(fixture *f, host_norm *h)
{
    const batch_case *c = h->c;
    int64_t count = count_of(c);

    h->x = numbers(f, count, c->low, c->high);
    h->dy = numbers(f, count, -1, 1);
    h->gamma = numbers(f, c->channels, 0.5, 2);
    h->beta = numbers(f, c->channels, -1, 1);
    for (int64_t i = valid_of(c); i < count; i++) {
        h->x[i] = NAN; /* padding must count for nothing */
        h->dy[i] = 0.0f;
    }
    h->mean = zeros(c->channels);
    h->variance = zeros(c->channels);
    h->dgamma = zeros(c->channels);
    h->dbeta = zeros(c->channels);
    h->y = zeros(count);
    h->dx = zeros(count);
}

static void release(host_norm *h)
{
    void *all[] = {h->x,        h->dy, h->gamma, h->beta,   h->mean,
                   h->variance, h->y,  h->dx,    h->dgamma, h->dbeta};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static double gamma_of(const host_norm *h, int channel)
{
    return h->c->scale ? h->gamma[channel] : 1.0;
}

static double normalized(const host_norm *h, int64_t i)
{
    int k = channel_of(h->c, i);

    return (h->x[i] - h->mean[k]) / sqrt(h->variance[k] + h->c->epsilon);
}

static void statistics(host_norm *h)
{
    const batch_case *c = h->c;
    double each = (double)c->rows * c->between * c->inner;

    for (int64_t i = 0; i < valid_of(c); i++)
        h->mean[channel_of(c, i)] += h->x[i] / each;
    for (int64_t i = 0; i < valid_of(c); i++)
        h->variance[channel_of(c, i)] += pow(h->x[i] - h->mean[channel_of(c, i)], 2) / each;
}

static void outputs(host_norm *h)
{
    for (int64_t i = 0; i < valid_of(h->c); i++) {
        int k = channel_of(h->c, i);

        h->y[i] = normalized(h, i) * gamma_of(h, k) + (h->c->center ? h->beta[k] : 0.0);
    }
}

/* `share`: 1, or 0 with given statistics. */
static void gradients(host_norm *h, double share)
{
    const batch_case *c = h->c;
    double each = (double)c->rows * c->between * c->inner;

    for (int64_t i = 0; i < valid_of(c); i++) {
        h->dgamma[channel_of(c, i)] += h->dy[i] * normalized(h, i);
        h->dbeta[channel_of(c, i)] += h->dy[i];
    }
    for (int64_t i = 0; i < valid_of(c); i++) {
        int k = channel_of(c, i);

        h->dx[i] = gamma_of(h, k) / sqrt(h->variance[k] + c->epsilon) *
                   (h->dy[i] - share * (h->dbeta[k] + normalized(h, i) * h->dgamma[k]) / each);
    }
}

static qn_batch_norm upload(fixture *f, const host_norm *h)
{
    const batch_case *c = h->c;
    int64_t count = count_of(c);

    return (qn_batch_norm){
        .batch = c->batch,
        .between = c->between,
        .channels = c->channels,
        .inner = c->inner,
        .epsilon = c->epsilon,
        .x = put(f, h->x, count),
        .gamma = c->scale ? put(f, h->gamma, c->channels) : NULL,
        .beta = c->center ? put(f, h->beta, c->channels) : NULL,
        .y = put(f, NULL, count),
        .mean = put(f, NULL, c->channels),
        .rest = put(f, NULL, c->channels),
        .variance = put(f, NULL, c->channels),
        .dy = put(f, h->dy, count),
        .dx = put(f, NULL, count),
        .dgamma = put(f, NULL, c->channels),
        .dbeta = put(f, NULL, c->channels),
    };
}

static void check_training(fixture *f, const batch_case *c)
{
    host_norm h = {.c = c};
    qn_batch_norm norm;

    make(f, &h);
    statistics(&h);
    outputs(&h);
    gradients(&h, 1.0);
    norm = upload(f, &h);
    OK(qn_kernel_batch_norm(&f->steps, &norm));
    OK(qn_kernel_batch_norm_grad(&f->steps, &norm, false));
    assert_int_equal(f->steps.count, 2);
    run(f, (qn_step_row){.rows = c->rows});
    expect(f, "batch_norm", norm.y, h.y, count_of(c), TOLERANCE);
    expect(f, "mean", norm.mean, h.mean, c->channels, TOLERANCE);
    expect(f, "variance", norm.variance, h.variance, c->channels, TOLERANCE);
    free(take(f, norm.rest, c->channels)); /* its canaries */
    expect(f, "dx", norm.dx, h.dx, count_of(c), TOLERANCE);
    expect(f, "dgamma", norm.dgamma, h.dgamma, c->channels, TOLERANCE);
    expect(f, "dbeta", norm.dbeta, h.dbeta, c->channels, TOLERANCE);
    release(&h);
    clear(f);
}

/* Given statistics; every row counts, so that there is no padding here. */
static void check_inference(fixture *f, const batch_case *c)
{
    host_norm h = {.c = c};
    qn_batch_norm norm;
    float *mean = numbers(f, c->channels, -1, 1), *variance = numbers(f, c->channels, 0.5, 2);

    make(f, &h);
    for (int k = 0; k < c->channels; k++) {
        h.mean[k] = mean[k];
        h.variance[k] = variance[k];
    }
    outputs(&h);
    gradients(&h, 0.0);
    norm = upload(f, &h);
    norm.mean = put(f, mean, c->channels);
    norm.variance = put(f, variance, c->channels);
    norm.rest = NULL;
    OK(qn_kernel_batch_norm_inference(&f->steps, &norm));
    OK(qn_kernel_batch_norm_grad(&f->steps, &norm, true));
    run(f, (qn_step_row){.rows = c->rows});
    expect(f, "batch_norm_inference", norm.y, h.y, count_of(c), TOLERANCE);
    expect(f, "dx", norm.dx, h.dx, count_of(c), TOLERANCE);
    expect(f, "dgamma", norm.dgamma, h.dgamma, c->channels, TOLERANCE);
    expect(f, "dbeta", norm.dbeta, h.dbeta, c->channels, TOLERANCE);
    free(mean);
    free(variance);
    release(&h);
    clear(f);
}

static const batch_case cases[] = {
    /* rows, batch, between, channels, inner */
    {1, 1, 1, 1, 1, -2, 2, 1e-3, true, true},     {1, 1, 1, 17, 1, -2, 2, 1e-3, true, true},
    {1, 1, 1, 5, 18, -2, 2, 1e-3, true, true},    {3, 5, 1, 1, 1, -2, 2, 1e-3, true, true},
    {20, 32, 1, 16, 1, -2, 2, 1e-3, false, true}, {32, 32, 1, 100, 1, -2, 2, 1e-3, true, false},
    {5, 7, 3, 33, 1, -2, 2, 1e-3, true, true},    {3, 5, 2, 3, 17, -2, 2, 1e-3, true, true},
    {4, 4, 1, 19, 3, -2, 2, 1e-3, false, false},  {7, 9, 3, 1, 70, -2, 2, 1e-3, true, true},
};
static const batch_case large_cases[] = {
    {1000, 1024, 1, 257, 1, -2, 2, 1e-3, true, true},
    {5003, 5003, 1, 3, 1, -2, 5, 1e-3, true, true},
    {33, 40, 7, 5, 257, -2, 2, 1e-3, true, true},
    {3, 4, 2, 1000, 2, -2, 2, 1e-3, true, true},
};

static void each_case(fixture *f, void (*test)(fixture *f, const batch_case *c))
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        test(f, &cases[i]);
    for (size_t i = 0; !test_is_small() && i < sizeof large_cases / sizeof *large_cases; i++)
        test(f, &large_cases[i]);
}

static void training_case(fixture *f)
{
    each_case(f, check_training);
}

static void test_training(void **state)
{
    each_flavour(*state, training_case);
}

static void whole_batch(fixture *f, const batch_case *c)
{
    batch_case whole = *c;

    whole.rows = whole.batch;
    check_inference(f, &whole);
}

static void inference_case(fixture *f)
{
    each_case(f, whole_batch);
}

static void test_inference(void **state)
{
    each_flavour(*state, inference_case);
}

/* Mean 1e4, deviation 1e-2: E[x^2] - E[x]^2 would have lost all of it. */
static void far_case(fixture *f)
{
    const double half = 0.01 * 1.7320508; /* of a uniform distribution with that deviation */
    const batch_case columns = {30, 32, 1, 20, 1, 1e4 - half, 1e4 + half, 1e-9, true, true};
    const batch_case planes = {6, 8, 2, 3, 50, 1e4 - half, 1e4 + half, 1e-9, true, true};
    const batch_case many = {3000, 3000, 1, 2, 1, 1e4 - half, 1e4 + half, 0, true, true};

    check_training(f, &columns);
    check_training(f, &planes);
    if (!test_is_small())
        check_training(f, &many);
}

static void test_large_mean(void **state)
{
    each_flavour(*state, far_case);
}

/* Integers of mean 0 and variance 1 come out as they went in. */
static void exact_case(fixture *f)
{
    float x[2 * 17], gamma[17];
    double y[2 * 17] = {0}, ones[17];
    qn_batch_norm norm = {.batch = 2, .between = 1, .channels = 17, .inner = 1};

    for (int i = 0; i < 17; i++) {
        x[i] = (float)(i % 3 - 1);
        x[i + 17] = -x[i];
        gamma[i] = (float)i;
        y[i] = x[i] * gamma[i];
        y[i + 17] = -y[i];
        ones[i] = x[i] * x[i];
    }
    norm.epsilon = 0;
    for (int i = 0; i < 17; i++)
        if (x[i] == 0.0f) { /* no variance: keep the channel off zero */
            x[i] = 1.0f, x[i + 17] = -1.0f, ones[i] = 1.0;
            y[i] = gamma[i], y[i + 17] = -gamma[i];
        }
    norm.x = put(f, x, 34);
    norm.gamma = put(f, gamma, 17);
    norm.y = put(f, NULL, 34);
    norm.variance = put(f, NULL, 17);
    OK(qn_kernel_batch_norm(&f->steps, &norm));
    run(f, (qn_step_row){.rows = 2});
    expect(f, "integers", norm.y, y, 34, 0);
    expect(f, "their variance", norm.variance, ones, 17, 0);
}

static void test_exact(void **state)
{
    each_flavour(*state, exact_case);
}

/* Not-a-number in a valid row shows in its channel, and in no other. */
static void nan_case(fixture *f)
{
    float x[3 * 2] = {1, 2, NAN, 4, 5, 6};
    qn_batch_norm norm = {.batch = 3, .between = 1, .channels = 2, .inner = 1, .epsilon = 1e-3};
    float *y;

    norm.x = put(f, x, 6);
    norm.y = put(f, NULL, 6);
    OK(qn_kernel_batch_norm(&f->steps, &norm));
    run(f, (qn_step_row){.rows = 3});
    y = take(f, norm.y, 6);
    for (int i = 0; i < 6; i++)
        assert_true(isnan(y[i]) == (i % 2 == 0));
    free(y);
}

static void test_nan(void **state)
{
    each_flavour(*state, nan_case);
}

static float *all_results(fixture *f, const batch_case *c, const host_norm *h)
{
    qn_batch_norm norm = upload(f, h);
    int64_t count = count_of(c);
    float *all = malloc((size_t)(2 * count + c->channels) * sizeof *all), *part;

    assert_non_null(all);
    OK(qn_kernel_batch_norm(&f->steps, &norm));
    OK(qn_kernel_batch_norm_grad(&f->steps, &norm, false));
    run(f, (qn_step_row){.rows = c->rows});
    qn_buffer *from[] = {norm.y, norm.dx, norm.dgamma};
    int64_t at = 0, counts[] = {count, count, c->channels};
    for (int i = 0; i < 3; i++) {
        part = take(f, from[i], counts[i]);
        memcpy(all + at, part, (size_t)counts[i] * sizeof *all);
        at += counts[i];
        free(part);
    }
    return all;
}

static void bits_case(fixture *f)
{
    const batch_case c = {60, 64, 1, 100, 1, -2, 2, 1e-3, true, true};
    host_norm h = {.c = &c};
    float *first, *second;

    make(f, &h);
    first = all_results(f, &c, &h);
    second = all_results(f, &c, &h);
    assert_memory_equal(first, second, (size_t)(2 * count_of(&c) + c.channels) * sizeof *first);
    free(first);
    free(second);
    release(&h);
}

static void test_same_bits(void **state)
{
    each_flavour(*state, bits_case);
}

/* ---- moving averages ---- */

static void check_average(fixture *f, int n, int latched)
{
    int32_t latch[2] = {latched, 0};
    float *average[2], *value[2];
    qn_buffer *averages[2], *values[2];
    double *expected[2];

    for (int k = 0; k < 2; k++) {
        average[k] = numbers(f, n, -1, 1);
        value[k] = numbers(f, n, -1, 1);
        averages[k] = put(f, average[k], n);
        values[k] = put(f, value[k], n);
        expected[k] = zeros(n);
        for (int i = 0; i < n; i++)
            expected[k][i] =
                latched ? average[k][i] : average[k][i] * 0.99 + value[k][i] * (1 - 0.99);
    }
    OK(qn_kernel_moving_average(&f->steps, 2, averages, values, put(f, latch, 2), n, 0.99));
    assert_int_equal(f->steps.count, 1);
    run(f, (qn_step_row){0});
    for (int k = 0; k < 2; k++) {
        expect(f, "moving average", averages[k], expected[k], n, latched ? 0 : TOLERANCE);
        free(average[k]);
        free(value[k]);
        free(expected[k]);
    }
    clear(f);
}

static void check_one_average(fixture *f, int n)
{
    float *average = integers(f, n, -8, 8), *value = integers(f, n, -8, 8);
    qn_buffer *a = put(f, average, n), *v = put(f, value, n);
    double *expected = zeros(n);

    for (int i = 0; i < n; i++)
        expected[i] = average[i] * 0.75 + value[i] * 0.25;
    OK(qn_kernel_moving_average(&f->steps, 1, &a, &v, NULL, n, 0.75));
    run(f, (qn_step_row){0});
    expect(f, "one moving average", a, expected, n, 0);
    free(average);
    free(value);
    free(expected);
    clear(f);
}

static void average_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_average(f, *n, 0);
        check_average(f, *n, 1);
        check_one_average(f, *n);
    }
}

static void test_moving_average(void **state)
{
    each_flavour(*state, average_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_inference),
        cmocka_unit_test(test_large_mean),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_moving_average),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
