/* SPDX-License-Identifier: Apache-2.0 */
/* The user's own hooks: when they are called, what they see, and what they can do. */
#include "train/fixture.h"
#include <stdio.h>

#define LAYERS "dense(4, sigmoid), dense(3, softmax)"
#define LOSS "categorical_crossentropy"

static problem data;
static qn_context *ctx;

static qn_array x_of(int64_t rows)
{
    return problem_x(&data, rows);
}

static qn_array y_of(int64_t rows)
{
    return problem_y(&data, rows);
}

static qn_model *make(void)
{
    return model_make(ctx, LAYERS, "sgd(learning_rate=0.1)", LOSS);
}

/* ---- order ---- */

typedef struct record {
    char calls[2000];
    const char *stop_at; /* a call after which qn_stop_training is called */
    const char *fail_at; /* one that fails */
    qn_status status;
    bool evaluate; /* and leaves a message of its own */
} record;

static qn_status note(record *r, qn_model *model, const char *name, int64_t index)
{
    char call[32];

    snprintf(call, sizeof call, "%s%d", name, (int)index);
    strcat(strcat(r->calls, *r->calls ? " " : ""), call);
    if (r->stop_at && strcmp(call, r->stop_at) == 0)
        qn_stop_training(model);
    if (!r->fail_at || strcmp(call, r->fail_at) != 0)
        return QN_OK;
    return r->evaluate ? qn_evaluate(model, .x = x_of(3)) : r->status;
}

#define HOOK(name, text)                                                                           \
    static qn_status name(void *user, qn_model *model, int64_t index, qn_logs *logs)               \
    {                                                                                              \
        assert_non_null(logs);                                                                     \
        return note(user, model, text, index);                                                     \
    }
HOOK(train_begin, "T")
HOOK(train_end, "t")
HOOK(epoch_begin, "E")
HOOK(epoch_end, "e")
HOOK(train_batch_begin, "B")
HOOK(train_batch_end, "b")
HOOK(test_begin, "V")
HOOK(test_end, "v")
HOOK(test_batch_begin, "C")
HOOK(test_batch_end, "c")
HOOK(predict_begin, "P")
HOOK(predict_end, "p")
HOOK(predict_batch_begin, "D")
HOOK(predict_batch_end, "d")

static qn_callback_params all_hooks(record *r)
{
    qn_callback_params p = qn_callback_defaults();

    p.user = r;
    p.on_train_begin = train_begin;
    p.on_train_end = train_end;
    p.on_epoch_begin = epoch_begin;
    p.on_epoch_end = epoch_end;
    p.on_train_batch_begin = train_batch_begin;
    p.on_train_batch_end = train_batch_end;
    p.on_test_begin = test_begin;
    p.on_test_end = test_end;
    p.on_test_batch_begin = test_batch_begin;
    p.on_test_batch_end = test_batch_end;
    p.on_predict_begin = predict_begin;
    p.on_predict_end = predict_end;
    p.on_predict_batch_begin = predict_batch_begin;
    p.on_predict_batch_end = predict_batch_end;
    return p;
}

/* Two batches to train on, one to validate with. */
static qn_status fit_two(qn_model *model, const qn_spec *const *specs, int64_t epochs)
{
    return qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = epochs, .validation_x = x_of(20),
                  .validation_y = y_of(20), .callback_specs = specs);
}

static void calls_in_keras_order(void **in)
{
    static float out[50][CLASSES];
    qn_model *model = make();
    record r = {""};
    qn_callback_params p = all_hooks(&r);
    const qn_spec *const specs[] = {&p.spec, NULL};

    (void)in;
    must(ctx, fit_two(model, specs, 2));
    assert_string_equal(r.calls, "T0 E0 B0 b0 B1 b1 V0 C0 c0 v0 e0 "
                                 "E1 B0 b0 B1 b1 V0 C0 c0 v0 e1 t0");
    r.calls[0] = '\0';
    must(ctx, qn_evaluate(model, .x = x_of(50), .y = y_of(50), .callback_specs = specs));
    assert_string_equal(r.calls, "V0 C0 c0 C1 c1 v0");
    r.calls[0] = '\0';
    must(ctx, qn_predict(model, x_of(50), qn_f32_out(out, 50, CLASSES), .callback_specs = specs));
    assert_string_equal(r.calls, "P0 D0 d0 D1 d1 p0");
    qn_model_destroy(&model);
}

/* Several: in the order of the text, then of the list. */
static qn_status two_of_them(void *user, qn_model *model, int64_t index, qn_logs *logs)
{
    double value;

    assert_true(qn_logs_get(logs, "learning_rate", &value)); /* by the text's callback */
    strcpy(logs->item[logs->count].name, "mine");
    logs->item[logs->count++].value = (double)index + 0.5;
    return note(user, model, "first", index);
}

static qn_status sees_the_first(void *user, qn_model *model, int64_t index, qn_logs *logs)
{
    double value = 0;

    assert_true(qn_logs_get(logs, "mine", &value));
    assert_true(value == (double)index + 0.5);
    return note(user, model, "second", index);
}

