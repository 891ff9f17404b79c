/* SPDX-License-Identifier: Apache-2.0 */
/* Initializers: moments within six standard errors of fixed seeds, bounds, which words an element
 * comes from, independence, orthogonality, arguments. */
#include "base/util.h"
#include "nn/host.h"

#include <math.h>
#include <stdlib.h>

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

enum { ROWS = 120, COLUMNS = 200, MOST = ROWS * COLUMNS };

static const qn_shape kernel = {.rank = 2, .dim = {ROWS, COLUMNS}};

static void draw(qn_context *ctx, const char *text, uint32_t stream, const qn_shape *shape,
                 float *values)
{
    must(ctx, qn_initialize(&ctx->env, text, 11, stream, shape, values));
}

/* ---- moments and bounds ---- */

typedef struct moments_case {
    const char *text;
    double mean, stddev;
    double bound;    /* most that an element lies off the mean */
    double kurtosis; /* E[(x - mean)^4] / stddev^4 */
} moments_case;

/* Fourth moment of a normal distribution cut at two deviations, over the square of its second. */
#define CUT_KURTOSIS 2.36554
#define CUT 0.87962566103423978 /* its deviation */
#define NORMAL(text, mean, stddev)                                                                 \
    {                                                                                              \
        text, mean, stddev, INFINITY, 3                                                            \
    }
#define TRUNCATED(text, mean, stddev)                                                              \
    {                                                                                              \
        text, mean, stddev, 2 * (stddev) / CUT, CUT_KURTOSIS                                       \
    }
#define UNIFORM(text, mean, limit)                                                                 \
    {                                                                                              \
        text, mean, (limit) / sqrt(3), limit, 1.8                                                  \
    }

static void check_moments(qn_context *ctx, const moments_case *c, uint32_t stream)
{
    static float values[MOST];
    double n = MOST, sum = 0, second = 0, fourth = 0, largest = 0;
    draw(ctx, c->text, stream, &kernel, values);
    for (int i = 0; i < MOST; i++) {
        double off = (double)values[i] - c->mean;
        sum += off;
        second += off * off;
        fourth += off * off * off * off;
        largest = fmax(largest, fabs(off));
    }
    double variance = c->stddev * c->stddev;
    if (!(fabs(sum / n) < 6 * c->stddev / sqrt(n)))
        fail_msg("%s: the mean is off by %g", c->text, sum / n);
    if (!(fabs(second / n / variance - 1) < 6 * sqrt((c->kurtosis - 1) / n)))
        fail_msg("%s: the deviation is %g, expected %g", c->text, sqrt(second / n), c->stddev);
    /* Its own standard error is sqrt(96 / n) at a normal distribution, and smaller at the others.
     */
    if (!(fabs(fourth / n / (variance * variance) - c->kurtosis) < 6 * sqrt(96 / n)))
        fail_msg("%s: the kurtosis is %g, expected %g", c->text, fourth / n / (variance * variance),
                 c->kurtosis);
    if (!(largest <= c->bound * (1 + 1e-6) + 1e-7 * fabs(c->mean)))
        fail_msg("%s: an element is %g off the mean, at most %g", c->text, largest, c->bound);
    /* Bounds are reached as well: the nearest of 24,000 elements comes close. */
    if (isfinite(c->bound) && !(largest > 0.99 * c->bound))
        fail_msg("%s: no element is more than %g off the mean of %g", c->text, largest, c->bound);
}

