/* SPDX-License-Identifier: Apache-2.0 */
/* Weights: what they begin as, get and set. */
#include "base/util.h"
#include "nn/host.h"

#include <math.h>

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

/* Every element is the word that the contract names, within Glorot's limit, and the whole is as
 * spread as a uniform distribution is. */
static void glorot_uniform_is_drawn_by_element(void **state)
{
    qn_context *ctx = *state;
    const qn_shape shape = {.rank = 2, .dim = {37, 81}};
    static float values[37 * 81];
    double limit = sqrt(6.0 / (37 + 81)), sum = 0, squares = 0;
    must(ctx, qn_initialize(&ctx->env, "glorot_uniform", 11, 3, &shape, values));
    for (int i = 0; i < QN_COUNT(values); i++) {
        uint32_t word = qn_random_word(11, QN_RANDOM_WEIGHTS, 3, 0, (uint64_t)i);
        double expected = limit * (2.0 * (double)qn_random_uniform(word) - 1.0);
        assert_true(fabs(values[i] - expected) <= 1e-7);
        assert_true(fabs(values[i]) <= (float)limit);
        sum += values[i];
        squares += (double)values[i] * values[i];
    }
    /* Mean 0 and variance limit^2 / 3, within five standard errors. */
    double count = QN_COUNT(values), deviation = limit / sqrt(3);
    assert_true(fabs(sum / count) < 5 * deviation / sqrt(count));
    assert_true(fabs(squares / count / (deviation * deviation) - 1) < 5 * sqrt(0.8 / count));
}

static void fans_as_keras(void **state)
{
    /* Keras's compute_fans: of a bias, a kernel, a convolution's kernel. */
    static const struct {
        qn_shape shape;
        double fans;
    } cases[] = {
        {{.rank = 1, .dim = {50}}, 100},
        {{.rank = 2, .dim = {30, 20}}, 50},
        {{.rank = 4, .dim = {3, 3, 4, 8}}, 9 * 12},
    };
    qn_context *ctx = *state;
    static float values[2000];
    for (int c = 0; c < QN_COUNT(cases); c++) {
        double limit = sqrt(6.0 / cases[c].fans), largest = 0;
        int64_t count = qn_shape_count(&cases[c].shape, 1);
        must(ctx, qn_initialize(&ctx->env, "GlorotUniform", 1, 0, &cases[c].shape, values));
        for (int64_t i = 0; i < count; i++)
            largest = fmax(largest, fabs(values[i]));
        assert_true(largest <= limit * (1 + 1e-7) && largest > 0.9 * limit);
    }
}

static void constants_are_constant(void **state)
{
    qn_model *model = model_of(*state, "dense(4, kernel_initializer=ones, input_shape=(3,))");
    static float values[MOST_WEIGHTS];
    assert_int_equal(read_weights(model, values), 16);
    for (int i = 0; i < 16; i++)
        assert_true(values[i] == (i < 12 ? 1 : 0));
    qn_model_destroy(&model);
}

static void seed_decides(void **state)
{
    const char *layers = "dense(9, input_shape=(5,)), dense(9), dense(9)";
    qn_context *ctx = *state;
    static float values[MOST_WEIGHTS], others[MOST_WEIGHTS];
    qn_model *a = model_of(ctx, layers), *b = model_of(ctx, layers);
    must_have_same_weights(a, b);
    /* Layers of one shape draw from streams of their own. */
    int64_t count = read_weights(a, values);
    assert_memory_not_equal(values + 54, values + 54 + 90, 81 * sizeof(float));
    ctx->seed = 8;
    qn_model *c = model_of(ctx, layers);
    assert_int_equal(read_weights(c, others), count);
    assert_memory_not_equal(values, others, 45 * sizeof(float));
    qn_model_destroy(&a);
    qn_model_destroy(&b);
    qn_model_destroy(&c);
}

/* The weights do not depend on when the shape became known. */
static void building_late_is_building(void **state)
{
    qn_context *ctx = *state;
    qn_model *early = model_of(ctx, "dense(9, input_shape=(5,)), dense(2)");
    qn_model *late = model_of(ctx, "dense(9), dense(2)");
    must(ctx, qn_build(late, 1, (int64_t[]){5}));
    must_have_same_weights(early, late);
    qn_model_destroy(&early);
    qn_model_destroy(&late);
}

static void set_is_what_get_gives(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = model_of(ctx, "dense(2, input_shape=(3,))");
    const float given[3][2] = {{1, -2}, {0.1f, INFINITY}, {1e-40f, 7}};
    const double doubles[3][2] = {{0.1, 2}, {3, 4}, {5, 6}};
    float got[3][2];
    must(ctx, qn_set_weight(model, 0, qn_f32(given, 3, 2)));
    must(ctx, qn_get_weight(model, 0, qn_f32_out(got, 3, 2)));
    assert_memory_equal(given, got, sizeof given);
    must(ctx, qn_set_weight(model, 0, qn_f64(doubles, 3, 2)));
    must(ctx, qn_get_weight(model, 0, qn_f32_out(got, 3, 2)));
    assert_true(got[0][0] == 0.1f && got[2][1] == 6);
    qn_array scaled = qn_f32(given, 3, 2);
    scaled.scale = 0.5f;
    must(ctx, qn_set_weight(model, 0, scaled));
    must(ctx, qn_get_weight(model, 0, qn_f32_out(got, 3, 2)));
    assert_true(got[0][0] == 0.5f && got[0][1] == -1);
    qn_model_destroy(&model);
}

static void misfits_are_refused(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = model_of(ctx, "dense(2, input_shape=(3,))");
    float values[6] = {0};
    int32_t whole[6] = {0};
    qn_array big = qn_f32(values, 3, 2);
    qn_weight_info small = {.size = 4};
    big.rank = 99;
    must_fail(ctx, QN_ERROR_USAGE,
              "weight 'dense/kernel' has the shape (3, 2), but the array given has (2, 3)",
              qn_set_weight(model, 0, qn_f32(values, 2, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "(2,), but the array given has (3,)",
              qn_get_weight(model, 1, qn_f32_out(values, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "impossible rank", qn_set_weight(model, 0, big));
    must_fail(ctx, QN_ERROR_USAGE, "no data", qn_set_weight(model, 0, qn_f32(NULL, 3, 2)));
    must_fail(ctx, QN_ERROR_USAGE, "given int32", qn_set_weight(model, 0, qn_i32(whole, 3, 2)));
    must_fail(ctx, QN_ERROR_USAGE, "into int32", qn_get_weight(model, 0, qn_i32_out(whole, 3, 2)));
    must_fail(ctx, QN_ERROR_USAGE, "weight 2 does not exist: the model has 2",
              qn_get_weight(model, 2, qn_f32_out(values, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "weight -1", qn_get_weight(model, -1, qn_f32_out(values, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "info->size is 4", qn_weight_describe(model, 0, &small));
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(glorot_uniform_is_drawn_by_element, setup),
        cmocka_unit_test_setup(fans_as_keras, setup),
        cmocka_unit_test_setup(constants_are_constant, setup),
        cmocka_unit_test_setup(seed_decides, setup),
        cmocka_unit_test_setup(building_late_is_building, setup),
        cmocka_unit_test_setup(set_is_what_get_gives, setup),
        cmocka_unit_test_setup(misfits_are_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
