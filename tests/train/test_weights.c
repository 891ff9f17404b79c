/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of samples and classes: against double precision, against each other, and refused. */
#include "train/fixture.h"
#include <math.h>

#define LAYERS "dense(3, softmax)"
#define LOSS "categorical_crossentropy"
#define BATCH 32
#define EPOCHS 3
#define RATE 0.5

static problem data;
static float weight[ROWS];
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
    return model_make(ctx, LAYERS, "sgd(learning_rate=0.5)", LOSS);
}

/* ---- the same in double ---- */

typedef struct network {
    double w[FEATURES][CLASSES], b[CLASSES];
} network;

static void load(network *n, qn_model *model)
{
    float values[FEATURES * CLASSES + CLASSES];

    assert_int_equal(weights_read(model, values), FEATURES * CLASSES + CLASSES);
    for (int i = 0; i < FEATURES * CLASSES; i++)
        n->w[i / CLASSES][i % CLASSES] = (double)values[i];
    for (int i = 0; i < CLASSES; i++)
        n->b[i] = (double)values[FEATURES * CLASSES + i];
}

/* The loss of a row, and its part of the gradient: Keras divides by rows, not by weights. */
static double row_loss(const network *n, int row, double scale, network *gradient)
{
    double z[CLASSES], sum = 0, loss = 0;

    for (int k = 0; k < CLASSES; k++) {
        z[k] = n->b[k];
        for (int i = 0; i < FEATURES; i++)
            z[k] += (double)data.x[row][i] * n->w[i][k];
        sum += exp(z[k]);
    }
    for (int k = 0; k < CLASSES; k++) {
        double p = exp(z[k]) / sum, y = (double)data.y[row][k];

        loss -= y * log(p);
        for (int i = 0; gradient && i < FEATURES; i++)
            gradient->w[i][k] += scale * (p - y) * (double)data.x[row][i];
        if (gradient)
            gradient->b[k] += scale * (p - y);
    }
    return loss;
}

static double train_epoch(network *n, const uint32_t *order, int rows)
{
    double sum = 0;

    for (int at = 0; at < rows; at += BATCH) {
        int count = rows - at < BATCH ? rows - at : BATCH;
        network gradient = {{{0}}, {0}};

        for (int r = at; r < at + count; r++) {
            double scale = (double)weight[order[r]];

            sum += scale * row_loss(n, (int)order[r], scale / count, &gradient);
        }
        for (int k = 0; k < CLASSES; k++) {
            for (int i = 0; i < FEATURES; i++)
                n->w[i][k] -= RATE * gradient.w[i][k];
            n->b[k] -= RATE * gradient.b[k];
        }
    }
    return sum / rows;
}

static void assert_near(const char *what, double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-5 * (1 + fabs(wanted))))
        fail_msg("%s: %.9g instead of %.9g", what, value, wanted);
}

/* Resident and streaming, with the weights of a split's rows in its loss. */
static void trains_as_in_double(void **in)
{
    int train = 152, rest = ROWS - 152; /* int(203 * 0.75) */
    uint32_t order[ROWS];

    (void)in;
    for (int streaming = 0; streaming < 2; streaming++) {
        qn_model *model = make();
        network n, trained;

        model->sample_limit = (uint64_t)streaming;
        load(&n, model);
        must(ctx,
             qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .epochs = EPOCHS, .batch_size = BATCH,
                    .validation_split = 0.25, .sample_weight = qn_f32(weight, ROWS)));
        for (uint32_t e = 0; e < EPOCHS; e++) {
            double loss, sum = 0;

            qn_random_permutation(SEED, e, order, (uint32_t)train);
            assert_true(qn_history_get(model, "loss", e, &loss));
            assert_near("loss", loss, train_epoch(&n, order, train));
            for (int r = train; r < ROWS; r++)
                sum += (double)weight[r] * row_loss(&n, r, 0, NULL);
            assert_true(qn_history_get(model, "val_loss", e, &loss));
            assert_near("val_loss", loss, sum / rest);
        }
        load(&trained, model);
        for (int i = 0; i < FEATURES; i++)
            for (int k = 0; k < CLASSES; k++)
                assert_near("weight", trained.w[i][k], n.w[i][k]);
        qn_model_destroy(&model);
    }
}