static void moments(void **state)
{
    const double in = ROWS, out = COLUMNS, average = (in + out) / 2;
    const moments_case cases[] = {
        NORMAL("random_normal", 0, 0.05),
        NORMAL("RandomNormal(mean=-3, stddev=2)", -3, 2),
        UNIFORM("random_uniform", 0, 0.05),
        UNIFORM("random_uniform(2, 6)", 4, 2),
        TRUNCATED("truncated_normal", 0, 0.05 * CUT),
        TRUNCATED("TruncatedNormal(1, 0.5)", 1, 0.5 * CUT),
        UNIFORM("glorot_uniform", 0, sqrt(3 / average)),
        TRUNCATED("glorot_normal", 0, sqrt(1 / average)),
        UNIFORM("he_uniform", 0, sqrt(6 / in)),
        TRUNCATED("HeNormal", 0, sqrt(2 / in)),
        UNIFORM("lecun_uniform", 0, sqrt(3 / in)),
        TRUNCATED("lecun_normal", 0, sqrt(1 / in)),
        TRUNCATED("variance_scaling", 0, sqrt(1 / in)),
        TRUNCATED("variance_scaling(scale=2, mode=fan_out)", 0, sqrt(2 / out)),
        NORMAL("variance_scaling(3, fan_avg, untruncated_normal)", 0, sqrt(3 / average)),
        UNIFORM("VarianceScaling(distribution=uniform, scale=0.5)", 0, sqrt(1.5 / in)),
    };
    for (int c = 0; c < QN_COUNT(cases); c++)
        for (uint32_t stream = 0; stream < 3; stream++)
            check_moments(*state, &cases[c], stream);
}

/* ---- which words ---- */

static uint32_t word(uint64_t element)
{
    return qn_random_word(11, QN_RANDOM_WEIGHTS, 5, 0, element);
}

/* The values of earlier versions, to the bit. */
static void glorot_uniform_keeps_its_bits(void **state)
{
    static float values[MOST];
    double limit = sqrt(6.0 / (ROWS + COLUMNS));
    draw(*state, "glorot_uniform", 5, &kernel, values);
    for (int i = 0; i < MOST; i++) {
        double u = qn_random_uniform(word((uint64_t)i));
        assert_true(values[i] == (float)(-limit + (limit - -limit) * u));
    }
}

static double below(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static void elements_come_from_their_words(void **state)
{
    static float normal[MOST], truncated[MOST];
    draw(*state, "random_normal(stddev=1)", 5, &kernel, normal);
    draw(*state, "truncated_normal(stddev=1)", 5, &kernel, truncated);
    for (uint64_t i = 0; i < MOST; i++) {
        double u1 = (word(2 * i) + 1.0) / 4294967296.0, u2 = word(2 * i + 1) / 4294967296.0;
        double expected = sqrt(-2 * log(u1)) * cos(2 * acos(-1.0) * u2);
        assert_true(fabs(normal[i] - expected) <= 1e-6);
        /* The distribution function gives the uniform number back. */
        double u = (word(i) + 0.5) / 4294967296.0, p = below(-2) + (below(2) - below(-2)) * u;
        assert_true(fabs(below(truncated[i]) - p) <= 1e-7);
    }
}

/* An element depends on its number alone: a smaller weight is the beginning of a larger one. */
static void elements_do_not_depend_on_the_shape(void **state)
{
    static const char *const texts[] = {"random_normal", "random_uniform", "truncated_normal"};
    static float large[MOST], small[37];
    const qn_shape shape = {.rank = 1, .dim = {37}};
    for (int t = 0; t < QN_COUNT(texts); t++) {
        draw(*state, texts[t], 1, &kernel, large);
        draw(*state, texts[t], 1, &shape, small);
        assert_memory_equal(large, small, sizeof small);
    }
}

/* ---- independence ---- */

static double correlation(const float *a, const float *b, int n)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Weights of other streams and seeds, and neighbouring elements, are not correlated. */
static void draws_are_independent(void **state)
{
    static const char *const texts[] = {"random_normal", "glorot_uniform", "he_normal"};
    static float a[MOST], b[MOST];
    const double bound = 6 / sqrt(MOST - COLUMNS);
    qn_context *ctx = *state;
    for (int t = 0; t < QN_COUNT(texts); t++) {
        for (uint32_t stream = 0; stream < 4; stream++) {
            draw(ctx, texts[t], stream, &kernel, a);
            draw(ctx, texts[t], stream + 1, &kernel, b);
            assert_true(fabs(correlation(a, b, MOST)) < bound);
            must(ctx, qn_initialize(&ctx->env, texts[t], 12, stream, &kernel, b));
            assert_true(fabs(correlation(a, b, MOST)) < bound);
            for (int lag = 1; lag < 5; lag++)
                assert_true(fabs(correlation(a, a + lag, MOST - lag)) < bound);
            assert_true(fabs(correlation(a, a + COLUMNS, MOST - COLUMNS)) < bound);
        }
    }
}

/* ---- orthogonal ---- */

/* The rows or columns, whichever are fewer, are orthogonal and `gain` long: w [m, n] with m >= n,
 * of which element (i, k) is w[i * down + k * right]. */
static void assert_orthogonal(const float *w, int m, int n, int down, int right, double gain)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k <= j; k++) {
            double product = 0;
            for (int i = 0; i < m; i++)
                product += (double)w[i * down + j * right] * w[i * down + k * right];
            assert_true(fabs(product / (gain * gain) - (j == k)) < 1e-6);
        }
    }
}

