/* SPDX-License-Identifier: Apache-2.0 */
/* What interrupts training: qn_stop, divergence, bad input, memory that runs out; and what its
 * steady state costs. */
#include "failing_allocator.h"
#include "train/fixture.h"
#include <math.h>
#include <pthread.h>

#define LAYERS "dense(16, relu), dense(3, softmax)"
#define LOSS "categorical_crossentropy"

static problem data;
static float weight[ROWS];

static qn_array x_of(int64_t rows)
{
    return problem_x(&data, rows);
}

static qn_array y_of(int64_t rows)
{
    return problem_y(&data, rows);
}

/* ---- stopping ---- */

typedef struct watcher {
    qn_model *model;
    int begin, epoch_begin, step, epoch_end, end;
    int64_t stop_at; /* epoch whose first step event stops */
    bool add_layer;
    int64_t last_step;
} watcher;

static void watch(void *user, const qn_progress *p)
{
    watcher *w = user;

    assert_int_equal(p->size, sizeof *p);
    assert_string_equal(p->task, "fit");
    assert_true(p->step >= 0 && p->step <= p->steps);
    w->begin += p->event == QN_PROGRESS_BEGIN;
    w->epoch_begin += p->event == QN_PROGRESS_EPOCH_BEGIN;
    w->step += p->event == QN_PROGRESS_STEP;
    w->epoch_end += p->event == QN_PROGRESS_EPOCH_END;
    w->end += p->event == QN_PROGRESS_END;
    w->last_step = p->step;
    if (p->event == QN_PROGRESS_EPOCH_BEGIN && p->epoch == w->stop_at)
        qn_stop(w->model);
    if (p->event == QN_PROGRESS_EPOCH_END && w->add_layer)
        must(qn_model_context(w->model), qn_compile(w->model, .optimizer = "sgd", .loss = LOSS));
}

static void tells_progress(void **in)
{
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    watcher w = {.model = model, .stop_at = -1};

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 3, .progress = watch,
                     .progress_user = &w));
    assert_int_equal(w.begin, 1);
    assert_int_equal(w.epoch_begin, 3);
    assert_int_equal(w.epoch_end, 3);
    assert_int_equal(w.end, 1);
    assert_int_equal(w.last_step, 7);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

/* What was trained before the stop stays, and is what that much training gives. */
static void stops_from_a_callback(void **in)
{
    qn_context *ctx = context_open();
    qn_model *stopped = model_make(ctx, LAYERS, "adam", LOSS);
    qn_model *whole = model_make(ctx, LAYERS, "adam", LOSS);
    watcher w = {.model = stopped, .stop_at = 2};

    (void)in;
    must_fail(ctx, QN_STOPPED, "stopped",
              qn_fit(stopped, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 5, .progress = watch,
                     .progress_user = &w));
    assert_int_equal(w.end, 1);
    assert_int_equal(qn_history_epochs(stopped), 2);
    must(ctx, qn_fit(whole, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 2));
    assert_same_weights(stopped, whole);
    /* The next call is not stopped. */
    must(ctx, qn_evaluate(stopped, .x = x_of(ROWS), .y = y_of(ROWS)));
    qn_model_destroy(&stopped);
    qn_model_destroy(&whole);
    qn_context_destroy(&ctx);
}

/* Stops a training that would take for ever, from another thread. */
static void *stop_soon(void *user)
{
    qn_sleep(0.5);
    qn_stop(user);
    return NULL;
}

static void stops_from_a_thread(void **in)
{
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    static float weights[MAX_WEIGHTS];
    pthread_t thread;
    double begun;

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS)));
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, model), 0);
    begun = qn_seconds();
    must_fail(ctx, QN_STOPPED, "stopped",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 100000000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(qn_seconds() - begun < 20);
    assert_true(weights_read(model, weights) > 0);
    for (int i = 0; i < 16; i++)
        assert_true(isfinite(weights[i]));
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

static void refuses_changes_while_it_runs(void **in)
{
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    watcher w = {.model = model, .stop_at = -1, .add_layer = true};

    (void)in;
    must_fail(ctx, QN_ERROR_USAGE, "was changed while it ran",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 5, .progress = watch,
                     .progress_user = &w));
    must(ctx, qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS)));
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

/* Reading and evaluating in a callback is fine. */
static void evaluate_within(void *user, const qn_progress *p)
{
    qn_model *model = user;
    qn_logs logs = {0};
    double here, there;

    if (p->event != QN_PROGRESS_EPOCH_END)
        return;
    must(qn_model_context(model), qn_evaluate(model, .x = x_of(50), .y = y_of(50), .logs = &logs));
    assert_true(qn_logs_get(&logs, "loss", &here));
    assert_true(qn_logs_get(p->logs, "val_loss", &there));
    assert_true(here == there);
}

