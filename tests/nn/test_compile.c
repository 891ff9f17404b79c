/* SPDX-License-Identifier: Apache-2.0 */
/* Compile: optimizers, losses, metrics, rates; and arrays that do not fit. */
#include "nn/host.h"

#include <math.h>

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *optimizer, *loss, *metrics, *words;
    } cases[] = {
        {"adam", NULL, NULL, "no loss was given"},
        {"adamm", "mse", NULL,
         "unknown optimizer 'adamm' (did you mean 'adam'?): the optimizers are sgd, rmsprop, adam, "
         "adamw"},
        {"adam(learning_rate=-1)", "mse", NULL, "learning_rate is -1"},
        {"adam(beta_1=1)", "mse", NULL, "beta_1 is 1"},
        {"adam(beta=0.9)", "mse", NULL, "\"beta\""},
        {"sgd, adam", "mse", NULL, "is not one optimizer"},
        {"", "mse", NULL, "is not one optimizer"},
        {"adam", "categorical_crosentropy", NULL, "did you mean 'categorical_crossentropy'?"},
        {"adam", "mse(3)", NULL, "takes no arguments"},
        {"adam", "categorical_crossentropy(label_smoothing=1.5)", NULL, "label_smoothing is 1.5"},
        {"adam", "mse(label_smoothing=0.1)", NULL, "no argument \"label_smoothing\""},
        {"adam", "mse", "acuracy", "unknown metric 'acuracy' (did you mean 'accuracy'?)"},
        {"adam", "mse", "accuracy, accuracy", "two results would be called 'accuracy'"},
        {"adam", "mse", "accuracy(name=loss)", "two results would be called 'loss'"},
        {"adam", "mse", "top_k_categorical_accuracy(k=0)", "k is 0"},
        {"adam", "mse", "(3, 4)", "metrics are a list of names"},
        {"adam", "mse", "sparse_categorical_accuracy", "use 'accuracy'"},
        {"adam", "sparse_categorical_crossentropy", "mse", "use 'sparse_categorical_crossentropy'"},
        {"adam", "sparse_categorical_crossentropy", "categorical_accuracy",
         "compares with one value per output, but the loss 'sparse_categorical_crossentropy' takes "
         "integer labels"},
    };
    qn_context *ctx = *state;
    qn_model *model = model_of(ctx, "dense(3, softmax, input_shape=(4,))");
    for (int i = 0; i < QN_COUNT(cases); i++) {
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words,
                  qn_compile(model, .optimizer = cases[i].optimizer, .loss = cases[i].loss,
                             .metrics = cases[i].metrics));
        assert_null(model->optimizer.schema);
        assert_null(qn_model_loss(model));
    }
    must_fail(ctx, QN_ERROR_USAGE, "both .optimizer (\"adam\") and .optimizer_spec (Adam)",
              qn_compile(model, .optimizer = "adam", .optimizer_spec = qn_adam(.beta_1 = 0),
                         .loss = "mse"));
    must_fail(ctx, QN_ERROR_USAGE, "unknown optimizer 'Flatten'",
              qn_compile(model, .optimizer_spec = qn_flatten(.name = "x"), .loss = "mse"));
    must_fail(ctx, QN_ERROR_USAGE, "not compiled", qn_model_set_metrics(model, "accuracy"));
    /* Keras's optimizer where none is named. */
    must(ctx, qn_compile(model, .loss = "bce(label_smoothing=0.25)"));
    assert_string_equal(model->optimizer.schema->name, "rmsprop");
    assert_string_equal(qn_model_loss(model), "binary_crossentropy(label_smoothing=0.25)");
    /* What was compiled before stays after a mistake. */
    must(ctx, qn_compile(model, .optimizer = "sgd", .loss = "mse", .metrics = "mae, acc"));
    must_fail(ctx, QN_ERROR_USAGE, "unknown metric",
              qn_compile(model, .optimizer = "adam", .loss = "mse", .metrics = "x"));
    assert_string_equal(model->optimizer.schema->name, "sgd");
    assert_int_equal(model->metric_count, 2);
    must_fail(ctx, QN_ERROR_USAGE, "unknown metric", qn_model_set_metrics(model, "accuracy, x"));
    assert_string_equal(qn_model_result_name(model, 1), "mae");
    qn_model_destroy(&model);
}

static void too_many_metrics(void **state)
{
    qn_model *model = model_of(*state, "dense(3)");
    qn_text text = {.env = model->env};
    for (int i = 0; i <= QN_MAX_METRICS; i++)
        qn_text_add(&text, "%smse(name=m%d)", i > 0 ? ", " : "", i);
    must_fail(*state, QN_ERROR_USAGE, "16 metrics were given, at most 15",
              qn_compile(model, .optimizer = "sgd", .loss = "mse", .metrics = text.data));
    qn_text_free(&text);
    qn_model_destroy(&model);
}