/* Q is the factor of the matrix that the words give, with a positive diagonal of R: R = Q^T A. */
static void assert_factor(const float *w, int m, int n, int down, int right)
{
    double *a = calloc((size_t)(m * n), sizeof *a);
    assert_non_null(a);
    for (int i = 0; i < m * n; i++) {
        double u1 = (word(2 * (uint64_t)i) + 1.0) / 4294967296.0;
        double u2 = word(2 * (uint64_t)i + 1) / 4294967296.0;
        a[i] = sqrt(-2 * log(u1)) * cos(2 * acos(-1.0) * u2);
    }
    for (int j = 0; j < n; j++) {
        for (int k = 0; k <= j; k++) { /* R[j, k] */
            double r = 0;
            for (int i = 0; i < m; i++)
                r += w[i * down + j * right] * a[i * n + k];
            assert_true(j == k ? r > 0 : fabs(r) < 1e-4);
        }
    }
    free(a);
}

static void orthogonal(void **state)
{
    static const struct {
        qn_shape shape;
        int m, n, down, right;
    } cases[] = {
        {{.rank = 2, .dim = {40, 25}}, 40, 25, 25, 1},
        {{.rank = 2, .dim = {25, 40}}, 40, 25, 1, 40},
        {{.rank = 2, .dim = {32, 32}}, 32, 32, 32, 1},
        {{.rank = 2, .dim = {1, 9}}, 9, 1, 1, 9},
        {{.rank = 2, .dim = {1, 1}}, 1, 1, 1, 1},
        {{.rank = 4, .dim = {3, 3, 4, 8}}, 36, 8, 8, 1},
    };
    static float values[1600];
    for (int c = 0; c < QN_COUNT(cases); c++) {
        int m = cases[c].m, n = cases[c].n, down = cases[c].down, right = cases[c].right;
        draw(*state, "orthogonal", 5, &cases[c].shape, values);
        assert_orthogonal(values, m, n, down, right, 1);
        assert_factor(values, m, n, down, right);
        draw(*state, "OrthogonalInitializer(gain=-3)", 5, &cases[c].shape, values);
        assert_orthogonal(values, m, n, down, right, 3);
    }
}

/* Uniform among the orthogonal matrices: an element has mean 0 and variance 1 / n. */
static void orthogonal_is_uniform(void **state)
{
    enum { N = 6, DRAWS = 600 };
    const qn_shape shape = {.rank = 2, .dim = {N, N}};
    float values[N * N];
    double sum[N * N] = {0}, squares[N * N] = {0};
    for (uint32_t stream = 0; stream < DRAWS; stream++) {
        draw(*state, "orthogonal", stream, &shape, values);
        for (int i = 0; i < N * N; i++) {
            sum[i] += values[i];
            squares[i] += (double)values[i] * values[i];
        }
    }
    /* x^2 is distributed as Beta(1/2, (n - 1) / 2). */
    double error = sqrt(2.0 * (N - 1) / (N * N * (N + 2.0)) / DRAWS);
    for (int i = 0; i < N * N; i++) {
        assert_true(fabs(sum[i] / DRAWS) < 6 * sqrt(1.0 / N / DRAWS));
        assert_true(fabs(squares[i] / DRAWS - 1.0 / N) < 6 * error);
    }
}