static void nests(void **in)
{
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    qn_model *plain = model_make(ctx, LAYERS, "adam", LOSS);

    (void)in;
    must(ctx,
         qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 3, .validation_x = x_of(50),
                .validation_y = y_of(50), .progress = evaluate_within, .progress_user = model));
    must(ctx, qn_fit(plain, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 3));
    assert_same_weights(model, plain);
    qn_model_destroy(&model);
    qn_model_destroy(&plain);
    qn_context_destroy(&ctx);
}

/* ---- divergence ---- */

static void assert_finite_weights(qn_model *model)
{
    static float weights[MAX_WEIGHTS];
    size_t count = weights_read(model, weights);

    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        assert_true(isfinite(weights[i]));
}

static void names_the_step_that_diverged(void **in)
{
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, "dense(3)", "sgd(learning_rate=1e25)", "mean_squared_error");

    (void)in;
    /* The first loss is finite, the second one's squares overflow. */
    must_fail(ctx, QN_ERROR_DIVERGED, "step 2 of epoch 1",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 3));
    assert_non_null(strstr(qn_error(ctx), "learning rate"));
    assert_int_equal(qn_history_epochs(model), 0);
    assert_int_equal(model->iterations, 1);
    assert_finite_weights(model);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

/* The weights are those before the step: what training on the rows before it gives. */
static void keeps_the_weights_before_it(void **in)
{
    static problem bad;
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    qn_model *before = model_make(ctx, LAYERS, "adam", LOSS);
    watcher w = {.model = model, .stop_at = -1};

    (void)in;
    bad = data;
    bad.x[70][2] = NAN; /* step 3, in the first of two chunks in flight */
    must_fail(ctx, QN_ERROR_DIVERGED, "step 3 of epoch 1",
              qn_fit(model, .x = problem_x(&bad, ROWS), .y = y_of(ROWS), .shuffle = false,
                     .progress = watch, .progress_user = &w));
    assert_int_equal(w.end, 1);
    assert_int_equal(w.last_step, 2);
    assert_int_equal(model->iterations, 2);
    must(ctx, qn_fit(before, .x = x_of(64), .y = y_of(64), .shuffle = false));
    assert_same_weights(model, before);
    /* Training goes on from there with good data, as if nothing had been. */
    must(ctx, qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .shuffle = false));
    must(ctx, qn_fit(before, .x = x_of(ROWS), .y = y_of(ROWS), .shuffle = false));
    assert_same_weights(model, before);
    qn_model_destroy(&model);
    qn_model_destroy(&before);
    qn_context_destroy(&ctx);
}

/* ---- bad input ---- */

static void refuses_bad_numbers(qn_context *ctx, qn_model *model)
{
    static float out[ROWS][CLASSES];

    must_fail(ctx, QN_ERROR_USAGE, "epochs is 0",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 0));
    must_fail(ctx, QN_ERROR_USAGE, "batch_size is 0",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .batch_size = 0));
    must_fail(ctx, QN_ERROR_USAGE, "batch_size is -3",
              qn_evaluate(model, .x = x_of(ROWS), .y = y_of(ROWS), .batch_size = -3));
    must_fail(ctx, QN_ERROR_USAGE, "batch_size is 0",
              qn_predict(model, x_of(ROWS), qn_f32_out(out, ROWS, CLASSES), .batch_size = 0));
    must_fail(ctx, QN_ERROR_USAGE, "initial_epoch is 2",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 2, .initial_epoch = 2));
    must_fail(ctx, QN_ERROR_USAGE, "verbose is 3",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .verbose = 3));
    must_fail(ctx, QN_ERROR_USAGE, "validation_split is 1",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_split = 1));
    must_fail(ctx, QN_ERROR_USAGE, "validation_split is -0.1",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_split = -0.1));
    must_fail(ctx, QN_ERROR_USAGE, "validation_split is nan",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_split = NAN));
    must_fail(ctx, QN_ERROR_USAGE, "leaves 0 to train",
              qn_fit(model, .x = x_of(1), .y = y_of(1), .validation_split = 0.5));
}

