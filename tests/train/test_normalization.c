/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization layers that run: moving statistics step by step, training and inference, frozen
 * layers, a step that diverges, files; and statistics of the data by qn_adapt. */
#include "scratch_folder.h"
#include "train/fixture.h"

#include <math.h>

#define BATCH 32
#define EPSILON 1e-3

static problem data;

/* ---- the same on the host ---- */

typedef struct moments {
    double mean[FEATURES], variance[FEATURES];
} moments;

/* Of rows [first, first + rows). */
static moments moments_of(int first, int rows)
{
    moments m = {{0}, {0}};

    for (int c = 0; c < FEATURES; c++) {
        for (int r = first; r < first + rows; r++)
            m.mean[c] += data.x[r][c] / rows;
        for (int r = first; r < first + rows; r++)
            m.variance[c] += pow(data.x[r][c] - m.mean[c], 2) / rows;
    }
    return m;
}

static int rows_of(int first)
{
    return ROWS - first < BATCH ? ROWS - first : BATCH;
}

static void move(moments *moving, const moments *batch, double momentum)
{
    for (int c = 0; c < FEATURES; c++) {
        moving->mean[c] = moving->mean[c] * momentum + batch->mean[c] * (1 - momentum);
        moving->variance[c] = moving->variance[c] * momentum + batch->variance[c] * (1 - momentum);
    }
}

static moments start_of_moving(void)
{
    moments m;

    for (int c = 0; c < FEATURES; c++) {
        m.mean[c] = 0;
        m.variance[c] = 1;
    }
    return m;
}

/* Mean squared difference of normalized rows and x. */
static double loss_of(const moments *m, int first, int rows)
{
    double loss = 0;

    for (int r = first; r < first + rows; r++)
        for (int c = 0; c < FEATURES; c++) {
            double x = data.x[r][c], z = (x - m->mean[c]) / sqrt(m->variance[c] + EPSILON);

            loss += (z - x) * (z - x) / FEATURES;
        }
    return loss;
}

static void assert_close(const char *what, const float *found, const double *expected, int count,
                         double tolerance)
{
    double largest = 0;

    for (int i = 0; i < count; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (int i = 0; i < count; i++)
        if (!(fabs(found[i] - expected[i]) <= tolerance * largest))
            fail_msg("%s: element %d is %.9g instead of %.9g", what, i, (double)found[i],
                     expected[i]);
}

/* The layer's weights are gamma, beta, moving_mean, moving_variance, FEATURES each. */
static void assert_moving(qn_model *model, const moments *expected, double tolerance)
{
    static float values[MAX_WEIGHTS];

    assert_true(weights_read(model, values) >= 4 * FEATURES);
    assert_close("moving mean", values + 2 * FEATURES, expected->mean, FEATURES, tolerance);
    assert_close("moving variance", values + 3 * FEATURES, expected->variance, FEATURES, tolerance);
}

/* Its output is to be like its input; a rate of 0 keeps gamma 1 and beta 0. */
static qn_model *alone(qn_context *ctx, const char *layer, const char *optimizer)
{
    qn_model *model = model_make(ctx, layer, NULL, NULL);

    must(ctx, qn_compile(model, .optimizer = optimizer, .loss = "mean_squared_error"));
    return model;
}

static double history(qn_model *model, const char *name, int64_t epoch)
{
    double value = NAN;

    assert_true(qn_history_get(model, name, epoch, &value));
    return value;
}

/* ---- batch normalization ---- */

/* Two epochs of seven steps; the last one has 11 rows. */
static void moving_statistics_follow(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = alone(ctx, "batch_normalization(momentum=0.9)", "sgd(learning_rate=0)");
    moments moving = start_of_moving();
    qn_array x = problem_x(&data, ROWS);
    double loss = 0;

    assert_moving(model, &moving, 0);
    for (int epoch = 0; epoch < 2; epoch++) {
        loss = 0;
        for (int first = 0; first < ROWS; first += BATCH) {
            moments batch = moments_of(first, rows_of(first));

            loss += loss_of(&batch, first, rows_of(first)) / ROWS;
            move(&moving, &batch, 0.9);
        }
    }
    must(ctx, qn_fit(model, .x = x, .y = x, .batch_size = BATCH, .epochs = 2, .shuffle = false));
    assert_moving(model, &moving, 1e-5);
    assert_float_equal(history(model, "loss", 1), loss, 1e-5 * loss);
    qn_model_destroy(&model);
}

/* Evaluation and prediction take the moving statistics, whatever the batch, and leave them. */
static void inference_takes_moving_statistics(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = alone(ctx, "batch_normalization(momentum=0.5)", "sgd(learning_rate=0)");
    static float out[ROWS][FEATURES], one[1][FEATURES];
    static double expected[ROWS][FEATURES];
    moments moving = start_of_moving(), batch = moments_of(0, BATCH);
    qn_array x = problem_x(&data, ROWS), some = problem_x(&data, BATCH);
    qn_logs logs;
    double loss;

    move(&moving, &batch, 0.5);
    must(ctx, qn_fit(model, .x = some, .y = some, .batch_size = BATCH, .shuffle = false));
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < FEATURES; c++)
            expected[r][c] = (data.x[r][c] - moving.mean[c]) / sqrt(moving.variance[c] + EPSILON);
    must(ctx, qn_predict(model, x, qn_f32_out(out, ROWS, FEATURES)));
    assert_close("prediction", &out[0][0], &expected[0][0], ROWS * FEATURES, 1e-5);
    must(ctx, qn_predict(model, problem_x(&data, 1), qn_f32_out(one, 1, FEATURES)));
    assert_memory_equal(one, out, sizeof one);
    must(ctx, qn_evaluate(model, .x = x, .y = x, .batch_size = BATCH, .logs = &logs));
    assert_true(qn_logs_get(&logs, "loss", &loss));
    assert_float_equal(loss, loss_of(&moving, 0, ROWS) / ROWS, 1e-5 * loss);
    assert_moving(model, &moving, 1e-5);
    qn_model_destroy(&model);
}