/* ---- identity and constants ---- */

static void identity(void **state)
{
    static const qn_shape shapes[] = {
        {.rank = 2, .dim = {5, 5}}, {.rank = 2, .dim = {3, 7}}, {.rank = 2, .dim = {7, 3}}};
    float values[25];
    for (int s = 0; s < QN_COUNT(shapes); s++) {
        int columns = (int)shapes[s].dim[1];
        draw(*state, "identity(gain=-2.5)", 0, &shapes[s], values);
        for (int i = 0; i < (int)qn_shape_count(&shapes[s], 1); i++)
            assert_true(values[i] == (i / columns == i % columns ? -2.5f : 0));
    }
}

static void constants(void **state)
{
    static const struct {
        const char *text;
        float value;
    } cases[] = {{"zeros", 0},    {"Ones", 1},
                 {"constant", 0}, {"Constant(0.1)", 0.1f},
                 {"zeros()", 0},  {"constant(value=-7)", -7}};
    const qn_shape shape = {.rank = 1, .dim = {9}};
    float values[9];
    for (int c = 0; c < QN_COUNT(cases); c++) {
        draw(*state, cases[c].text, 0, &shape, values);
        for (int i = 0; i < 9; i++)
            assert_true(values[i] == cases[c].value);
    }
}

/* ---- names, arguments, seeds ---- */

static void names_of_scalings(void **state)
{
    static const char *const pairs[][2] = {
        {"glorot_uniform", "variance_scaling(mode=fan_avg, distribution=uniform)"},
        {"glorot_normal", "VarianceScaling(1, FanAvg, normal)"},
        {"he_uniform", "variance_scaling(2, distribution=uniform)"},
        {"HeNormal", "variance_scaling(scale=2)"},
        {"LecunUniform", "variance_scaling(distribution=uniform)"},
        {"lecun_normal", "variance_scaling"},
    };
    static float a[MOST], b[MOST];
    for (int p = 0; p < QN_COUNT(pairs); p++) {
        draw(*state, pairs[p][0], 2, &kernel, a);
        draw(*state, pairs[p][1], 2, &kernel, b);
        assert_memory_equal(a, b, sizeof a);
    }
}

/* A seed of its own: the same numbers in every place and model; the others stay what they were. */
static void seeds(void **state)
{
    qn_context *ctx = *state;
    static float plain[MOST_WEIGHTS], seeded[MOST_WEIGHTS], other[MOST_WEIGHTS];
    qn_model *a = model_of(ctx, "dense(9, input_shape=(9,)), dense(9), dense(9)");
    qn_model *b = model_of(ctx, "dense(9, kernel_initializer=glorot_uniform(seed=3), "
                                "input_shape=(9,)), dense(9, "
                                "kernel_initializer=GlorotUniform(seed=3)), dense(9)");
    read_weights(a, plain);
    read_weights(b, seeded);
    assert_memory_equal(seeded, seeded + 90, 81 * sizeof(float));
    assert_memory_not_equal(plain, seeded, 81 * sizeof(float));
    assert_memory_equal(plain + 180, seeded + 180, 81 * sizeof(float));
    qn_model_destroy(&a);
    qn_model_destroy(&b);
    static const char *const drawn[] = {"random_normal(seed=0)",    "random_uniform(seed=7)",
                                        "truncated_normal(seed=7)", "he_normal(7)",
                                        "orthogonal(seed=7)",       "variance_scaling(seed=7)"};
    const qn_shape shape = {.rank = 2, .dim = {9, 9}};
    for (int i = 0; i < QN_COUNT(drawn); i++) {
        bool draws = false;
        must(ctx, qn_initializer_draws(&ctx->env, drawn[i], &draws));
        assert_true(draws);
        must(ctx, qn_initialize(&ctx->env, drawn[i], 1, 8, &shape, seeded));
        must(ctx, qn_initialize(&ctx->env, drawn[i], 2, 9, &shape, other));
        assert_memory_equal(seeded, other, 81 * sizeof(float));
    }
    static const char *const fixed[] = {"zeros", "ones", "constant(2)", "identity"};
    for (int i = 0; i < QN_COUNT(fixed); i++) {
        bool draws = true;
        must(ctx, qn_initializer_draws(&ctx->env, fixed[i], &draws));
        assert_false(draws);
    }
}