static void calls_text_then_list(void **in)
{
    qn_model *model = make();
    record r = {""};
    double value;

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50),
                     .callbacks = "reduce_lr_on_plateau(monitor=loss), terminate_on_nan",
                     .callback_specs = (const qn_spec *const[]){
                         qn_callback(.on_epoch_end = two_of_them, .user = &r),
                         qn_callback(.on_epoch_end = sees_the_first, .user = &r), NULL}));
    assert_string_equal(r.calls, "first0 second0");
    assert_true(qn_history_get(model, "mine", 0, &value));
    assert_true(value == 0.5);
    qn_model_destroy(&model);
}

/* ---- results ---- */

typedef struct means {
    double last[2]; /* loss after each batch */
    double epoch, validation, val_loss;
} means;

static qn_status keep_batch(void *user, qn_model *model, int64_t batch, qn_logs *logs)
{
    (void)model;
    assert_true(qn_logs_get(logs, "loss", &((means *)user)->last[batch]));
    return QN_OK;
}

static qn_status keep_test(void *user, qn_model *model, int64_t index, qn_logs *logs)
{
    (void)model, (void)index;
    assert_true(qn_logs_get(logs, "loss", &((means *)user)->validation));
    return QN_OK;
}

static qn_status keep_epoch(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    (void)model, (void)epoch;
    assert_true(qn_logs_get(logs, "loss", &((means *)user)->epoch));
    assert_true(qn_logs_get(logs, "val_loss", &((means *)user)->val_loss));
    return QN_OK;
}

static void sees_running_means(void **in)
{
    qn_model *model = make(), *first = make();
    means m = {{0, 0}, 0, 0, 0};
    double loss;

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .shuffle = false,
                     .validation_x = x_of(20), .validation_y = y_of(20),
                     .callback_specs = (const qn_spec *const[]){
                         qn_callback(.on_train_batch_end = keep_batch, .on_test_end = keep_test,
                                     .on_epoch_end = keep_epoch, .user = &m),
                         NULL}));
    must(ctx, qn_fit(first, .x = x_of(32), .y = y_of(32), .shuffle = false));
    assert_true(qn_history_get(first, "loss", 0, &loss));
    assert_true(m.last[0] == loss);
    assert_true(m.last[1] == m.epoch && m.last[1] != m.last[0]);
    assert_true(m.validation == m.val_loss && m.val_loss > 0);
    qn_model_destroy(&model);
    qn_model_destroy(&first);
}

/* ---- stopping and failing ---- */

static void stops_where_a_hook_says(void **in)
{
    static const struct {
        const char *at, *calls;
        int64_t epochs;
    } cases[] = {
        {"E1", "T0 E0 B0 b0 B1 b1 V0 C0 c0 v0 e0 E1 B0 b0 V0 C0 c0 v0 e1 t0", 2},
        {"e0", "T0 E0 B0 b0 B1 b1 V0 C0 c0 v0 e0 t0", 1},
        {"b0", "T0 E0 B0 b0 V0 C0 c0 v0 e0 t0", 1},
        {"c0", "T0 E0 B0 b0 B1 b1 V0 C0 c0 v0 e0 t0", 1},
    };

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *model = make();
        record r = {.stop_at = cases[i].at};
        qn_callback_params p = all_hooks(&r);

        must(ctx, fit_two(model, (const qn_spec *const[]){&p.spec, NULL}, 5));
        assert_string_equal(r.calls, cases[i].calls);
        assert_int_equal(qn_history_epochs(model), cases[i].epochs);
        assert_int_equal(qn_model_epochs(model), cases[i].epochs);
        /* The next fit runs. */
        must(ctx, fit_two(model, NULL, 2));
        assert_int_equal(qn_history_epochs(model), 2);
        qn_model_destroy(&model);
    }
}

/* After a hook on the first of two batches: that batch was all. */
static void ends_after_the_batch(void **in)
{
    qn_model *model = make(), *one = make();
    record r = {.stop_at = "b0"};

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .shuffle = false, .epochs = 3,
                     .callback_specs = (const qn_spec *const[]){
                         qn_callback(.on_train_batch_end = train_batch_end, .user = &r), NULL}));
    must(ctx, qn_fit(one, .x = x_of(32), .y = y_of(32), .shuffle = false));
    assert_same_weights(model, one);
    assert_int_equal(model->iterations, 1);
    qn_model_destroy(&model);
    qn_model_destroy(&one);
}

