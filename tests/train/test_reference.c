/* SPDX-License-Identifier: Apache-2.0 */
/* Training and prediction against a network of two dense layers that the test trains itself, on the
 * host and in double precision. The last batch of each epoch is smaller. */
#include "train/fixture.h"
#include <math.h>

#define HIDDEN 10
#define BATCH 16
#define TRAIN_ROWS 37 /* 16, 16 and 5 */
#define EPOCHS 17     /* 51 steps */
#define PARAMETERS (FEATURES * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES)

/* Weights in Keras's order; Adam's moments beside them. */
typedef struct network {
    double w[PARAMETERS], g[PARAMETERS], m[PARAMETERS], v[PARAMETERS];
    int steps;
} network;

enum { W1 = 0, B1 = FEATURES * HIDDEN, W2 = B1 + HIDDEN, B2 = W2 + HIDDEN * CLASSES };

static void forward(const network *n, const float *x, double *h, double *p)
{
    double largest = -INFINITY, sum = 0;

    for (int j = 0; j < HIDDEN; j++) {
        double z = n->w[B1 + j];

        for (int i = 0; i < FEATURES; i++)
            z += (double)x[i] * n->w[W1 + i * HIDDEN + j];
        h[j] = 1 / (1 + exp(-z));
    }
    for (int k = 0; k < CLASSES; k++) {
        p[k] = n->w[B2 + k];
        for (int j = 0; j < HIDDEN; j++)
            p[k] += h[j] * n->w[W2 + j * CLASSES + k];
        largest = fmax(largest, p[k]);
    }
    for (int k = 0; k < CLASSES; k++)
        sum += p[k] = exp(p[k] - largest);
    for (int k = 0; k < CLASSES; k++)
        p[k] /= sum;
}

/* Adds one sample's gradient, divided by the rows of the batch; returns its loss. */
static double backward(network *n, const float *x, const float *y, double rows)
{
    double h[HIDDEN], p[CLASSES], dz[CLASSES], loss = 0;

    forward(n, x, h, p);
    for (int k = 0; k < CLASSES; k++) {
        loss -= y[k] > 0 ? (double)y[k] * log(p[k]) : 0;
        dz[k] = (p[k] - (double)y[k]) / rows;
        n->g[B2 + k] += dz[k];
    }
    for (int j = 0; j < HIDDEN; j++) {
        double dh = 0;

        for (int k = 0; k < CLASSES; k++) {
            dh += dz[k] * n->w[W2 + j * CLASSES + k];
            n->g[W2 + j * CLASSES + k] += h[j] * dz[k];
        }
        dh *= h[j] * (1 - h[j]);
        n->g[B1 + j] += dh;
        for (int i = 0; i < FEATURES; i++)
            n->g[W1 + i * HIDDEN + j] += (double)x[i] * dh;
    }
    return loss;
}

/* Kingma & Ba 2015, with epsilon added to the uncorrected root, as Keras does. */
static void adam(network *n)
{
    double t = ++n->steps;
    double rate = 0.01 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t));

    for (int i = 0; i < PARAMETERS; i++) {
        n->m[i] += (n->g[i] - n->m[i]) * (1 - 0.9);
        n->v[i] += (n->g[i] * n->g[i] - n->v[i]) * (1 - 0.999);
        n->w[i] -= rate * n->m[i] / (sqrt(n->v[i]) + 1e-7);
        n->g[i] = 0;
    }
}

static void sgd(network *n)
{
    for (int i = 0; i < PARAMETERS; i++) {
        n->w[i] -= 0.5 * n->g[i];
        n->g[i] = 0;
    }
}

/* One epoch in the given order; returns the mean loss, weighted by rows. */
static double epoch(network *n, const problem *data, const uint32_t *order,
                    void (*update)(network *))
{
    double sum = 0;

    for (int at = 0; at < TRAIN_ROWS; at += BATCH) {
        int rows = TRAIN_ROWS - at < BATCH ? TRAIN_ROWS - at : BATCH;

        for (int r = 0; r < rows; r++)
            sum += backward(n, data->x[order[at + r]], data->y[order[at + r]], rows);
        update(n);
    }
    return sum / TRAIN_ROWS;
}

