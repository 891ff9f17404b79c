/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: names, text and struct, shapes, add and pop before and after the weights exist. */
#include "nn/host.h"

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

static void names_as_keras(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = model_of(ctx, "input((4,)), flatten, dense(3), activation(relu), dense(2), "
                                    "dense(2, name=dense_3), dense(2), dense(2)");
    static const char *const expected[] = {"input_layer", "flatten", "dense",   "activation",
                                           "dense_1",     "dense_3", "dense_2", "dense_4"};
    assert_int_equal(model->layer_count, QN_COUNT(expected));
    for (int i = 0; i < model->layer_count; i++)
        assert_string_equal(model->layer[i]->name, expected[i]);
    qn_weight_info info = {.size = sizeof info};
    must(ctx, qn_weight_describe(model, 1, &info));
    assert_string_equal(info.name, "dense/bias");
    assert_int_equal(info.rank, 1);
    assert_int_equal(info.shape[0], 3);
    assert_true(info.trainable);
    qn_model_destroy(&model);
    assert_null(model);
}

static void text_and_struct_are_the_same(void **state)
{
    qn_context *ctx = *state;
    const char *text = "flatten(input_shape=(28, 28)), dense(100, activation=sigmoid), "
                       "dense(10, use_bias=false, kernel_initializer=zeros, name=out), "
                       "activation(softmax)";
    qn_model *a = model_of(ctx, text), *b = NULL;
    must(ctx, qn_sequential(ctx, &b));
    must(ctx, qn_add(b, qn_flatten(.input_shape = {28, 28})));
    must(ctx, qn_add(b, qn_dense(100, .activation = "sigmoid")));
    must(ctx,
         qn_add(b, qn_dense(10, .use_bias = false, .kernel_initializer = "zeros", .name = "out")));
    must(ctx, qn_add(b, qn_activation("softmax")));
    assert_string_equal(qn_model_text(a), text);
    assert_string_equal(qn_model_text(b), text);
    assert_int_equal(qn_weight_count(a), 3);
    int64_t shape[QN_MAX_RANK];
    assert_int_equal(qn_model_input_shape(b, shape), 2);
    assert_int_equal(shape[1], 28);
    assert_int_equal(qn_model_output_shape(b, shape), 1);
    assert_int_equal(shape[0], 10);
    qn_model_destroy(&a);
    qn_model_destroy(&b);
}

static void class_names_are_names_too(void **state)
{
    qn_model *model = model_of(*state, "InputLayer((3,)), Dense(2), Flatten()");
    assert_string_equal(qn_model_text(model), "input((3,)), dense(2), flatten");
    qn_model_destroy(&model);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *layers, *words;
    } cases[] = {
        {"dens(10)", "unknown layer 'dens' (did you mean 'dense'?): the layers are input, flatten, "
                     "dense, activation"},
        {"dense(10, sigmod)", "dense: unknown activation 'sigmod' (did you mean 'sigmoid'?)"},
        {"activation(swosh)", "activation: unknown activation 'swosh'"},
        {"dense(10, kernel_initializer=glorot_unifrm)", "did you mean 'glorot_uniform'?"},
        {"dense(10, bias_initializer=zeros(3))", "takes no arguments"},
        {"dense(10, bias_initializer=none)", "no initializer was given"},
        {"dense(0)", "units is 0"},
        {"dense(-3)", "units is -3"},
        {"dense", "dense needs units"},
        {"dense(10, unitz=3)", "unitz"},
        {"input((3,)), dense(2), input((2,))", "an input layer must be the first"},
        {"dense(2, name=a), dense(3, name=a)", "already has a layer 'a'"},
        {"dense(2, name=\"a/b\")", "'a/b' is not possible"},
        {"dense(2, name=\"\")", "must not be empty"},
        {"input((1,2,3,4,5,6,7,8))", "at most 7 dimensions"},
        {"dense(2, input_shape=(3,)), dense(2, input_shape=(3,))",
         "layer 'dense_1' says that its input has the shape (None, 3), but it gets (None, 2)"},
        {"", "no layers were given"},
        {"units=3", "layers are a list of names"},
        {"(3, 4)", "layers are a list of names"},
        {"dense(2147483647, input_shape=(2,))", "more elements than the largest tensor"},
    };
    qn_context *ctx = *state;
    qn_model *model = NULL;
    must(ctx, qn_sequential(ctx, &model));
    for (int i = 0; i < QN_COUNT(cases); i++) {
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words, qn_add_text(model, cases[i].layers));
        assert_int_equal(model->layer_count, 0);
        assert_false(model->built);
        assert_int_equal(model->input_shape.rank, 0);
    }
    must_fail(ctx, QN_ERROR_USAGE, "no layer was given", qn_add(model, NULL));
    must_fail(ctx, QN_ERROR_USAGE, "unknown layer 'SGD'",
              qn_add(model, qn_sgd(.learning_rate = 1)));
    must_fail(ctx, QN_ERROR_USAGE, "no layer to remove", qn_pop(model));
    must_fail(ctx, QN_ERROR_USAGE, "no layers", qn_build(model, 1, (int64_t[]){3}));
    must_fail(ctx, QN_ERROR_USAGE, "weight 0 does not exist: the model has 0",
              qn_weight_describe(model, 0, &(qn_weight_info){.size = sizeof(qn_weight_info)}));
    qn_model_destroy(&model);
}

