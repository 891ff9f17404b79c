/* SPDX-License-Identifier: Apache-2.0 */
/* The cases of one family's file against Keras's own values. A case is of one of five kinds: a
 * model (most), initial weights, the spread of random ones, learning rates, a mistake. */
#include "replay.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static qn_context *ctx;

static void check_evaluation(qn_model *model, const json_t *record, const char *key, qn_array x,
                             qn_array y, qn_array sample_weight)
{
    qn_logs logs = {0};

    golden_ok(ctx,
              qn_evaluate(model, .x = x, .y = y, .sample_weight = sample_weight, .logs = &logs,
                          .batch_size = (int64_t)golden_number(record, "batch_size")),
              key);
    replay_check_logs(&logs, golden_get(record, key), ONE_OP);
}

/* The weights, and, more strictly, how far they moved: the gradient, where the step was plain. */
static void check_weights(qn_model *model, const json_t *record, double tolerance)
{
    const json_t *before = golden_get(record, "weights"), *after = golden_get(record, "after");
    int own = qn_weight_count(model) - (int)json_array_size(after);

    assert_int_equal(json_array_size(before), json_array_size(after));
    for (size_t index = 0; index < json_array_size(after); index++) {
        golden_tensor from = golden_read(json_array_get(before, index));
        golden_tensor to = golden_read(json_array_get(after, index));
        size_t count;
        float *start = from.values, *want = to.values;
        float *got = replay_weight(model, own + (int)index, &count);
        char what[64];

        assert_int_equal(count, to.count);
        snprintf(what, sizeof what, "weight %zu", index);
        golden_compare(what, got, want, count, tolerance);
        for (size_t i = 0; i < count; i++) {
            got[i] -= start[i];
            want[i] -= start[i];
        }
        snprintf(what, sizeof what, "change of weight %zu", index);
        golden_compare(what, got, want, count, tolerance);
        free(got);
        golden_free(&from);
        golden_free(&to);
    }
}

static void check_training(qn_model *model, const json_t *record, qn_array x, qn_array y,
                           qn_array sample_weight)
{
    int64_t epochs = (int64_t)golden_number(record, "epochs");
    int64_t batch = (int64_t)golden_number(record, "batch_size");
    double tolerance = epochs == 1 && batch >= x.shape[0] ? ONE_OP : TRAINING_RUN;

    replay_fit(model, record, x, y, sample_weight);
    replay_check_history(model, golden_get(record, "fit"), tolerance);
    check_weights(model, record, tolerance);
    if (golden_is(record, "predict_after"))
        replay_check_predictions(model, golden_get(record, "predict_after"), x, tolerance);
}

/* train_on_batch and test_on_batch on some rows, then on the next. */
static void check_on_batches(qn_model *model, const json_t *record, qn_array x, qn_array y,
                             qn_array sample_weight)
{
    const char *classes =
        golden_is(record, "class_weight") ? golden_text(record, "class_weight") : NULL;
    int64_t first = 0;
    json_t *rows;
    size_t i;

    json_array_foreach(golden_get(record, "batches"), i, rows)
    {
        int64_t count = json_integer_value(rows);
        qn_array bx = replay_rows(x, first, count), by = replay_rows(y, first, count), bw = {0};
        qn_logs logs = {0};

        if (sample_weight.data)
            bw = replay_rows(sample_weight, first, count);
        golden_ok(ctx,
                  qn_train_on_batch(model, .x = bx, .y = by, .sample_weight = bw,
                                    .class_weight = classes, .logs = &logs),
                  "train_on_batch");
        replay_check_logs(&logs, json_array_get(golden_get(record, "train_on_batch"), i),
                          TRAINING_RUN);
        golden_ok(ctx,
                  qn_test_on_batch(model, .x = bx, .y = by, .sample_weight = bw, .logs = &logs),
                  "test_on_batch");
        replay_check_logs(&logs, json_array_get(golden_get(record, "test_on_batch"), i),
                          TRAINING_RUN);
        first += count;
    }
    check_weights(model, record, TRAINING_RUN);
}