/* trainable=false is inference mode, as Keras does; so is freezing later. */
static void frozen_is_inference(void **state)
{
    qn_context *ctx = *state;
    qn_array x = problem_x(&data, ROWS), y = problem_y(&data, ROWS);
    const char *layers = "batch_normalization(momentum=0.5, trainable=false), dense(3, softmax)";
    qn_model *model = model_make(ctx, layers, "sgd(learning_rate=0)", "categorical_crossentropy");
    static float before[MAX_WEIGHTS], after[MAX_WEIGHTS];
    size_t count = weights_read(model, before);
    qn_logs logs;
    double loss;

    must(ctx, qn_fit(model, .x = x, .y = y, .batch_size = BATCH, .shuffle = false));
    assert_int_equal(weights_read(model, after), count);
    assert_memory_equal(before, after, count * sizeof *before);
    must(ctx, qn_evaluate(model, .x = x, .y = y, .batch_size = BATCH, .logs = &logs));
    assert_true(qn_logs_get(&logs, "loss", &loss));
    assert_true(loss == history(model, "loss", 0));
    /* thawed, its statistics move; frozen again, they stay */
    must(ctx, qn_set_trainable(model, "batch_normalization", true));
    must(ctx, qn_fit(model, .x = x, .y = y, .batch_size = BATCH, .shuffle = false));
    weights_read(model, before);
    assert_memory_not_equal(before + 2 * FEATURES, after + 2 * FEATURES, FEATURES * sizeof *after);
    must(ctx, qn_set_trainable(model, "batch_normalization", false));
    must(ctx, qn_fit(model, .x = x, .y = y, .batch_size = BATCH, .shuffle = false));
    weights_read(model, after);
    assert_memory_equal(before, after, count * sizeof *before);
    qn_model_destroy(&model);
}

/* The third step sees a value that is not finite: statistics are as after the second. */
static void divergence_keeps_statistics(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = alone(ctx, "batch_normalization(momentum=0.9)", "sgd(learning_rate=0)");
    moments moving = start_of_moving();
    qn_array x = problem_x(&data, ROWS);
    float kept = data.x[2 * BATCH + 3][1];

    for (int first = 0; first < 2 * BATCH; first += BATCH) {
        moments batch = moments_of(first, BATCH);

        move(&moving, &batch, 0.9);
    }
    data.x[2 * BATCH + 3][1] = INFINITY;
    must_fail(ctx, QN_ERROR_DIVERGED, "",
              qn_fit(model, .x = x, .y = x, .batch_size = BATCH, .shuffle = false));
    data.x[2 * BATCH + 3][1] = kept;
    assert_moving(model, &moving, 1e-5);
    qn_model_destroy(&model);
}