/* Logs are named as Keras names them: by the words that were written. */
static void results_are_named_as_written(void **state)
{
    qn_model *model = model_of(*state, "dense(3, softmax, input_shape=(4,))");
    must(*state, qn_compile(model, .optimizer = "Adam", .loss = "CategoricalCrossentropy",
                            .metrics = "acc, MeanSquaredError, mae, "
                                       "top_k_categorical_accuracy(k=2, name=top2)"));
    static const char *const expected[] = {"loss", "acc", "MeanSquaredError", "mae", "top2"};
    for (int i = 0; i < QN_COUNT(expected); i++)
        assert_string_equal(qn_model_result_name(model, i), expected[i]);
    assert_null(qn_model_result_name(model, QN_COUNT(expected)));
    assert_null(qn_model_result_name(model, -1));
    assert_int_equal(model->metric[3].k, 2);
    assert_string_equal(qn_model_loss(model), "categorical_crossentropy");
    must(*state, qn_model_set_metrics(model, NULL));
    assert_int_equal(model->metric_count, 0);
    qn_model_destroy(&model);
}

static void accuracy_is_picked_by_shape(void **state)
{
    static const struct {
        const char *layers, *loss;
        qn_accuracy_kind kind;
    } cases[] = {
        {"dense(1, sigmoid)", "binary_crossentropy", QN_ACCURACY_BINARY},
        {"dense(1)", "mse", QN_ACCURACY_BINARY},
        {"dense(4, sigmoid)", "binary_crossentropy", QN_ACCURACY_CATEGORICAL},
        {"dense(4, softmax)", "categorical_crossentropy", QN_ACCURACY_CATEGORICAL},
        {"dense(4, softmax)", "sparse_categorical_crossentropy", QN_ACCURACY_SPARSE},
    };
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *early = model_of(*state, cases[i].layers);
        qn_model *late = model_of(*state, cases[i].layers);
        must(*state, qn_build(early, 1, (int64_t[]){4}));
        must(*state,
             qn_compile(early, .optimizer = "sgd", .loss = cases[i].loss, .metrics = "accuracy"));
        must(*state,
             qn_compile(late, .optimizer = "sgd", .loss = cases[i].loss, .metrics = "accuracy"));
        must(*state, qn_build(late, 1, (int64_t[]){4}));
        assert_int_equal(early->metric[0].accuracy, cases[i].kind);
        assert_int_equal(late->metric[0].accuracy, cases[i].kind);
        qn_model_destroy(&early);
        qn_model_destroy(&late);
    }
}

static float rate_at(const qn_model *model, uint32_t step)
{
    qn_step_row row = {.step = step};
    qn_model_fill_row(model, &row);
    return row.rate;
}

/* alpha_t of Kingma & Ba 2015 with both bias corrections; Keras's learning rate times them. */
static void rates(void **state)
{
    qn_model *model = model_of(*state, "dense(1)");
    must(*state, qn_compile(model, .optimizer_spec = qn_adam(.learning_rate = 0.002, .beta_1 = 0),
                            .loss = "mse"));
    for (uint32_t t = 0; t < 20000; t += 777) {
        double expected = 0.002 * sqrt(1 - pow(0.999, t + 1.0));
        assert_true(fabs(rate_at(model, t) / expected - 1) < 1e-6);
    }
    must(*state, qn_compile(model, .optimizer = "adam", .loss = "mse"));
    /* The first step is the learning rate: sqrt(0.001) / 0.1 times it, on m and v that are 0.1 and
     * 0.001 of the gradient and its square. */
    assert_true(fabs(rate_at(model, 0) * 0.1 / sqrt(0.001) - 0.001) < 1e-9);
    assert_true(fabs(rate_at(model, 1000000) - 0.001) < 1e-9);
    must(*state, qn_compile(model, .optimizer = "sgd(0.25)", .loss = "mse"));
    assert_true(rate_at(model, 0) == 0.25f && rate_at(model, 99) == 0.25f);
    qn_model_destroy(&model);
}