static void ends_with_the_status_of_a_hook(void **in)
{
    static const char *const at[] = {"T0", "E1", "B1", "b0", "V0", "C0", "c0", "v0", "e0", "t0"};
    qn_model *model = make();

    (void)in;
    for (int i = 0; i < QN_COUNT(at); i++) {
        record r = {.fail_at = at[i], .status = QN_ERROR_DATA};
        qn_callback_params p = all_hooks(&r);
        size_t length;

        must_fail(ctx, QN_ERROR_DATA, "fit: a callback's on_",
                  fit_two(model, (const qn_spec *const[]){&p.spec, NULL}, 3));
        assert_non_null(strstr(qn_error(ctx), "returned QN_ERROR_DATA"));
        /* It was the last call. */
        length = strlen(r.calls);
        assert_true(length >= 2 && strcmp(r.calls + length - 2, at[i]) == 0);
    }
    {
        record r = {.fail_at = "e0", .evaluate = true};
        qn_callback_params p = all_hooks(&r);

        must_fail(ctx, QN_ERROR_USAGE, "fit: a callback's on_epoch_end(0): evaluate: y is missing",
                  fit_two(model, (const qn_spec *const[]){&p.spec, NULL}, 3));
    }
    {
        record r = {.fail_at = "e0", .status = QN_STOPPED};
        qn_callback_params p = all_hooks(&r);

        must_fail(ctx, QN_STOPPED, "stopped",
                  fit_two(model, (const qn_spec *const[]){&p.spec, NULL}, 3));
    }
    must(ctx, fit_two(model, NULL, 1));
    qn_model_destroy(&model);
}

static qn_status compile_within(void *user, qn_model *model, int64_t index, qn_logs *logs)
{
    (void)user, (void)index, (void)logs;
    return qn_compile(model, .optimizer = "sgd", .loss = LOSS);
}

static void refuses_to_be_compiled_by_a_hook(void **in)
{
    qn_model *model = make();

    (void)in;
    must_fail(ctx, QN_ERROR_USAGE, "was changed while it ran",
              fit_two(model,
                      (const qn_spec *const[]){qn_callback(.on_epoch_begin = compile_within), NULL},
                      3));
    must(ctx, fit_two(model, NULL, 1));
    qn_model_destroy(&model);
}

/* A hook on batches sets the rate of the very step that comes. */
static qn_status set_rate(void *user, qn_model *model, int64_t batch, qn_logs *logs)
{
    (void)user, (void)logs;
    return qn_set_learning_rate(model, batch == 0 ? 0.0 : 0.1);
}

static void sets_the_rate_of_a_batch(void **in)
{
    qn_model *model = make(), *second = make();

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .shuffle = false,
                     .callback_specs = (const qn_spec *const[]){
                         qn_callback(.on_train_batch_begin = set_rate), NULL}));
    must(ctx, qn_fit(second, .x = qn_f32(data.x[32], 18, FEATURES),
                     .y = qn_f32(data.y[32], 18, CLASSES), .shuffle = false));
    assert_same_weights(model, second);
    qn_model_destroy(&model);
    qn_model_destroy(&second);
}

/* ---- cost ---- */

/* Callbacks on epochs cost steps nothing; hooks on batches make chunks of one, and change no bit.
 */
static void costs_steps_nothing(void **in)
{
    qn_run_stats plain = {.size = sizeof plain}, epochs = plain, batches = plain;
    qn_model *model[3];
    record r = {""};

    (void)in;
    for (int i = 0; i < 3; i++) {
        model[i] = make();
        model[i]->chunk_limit = i < 2 ? 3 : 0;
        r.calls[0] = '\0';
        must(ctx,
             qn_fit(model[i], .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 3,
                    .validation_split = 0.2,
                    .callbacks = i == 1 ? "early_stopping(patience=9, "
                                          "restore_best_weights=false), "
                                          "reduce_lr_on_plateau(patience=9)"
                                        : NULL,
                    .callback_specs =
                        i < 2 ? NULL
                              : (const qn_spec *const[]){
                                    qn_callback(.on_train_batch_end = train_batch_end, .user = &r),
                                    NULL}));
    }
    must(ctx, qn_model_stats(model[0], &plain));
    must(ctx, qn_model_stats(model[1], &epochs));
    must(ctx, qn_model_stats(model[2], &batches));
    assert_true(plain.waits_per_step == 0 && epochs.waits_per_step == 0);
    assert_true(plain.allocations_per_step == 0 && epochs.allocations_per_step == 0);
    assert_true(epochs.launches_per_step == plain.launches_per_step);
    /* The first chunks are as long as the limit; how long others are is a matter of time. */
    assert_true(plain.chunks < (double)plain.steps && epochs.chunks < (double)epochs.steps);
    assert_true(batches.chunks == (double)batches.steps);
    assert_true(batches.waits_per_step == 0 && batches.allocations_per_step == 0);
    assert_same_weights(model[0], model[1]);
    assert_same_weights(model[0], model[2]);
    for (int i = 0; i < 3; i++)
        qn_model_destroy(&model[i]);
}

static int setup(void **in)
{
    (void)in;
    problem_make(&data);
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
        cmocka_unit_test(calls_in_keras_order),
        cmocka_unit_test(calls_text_then_list),
        cmocka_unit_test(sees_running_means),
        cmocka_unit_test(stops_where_a_hook_says),
        cmocka_unit_test(ends_after_the_batch),
        cmocka_unit_test(ends_with_the_status_of_a_hook),
        cmocka_unit_test(refuses_to_be_compiled_by_a_hook),
        cmocka_unit_test(sets_the_rate_of_a_batch),
        cmocka_unit_test(costs_steps_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
