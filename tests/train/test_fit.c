/* SPDX-License-Identifier: Apache-2.0 */
/* Training on a device: it learns, repeats itself bit for bit however the work is cut, and counts
 * as Keras does. */
#include "train/fixture.h"
#include <stdlib.h>

#define LAYERS "dense(16, relu), dense(3, softmax)"
#define LOSS "categorical_crossentropy"

typedef struct state {
    qn_context *ctx;
    problem data;
} state;

static int setup(void **out)
{
    state *s = calloc(1, sizeof *s);

    s->ctx = context_open();
    problem_make(&s->data);
    *out = s;
    return 0;
}

static int teardown(void **in)
{
    state *s = *in;

    qn_context_destroy(&s->ctx);
    free(s);
    return 0;
}

static void learns(void **in)
{
    state *s = *in;
    qn_model *model = model_make(s->ctx, LAYERS, "adam(learning_rate=0.02)", LOSS);
    double first, last, accuracy;
    qn_logs logs = {0};

    must(s->ctx, qn_fit(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                        .epochs = 30));
    assert_int_equal(qn_history_epochs(model), 30);
    assert_true(qn_history_get(model, "loss", 0, &first));
    assert_true(qn_history_get(model, "loss", 29, &last));
    assert_true(last < first / 4);
    must(s->ctx, qn_evaluate(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                             .logs = &logs));
    assert_true(qn_logs_get(&logs, "accuracy", &accuracy));
    assert_true(accuracy > 0.97);
    qn_model_destroy(&model);
}

/* A model trained on the whole problem, cut in a given way. */
static qn_model *trained(state *s, uint64_t sample_limit, size_t chunk_limit)
{
    qn_model *model = model_make(s->ctx, LAYERS, "adam", LOSS);

    model->sample_limit = sample_limit;
    model->chunk_limit = chunk_limit;
    must(s->ctx, qn_fit(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                        .batch_size = 8, .epochs = 3, .validation_split = 0.2));
    return model;
}

static void assert_same_history(qn_model *a, qn_model *b)
{
    assert_int_equal(qn_history_epochs(a), qn_history_epochs(b));
    for (int64_t e = 0; e < qn_history_epochs(a); e++) {
        qn_logs in_a = {0}, in_b = {0};

        assert_true(qn_history_logs(a, e, &in_a, NULL));
        assert_true(qn_history_logs(b, e, &in_b, NULL));
        assert_int_equal(in_a.count, in_b.count);
        for (int i = 0; i < in_a.count; i++) {
            assert_string_equal(in_a.item[i].name, in_b.item[i].name);
            assert_memory_equal(&in_a.item[i].value, &in_b.item[i].value, sizeof(double));
        }
    }
}

static void repeats_bit_for_bit(void **in)
{
    static const struct {
        uint64_t sample_limit;
        size_t chunk_limit;
    } cuts[] = {{0, 0}, {0, 1}, {0, 3}, {1, 0}, {1, 1}, {1, 5}};
    state *s = *in;
    qn_model *whole = trained(s, 0, 0);

    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        qn_model *cut = trained(s, cuts[i].sample_limit, cuts[i].chunk_limit);

        assert_same_weights(whole, cut);
        assert_same_history(whole, cut);
        qn_model_destroy(&cut);
    }
    qn_model_destroy(&whole);
}

/* Small and wide types give what float32 gives, resident and streaming. */
static void takes_other_types(void **in)
{
    static uint8_t bytes[ROWS][FEATURES];
    static float floats[ROWS][FEATURES];
    static double doubles[ROWS][FEATURES];
    static int64_t labels[ROWS];
    state *s = *in;
    qn_array x[3] = {qn_f32(floats, ROWS, FEATURES), qn_f64(doubles, ROWS, FEATURES),
                     qn_u8(bytes, ROWS, FEATURES)};
    qn_model *first = NULL;

    for (int r = 0; r < ROWS; r++) {
        labels[r] = s->data.label[r];
        for (int c = 0; c < FEATURES; c++) {
            bytes[r][c] = (uint8_t)(s->data.x[r][c] * 50 + 100);
            doubles[r][c] = floats[r][c] = (float)bytes[r][c] * 0.125f;
        }
    }
    x[2].scale = 0.125f; /* exact */
    for (int i = 0; i < 6; i++) {
        qn_model *model = model_make(s->ctx, LAYERS, "sgd(learning_rate=0.1)", "sparse_" LOSS);
        qn_array y = i % 2 ? qn_i64(labels, ROWS) : qn_i32(s->data.label, ROWS);

        model->sample_limit = i < 3 ? 0 : 1;
        must(s->ctx, qn_fit(model, .x = x[i % 3], .y = y, .epochs = 2));
        assert_true(qn_model_input_scale(model) == (i % 3 == 2 ? 0.125f : 1.0f));
        if (first) {
            assert_same_weights(first, model);
            qn_model_destroy(&model);
        } else {
            first = model;
        }
    }
    qn_model_destroy(&first);
}

