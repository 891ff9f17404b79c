/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization layers before they run: text and struct, weights, roles, and what is refused. */
#include "nn/host.h"

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

static void text_is_what_it_was(void **state)
{
    static const char *const texts[] = {
        "batch_normalization",
        "batch_normalization(1, 0.9, 0.01, false, true, gamma_initializer=zeros, trainable=false)",
        "layer_normalization(axis=(1, 2), epsilon=1e-05, center=false)",
        "layer_normalization(-1)",
        "rms_normalization(epsilon=0)",
        "unit_normalization(axis=(2, 3))",
        "group_normalization(4, 1, gamma_regularizer=l2(0.01), beta_constraint=non_neg)",
        "group_normalization(-1)",
        "normalization(input_shape=(3, 2))",
        "normalization(none)",
        "normalization(mean=(0.1, 0.2), variance=(1, 2), invert=true)",
        "normalization(mean=3, variance=2)",
        "rescaling(0.00392156862745098)",
        "rescaling(2, offset=-1, input_shape=(4,), name=first)",
    };
    for (int i = 0; i < QN_COUNT(texts); i++) {
        qn_model *a = model_of(*state, texts[i]);
        char *text = qn_strdup(a->env, qn_model_text(a));
        qn_model *b = model_of(*state, text);
        assert_string_equal(qn_model_text(b), text);
        qn_free(a->env, text);
        qn_model_destroy(&a);
        qn_model_destroy(&b);
    }
    qn_model *model = model_of(*state, "BatchNormalization(), layer_normalization((1, 2)), "
                                       "normalization(mean=[0.1,0.2], variance=(1, 2))");
    assert_string_equal(qn_model_text(model),
                        "batch_normalization, layer_normalization(axis=(1, 2)), "
                        "normalization(mean=(0.1, 0.2), variance=(1, 2))");
    qn_model_destroy(&model);
}

static void structs_are_texts(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = NULL;
    must(ctx, qn_sequential(ctx, &model));
    must(ctx, qn_add(model, qn_rescaling(0.5, .input_shape = {4, 4, 6})));
    must(ctx, qn_add(model, qn_normalization(.axis = NULL, .mean = "1", .variance = "2")));
    must(ctx, qn_add(model, qn_batch_normalization(.axis = 0 + 1, .momentum = 0)));
    must(ctx, qn_add(model, qn_layer_normalization(.axis = "(2, 3)")));
    must(ctx, qn_add(model, qn_rms_normalization(.epsilon = 0)));
    must(ctx, qn_add(model, qn_unit_normalization()));
    must(ctx, qn_add(model, qn_group_normalization(.groups = 3, .scale = false)));
    assert_string_equal(qn_model_text(model),
                        "rescaling(0.5, input_shape=(4, 4, 6)), "
                        "normalization(axis=none, mean=1, variance=2), "
                        "batch_normalization(axis=1, momentum=0), "
                        "layer_normalization(axis=(2, 3)), rms_normalization(epsilon=0), "
                        "unit_normalization, group_normalization(groups=3, scale=false)");
    assert_string_equal(model->layer[4]->name, "rms_normalization");
    assert_string_equal(model->layer[2]->name, "batch_normalization");
    qn_model_destroy(&model);
}

static void must_have(qn_model *model, int index, const char *name, int rank, int64_t first,
                      bool trainable)
{
    qn_weight_info info = {.size = sizeof info};
    must(qn_model_context(model), qn_weight_describe(model, index, &info));
    assert_string_equal(info.name, name);
    assert_int_equal(info.rank, rank);
    if (rank > 0)
        assert_int_equal(info.shape[0], first);
    assert_int_equal(info.trainable, trainable);
}