static void load(network *n, qn_model *model)
{
    float values[PARAMETERS];

    memset(n, 0, sizeof *n);
    assert_int_equal(weights_read(model, values), PARAMETERS);
    for (int i = 0; i < PARAMETERS; i++)
        n->w[i] = (double)values[i];
}

static void assert_near(const char *what, double value, double wanted, double tolerance)
{
    if (!(fabs(value - wanted) <= tolerance))
        fail_msg("%s: %.9g instead of %.9g", what, value, wanted);
}

static void assert_weights_near(const network *n, qn_model *model)
{
    float values[PARAMETERS];
    double largest = 0;

    weights_read(model, values);
    for (int i = 0; i < PARAMETERS; i++)
        largest = fmax(largest, fabs(n->w[i]));
    for (int i = 0; i < PARAMETERS; i++)
        assert_near("weight", (double)values[i], n->w[i], 1e-4 * largest);
}

static void compare(bool shuffle, const char *optimizer, void (*update)(network *))
{
    static problem data;
    static network n;
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, "dense(10, sigmoid), dense(3, softmax)", optimizer,
                                 "categorical_crossentropy");
    uint32_t order[TRAIN_ROWS];

    problem_make(&data);
    load(&n, model);
    must(ctx, qn_fit(model, .x = problem_x(&data, TRAIN_ROWS), .y = problem_y(&data, TRAIN_ROWS),
                     .batch_size = BATCH, .epochs = EPOCHS, .shuffle = shuffle));
    for (uint32_t e = 0; e < EPOCHS; e++) {
        double loss = 0, wanted;

        for (uint32_t i = 0; i < TRAIN_ROWS; i++)
            order[i] = i;
        if (shuffle)
            qn_random_permutation(SEED, e, order, TRAIN_ROWS);
        wanted = epoch(&n, &data, order, update);
        assert_true(qn_history_get(model, "loss", e, &loss));
        assert_near("loss", loss, wanted, 1e-4);
    }
    assert_weights_near(&n, model);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

static void adam_in_order(void **in)
{
    (void)in;
    compare(false, "adam(learning_rate=0.01)", adam);
}

static void adam_shuffled(void **in)
{
    (void)in;
    compare(true, "adam(learning_rate=0.01)", adam);
}

static void sgd_shuffled(void **in)
{
    (void)in;
    compare(true, "sgd(learning_rate=0.5)", sgd);
}

static void predicts_and_evaluates(void **in)
{
    static problem data;
    static network n;
    static float out[ROWS][CLASSES];
    qn_context *ctx = context_open();
    qn_model *model = model_make(ctx, "dense(10, sigmoid), dense(3, softmax)", "adam",
                                 "categorical_crossentropy");
    double loss = 0, right = 0, value;
    qn_logs logs = {0};

    (void)in;
    problem_make(&data);
    load(&n, model);
    for (int pass = 0; pass < 2; pass++) { /* resident, streaming */
        model->sample_limit = (uint64_t)pass;
        memset(out, 0, sizeof out);
        must(ctx, qn_predict(model, problem_x(&data, ROWS), qn_f32_out(out, ROWS, CLASSES),
                             .batch_size = 20));
        must(ctx, qn_evaluate(model, .x = problem_x(&data, ROWS), .y = problem_y(&data, ROWS),
                              .batch_size = 50, .logs = &logs));
        loss = right = 0;
        for (int r = 0; r < ROWS; r++) {
            double h[HIDDEN], p[CLASSES];
            int best = 0;

            forward(&n, data.x[r], h, p);
            for (int k = 0; k < CLASSES; k++) {
                assert_near("prediction", (double)out[r][k], p[k], 1e-5);
                best = p[k] > p[best] ? k : best;
            }
            loss -= log(p[data.label[r]]) / ROWS;
            right += best == data.label[r];
        }
        assert_true(qn_logs_get(&logs, "loss", &value));
        assert_near("loss", value, loss, 1e-5);
        assert_true(qn_logs_get(&logs, "accuracy", &value));
        assert_near("accuracy", value, right / ROWS, 1e-9);
    }
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adam_in_order),
        cmocka_unit_test(adam_shuffled),
        cmocka_unit_test(sgd_shuffled),
        cmocka_unit_test(predicts_and_evaluates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