static void test_model(const json_t *record)
{
    golden_tensor x = golden_read(golden_get(record, "x"));
    golden_tensor y = golden_read(golden_get(record, "y"));
    golden_tensor weights = {0};
    qn_model *model = replay_model(ctx, record, &x.array);

    replay_check_predictions(model, golden_get(record, "predict"), x.array, ONE_OP);
    check_evaluation(model, record, "evaluate", x.array, y.array, weights.array);
    if (golden_is(record, "sample_weight")) {
        weights = golden_read(golden_get(record, "sample_weight"));
        check_evaluation(model, record, "evaluate_weighted", x.array, y.array, weights.array);
    }
    if (golden_is(record, "fit"))
        check_training(model, record, x.array, y.array, weights.array);
    if (golden_is(record, "batches"))
        check_on_batches(model, record, x.array, y.array, weights.array);
    qn_model_destroy(&model);
    golden_free(&weights);
    golden_free(&x);
    golden_free(&y);
}

/* A model of the record's layers, as it is made. */
static qn_model *fresh_model(const json_t *record)
{
    int64_t inputs = (int64_t)golden_number(record, "inputs");
    qn_model *model = NULL;

    golden_ok(ctx, qn_sequential(ctx, &model), "sequential");
    golden_ok(ctx, qn_add_text(model, golden_text(record, "layers")), "layers");
    golden_ok(ctx, qn_build(model, 1, &inputs), "build");
    return model;
}

static void test_initial_weights(const json_t *record)
{
    const json_t *list = golden_get(record, "initial");
    qn_model *model = fresh_model(record);

    assert_int_equal(qn_weight_count(model), json_array_size(list));
    for (int index = 0; index < qn_weight_count(model); index++) {
        golden_tensor want = golden_read(json_array_get(list, (size_t)index));
        size_t count;
        float *got = replay_weight(model, index, &count);

        assert_int_equal(count, want.count);
        golden_compare("initial weights", got, want.values, count, 0);
        free(got);
        golden_free(&want);
    }
    qn_model_destroy(&model);
}

/* Mean and deviation within six of their own standard errors; bounds kept, and nearly reached. */
static void test_spread(const json_t *record)
{
    double want = golden_number(record, "deviation"), mean = golden_number(record, "mean");
    double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
    qn_model *model = fresh_model(record);
    size_t count;
    float *got = replay_weight(model, 0, &count);

    for (size_t i = 0; i < count; i++) {
        sum += got[i] - mean;
        squares += (got[i] - mean) * (got[i] - mean);
        least = fmin(least, got[i]);
        most = fmax(most, got[i]);
    }
    sum /= (double)count;
    if (fabs(sum) > 6 * want / sqrt((double)count))
        fail_msg("the mean is %g, Keras's %g", mean + sum, mean);
    if (fabs(sqrt(squares / (double)count) - want) > 6 * want / sqrt(2.0 * (double)count))
        fail_msg("the deviation is %g, Keras's %g", sqrt(squares / (double)count), want);
    if (golden_is(record, "low")) {
        double low = golden_number(record, "low"), high = golden_number(record, "high");
        double margin = (high - low) / 20, rounding = FLT_EPSILON * fmax(fabs(low), fabs(high));

        if (least < low - rounding || most > high + rounding || least > low + margin ||
            most < high - margin)
            fail_msg("from %g to %g, Keras's from %g to %g", least, most, low, high);
    }
    free(got);
    qn_model_destroy(&model);
}