static void weights_are_keras_s(void **state)
{
    qn_model *model =
        model_of(*state, "input((4, 6)), batch_normalization, batch_normalization(axis=1, "
                         "scale=false, trainable=false), layer_normalization(axis=(-1, 1)), "
                         "rms_normalization(1), group_normalization(2), normalization, "
                         "normalization(none), unit_normalization, "
                         "normalization(mean=1, variance=4)");
    static const struct {
        const char *name;
        int rank;
        int64_t first;
        bool trainable;
    } expected[] = {
        {"batch_normalization/gamma", 1, 6, true},
        {"batch_normalization/beta", 1, 6, true},
        {"batch_normalization/moving_mean", 1, 6, false},
        {"batch_normalization/moving_variance", 1, 6, false},
        {"batch_normalization_1/beta", 1, 4, false},
        {"batch_normalization_1/moving_mean", 1, 4, false},
        {"batch_normalization_1/moving_variance", 1, 4, false},
        {"layer_normalization/gamma", 2, 4, true},
        {"layer_normalization/beta", 2, 4, true},
        {"rms_normalization/scale", 1, 4, true},
        {"group_normalization/gamma", 1, 6, true},
        {"group_normalization/beta", 1, 6, true},
        {"normalization/mean", 1, 6, false},
        {"normalization/variance", 1, 6, false},
        {"normalization_1/mean", 0, 0, false},
        {"normalization_1/variance", 0, 0, false},
    };
    static float values[MOST_WEIGHTS];
    assert_int_equal(qn_weight_count(model), QN_COUNT(expected));
    for (int i = 0; i < QN_COUNT(expected); i++)
        must_have(model, i, expected[i].name, expected[i].rank, expected[i].first,
                  expected[i].trainable);
    read_weights(model, values);
    for (int i = 0; i < 6; i++) {
        assert_true(values[i] == 1 && values[6 + i] == 0);       /* gamma, beta */
        assert_true(values[12 + i] == 0 && values[18 + i] == 1); /* mean, variance */
    }
    int64_t shape[QN_MAX_RANK];
    assert_int_equal(qn_model_output_shape(model, shape), 2);
    assert_int_equal(shape[1], 6);
    qn_model_destroy(&model);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *layers, *words;
    } cases[] = {
        {"batch_normalization(momentum=2)", "momentum is 2; it must be from 0 to 1"},
        {"batch_normalization(momentum=-0.1)", "momentum is -0.1; it must be from 0 to 1"},
        {"batch_normalization(epsilon=-1)", "epsilon is -1; it must be at least 0"},
        {"batch_normalization(epsilon=inf)", "epsilon is inf; it must be at least 0"},
        {"batch_normalization(gamma_initializer=one)", "unknown initializer 'one'"},
        {"batch_normalization(moving_mean_initializer=zeroes)", "did you mean 'zeros'"},
        {"batch_normalization(scale=false, gamma_regularizer=l2(0.1))",
         "gamma_regularizer is given, but the layer has no gamma (scale=false)"},
        {"layer_normalization(center=false, beta_constraint=non_neg)",
         "beta_constraint is given, but the layer has no beta (center=false)"},
        {"batch_normalization(axis=(1, 2))", "axis takes a whole number"},
        {"layer_normalization(axis=none)", "axis is none: give an axis"},
        {"layer_normalization(axis=1.5)", "axis is '1.5': an axis is a whole number"},
        {"unit_normalization(axis=(1, a))", "element 1 is not a finite number"},
        {"group_normalization(0)", "groups is 0; it must be 1 or more, or -1"},
        {"group_normalization(-2)", "groups is -2; it must be from -1"},
        {"normalization(mean=1)", "mean is given without variance"},
        {"normalization(variance=(1, 2))", "variance is given without mean"},
        {"normalization(mean=(1, 2), variance=1)", "mean has 2 elements and variance 1"},
        {"normalization(mean=0, variance=-1)", "variance is '-1': it must be 0 or more"},
        {"normalization(mean=x, variance=1)", "mean is 'x'"},
        {"rescaling", "rescaling needs scale"},
        {"rescaling(nan)", "scale"},
        /* with the input's shape */
        {"input((4, 6)), batch_normalization(axis=3)",
         "its input has the shape (None, 4, 6), which has no axis 3: give one from 1 to 2, or "
         "from -1 to -2"},
        {"input((4, 6)), batch_normalization(axis=-4)", "no axis -4"},
        {"input((4, 6)), batch_normalization(axis=0)",
         "layer 'batch_normalization': axis 0 of its input, whose shape is (None, 4, 6), is the "
         "batch's"},
        {"input((4, 6)), group_normalization(2, axis=-3)", "axis -3 of its input"},
        {"input((4, 6)), layer_normalization(axis=(1, 3))", "no axis 3"},
        {"input((4, 6)), layer_normalization(axis=(0, 1))", "is the batch's"},
        {"input((4, 6)), layer_normalization(axis=(1, -2))", "names axis 1 twice"},
        {"input((4, 5, 6)), layer_normalization(axis=(1, 3))",
         "the axes '(1, 3)' are not next to each other"},
        {"input((4, 6)), rms_normalization(axis=5)", "no axis 5"},
        {"input((4, 6)), unit_normalization(axis=5)", "no axis 5"},
        {"input((4, 6)), normalization(axis=3)", "no axis 3"},
        {"input((4, 6)), group_normalization", "6 channels, which cannot be 32 equal groups"},
        {"input((4, 6)), group_normalization(4)", "cannot be 4 equal groups"},
        {"input((4, 6)), normalization(mean=(1, 2), variance=(1, 2))",
         "mean and variance have 2 elements where the axis has the shape (6,)"},
    };
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_context *ctx = *state;
        qn_model *model = NULL;
        must(ctx, qn_sequential(ctx, &model));
        qn_status status = qn_add_text(model, cases[i].layers);
        if (status != QN_ERROR_USAGE || !strstr(qn_error(ctx), cases[i].words))
            fail_msg("%s: %s: %s", cases[i].layers, qn_status_name(status), qn_error(ctx));
        assert_int_equal(model->layer_count, 0);
        qn_model_destroy(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(text_is_what_it_was, setup),
        cmocka_unit_test_setup(structs_are_texts, setup),
        cmocka_unit_test_setup(weights_are_keras_s, setup),
        cmocka_unit_test_setup(mistakes_are_named, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