/* The loss is weighted, the metrics are not. */
static void evaluates_as_in_double(void **in)
{
    qn_model *model = make();
    qn_logs weighted = {0}, plain = {0};
    double loss, accuracy, other, sum = 0;
    network n;

    (void)in;
    load(&n, model);
    must(ctx, qn_evaluate(model, .x = x_of(ROWS), .y = y_of(ROWS), .logs = &weighted,
                          .sample_weight = qn_f32(weight, ROWS)));
    must(ctx, qn_evaluate(model, .x = x_of(ROWS), .y = y_of(ROWS), .logs = &plain));
    for (int r = 0; r < ROWS; r++)
        sum += (double)weight[r] * row_loss(&n, r, 0, NULL);
    assert_true(qn_logs_get(&weighted, "loss", &loss));
    assert_near("loss", loss, sum / ROWS);
    assert_true(qn_logs_get(&weighted, "accuracy", &accuracy));
    assert_true(qn_logs_get(&plain, "accuracy", &other));
    assert_true(accuracy == other);
    assert_true(qn_logs_get(&plain, "loss", &other));
    assert_true(loss != other);
    qn_model_destroy(&model);
}

/* Rows of weight 0 teach nothing, whatever is in them. */
static void leaves_out_what_weighs_nothing(void **in)
{
    static problem other;
    static float half[64];
    qn_model *model = make(), *changed = make();

    (void)in;
    other = data;
    for (int r = 0; r < 64; r++) {
        half[r] = r % 2 ? 1.5f : 0.0f;
        for (int i = 0; i < FEATURES && r % 2 == 0; i++)
            other.x[r][i] = 7.0f * (float)(i - r);
    }
    must(ctx, qn_fit(model, .x = x_of(64), .y = y_of(64), .epochs = 2,
                     .sample_weight = qn_f32(half, 64)));
    must(ctx, qn_fit(changed, .x = problem_x(&other, 64), .y = y_of(64), .epochs = 2,
                     .sample_weight = qn_f32(half, 64)));
    assert_same_weights(model, changed);
    qn_model_destroy(&model);
    qn_model_destroy(&changed);
}

/* Every type gives the same bits. */
static void takes_other_types(void **in)
{
    static int32_t whole[ROWS];
    static uint8_t bytes[ROWS];
    static double wide[ROWS];
    static float floats[ROWS];
    qn_array given[] = {qn_f32(floats, ROWS), qn_f64(wide, ROWS), qn_i32(whole, ROWS),
                        qn_u8(bytes, ROWS)};
    qn_model *first = NULL;

    (void)in;
    for (int r = 0; r < ROWS; r++)
        wide[r] = floats[r] = (float)(whole[r] = bytes[r] = (uint8_t)(r % 4));
    for (int i = 0; i < QN_COUNT(given); i++) {
        qn_model *model = make();

        must(ctx, qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .sample_weight = given[i],
                         .validation_x = x_of(ROWS), .validation_y = y_of(ROWS),
                         .validation_sample_weight = given[i]));
        if (!first) {
            first = model;
            continue;
        }
        assert_same_weights(first, model);
        qn_model_destroy(&model);
    }
    qn_model_destroy(&first);
}

/* ---- classes ---- */

static float class_weight_of(int32_t label)
{
    return label == 0 ? 0.5f : label == 2 ? 2.5f : 1.0f;
}

/* One-hot rows, labels, and a binary column: as sample weights made by hand. They do not join the
 * loss of validation. */
static void weighs_classes(void **in)
{
    static float by_hand[ROWS], column[ROWS][1];
    static const struct {
        const char *layers, *loss, *text;
    } cases[] = {
        {LAYERS, LOSS, "0=0.5, 2=2.5"},
        {LAYERS, "sparse_" LOSS, "2=2.5, 0=0.5"},
        {"dense(1, sigmoid)", "binary_crossentropy", "0=0.5"},
    };

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_array y[] = {y_of(ROWS), qn_i32(data.label, ROWS), qn_f32(column, ROWS, 1)};
        qn_model *classes =
            model_make(ctx, cases[i].layers, "sgd(learning_rate=0.5)", cases[i].loss);
        qn_model *samples =
            model_make(ctx, cases[i].layers, "sgd(learning_rate=0.5)", cases[i].loss);
        qn_logs tail = {0};
        qn_array tail_x = qn_f32(data.x[162], ROWS - 162, FEATURES), tail_y = y[i];
        double loss, other;

        for (int r = 0; r < ROWS; r++) {
            column[r][0] = data.label[r] == 0 ? 0.0f : 1.0f;
            by_hand[r] = i < 2 ? class_weight_of(data.label[r]) : data.label[r] == 0 ? 0.5f : 1.0f;
        }
        must(ctx, qn_fit(classes, .x = x_of(ROWS), .y = y[i], .epochs = 2, .validation_split = 0.2,
                         .class_weight = cases[i].text));
        must(ctx, qn_fit(samples, .x = x_of(ROWS), .y = y[i], .epochs = 2, .validation_split = 0.2,
                         .sample_weight = qn_f32(by_hand, ROWS)));
        assert_same_weights(classes, samples);
        assert_true(qn_history_get(classes, "loss", 1, &loss));
        assert_true(qn_history_get(samples, "loss", 1, &other));
        assert_true(loss == other);
        assert_true(qn_history_get(classes, "val_loss", 1, &loss));
        assert_true(qn_history_get(samples, "val_loss", 1, &other));
        assert_true(loss != other);
        tail_y.shape[0] = ROWS - 162; /* int(203 * 0.8) trained */
        tail_y.data = i == 0   ? (const void *)data.y[162]
                      : i == 1 ? (const void *)&data.label[162]
                               : (const void *)column[162];
        must(ctx, qn_evaluate(classes, .x = tail_x, .y = tail_y, .logs = &tail));
        assert_true(qn_logs_get(&tail, "loss", &other));
        assert_true(loss == other);
        qn_model_destroy(&classes);
        qn_model_destroy(&samples);
    }
}

