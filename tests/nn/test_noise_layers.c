/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout, AlphaDropout, GaussianDropout, GaussianNoise: text and struct, ranges. */
#include "nn/host.h"

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

static void text_and_struct_are_the_same(void **state)
{
    qn_context *ctx = *state;
    const char *text = "input((4, 3)), dropout(0.25), alpha_dropout(0.1, seed=0), "
                       "gaussian_dropout(0.5, name=blur), gaussian_noise(2, seed=5)";
    qn_model *a = model_of(ctx, "input((4, 3)), Dropout(rate=0.25, seed=-1), AlphaDropout(0.1, 0), "
                                "GaussianDropout(0.5, name=blur), GaussianNoise(stddev=2, seed=5)");
    qn_model *b = NULL;
    int64_t shape[QN_MAX_RANK];
    must(ctx, qn_sequential(ctx, &b));
    must(ctx, qn_add(b, qn_input(.shape = {4, 3})));
    must(ctx, qn_add(b, qn_dropout(0.25)));
    must(ctx, qn_add(b, qn_alpha_dropout(0.1, .seed = 0)));
    must(ctx, qn_add(b, qn_gaussian_dropout(0.5, .name = "blur")));
    must(ctx, qn_add(b, qn_gaussian_noise(2, .seed = 5)));
    assert_string_equal(qn_model_text(a), text);
    assert_string_equal(qn_model_text(b), text);
    assert_string_equal(a->layer[1]->name, "dropout");
    assert_string_equal(a->layer[2]->name, "alpha_dropout");
    assert_string_equal(a->layer[3]->name, "blur");
    assert_string_equal(a->layer[4]->name, "gaussian_noise");
    assert_int_equal(qn_weight_count(b), 0);
    assert_int_equal(qn_model_output_shape(b, shape), 2);
    assert_int_equal(shape[0], 4);
    assert_int_equal(shape[1], 3);
    qn_model_destroy(&a);
    qn_model_destroy(&b);
}

static void ranges(void **state)
{
    static const struct {
        const char *layer, *words;
    } cases[] = {
        {"dropout", "dropout needs rate"},
        {"dropout(1)", "dropout: rate is 1; it must be from 0 to 1 (excluded)"},
        {"dropout(-0.1)", "dropout: rate is -0.1; it must be from 0 to 1 (excluded)"},
        {"dropout(nan)", "dropout: rate"},
        {"dropout(half)", "rate takes a number, found half"},
        {"dropout(0.5, seed=-2)", "seed is -2"},
        {"dropout(0.5, noise_shape=3)", "dropout has no argument \"noise_shape\""},
        {"alpha_dropout(1)", "alpha_dropout: rate is 1; it must be from 0 to 1 (excluded)"},
        {"gaussian_dropout(1)", "gaussian_dropout: rate is 1; it must be from 0 to 1 (excluded)"},
        {"gaussian_noise", "gaussian_noise needs stddev"},
        {"gaussian_noise(-1)", "gaussian_noise: stddev is -1; it must be from 0 to"},
        {"gaussian_noise(inf)", "gaussian_noise: stddev is inf"},
        {"dropuot(0.5)", "did you mean 'dropout'?"},
    };
    qn_context *ctx = *state;
    qn_model *model = NULL;
    must(ctx, qn_sequential(ctx, &model));
    for (int i = 0; i < QN_COUNT(cases); i++)
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words, qn_add_text(model, cases[i].layer));
    must_fail(ctx, QN_ERROR_USAGE, "dropout: rate is 1", qn_add(model, qn_dropout(1)));
    must_fail(ctx, QN_ERROR_USAGE, "gaussian_noise: stddev is -0.5",
              qn_add(model, qn_gaussian_noise(-0.5)));
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(text_and_struct_are_the_same, setup),
        cmocka_unit_test_setup(ranges, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