static void samples_must_fit(void **state)
{
    qn_context *ctx = *state;
    static float x[600];
    qn_model *model = model_of(ctx, "flatten(input_shape=(2, 3)), dense(1)");
    qn_array strange = qn_f32(x, 10, 2, 3);
    strange.dtype = (qn_dtype)77;
    must(ctx, qn_model_check_x(model, &qn_f32(x, 10, 2, 3)));
    must(ctx, qn_model_check_x(model, &qn_f32(x, 10, 2, 3, 1)));
    must_fail(ctx, QN_ERROR_USAGE, "x has the shape (10, 6), but the model takes (None, 2, 3)",
              qn_model_check_x(model, &qn_f32(x, 10, 6)));
    must_fail(ctx, QN_ERROR_USAGE, "(10, 3, 2)", qn_model_check_x(model, &qn_f32(x, 10, 3, 2)));
    must_fail(ctx, QN_ERROR_USAGE, "(10,)", qn_model_check_x(model, &qn_f32(x, 10)));
    must_fail(ctx, QN_ERROR_USAGE, "it holds nothing",
              qn_model_check_x(model, &qn_f32(x, 0, 2, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "no x was given",
              qn_model_check_x(model, &qn_f32(NULL, 10, 2, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "unknown data type", qn_model_check_x(model, &strange));
    must_fail(ctx, QN_ERROR_USAGE, "not compiled",
              qn_model_check_y(model, &qn_f32(x, 10, 2, 3), &qn_f32(x, 10)));
    qn_model_destroy(&model);
}

static void targets_must_fit(void **state)
{
    qn_context *ctx = *state;
    static float values[600];
    static int32_t labels[100];
    static uint8_t bytes[100];
    const qn_array x = qn_f32(values, 20, 5);
    qn_model *model = model_of(ctx, "dense(3, softmax, input_shape=(5,))");
    must(ctx, qn_compile(model, .optimizer = "sgd", .loss = "categorical_crossentropy"));
    assert_int_equal(qn_model_target_dtype(model), QN_F32);
    assert_int_equal(qn_model_target_columns(model), 3);
    must(ctx, qn_model_check_y(model, &x, &qn_f32(values, 20, 3)));
    must(ctx, qn_model_check_y(model, &x, &qn_u8(bytes, 20, 3)));
    must_fail(
        ctx, QN_ERROR_USAGE,
        "y has the shape (20,), but the loss 'categorical_crossentropy' of an output (None, 3) "
        "takes (None, 3); these look like integer labels: use the loss "
        "'sparse_categorical_crossentropy', or make one-hot rows with qn_one_hot",
        qn_model_check_y(model, &x, &qn_i32(labels, 20)));
    must_fail(ctx, QN_ERROR_USAGE, "sparse_categorical_crossentropy",
              qn_model_check_y(model, &x, &qn_i32(labels, 20, 1)));
    must_fail(ctx, QN_ERROR_USAGE, "takes (None, 3)",
              qn_model_check_y(model, &x, &qn_f32(values, 20, 4)));
    must_fail(ctx, QN_ERROR_USAGE, "x has the shape (20, 5), y has (19, 3)",
              qn_model_check_y(model, &x, &qn_f32(values, 19, 3)));
    must(ctx, qn_compile(model, .optimizer = "sgd", .loss = "sparse_categorical_crossentropy"));
    assert_int_equal(qn_model_target_dtype(model), QN_I32);
    assert_int_equal(qn_model_target_columns(model), 1);
    must(ctx, qn_model_check_y(model, &x, &qn_i32(labels, 20)));
    must(ctx, qn_model_check_y(model, &x, &qn_u8(bytes, 20, 1)));
    must_fail(ctx, QN_ERROR_USAGE, "these look like one-hot rows",
              qn_model_check_y(model, &x, &qn_f32(values, 20, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "y is float32",
              qn_model_check_y(model, &x, &qn_f32(values, 20)));
    labels[17] = 3;
    must_fail(ctx, QN_ERROR_DATA, "row 17 has the label 3, but the model has 3 classes, 0 to 2",
              qn_model_check_y(model, &x, &qn_i32(labels, 20)));
    labels[4] = -1;
    must_fail(ctx, QN_ERROR_DATA, "row 4 has the label -1",
              qn_model_check_y(model, &x, &qn_i32(labels, 20)));
    labels[4] = labels[17] = 0;
    qn_model_destroy(&model);
}

/* One output column: targets with or without it. */
static void columns_of_one(void **state)
{
    qn_context *ctx = *state;
    static float values[20];
    qn_model *model = model_of(ctx, "dense(1, sigmoid, input_shape=(1,))");
    must(ctx, qn_compile(model, .optimizer = "sgd", .loss = "binary_crossentropy"));
    must(ctx, qn_model_check_x(model, &qn_f32(values, 20)));
    must(ctx, qn_model_check_y(model, &qn_f32(values, 20), &qn_f32(values, 20)));
    must(ctx, qn_model_check_y(model, &qn_f32(values, 20), &qn_f32(values, 20, 1)));
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mistakes_are_named, setup),
        cmocka_unit_test_setup(too_many_metrics, setup),
        cmocka_unit_test_setup(results_are_named_as_written, setup),
        cmocka_unit_test_setup(accuracy_is_picked_by_shape, setup),
        cmocka_unit_test_setup(rates, setup),
        cmocka_unit_test_setup(samples_must_fit, setup),
        cmocka_unit_test_setup(targets_must_fit, setup),
        cmocka_unit_test_setup(columns_of_one, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
