/* SPDX-License-Identifier: Apache-2.0 */
/* 50 steps of the lecture's model on Fashion-MNIST from fixed weights, and two epochs with a
 * validation split and a ragged last batch, against Keras's own values (lecture.json). */
#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLASSES 10

static const char *data_path;

typedef struct fixture {
    qn_context *ctx;
    qn_dataset *dataset;
    qn_model *model;
    json_t *golden;
    qn_array x, y;  /* the first samples, targets one-hot */
    float *targets; /* owned */
} fixture;

static void set_noise(fixture *f, int index, uint64_t stream, float scale)
{
    qn_weight_info info = {.size = sizeof info};
    qn_array value = {.dtype = QN_F32};
    size_t count = 1;
    float *noise;

    golden_ok(f->ctx, qn_weight_describe(f->model, index, &info), "weight_describe");
    for (int i = 0; i < info.rank; i++)
        count *= (size_t)info.shape[i];
    noise = calloc(count, sizeof *noise);
    assert_non_null(noise);
    for (size_t i = 0; i < count; i++)
        noise[i] = golden_noise(i, stream, scale);
    value.data = noise;
    value.rank = info.rank;
    memcpy(value.shape, info.shape, sizeof value.shape);
    golden_ok(f->ctx, qn_set_weight(f->model, index, value), "set_weight");
    free(noise);
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    qn_array labels;
    int64_t samples;

    assert_non_null(f);
    *state = f;
    f->golden = golden_load(data_path);
    samples = (int64_t)golden_number(golden_get(f->golden, "epochs"), "samples");
    golden_ok(f->ctx, qn_context_create(&f->ctx, .seed = 1), "context");
    golden_ok(f->ctx, qn_dataset_open(f->ctx, "fashion-mnist", &f->dataset), "dataset");
    golden_ok(f->ctx, qn_dataset_get(f->dataset, "train", &f->x, &labels), "train split");
    f->x = replay_rows(f->x, 0, samples);
    f->targets = calloc((size_t)samples * CLASSES, sizeof *f->targets);
    assert_non_null(f->targets);
    golden_ok(f->ctx,
              qn_one_hot(f->ctx, replay_rows(labels, 0, samples),
                         qn_f32_out(f->targets, samples, CLASSES)),
              "one_hot");
    f->y = qn_f32(f->targets, samples, CLASSES);

    golden_ok(f->ctx, qn_sequential(f->ctx, &f->model), "sequential");
    golden_ok(f->ctx, qn_add(f->model, qn_flatten(.input_shape = {28, 28})), "flatten");
    golden_ok(f->ctx, qn_add(f->model, qn_dense(100, .activation = "sigmoid")), "dense");
    golden_ok(f->ctx, qn_add(f->model, qn_dense(CLASSES, .activation = "softmax")), "dense");
    golden_ok(f->ctx,
              qn_compile(f->model, .optimizer = "adam", .loss = "categorical_crossentropy",
                         .metrics = "accuracy"),
              "compile");
    set_noise(f, 0, 1, 0.125f);
    set_noise(f, 1, 2, 0.125f);
    set_noise(f, 2, 3, 0.5f);
    set_noise(f, 3, 4, 0.125f);
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    qn_model_destroy(&f->model);
    qn_dataset_destroy(&f->dataset);
    qn_context_destroy(&f->ctx);
    json_decref(f->golden);
    free(f->targets);
    free(f);
    return 0;
}

static void check_evaluation(fixture *f)
{
    qn_logs logs = {0};

    golden_ok(f->ctx, qn_evaluate(f->model, .x = f->x, .y = f->y, .logs = &logs), "evaluate");
    replay_check_logs(&logs, golden_get(f->golden, "evaluate"), TRAINING_RUN);
}

/* One fit per step shows the loss of every step. */
static void test_steps(void **state)
{
    fixture *f = *state;
    golden_tensor loss = golden_list(golden_get(f->golden, "loss"));
    golden_tensor accuracy = golden_list(golden_get(f->golden, "accuracy"));
    int64_t batch = (int64_t)golden_number(f->golden, "batch_size");
    float *losses = calloc(loss.count, sizeof *losses);
    float *accuracies = calloc(loss.count, sizeof *accuracies);

    assert_non_null(losses);
    assert_non_null(accuracies);
    assert_int_equal(loss.count, 50);
    for (size_t step = 0; step < loss.count; step++) {
        double value = 0;

        golden_ok(f->ctx,
                  qn_fit(f->model, .x = replay_rows(f->x, (int64_t)step * batch, batch),
                         .y = replay_rows(f->y, (int64_t)step * batch, batch), .batch_size = batch,
                         .shuffle = false),
                  "fit");
        assert_true(qn_history_get(f->model, "loss", 0, &value));
        losses[step] = (float)value;
        assert_true(qn_history_get(f->model, "accuracy", 0, &value));
        accuracies[step] = (float)value;
    }
    golden_compare("loss of every step", losses, loss.values, loss.count, TRAINING_RUN);
    golden_compare("accuracy of every step", accuracies, accuracy.values, loss.count, TRAINING_RUN);
    replay_check_samples(f->model, golden_get(f->golden, "after"));
    replay_check_predictions(f->model, golden_get(f->golden, "predict"), replay_rows(f->x, 0, 20),
                             TRAINING_RUN);
    check_evaluation(f);
    free(losses);
    free(accuracies);
    golden_free(&loss);
    golden_free(&accuracy);
}

static void test_epochs(void **state)
{
    fixture *f = *state;
    const json_t *want = golden_get(f->golden, "epochs");

    golden_ok(f->ctx,
              qn_fit(f->model, .x = f->x, .y = f->y, .epochs = 2, .shuffle = false,
                     .validation_split = golden_number(want, "validation_split")),
              "fit");
    replay_check_history(f->model, golden_get(want, "logs"), TRAINING_RUN);
    replay_check_samples(f->model, golden_get(want, "after"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_epochs, setup, teardown),
    };

    if (argc != 2) {
        fprintf(stderr, "usage: test_lecture lecture.json\n");
        return 2;
    }
    data_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
