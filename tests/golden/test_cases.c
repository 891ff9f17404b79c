/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, activations, losses, metrics and optimizers against Keras's own values (cases.json). */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ONE_OP 1e-5
#define TRAINING_RUN 1e-4
#define MAX_CASES 128

static qn_context *ctx;

/* A model with the case's layers and weights, compiled as it says. */
static qn_model *make_model(const json_t *record, const golden_tensor *x)
{
    const json_t *weights = golden_get(record, "weights");
    const char *metrics = golden_text(record, "metrics");
    qn_model *model = NULL;

    golden_ok(ctx, qn_sequential(ctx, &model), "sequential");
    golden_ok(ctx, qn_add_text(model, golden_text(record, "layers")), "layers");
    golden_ok(ctx, qn_build(model, x->array.rank - 1, x->array.shape + 1), "build");
    golden_ok(ctx,
              qn_compile(model, .optimizer = golden_text(record, "optimizer"),
                         .loss = golden_text(record, "loss"), .metrics = *metrics ? metrics : NULL),
              "compile");
    assert_int_equal(qn_weight_count(model), json_array_size(weights));
    for (int i = 0; i < qn_weight_count(model); i++) {
        golden_tensor weight = golden_read(json_array_get(weights, (size_t)i));

        golden_ok(ctx, qn_set_weight(model, i, weight.array), "set_weight");
        golden_free(&weight);
    }
    return model;
}

static void check_predictions(qn_model *model, const json_t *record, const golden_tensor *x)
{
    golden_tensor want = golden_read(golden_get(record, "predict"));
    float *got = calloc(want.count, sizeof *got);
    qn_out out = {.data = got, .dtype = QN_F32, .rank = want.array.rank};

    assert_non_null(got);
    memcpy(out.shape, want.array.shape, sizeof out.shape);
    golden_ok(ctx, qn_predict(model, x->array, out), "predict");
    golden_compare("predict", got, want.values, want.count, ONE_OP);
    free(got);
    golden_free(&want);
}

static void check_evaluation(qn_model *model, const json_t *record, const golden_tensor *x,
                             const golden_tensor *y)
{
    json_t *wanted = golden_get(record, "evaluate");
    const char *name;
    json_t *number;
    qn_logs logs = {0};

    golden_ok(ctx,
              qn_evaluate(model, .x = x->array, .y = y->array, .logs = &logs,
                          .batch_size = (int64_t)golden_number(record, "batch_size")),
              "evaluate");
    assert_int_equal(logs.count, json_object_size(wanted));
    json_object_foreach(wanted, name, number)
    {
        double found = 0;
        float got, want = (float)json_number_value(number);

        if (!qn_logs_get(&logs, name, &found))
            fail_msg("evaluate has no \"%s\", as Keras calls it", name);
        got = (float)found;
        golden_compare(name, &got, &want, 1, ONE_OP);
    }
}

/* Every result of every epoch. */
static void check_history(const qn_model *model, const json_t *record, double tolerance)
{
    const char *name;
    json_t *list;

    json_object_foreach(golden_get(record, "fit"), name, list)
    {
        golden_tensor want = golden_list(list);
        float *got = calloc(want.count, sizeof *got);

        assert_non_null(got);
        assert_int_equal(qn_history_epochs(model), want.count);
        for (size_t i = 0; i < want.count; i++) {
            double value = 0;

            if (!qn_history_get(model, name, (int64_t)i, &value))
                fail_msg("the history has no \"%s\"", name);
            got[i] = (float)value;
        }
        golden_compare(name, got, want.values, want.count, tolerance);
        free(got);
        golden_free(&want);
    }
}

/* The weights, and, more strictly, how far they moved: the gradient, where the step was plain. */
static void check_weight(qn_model *model, const json_t *record, int index, double tolerance)
{
    golden_tensor before = golden_read(json_array_get(golden_get(record, "weights"), index));
    golden_tensor after = golden_read(json_array_get(golden_get(record, "after"), index));
    float *got = calloc(after.count, sizeof *got);
    float *start = before.values, *want = after.values;
    qn_out out = {.data = got, .dtype = QN_F32, .rank = after.array.rank};

    assert_non_null(got);
    memcpy(out.shape, after.array.shape, sizeof out.shape);
    golden_ok(ctx, qn_get_weight(model, index, out), "get_weight");
    golden_compare("weights", got, want, after.count, tolerance);
    for (size_t i = 0; i < after.count; i++) {
        got[i] -= start[i];
        want[i] -= start[i];
    }
    golden_compare("change of the weights", got, want, after.count, tolerance);
    free(got);
    golden_free(&before);
    golden_free(&after);
}

static void check_training(qn_model *model, const json_t *record, const golden_tensor *x,
                           const golden_tensor *y)
{
    int64_t epochs = (int64_t)golden_number(record, "epochs");
    double tolerance = epochs == 1 ? ONE_OP : TRAINING_RUN;

    golden_ok(ctx,
              qn_fit(model, .x = x->array, .y = y->array, .shuffle = false, .epochs = epochs,
                     .batch_size = (int64_t)golden_number(record, "batch_size")),
              "fit");
    check_history(model, record, tolerance);
    for (int i = 0; i < qn_weight_count(model); i++)
        check_weight(model, record, i, tolerance);
}

static void test_case(void **state)
{
    const json_t *record = *state;
    golden_tensor x = golden_read(golden_get(record, "x"));
    golden_tensor y = golden_read(golden_get(record, "y"));
    qn_model *model = make_model(record, &x);

    check_predictions(model, record, &x);
    check_evaluation(model, record, &x, &y);
    if (json_object_get(record, "fit"))
        check_training(model, record, &x, &y);
    qn_model_destroy(&model);
    golden_free(&x);
    golden_free(&y);
}

static int open_context(void **state)
{
    (void)state;
    if (qn_context_create(&ctx, .seed = 1) == QN_OK)
        return 0;
    print_error("%s\n", qn_error(ctx));
    return -1;
}

static int close_context(void **state)
{
    (void)state;
    qn_context_destroy(&ctx);
    return 0;
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[MAX_CASES];
    json_t *root, *cases;
    size_t count;
    int failed;

    if (argc != 2 || !(root = json_load_file(argv[1], 0, NULL))) {
        fprintf(stderr, "usage: test_cases cases.json\n");
        return 2;
    }
    cases = json_object_get(root, "cases");
    count = json_array_size(cases);
    if (count == 0 || count > MAX_CASES) {
        fprintf(stderr, "%s: %zu cases; 1 to %d can be run\n", argv[1], count, MAX_CASES);
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        json_t *record = json_array_get(cases, i);

        tests[i] = (struct CMUnitTest){json_string_value(json_object_get(record, "name")),
                                       test_case, NULL, NULL, record};
    }
    failed = _cmocka_run_group_tests("cases", tests, count, open_context, close_context);
    json_decref(root);
    return failed;
}