static void files_hold_statistics(void **state)
{
    qn_context *ctx = *state;
    qn_array x = problem_x(&data, ROWS), y = problem_y(&data, ROWS);
    qn_model *model = model_make(ctx,
                                 "normalization, dense(8), batch_normalization, "
                                 "activation(relu), layer_normalization, dense(3, softmax)",
                                 "adam", "categorical_crossentropy");
    qn_model *loaded = NULL;
    static float a[ROWS][CLASSES], b[ROWS][CLASSES];
    const char *path;

    assert_int_equal(scratch_make(), 0);
    path = scratch_path("model.safetensors");
    must(ctx, qn_adapt(model, x));
    must(ctx, qn_fit(model, .x = x, .y = y, .batch_size = BATCH, .epochs = 2));
    must(ctx, qn_save(model, path));
    must(ctx, qn_load(ctx, path, &loaded));
    assert_same_weights(model, loaded);
    must(ctx, qn_predict(model, x, qn_f32_out(a, ROWS, CLASSES)));
    must(ctx, qn_predict(loaded, x, qn_f32_out(b, ROWS, CLASSES)));
    assert_memory_equal(a, b, sizeof a);
    scratch_remove();
    qn_model_destroy(&loaded);
    qn_model_destroy(&model);
}

/* Every layer trains, with a last batch that is not full, to the same bits twice. */
static void every_layer_trains(void **state)
{
    qn_context *ctx = *state;
    const char *layers = "rescaling(2, offset=-1), normalization(mean=0.5, variance=2), dense(12), "
                         "batch_normalization, activation(tanh), layer_normalization, dense(12), "
                         "rms_normalization, activation(tanh), group_normalization(3), dense(6), "
                         "unit_normalization, dense(3, softmax)";
    qn_array x = problem_x(&data, ROWS), y = problem_y(&data, ROWS);
    qn_model *model[2];

    for (int i = 0; i < 2; i++) {
        model[i] = model_make(ctx, layers, "adam(learning_rate=0.01)", "categorical_crossentropy");
        must(ctx, qn_fit(model[i], .x = x, .y = y, .batch_size = BATCH, .epochs = 12));
        assert_true(history(model[i], "loss", 11) < 0.6 * history(model[i], "loss", 0));
    }
    assert_same_weights(model[0], model[1]);
    qn_model_destroy(&model[0]);
    qn_model_destroy(&model[1]);
}

/* ---- adapt ---- */

#define IMAGES 300
#define PIXELS 12
static uint8_t images[IMAGES][4][3];

static void make_images(void)
{
    for (int i = 0; i < IMAGES * PIXELS; i++)
        (&images[0][0][0])[i] = (uint8_t)(qn_random_word(SEED, QN_RANDOM_OPS, 9, 0, (uint64_t)i) %
                                          (20 + 10 * (i % 12)));
}

/* Mean and variance of column `column` of `columns`, of x * factor + offset. */
static void column_moments(int column, int columns, double factor, double offset, double *mean,
                           double *variance)
{
    double count = (double)IMAGES * PIXELS / columns;
    const uint8_t *x = &images[0][0][0];

    *mean = *variance = 0;
    for (int i = column; i < IMAGES * PIXELS; i += columns)
        *mean += (x[i] * factor + offset) / count;
    for (int i = column; i < IMAGES * PIXELS; i += columns)
        *variance += pow(x[i] * factor + offset - *mean, 2) / count;
}

static qn_model *bare(qn_context *ctx, const char *layers)
{
    qn_model *model = NULL;

    must(ctx, qn_sequential(ctx, &model));
    must(ctx, qn_add_text(model, layers));
    return model;
}

static void check_adapted(qn_context *ctx, const char *layers, int columns, double factor,
                          double offset)
{
    static float values[MAX_WEIGHTS];
    double mean[PIXELS], variance[PIXELS];
    qn_model *model = bare(ctx, layers);
    qn_array x = {
        .data = images, .dtype = QN_U8, .rank = 3, .shape = {IMAGES, 4, 3}, .scale = 1.0f / 255};

    must(ctx, qn_adapt(model, x));
    assert_true(weights_read(model, values) >= 2 * (size_t)columns);
    for (int c = 0; c < columns; c++)
        column_moments(c, columns, factor / 255, offset, &mean[c], &variance[c]);
    assert_close(layers, values, mean, columns, 1e-5);
    assert_close(layers, values + columns, variance, columns, 1e-5);
    qn_model_destroy(&model);
}

static void adapt_measures(void **state)
{
    check_adapted(*state, "normalization", 3, 1, 0);
    check_adapted(*state, "normalization(none)", 1, 1, 0);
    check_adapted(*state, "normalization((1, 2))", 12, 1, 0);
    check_adapted(*state, "input((4, 3)), flatten, normalization, dense(2)", 12, 1, 0);
    check_adapted(*state, "rescaling(3, -1), flatten, normalization", 12, 3, -1);
    check_adapted(*state, "normalization(none, mean=2, variance=4), flatten, normalization", 12,
                  0.5, -1);
    check_adapted(*state, "normalization(none, 2, 4, invert=true), normalization", 3, 2, 2);
}