static void refuses_bad_arrays(qn_context *ctx, qn_model *model)
{
    static float out[ROWS][CLASSES];
    qn_array scaled = y_of(ROWS);

    scaled.scale = 0.5f;
    must_fail(ctx, QN_ERROR_USAGE, "x is missing", qn_fit(model, .y = y_of(ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "y is missing", qn_fit(model, .x = x_of(ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "y is missing", qn_evaluate(model, .x = x_of(ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "x has 203 rows and y has 200",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(200)));
    must_fail(ctx, QN_ERROR_USAGE, "(203, 3)", qn_fit(model, .x = y_of(ROWS), .y = y_of(ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "y has the scale 0.5",
              qn_fit(model, .x = x_of(ROWS), .y = scaled));
    must_fail(ctx, QN_ERROR_USAGE, "validation_x was given without validation_y",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_x = x_of(10)));
    must_fail(ctx, QN_ERROR_USAGE, "validation_y was given without validation_x",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_y = y_of(10)));
    must_fail(ctx, QN_ERROR_USAGE, "both validation data and validation_split",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_x = x_of(10),
                     .validation_y = y_of(10), .validation_split = 0.5));
    must_fail(ctx, QN_ERROR_USAGE, "validation data: x has 10 rows and y has 9",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_x = x_of(10),
                     .validation_y = y_of(9)));
    must_fail(ctx, QN_ERROR_USAGE, "(203, 3)",
              qn_predict(model, x_of(ROWS), qn_f32_out(out, 200, CLASSES)));
    must_fail(ctx, QN_ERROR_USAGE, "int32",
              qn_predict(model, x_of(ROWS), qn_i32_out(out, ROWS, CLASSES)));
    must_fail(ctx, QN_ERROR_USAGE, "out is missing",
              qn_predict(model, x_of(ROWS), qn_f32_out(NULL, ROWS, CLASSES)));
}

static void refuses_bad_input(void **in)
{
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    qn_model *raw = model_make(ctx, LAYERS, NULL, NULL);
    qn_run_stats stats = {.size = sizeof stats};
    uint64_t launches = qn_device_count_of(model->device)->launches;

    (void)in;
    refuses_bad_numbers(ctx, model);
    refuses_bad_arrays(ctx, model);
    must_fail(ctx, QN_ERROR_USAGE, "not compiled", qn_fit(raw, .x = x_of(ROWS), .y = y_of(ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "not compiled",
              qn_evaluate(raw, .x = x_of(ROWS), .y = y_of(ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "not trained yet", qn_model_stats(model, &stats));
    assert_int_equal(qn_device_count_of(model->device)->launches, launches);
    qn_model_destroy(&raw);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

/* ---- memory ---- */

static void names_the_batch_that_fits(void **in)
{
    static float x[1], y[1];
    qn_context *ctx = context_open();
    qn_model *model = NULL;
    int64_t shape[] = {1}, rows = 20000000;
    uint64_t memory;
    float *many;

    (void)in;
    must(ctx, qn_sequential(ctx, &model));
    must(ctx, qn_add_text(model, "dense(4000, relu), dense(1)"));
    must(ctx, qn_build(model, 1, shape));
    must(ctx, qn_compile(model, .optimizer = "sgd", .loss = "mean_squared_error"));
    memory = qn_device_description(model->device)->memory;
    assert_true((uint64_t)rows * 4000 * sizeof(float) > memory); /* one layer's output */
    many = calloc((size_t)rows, sizeof *many);
    assert_non_null(many);
    must_fail(
        ctx, QN_ERROR_MEMORY, "would fit",
        qn_fit(model, .x = qn_f32(many, rows, 1), .y = qn_f32(many, rows, 1), .batch_size = rows));
    must(ctx, qn_fit(model, .x = qn_f32(x, 1, 1), .y = qn_f32(y, 1, 1)));
    free(many);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

/* Everything that a model is used for. */
static qn_status use(qn_model *model)
{
    float out[20][CLASSES];
    qn_status status =
        qn_fit(model, .x = x_of(100), .y = y_of(100), .epochs = 2, .validation_split = 0.2);

    if (status == QN_OK)
        status = qn_evaluate(model, .x = x_of(50), .y = y_of(50));
    return status == QN_OK ? qn_predict(model, x_of(20), qn_f32_out(out, 20, CLASSES)) : status;
}

/* Each allocation of a model's use fails once: an error, no crash, no leak, and a second try works.
 */
static void survives_failing_allocations(void **in)
{
    failing_allocator allocator = {0};
    qn_context *ctx = NULL;
    int allocations = 1, live, failures = 0;

    (void)in;
    must(ctx, qn_context_create(&ctx, .seed = SEED, .allocator = failing_allocator_of(&allocator)));
    for (int n = 0; n <= allocations; n++) { /* 0: none fails, to count them */
        qn_model *model;
        qn_status status;

        live = allocator.live;
        model = model_make(ctx, LAYERS, "adam", LOSS);
        model->sample_limit = (uint64_t)(n % 2); /* resident and streaming in turn */
        allocator.count = 0;
        allocator.fail_at = n;
        status = use(model);
        allocator.fail_at = 0;
        if (n == 0)
            allocations = allocator.count;
        if (status != QN_OK) {
            assert_int_equal(status, QN_ERROR_MEMORY);
            assert_true(strlen(qn_error(ctx)) > 0);
            failures++;
        }
        must(ctx, use(model));
        qn_model_destroy(&model);
        /* Events stay with the device, programs too; the first use makes them. */
        assert_true(n == 0 || allocator.live <= live + 2);
    }
    assert_true(failures > allocations / 2);
    qn_context_destroy(&ctx);
    assert_int_equal(allocator.live, 0);
}

/* What callbacks and weights allocate, on plans that are there. */
static qn_status use_callbacks(qn_model *model)
{
    qn_status status =
        qn_fit(model, .x = x_of(100), .y = y_of(100), .epochs = 3, .initial_epoch = 1,
               .validation_split = 0.2, .sample_weight = qn_f32(weight, 100),
               .callbacks = "early_stopping(patience=1, restore_best_weights=true), "
                            "reduce_lr_on_plateau, csv_logger(/dev/null), "
                            "learning_rate_scheduler(exponential_decay(0.1, 1, 0.5))");

    if (status == QN_OK)
        status = qn_train_on_batch(model, .x = x_of(32), .y = y_of(32), .class_weight = "0=2");
    if (status != QN_OK)
        return status;
    return qn_evaluate(model, .x = x_of(50), .y = y_of(50), .sample_weight = qn_f32(weight, 50));
}

static void survives_failing_allocations_of_callbacks(void **in)
{
    failing_allocator allocator = {0};
    qn_context *ctx = NULL;
    int allocations = 1, failures = 0;

    (void)in;
    must(ctx, qn_context_create(&ctx, .seed = SEED, .allocator = failing_allocator_of(&allocator)));
    for (int n = 0; n <= allocations; n++) { /* 0: none fails, to count them */
        qn_model *model = model_make(ctx, LAYERS, "sgd", LOSS);
        qn_status status;
        int live;

        must(ctx, qn_fit(model, .x = x_of(100), .y = y_of(100), .validation_split = 0.2));
        must(ctx, use_callbacks(model));
        model->training.epochs = 1; /* their state is taken over */
        live = allocator.live;
        allocator.count = 0;
        allocator.fail_at = n;
        status = use_callbacks(model);
        allocator.fail_at = 0;
        if (n == 0) {
            allocations = allocator.count;
            assert_true(allocations > 50 && allocations < 500);
            assert_int_equal(allocator.live, live);
        }
        if (status != QN_OK) {
            assert_int_equal(status, QN_ERROR_MEMORY);
            failures++;
        }
        must(ctx, use_callbacks(model));
        qn_model_destroy(&model);
    }
    assert_true(failures > allocations * 3 / 4);
    qn_context_destroy(&ctx);
    assert_int_equal(allocator.live, 0);
}

/* ---- counters ---- */

static void counts_its_steady_state(void **in)
{
    qn_context *ctx = NULL;
    qn_run_stats stats = {.size = sizeof stats};
    qn_model *model;

    (void)in;
    must(ctx, qn_context_create(&ctx, .seed = SEED, .gemm = "quern"));
    model = model_make(ctx, LAYERS, "adam", LOSS);
    for (int streaming = 0; streaming < 2; streaming++) {
        model->sample_limit = (uint64_t)streaming;
        must(ctx, qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = 20,
                         .validation_split = 0.3));
        must(ctx, qn_model_stats(model, &stats));
        assert_int_equal(stats.steps, 20 * 5);
        assert_true(stats.launches_per_step >= 5 && stats.launches_per_step < 40);
        assert_true(stats.launches_per_step == floor(stats.launches_per_step));
        assert_true(stats.calls_per_step == 0);
        assert_true(stats.waits_per_step == 0);
        assert_true(stats.allocations_per_step == 0);
        assert_true(stats.chunks >= 20 && stats.chunks <= 100);
        assert_true(stats.device_bytes > 1000 && stats.device_bytes < 10000000);
    }
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

static int make_data(void **in)
{
    (void)in;
    problem_make(&data);
    for (int i = 0; i < ROWS; i++)
        weight[i] = (float)(i % 3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_progress),
        cmocka_unit_test(stops_from_a_callback),
        cmocka_unit_test(stops_from_a_thread),
        cmocka_unit_test(refuses_changes_while_it_runs),
        cmocka_unit_test(nests),
        cmocka_unit_test(names_the_step_that_diverged),
        cmocka_unit_test(keeps_the_weights_before_it),
        cmocka_unit_test(refuses_bad_input),
        cmocka_unit_test(names_the_batch_that_fits),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(survives_failing_allocations_of_callbacks),
        cmocka_unit_test(counts_its_steady_state),
    };

    return cmocka_run_group_tests(tests, make_data, NULL);
}