/* ---- what is refused ---- */

static void refuses_bad_weights(qn_model *model)
{
    static float bad[ROWS];
    qn_array scaled = qn_f32(weight, ROWS);

    scaled.scale = 0.5f;
    must_fail(
        ctx, QN_ERROR_USAGE, "sample_weight has the shape (200,)",
        qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .sample_weight = qn_f32(weight, 200)));
    must_fail(
        ctx, QN_ERROR_USAGE, "sample_weight has the shape (203, 1)",
        qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .sample_weight = qn_f32(weight, ROWS, 1)));
    must_fail(ctx, QN_ERROR_USAGE, "sample_weight has the scale 0.5",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .sample_weight = scaled));
    must_fail(
        ctx, QN_ERROR_USAGE, "evaluate: sample_weight has the shape (9,)",
        qn_evaluate(model, .x = x_of(ROWS), .y = y_of(ROWS), .sample_weight = qn_f32(weight, 9)));
    must_fail(ctx, QN_ERROR_USAGE, "validation_sample_weight was given without",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_split = 0.5,
                     .validation_sample_weight = qn_f32(weight, ROWS)));
    must_fail(ctx, QN_ERROR_USAGE, "validation_sample_weight has the shape (203,)",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .validation_x = x_of(20),
                     .validation_y = y_of(20), .validation_sample_weight = qn_f32(weight, ROWS)));
    for (int i = 0; i < 3; i++) {
        bad[57] = i == 0 ? -1.0f : i == 1 ? NAN : INFINITY;
        must_fail(
            ctx, QN_ERROR_DATA, "in row 57",
            qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .sample_weight = qn_f32(bad, ROWS)));
    }
}

static void refuses_bad_classes(qn_model *model)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"3=1", "no class 3: they are 0 to 2"},
        {"-1=1", "no class -1"},
        {"0=-2", "weight of class 0 is -2"},
        {"0=inf", "weight of class 0 is inf"},
        {"0=1, 0=2", "class 0 is there twice"},
        {"1", "no class with its weight"},
        {"a=1", "no class with its weight"},
        {"0=x", "no class with its weight"},
        {"0=", "expected"},
    };

    for (int i = 0; i < QN_COUNT(cases); i++)
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words,
                  qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .class_weight = cases[i].text));
    must_fail(ctx, QN_ERROR_USAGE, "both sample_weight and class_weight",
              qn_fit(model, .x = x_of(ROWS), .y = y_of(ROWS), .class_weight = "0=1",
                     .sample_weight = qn_f32(weight, ROWS)));
}

static void refuses_what_is_no_weight(void **in)
{
    qn_model *model = make();
    uint64_t launches = qn_device_count_of(model->device)->launches;

    (void)in;
    refuses_bad_weights(model);
    refuses_bad_classes(model);
    assert_int_equal(qn_device_count_of(model->device)->launches, launches);
    qn_model_destroy(&model);
}

static int setup(void **in)
{
    (void)in;
    problem_make(&data);
    for (int r = 0; r < ROWS; r++)
        weight[r] = r % 9 == 0 ? 0.0f : 1.0f + noise(3, (uint64_t)r) + (float)(r % 3);
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
        cmocka_unit_test(trains_as_in_double),
        cmocka_unit_test(evaluates_as_in_double),
        cmocka_unit_test(leaves_out_what_weighs_nothing),
        cmocka_unit_test(takes_other_types),
        cmocka_unit_test(weighs_classes),
        cmocka_unit_test(refuses_what_is_no_weight),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