/* After it, every column has mean 0 and variance 1; the second one finds that. */
static void adapted_data_is_standard(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = bare(ctx, "normalization(axis=1), normalization(none)");
    static float out[IMAGES][4][3], values[MAX_WEIGHTS];
    qn_array x = qn_u8(images, IMAGES, 4, 3);

    must(ctx, qn_adapt(model, x));
    assert_int_equal(weights_read(model, values), 10);
    assert_float_equal(values[8], 0, 1e-6);
    assert_float_equal(values[9], 1, 1e-6);
    must(ctx, qn_predict(model, x, qn_f32_out(out, IMAGES, 4, 3)));
    for (int row = 0; row < 4; row++) {
        double mean = 0, variance = 0;

        for (int i = 0; i < IMAGES; i++)
            for (int c = 0; c < 3; c++) {
                mean += out[i][row][c] / (3.0 * IMAGES);
                variance += out[i][row][c] * (double)out[i][row][c] / (3.0 * IMAGES);
            }
        assert_float_equal(mean, 0, 1e-5);
        assert_float_equal(variance, 1, 1e-5);
    }
    qn_model_destroy(&model);
}

/* What was standardized comes back; a column without variance is divided by 1e-7. */
static void inversion_inverts(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = bare(ctx, "normalization(axis=-1, mean=(1, 2, 3), variance=(4, 0.25, 0)), "
                                "normalization(axis=-1, mean=(1, 2, 3), variance=(4, 0.25, 0), "
                                "invert=true)");
    qn_model *first = bare(ctx, "normalization(mean=(1, 2, 3), variance=(4, 0.25, 0))");
    float x[2][3] = {{-3, 5, 3}, {8, -1, 3.5f}}, out[2][3], z[2][3];
    double expected[2][3] = {{-2, 6, 0}, {3.5, -6, 5e6}};
    double back[2][3] = {{-3, 5, 3}, {8, -1, 3.5}};

    must(ctx, qn_predict(first, qn_f32(x, 2, 3), qn_f32_out(z, 2, 3)));
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 3; c++)
            assert_float_equal(z[r][c], expected[r][c], 1e-5 * fmax(1, fabs(expected[r][c])));
    must(ctx, qn_predict(model, qn_f32(x, 2, 3), qn_f32_out(out, 2, 3)));
    assert_close("back again", &out[0][0], &back[0][0], 6, 1e-5);
    qn_model_destroy(&first);
    qn_model_destroy(&model);
}

static void adapt_refuses(void **state)
{
    static const struct {
        const char *layers, *words;
    } cases[] = {
        {"dense(3)", "the model has no Normalization"},
        {"normalization(mean=0, variance=1)", "the model has no Normalization"},
        {"dense(3), normalization", "the model has no Normalization"},
        {"activation(relu), normalization",
         "layer 'activation' (activation) stands in front of a Normalization"},
        {"unit_normalization, normalization", "(unit_normalization) stands in front"},
    };
    qn_context *ctx = *state;
    qn_model *model;
    float x[2][2] = {{1, NAN}, {2, 3}};

    for (int i = 0; i < QN_COUNT(cases); i++) {
        model = bare(ctx, cases[i].layers);
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words, qn_adapt(model, problem_x(&data, ROWS)));
        qn_model_destroy(&model);
    }
    model = bare(ctx, "normalization");
    must_fail(ctx, QN_ERROR_DATA, "element 1 of its axis", qn_adapt(model, qn_f32(x, 2, 2)));
    must_fail(ctx, QN_ERROR_USAGE, "x has the shape (203, 6), but the model takes (None, 2)",
              qn_adapt(model, problem_x(&data, ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "x is missing", qn_adapt(model, (qn_array){0}));
    qn_model_destroy(&model);
}

static int open_all(void **state)
{
    problem_make(&data);
    make_images();
    *state = context_open();
    return 0;
}

static int close_all(void **state)
{
    qn_context *ctx = *state;

    qn_context_destroy(&ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moving_statistics_follow),
        cmocka_unit_test(inference_takes_moving_statistics),
        cmocka_unit_test(frozen_is_inference),
        cmocka_unit_test(divergence_keeps_statistics),
        cmocka_unit_test(files_hold_statistics),
        cmocka_unit_test(every_layer_trains),
        cmocka_unit_test(adapt_measures),
        cmocka_unit_test(adapted_data_is_standard),
        cmocka_unit_test(inversion_inverts),
        cmocka_unit_test(adapt_refuses),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