/* One weight w, from 0 at each step, whose gradient is -1: it becomes the step's rate. */
static void test_rates(const json_t *record)
{
    golden_tensor want = golden_list(golden_get(record, "rates"));
    float *got = calloc(want.count, sizeof *got);
    float zero = 0, one = 1, far = 1000;
    qn_model *model = NULL;

    assert_non_null(got);
    golden_ok(ctx, qn_sequential(ctx, &model), "sequential");
    golden_ok(ctx, qn_add_text(model, "dense(1, use_bias=false, input_shape=(1,))"), "layers");
    golden_ok(ctx,
              qn_compile(model, .optimizer = golden_text(record, "optimizer"),
                         .loss = "mean_absolute_error"),
              "compile");
    for (size_t step = 0; step < want.count; step++) {
        golden_ok(ctx, qn_set_weight(model, 0, qn_f32(&zero, 1, 1)), "set_weight");
        golden_ok(ctx, qn_fit(model, .x = qn_f32(&one, 1, 1), .y = qn_f32(&far, 1, 1)), "fit");
        golden_ok(ctx, qn_get_weight(model, 0, qn_f32_out(&got[step], 1, 1)), "get_weight");
    }
    golden_compare("rates", got, want.values, want.count, ONE_OP);
    qn_model_destroy(&model);
    free(got);
    golden_free(&want);
}

/* What Keras refuses too: the first call that can see the mistake says what it is. */
static void test_refused(const json_t *record)
{
    int64_t inputs = (int64_t)golden_number(record, "inputs");
    const char *callbacks = golden_text(record, "callbacks");
    const char *classes =
        golden_is(record, "class_weight") ? golden_text(record, "class_weight") : NULL;
    float x[4 * 6] = {0}, y[4 * 3] = {0}, ones[4] = {1, 1, 1, 1};
    qn_array weights = {0};
    qn_model *model = NULL;
    qn_status status;

    assert_int_equal(inputs, 6);
    if (golden_is(record, "sample_weight"))
        weights = qn_f32(ones, 4);
    golden_ok(ctx, qn_sequential(ctx, &model), "sequential");
    if ((status = qn_add_text(model, golden_text(record, "layers"))) == QN_OK &&
        (status = qn_build(model, 1, &inputs)) == QN_OK &&
        (status = qn_compile(model, .optimizer = golden_text(record, "optimizer"),
                             .loss = "categorical_crossentropy")) == QN_OK)
        status = qn_fit(model, .x = qn_f32(x, 4, 6), .y = qn_f32(y, 4, 3), .sample_weight = weights,
                        .class_weight = classes, .callbacks = *callbacks ? callbacks : NULL);
    if (status != QN_ERROR_USAGE)
        fail_msg("%s: Keras refuses it", qn_status_name(status));
    assert_true(strlen(qn_error(ctx)) > 20);
    print_message("%s\n", qn_error(ctx));
    qn_model_destroy(&model);
}

static void test_case(void **state)
{
    const json_t *record = *state;

    if (golden_is(record, "rates"))
        test_rates(record);
    else if (golden_is(record, "initial"))
        test_initial_weights(record);
    else if (golden_is(record, "deviation"))
        test_spread(record);
    else if (golden_is(record, "refused"))
        test_refused(record);
    else
        test_model(record);
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

/* A second argument runs only the cases whose names hold it. */
int main(int argc, char **argv)
{
    json_t *root = argc == 2 || argc == 3 ? json_load_file(argv[1], 0, NULL) : NULL;
    json_t *cases = json_object_get(root, "cases"), *record;
    struct CMUnitTest *tests = calloc(json_array_size(cases) + 1, sizeof *tests);
    size_t count = 0, i;
    int failed;

    if (tests == NULL)
        return 1;
    json_array_foreach(cases, i, record)
    {
        const char *name = json_string_value(json_object_get(record, "name"));

        if (argc == 2 || strstr(name, argv[2]))
            tests[count++] = (struct CMUnitTest){name, test_case, NULL, NULL, record};
    }
    if (count == 0) {
        fprintf(stderr, "usage: test_cases FAMILY.json [PART OF A NAME]\n");
        return 2;
    }
    failed = _cmocka_run_group_tests(argv[1], tests, count, open_context, close_context);
    free(tests);
    json_decref(root);
    return failed;
}