static void splits_and_counts_as_keras(void **in)
{
    state *s = *in;
    int64_t train = 152, rest = ROWS - train; /* int(203 * 0.75) */
    qn_model *split = model_make(s->ctx, LAYERS, "adam", LOSS);
    qn_model *given = model_make(s->ctx, LAYERS, "adam", LOSS);
    qn_logs logs = {0}, validation = {0};
    double seconds = -1, value, other;

    must(s->ctx, qn_fit(split, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                        .epochs = 2, .validation_split = 0.25));
    must(s->ctx, qn_fit(given, .x = problem_x(&s->data, train), .y = problem_y(&s->data, train),
                        .epochs = 2, .validation_x = qn_f32(s->data.x[train], rest, FEATURES),
                        .validation_y = qn_f32(s->data.y[train], rest, CLASSES)));
    assert_same_weights(split, given);
    assert_same_history(split, given);
    assert_true(qn_history_logs(split, 1, &logs, &seconds));
    assert_true(seconds > 0);
    assert_int_equal(logs.count, 4);
    assert_string_equal(logs.item[0].name, "loss");
    assert_string_equal(logs.item[1].name, "accuracy");
    assert_string_equal(logs.item[2].name, "val_loss");
    assert_string_equal(logs.item[3].name, "val_accuracy");
    assert_false(qn_history_logs(split, 2, &logs, &seconds));
    assert_false(qn_history_get(split, "val_los", 1, &value));
    /* Validation is evaluation of the tail with the epoch's weights. */
    must(s->ctx, qn_evaluate(given, .x = qn_f32(s->data.x[train], rest, FEATURES),
                             .y = qn_f32(s->data.y[train], rest, CLASSES), .logs = &validation));
    assert_true(qn_logs_get(&validation, "loss", &value));
    assert_true(qn_history_get(split, "val_loss", 1, &other));
    assert_true(value == other);
    qn_model_destroy(&split);
    qn_model_destroy(&given);
}

static void continues_where_it_ended(void **in)
{
    state *s = *in;
    qn_array x = problem_x(&s->data, ROWS), y = problem_y(&s->data, ROWS);
    qn_model *once = model_make(s->ctx, LAYERS, "adam", LOSS);
    qn_model *twice = model_make(s->ctx, LAYERS, "adam", LOSS);
    qn_model *unshuffled = model_make(s->ctx, LAYERS, "adam", LOSS);
    static float a[MAX_WEIGHTS], b[MAX_WEIGHTS];

    must(s->ctx, qn_fit(once, .x = x, .y = y, .epochs = 4));
    must(s->ctx, qn_fit(twice, .x = x, .y = y, .epochs = 2));
    must(s->ctx, qn_fit(twice, .x = x, .y = y, .epochs = 4, .initial_epoch = 2));
    assert_int_equal(qn_history_epochs(twice), 2);
    assert_same_weights(once, twice);
    must(s->ctx, qn_fit(unshuffled, .x = x, .y = y, .epochs = 4, .shuffle = false));
    assert_int_equal(weights_read(once, a), weights_read(unshuffled, b));
    assert_memory_not_equal(a, b, sizeof(float) * 16);
    qn_model_destroy(&once);
    qn_model_destroy(&twice);
    qn_model_destroy(&unshuffled);
}

static void metrics_of_fit_replace_those_of_compile(void **in)
{
    state *s = *in;
    qn_model *model = model_make(s->ctx, LAYERS, "adam", LOSS);
    qn_logs logs = {0};
    double value;

    must(s->ctx, qn_fit(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                        .metrics = "mean_squared_error, accuracy"));
    assert_true(qn_history_logs(model, 0, &logs, NULL));
    assert_int_equal(logs.count, 3);
    assert_string_equal(logs.item[1].name, "mean_squared_error");
    must(s->ctx, qn_evaluate(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                             .logs = &logs));
    assert_true(qn_logs_get(&logs, "mean_squared_error", &value));
    qn_model_destroy(&model);
}

/* Repeated calls with the same shapes make no kernel and no buffer anew. */
static void keeps_plans_between_calls(void **in)
{
    state *s = *in;
    qn_model *model = model_make(s->ctx, LAYERS, "adam", LOSS);
    const qn_device_counters *counters = qn_device_count_of(model->device);
    static float out[ROWS][CLASSES];
    uint64_t buffers = 0;

    for (int i = 0; i < 4; i++) {
        must(s->ctx, qn_fit(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS),
                            .validation_split = 0.1));
        must(s->ctx, qn_evaluate(model, .x = problem_x(&s->data, 90 + i),
                                 .y = problem_y(&s->data, 90 + i)));
        must(s->ctx,
             qn_predict(model, problem_x(&s->data, 10 + i), qn_f32_out(out, 10 + i, CLASSES)));
        if (i == 0)
            buffers = counters->buffers;
    }
    assert_int_equal(counters->buffers, buffers);
    must(s->ctx, qn_compile(model, .optimizer = "sgd", .loss = LOSS));
    must(s->ctx, qn_fit(model, .x = problem_x(&s->data, ROWS), .y = problem_y(&s->data, ROWS)));
    assert_true(counters->buffers > buffers);
    qn_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(learns, setup, teardown),
        cmocka_unit_test_setup_teardown(repeats_bit_for_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_other_types, setup, teardown),
        cmocka_unit_test_setup_teardown(splits_and_counts_as_keras, setup, teardown),
        cmocka_unit_test_setup_teardown(continues_where_it_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_of_fit_replace_those_of_compile, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_plans_between_calls, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
