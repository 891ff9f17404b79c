/* SPDX-License-Identifier: Apache-2.0 */
/* Whole trainings on Fashion-MNIST from fixed weights in a fixed order, several epochs with a
 * validation split and ragged last batches, against Keras's own values (trainings.json). */
#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLASSES 10

static qn_context *ctx;
static qn_dataset *dataset;

static void test_training(void **state)
{
    const json_t *record = *state;
    int64_t samples = (int64_t)golden_number(record, "samples");
    float *targets = calloc((size_t)samples * CLASSES, sizeof *targets);
    qn_array x, labels;
    qn_model *model;

    assert_non_null(targets);
    golden_ok(ctx, qn_dataset_get(dataset, "train", &x, &labels), "train split");
    x = replay_rows(x, 0, samples);
    golden_ok(
        ctx,
        qn_one_hot(ctx, replay_rows(labels, 0, samples), qn_f32_out(targets, samples, CLASSES)),
        "one_hot");
    model = replay_model(ctx, record, &x);
    replay_fit(model, record, x, qn_f32(targets, samples, CLASSES), (qn_array){0});
    replay_check_history(model, golden_get(record, "fit"), TRAINING_RUN);
    replay_check_samples(model, golden_get(record, "after"));
    qn_model_destroy(&model);
    free(targets);
}

static int setup(void **state)
{
    (void)state;
    if (qn_context_create(&ctx, .seed = 1) == QN_OK &&
        qn_dataset_open(ctx, "fashion-mnist", &dataset) == QN_OK)
        return 0;
    print_error("%s\n", qn_error(ctx));
    return -1;
}

static int teardown(void **state)
{
    (void)state;
    qn_dataset_destroy(&dataset);
    qn_context_destroy(&ctx);
    return 0;
}

int main(int argc, char **argv)
{
    json_t *root = argc == 2 ? json_load_file(argv[1], 0, NULL) : NULL;
    json_t *cases = json_object_get(root, "cases"), *record;
    struct CMUnitTest *tests = calloc(json_array_size(cases) + 1, sizeof *tests);
    size_t i;
    int failed;

    if (tests == NULL || json_array_size(cases) == 0) {
        fprintf(stderr, "usage: test_trainings trainings.json\n");
        free(tests);
        return 2;
    }
    json_array_foreach(cases, i, record) tests[i] = (struct CMUnitTest){
        json_string_value(json_object_get(record, "name")), test_training, NULL, NULL, record};
    failed = _cmocka_run_group_tests("trainings", tests, i, setup, teardown);
    free(tests);
    json_decref(root);
    return failed;
}