static void build_takes_one_shape(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = model_of(ctx, "flatten, dense(2)");
    int64_t shape[QN_MAX_RANK];
    assert_int_equal(qn_model_input_shape(model, shape), 0);
    assert_int_equal(qn_weight_count(model), 0);
    must_fail(ctx, QN_ERROR_USAGE, "1 to 7 dimensions", qn_build(model, 0, NULL));
    must_fail(ctx, QN_ERROR_USAGE, "below 1", qn_build(model, 2, (int64_t[]){3, 0}));
    must(ctx, qn_build(model, 2, (int64_t[]){3, 4}));
    must(ctx, qn_build(model, 2, (int64_t[]){3, 4}));
    must_fail(ctx, QN_ERROR_USAGE, "takes samples of the shape (None, 3, 4)",
              qn_build(model, 2, (int64_t[]){4, 3}));
    assert_int_equal(qn_weight_count(model), 2);
    qn_model_destroy(&model);
}

/* A failed add changes nothing: neither layers nor what is drawn afterwards. */
static void failed_add_leaves_no_trace(void **state)
{
    qn_context *ctx = *state;
    qn_model *a = model_of(ctx, "dense(5, input_shape=(3,))");
    qn_model *b = model_of(ctx, "dense(5, input_shape=(3,))");
    must_fail(ctx, QN_ERROR_USAGE, "layer 'dense_2'",
              qn_add_text(b, "dense(4), dense(4, input_shape=(9,))"));
    assert_string_equal(qn_model_text(b), qn_model_text(a));
    assert_true(b->built);
    must_have_same_weights(a, b);
    qn_model_destroy(&a);
    qn_model_destroy(&b);
}

static void pop_and_add_keep_the_rest(void **state)
{
    qn_context *ctx = *state;
    static float before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    qn_model *model = model_of(ctx, "dense(5, input_shape=(3,)), dense(4), dense(2)");
    read_weights(model, before);
    must(ctx, qn_pop(model));
    assert_int_equal(qn_weight_count(model), 4);
    must(ctx, qn_add(model, qn_dense(2)));
    assert_string_equal(model->layer[2]->name, "dense_2");
    assert_int_equal(read_weights(model, after), 3 * 5 + 5 + 5 * 4 + 4 + 4 * 2 + 2);
    assert_memory_equal(before, after, (3 * 5 + 5 + 5 * 4 + 4) * sizeof(float));
    /* The new layer is drawn anew, not given the old one's values. */
    assert_memory_not_equal(before + 44, after + 44, 8 * sizeof(float));
    assert_int_equal(model->storage->count, 6);
    while (model->layer_count > 0)
        must(ctx, qn_pop(model));
    must(ctx, qn_add_text(model, "flatten(input_shape=(2, 2)), dense(1)"));
    int64_t shape[QN_MAX_RANK];
    assert_int_equal(qn_model_input_shape(model, shape), 2);
    assert_int_equal(read_weights(model, after), 5);
    qn_model_destroy(&model);
}

static void names_can_be_listed(void **state)
{
    static const char *const kinds[] = {"layer",  "activation", "loss",
                                        "metric", "optimizer",  "initializer"};
    (void)state;
    for (int i = 0; i < QN_COUNT(kinds); i++) {
        int count = 0;
        while (qn_names(kinds[i], count) != NULL)
            count++;
        assert_true(count >= 2);
        assert_null(qn_names(kinds[i], count + 1));
        assert_null(qn_names(kinds[i], -1));
    }
    assert_null(qn_names("lair", 0));
    assert_null(qn_names(NULL, 0));
    assert_string_equal(qn_nearest_name("loss", "categorical_crossentrop"),
                        "categorical_crossentropy");
    assert_string_equal(qn_nearest_name("optimizer", "adm"), "adam");
    assert_null(qn_nearest_name("optimizer", "photosynthesis"));
    assert_null(qn_nearest_name("optimizer", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(names_as_keras, setup),
        cmocka_unit_test_setup(text_and_struct_are_the_same, setup),
        cmocka_unit_test_setup(class_names_are_names_too, setup),
        cmocka_unit_test_setup(mistakes_are_named, setup),
        cmocka_unit_test_setup(build_takes_one_shape, setup),
        cmocka_unit_test_setup(failed_add_leaves_no_trace, setup),
        cmocka_unit_test_setup(pop_and_add_keep_the_rest, setup),
        cmocka_unit_test_setup(names_can_be_listed, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
