/* SPDX-License-Identifier: Apache-2.0 */
/* Models on a device: the graph of a step for every loss and metric, and layers that come and go
 * when the weights are there. */
#include "graph/plan.h"
#include "nn/host.h"
#include "scratch_folder.h"

#include <math.h>

static qn_context *ctx;

static int setup(void **state)
{
    (void)state;
    must(ctx, qn_context_create(&ctx, .seed = 3));
    return scratch_make();
}

static int teardown(void **state)
{
    (void)state;
    qn_context_destroy(&ctx);
    return scratch_remove();
}

static float x[24][6], one_hot[24][3];
static int32_t labels[24];

static void fill_data(void)
{
    for (int r = 0; r < 24; r++) {
        labels[r] = r % 3;
        for (int c = 0; c < 6; c++)
            x[r][c] = (float)((r * 7 + c * 5) % 11) / 11 - 0.5f;
        for (int c = 0; c < 3; c++)
            one_hot[r][c] = c == labels[r];
    }
}

/* Every loss, with every metric that goes with it, over samples of two ranks: training lowers it,
 * and what evaluate says of it agrees. */
static void losses_train(void **state)
{
    static const struct {
        const char *loss, *activation, *metrics;
        bool sparse;
    } cases[] = {
        {"categorical_crossentropy", "softmax",
         "accuracy, categorical_accuracy, top_k_categorical_accuracy(k=2), mse, mae, "
         "binary_accuracy, binary_crossentropy, categorical_crossentropy",
         false},
        {"sparse_categorical_crossentropy", "softmax",
         "accuracy, sparse_categorical_accuracy, sparse_top_k_categorical_accuracy(k=2), "
         "sparse_categorical_crossentropy",
         true},
        {"binary_crossentropy", "sigmoid", "binary_accuracy(0.4), bce", false},
        {"mse", "linear", "mean_squared_error", false},
        {"mae", "tanh", "mean_absolute_error", false},
    };
    (void)state;
    for (int i = 0; i <= QN_COUNT(cases); i++) {
        /* The last time with samples of (2, 3): the layers work on the last axis. */
        bool deep = i == QN_COUNT(cases);
        int c = deep ? 1 : i;
        qn_model *model = NULL;
        qn_logs before = {0}, after = {0};
        double first, last, metric;
        qn_array data = deep ? qn_f32(x, 12, 2, 6) : qn_f32(x, 24, 6);
        qn_array y = deep ? qn_f32(one_hot, 12, 2, 3) : qn_f32(one_hot, 24, 3);
        if (cases[c].sparse)
            y = deep ? qn_i32(labels, 12, 2) : qn_i32(labels, 24);
        must(ctx, qn_sequential(ctx, &model));
        must(ctx, qn_add(model, qn_dense(8, .activation = "relu")));
        must(ctx, qn_add(model, qn_dense(3)));
        must(ctx, qn_add(model, qn_activation(cases[c].activation)));
        must(ctx, qn_compile(model, .optimizer = "adam(0.02)", .loss = cases[c].loss,
                             .metrics = cases[c].metrics));
        must(ctx, qn_evaluate(model, .x = data, .y = y, .batch_size = 5, .logs = &before));
        must(ctx, qn_fit(model, .x = data, .y = y, .epochs = 20, .batch_size = 5));
        must(ctx, qn_evaluate(model, .x = data, .y = y, .batch_size = 5, .logs = &after));
        assert_true(qn_logs_get(&before, "loss", &first));
        assert_true(qn_logs_get(&after, "loss", &last));
        assert_true(isfinite(first) && last < 0.98 * first);
        assert_int_equal(after.count, 1 + model->metric_count);
        /* The last metric is the loss under its other name. */
        assert_true(qn_logs_get(&after, model->metric[model->metric_count - 1].name, &metric));
        assert_true(fabs(metric - last) <= 1e-6 * fabs(last));
        assert_int_equal(qn_weight_count(model), 4);
        qn_model_destroy(&model);
    }
}

static void layers_come_and_go(void **state)
{
    (void)state;
    static float before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    qn_model *model = model_of(ctx, "dense(8, relu, input_shape=(6,)), dense(5), dense(3)");
    must(ctx, qn_compile(model, .optimizer = "adam", .loss = "mse"));
    must(ctx, qn_fit(model, .x = qn_f32(x, 24, 6), .y = qn_f32(one_hot, 24, 3), .epochs = 2));
    assert_true(model->storage->committed);
    read_weights(model, before);
    must(ctx, qn_pop(model));
    must(ctx, qn_add(model, qn_activation("tanh")));
    must(ctx, qn_add(model, qn_dense(3, .activation = "softmax")));
    read_weights(model, after);
    assert_memory_equal(before, after, (6 * 8 + 8 + 8 * 5 + 5) * sizeof(float));
    must(ctx, qn_fit(model, .x = qn_f32(x, 24, 6), .y = qn_f32(one_hot, 24, 3)));
    read_weights(model, after);
    assert_memory_not_equal(before, after, 48 * sizeof(float));
    must_fail(ctx, QN_ERROR_USAGE, "x has the shape (48, 3), but the model takes (None, 6)",
              qn_fit(model, .x = qn_f32(x, 48, 3), .y = qn_f32(one_hot, 24, 3)));
    qn_model_destroy(&model);
}