static void mistakes(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"he_norml", "unknown initializer 'he_norml' (did you mean 'he_normal'?)"},
        {"zeros(1)", "zeros takes no arguments, found one at column 7"},
        {"zeros(seed=1)", "zeros has no argument \"seed\""},
        {"random_normal(stddev=-0.1)", "random_normal: stddev is -0.1; it must be from 0 to"},
        {"truncated_normal(stddev=-1)", "truncated_normal: stddev is -1; it must be from 0 to"},
        {"random_normal(stddev=inf)", "stddev is inf"},
        {"random_normal(stdev=1)", "did you mean \"stddev\"?"},
        {"random_normal(seed=-2)", "seed is -2"},
        {"random_normal(seed=half)", "seed takes a whole number, found half"},
        {"random_uniform(1, 0)", "minval is 1, above maxval, which is 0: swap them"},
        {"variance_scaling(scale=0)", "scale is 0; it must be from 0 (excluded) to"},
        {"variance_scaling(mode=fan_inn)",
         "mode is 'fan_inn' (did you mean 'fan_in'?); it must be fan_in, fan_out or fan_avg"},
        {"variance_scaling(mode=none)", "mode is 'none'"},
        {"variance_scaling(distribution=gamma)",
         "distribution is 'gamma'; it must be truncated_normal, untruncated_normal or uniform"},
        {"orthogonal(gain=1e31)", "gain is 1e+31; it must be from -1e+30 to 1e+30"},
        {"constant(x)", "value takes a number, found x"},
    };
    qn_context *ctx = *state;
    for (int c = 0; c < QN_COUNT(cases); c++)
        must_fail(ctx, QN_ERROR_USAGE, cases[c].words,
                  qn_check_initializer(&ctx->env, cases[c].text));
    must_fail(ctx, QN_ERROR_USAGE, "no initializer was given",
              qn_check_initializer(&ctx->env, NULL));
    for (int i = 0; qn_names("initializer", i) != NULL; i++)
        must(ctx, qn_check_initializer(&ctx->env, qn_names("initializer", i)));
}

/* Shapes that an initializer cannot fill are refused when the layer is built. */
static void misfits(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = NULL;
    float values[24];
    const qn_shape cube = {.rank = 3, .dim = {2, 3, 4}};
    must(ctx, qn_sequential(ctx, &model));
    must_fail(ctx, QN_ERROR_USAGE,
              "dense/bias: the initializer orthogonal makes matrices, and not the shape (4,): use "
              "another one",
              qn_add_text(model, "dense(4, bias_initializer=orthogonal, input_shape=(3,))"));
    must_fail(ctx, QN_ERROR_USAGE,
              "the initializer identity makes matrices, and not the shape (4,)",
              qn_add_text(model, "dense(4, bias_initializer=identity, input_shape=(3,))"));
    must_fail(ctx, QN_ERROR_USAGE, "identity makes matrices, and not the shape (2, 3, 4)",
              qn_initialize(&ctx->env, "identity", 0, 0, &cube, values));
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(moments, setup),
        cmocka_unit_test_setup(glorot_uniform_keeps_its_bits, setup),
        cmocka_unit_test_setup(elements_come_from_their_words, setup),
        cmocka_unit_test_setup(elements_do_not_depend_on_the_shape, setup),
        cmocka_unit_test_setup(draws_are_independent, setup),
        cmocka_unit_test_setup(orthogonal, setup),
        cmocka_unit_test_setup(orthogonal_is_uniform, setup),
        cmocka_unit_test_setup(identity, setup),
        cmocka_unit_test_setup(constants, setup),
        cmocka_unit_test_setup(names_of_scalings, setup),
        cmocka_unit_test_setup(seeds, setup),
        cmocka_unit_test_setup(mistakes, setup),
        cmocka_unit_test_setup(misfits, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
