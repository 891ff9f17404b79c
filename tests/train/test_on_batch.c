/* SPDX-License-Identifier: Apache-2.0 */
/* Training and testing on one batch. */
#include "train/fixture.h"
#include <math.h>

#define LAYERS "dense(8, relu), dense(3, softmax)"
#define LOSS "categorical_crossentropy"
#define MANY 50

static problem data;
static float weight[ROWS];
static qn_context *ctx;

static qn_array x_from(int64_t row, int64_t rows)
{
    return qn_f32(data.x[row], rows, FEATURES);
}

static qn_array y_from(int64_t row, int64_t rows)
{
    return qn_f32(data.y[row], rows, CLASSES);
}

static qn_model *make(void)
{
    return model_make(ctx, LAYERS, "adam", LOSS);
}

/* Batch by batch, as fit goes through them: the same bits, and each batch's own results. */
static void equals_fit(void **in)
{
    qn_model *whole = make(), *parts = make();
    double loss, sum = 0, right = 0, value;

    (void)in;
    must(ctx, qn_fit(whole, .x = x_from(0, ROWS), .y = y_from(0, ROWS), .batch_size = MANY,
                     .shuffle = false, .sample_weight = qn_f32(weight, ROWS)));
    for (int64_t row = 0; row < ROWS; row += MANY) {
        int64_t rows = ROWS - row < MANY ? ROWS - row : MANY;
        qn_logs logs = {0};

        must(ctx, qn_train_on_batch(parts, .x = x_from(row, rows), .y = y_from(row, rows),
                                    .sample_weight = qn_f32(weight + row, rows), .logs = &logs));
        assert_int_equal(logs.count, 2);
        assert_true(qn_logs_get(&logs, "loss", &value));
        sum += value * (double)rows;
        assert_true(qn_logs_get(&logs, "accuracy", &value));
        right += value * (double)rows;
    }
    assert_int_equal(parts->iterations, whole->iterations);
    assert_true(qn_history_get(whole, "loss", 0, &loss));
    assert_true(fabs(loss - sum / ROWS) < 1e-9);
    assert_true(qn_history_get(whole, "accuracy", 0, &value));
    assert_true(fabs(value - right / ROWS) < 1e-9);
    /* The last batch is smaller, and padded in fit alone. */
    assert_int_equal(qn_history_epochs(parts), 0);
    assert_int_equal(qn_model_epochs(parts), 0);
    qn_model_destroy(&whole);
    whole = make();
    qn_model_destroy(&parts);
    parts = make();
    must(ctx, qn_fit(whole, .x = x_from(0, 4 * MANY), .y = y_from(0, 4 * MANY), .batch_size = MANY,
                     .shuffle = false, .class_weight = "1=2"));
    for (int64_t row = 0; row < 4 * MANY; row += MANY)
        must(ctx, qn_train_on_batch(parts, .x = x_from(row, MANY), .y = y_from(row, MANY),
                                    .class_weight = "1=2"));
    assert_same_weights(whole, parts);
    qn_model_destroy(&whole);
    qn_model_destroy(&parts);
}

static void equals_evaluate(void **in)
{
    qn_model *model = make();
    qn_logs one = {0}, batch = {0};

    (void)in;
    must(ctx, qn_evaluate(model, .x = x_from(0, 70), .y = y_from(0, 70), .batch_size = 70,
                          .sample_weight = qn_f32(weight, 70), .logs = &one));
    must(ctx, qn_test_on_batch(model, .x = x_from(0, 70), .y = y_from(0, 70),
                               .sample_weight = qn_f32(weight, 70), .logs = &batch));
    assert_int_equal(one.count, batch.count);
    for (int i = 0; i < one.count; i++)
        assert_true(one.item[i].value == batch.item[i].value);
    assert_int_equal(model->iterations, 0);
    qn_model_destroy(&model);
}