/* Samples of (2, 3): every row of the last axis goes through the layer. */
static void predicts_along_the_last_axis(void **state)
{
    (void)state;
    static float flat[24][3], deep[12][2][3];
    qn_model *a = model_of(ctx, "dense(3, softmax, input_shape=(6,))");
    qn_model *b = model_of(ctx, "dense(3, softmax, input_shape=(2, 6))");
    must(ctx, qn_predict(a, qn_f32(x, 24, 6), qn_f32_out(flat, 24, 3), .batch_size = 10));
    must(ctx, qn_predict(b, qn_f32(x, 12, 2, 6), qn_f32_out(deep, 12, 2, 3), .batch_size = 5));
    for (int i = 0; i < 24; i++)
        for (int c = 0; c < 3; c++)
            assert_true(fabsf(flat[i][c] - deep[i / 2][i % 2][c]) <= 1e-6f);
    qn_model_destroy(&a);
    qn_model_destroy(&b);
}

/* Set before and after the weights went to the device; saved from there, loaded and used. */
static void weights_live_on_the_device(void **state)
{
    (void)state;
    static float values[6][3], got[6][3], first[24][3], second[24][3];
    qn_model *model = model_of(ctx, "dense(3, input_shape=(6,))"), *loaded = NULL;
    for (int i = 0; i < 18; i++)
        values[i / 3][i % 3] = (float)i;
    must(ctx, qn_set_weight(model, 0, qn_f32(values, 6, 3)));
    must(ctx, qn_predict(model, qn_f32(x, 24, 6), qn_f32_out(first, 24, 3)));
    assert_true(model->storage->committed);
    for (int r = 0; r < 24; r++) {
        double sum = 0;
        for (int k = 0; k < 6; k++)
            sum += (double)x[r][k] * values[k][1];
        assert_true(fabs(sum - first[r][1]) < 1e-5 * 17);
    }
    must(ctx, qn_get_weight(model, 0, qn_f32_out(got, 6, 3)));
    assert_memory_equal(values, got, sizeof got);
    values[2][2] = -5;
    must(ctx, qn_set_weight(model, 0, qn_f32(values, 6, 3)));
    must(ctx, qn_predict(model, qn_f32(x, 24, 6), qn_f32_out(first, 24, 3)));
    must(ctx, qn_save(model, scratch_path("model")));
    must(ctx, qn_load(ctx, scratch_path("model"), &loaded));
    must(ctx, qn_predict(loaded, qn_f32(x, 24, 6), qn_f32_out(second, 24, 3)));
    assert_memory_equal(first, second, sizeof first);
    must_have_same_weights(model, loaded);
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

static qn_status build_graph(qn_model *model, qn_task task, qn_dtype x_dtype, float x_scale,
                             qn_model_graph *made)
{
    const qn_model_graph_request request = {.task = task, .x_dtype = x_dtype, .x_scale = x_scale};
    return qn_model_graph_build(model, &request, made);
}

static void tasks_need_what_they_need(void **state)
{
    (void)state;
    qn_model_graph made;
    qn_model *model = NULL;
    must(ctx, qn_sequential(ctx, &model));
    must_fail(ctx, QN_ERROR_USAGE, "no layers",
              build_graph(model, QN_TASK_PREDICT, QN_F32, 1, &made));
    must(ctx, qn_add(model, qn_flatten()));
    must_fail(ctx, QN_ERROR_USAGE, "input shape is not known",
              build_graph(model, QN_TASK_PREDICT, QN_F32, 1, &made));
    must(ctx, qn_build(model, 2, (int64_t[]){2, 3}));
    must_fail(ctx, QN_ERROR_USAGE, "not compiled",
              build_graph(model, QN_TASK_EVALUATE, QN_F32, 1, &made));
    must(ctx, qn_compile(model, .optimizer = "adam", .loss = "mse"));
    must_fail(ctx, QN_ERROR_USAGE, "no trainable weights",
              build_graph(model, QN_TASK_TRAIN, QN_F32, 1, &made));
    assert_null(made.graph);
    must(ctx, build_graph(model, QN_TASK_EVALUATE, QN_U8, 0.5f, &made));
    assert_non_null(made.y);
    assert_null(made.latch);
    assert_int_equal(made.update_count, 1);
    qn_model_graph_free(&made);
    must(ctx, qn_add(model, qn_dense(2)));
    must(ctx, build_graph(model, QN_TASK_TRAIN, QN_U8, 0.5f, &made));
    assert_int_equal(made.update_count, 2);
    assert_int_equal(model->storage->slot_count, 2);
    qn_model_graph_free(&made);
    must(ctx, build_graph(model, QN_TASK_PREDICT, QN_F32, 1, &made));
    assert_null(made.y);
    assert_int_equal(made.result_columns, 2);
    qn_model_graph_free(&made);
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_train),
        cmocka_unit_test(layers_come_and_go),
        cmocka_unit_test(predicts_along_the_last_axis),
        cmocka_unit_test(weights_live_on_the_device),
        cmocka_unit_test(tasks_need_what_they_need),
    };
    fill_data();
    return cmocka_run_group_tests(tests, setup, teardown);
}