/* Of the same sizes: no kernel, no buffer, and at most as much host memory as arguments take. */
static void builds_nothing_anew(void **in)
{
    qn_model *model = make();
    const qn_device_counters *counters = qn_device_count_of(model->device);
    uint64_t buffers = 0, allocations = 0;

    (void)in;
    for (int i = 0; i < 5; i++) {
        if (i == 2) {
            buffers = counters->buffers;
            allocations = ctx->env.allocations;
        }
        must(ctx, qn_train_on_batch(model, .x = x_from(i, 32), .y = y_from(i, 32)));
        must(ctx, qn_train_on_batch(model, .x = x_from(i, 20), .y = y_from(i, 20)));
        must(ctx, qn_test_on_batch(model, .x = x_from(i, 32), .y = y_from(i, 32)));
    }
    assert_int_equal(counters->buffers, buffers);
    assert_int_equal(ctx->env.allocations, allocations);
    qn_model_destroy(&model);
}

static void keeps_the_weights_where_it_diverges(void **in)
{
    static problem bad;
    qn_model *model = make(), *fresh = make();

    (void)in;
    bad = data;
    bad.x[3][1] = NAN;
    must_fail(ctx, QN_ERROR_DIVERGED, "train_on_batch: the loss was not finite",
              qn_train_on_batch(model, .x = problem_x(&bad, 32), .y = y_from(0, 32)));
    assert_same_weights(model, fresh);
    assert_int_equal(model->iterations, 0);
    must(ctx, qn_train_on_batch(model, .x = x_from(0, 32), .y = y_from(0, 32)));
    must(ctx, qn_train_on_batch(fresh, .x = x_from(0, 32), .y = y_from(0, 32)));
    assert_same_weights(model, fresh);
    qn_model_destroy(&model);
    qn_model_destroy(&fresh);
}

static void refuses_bad_input(void **in)
{
    qn_model *model = make(), *raw = model_make(ctx, LAYERS, NULL, NULL);

    (void)in;
    must_fail(ctx, QN_ERROR_USAGE, "train_on_batch: x is missing", qn_train_on_batch(model));
    must_fail(ctx, QN_ERROR_USAGE, "train_on_batch: y is missing",
              qn_train_on_batch(model, .x = x_from(0, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "test_on_batch: y is missing",
              qn_test_on_batch(model, .x = x_from(0, 3)));
    must_fail(ctx, QN_ERROR_USAGE, "x has 3 rows and y has 4",
              qn_train_on_batch(model, .x = x_from(0, 3), .y = y_from(0, 4)));
    must_fail(ctx, QN_ERROR_USAGE, "both sample_weight and class_weight",
              qn_train_on_batch(model, .x = x_from(0, 3), .y = y_from(0, 3),
                                .sample_weight = qn_f32(weight, 3), .class_weight = "0=1"));
    must_fail(ctx, QN_ERROR_USAGE, "not compiled",
              qn_train_on_batch(raw, .x = x_from(0, 3), .y = y_from(0, 3)));
    qn_stop(model);
    must_fail(ctx, QN_STOPPED, "train_on_batch was stopped",
              qn_train_on_batch(model, .x = x_from(0, 3), .y = y_from(0, 3)));
    must(ctx, qn_train_on_batch(model, .x = x_from(0, 3), .y = y_from(0, 3)));
    qn_model_destroy(&model);
    qn_model_destroy(&raw);
}

static int setup(void **in)
{
    (void)in;
    problem_make(&data);
    for (int r = 0; r < ROWS; r++)
        weight[r] = 1.0f + noise(3, (uint64_t)r);
    ctx = context_open();
    return 0;
}

static int teardown(void **in)
{
    (void)in;
    qn_context_destroy(&ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_fit),
        cmocka_unit_test(equals_evaluate),
        cmocka_unit_test(builds_nothing_anew),
        cmocka_unit_test(keeps_the_weights_where_it_diverges),
        cmocka_unit_test(refuses_bad_input),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
