/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of random numbers in training: each step's numbers are those that its key gives, the same
 * bits every time; nothing in evaluation and prediction. */
#include "train/fixture.h"
#include <math.h>
#include <stdio.h>

/* A model whose weights tell what the layer did: noise, then dense(1, zeros, no bias), learns the
 * target 1 from samples of ones by sgd on the mean squared error. */
#define INPUTS 40
#define SAMPLES 5
#define LEARNING_RATE 0.002

static float ones[SAMPLES][INPUTS], targets[SAMPLES][1];

static int setup(void **out)
{
    for (int r = 0; r < SAMPLES; r++) {
        targets[r][0] = 1;
        for (int c = 0; c < INPUTS; c++)
            ones[r][c] = 1;
    }
    *out = context_open();
    return 0;
}

static int teardown(void **in)
{
    qn_context *ctx = *in;
    qn_context_destroy(&ctx);
    return 0;
}

/* ---- the same on the host, in double ---- */

typedef struct key {
    uint64_t seed;
    uint32_t stream, step;
} key;

static double uniform(const key *k, int element)
{
    return qn_random_uniform(
        qn_random_word(k->seed, QN_RANDOM_OPS, k->stream, k->step, (uint64_t)element));
}

static double normal(const key *k, int i)
{
    double radius = sqrt(-2 * log(uniform(k, 2 * i) + 0x1p-24));
    return radius * cos(2 * acos(-1.0) * uniform(k, 2 * i + 1));
}

/* What each layer makes of a one. */
static double dropout(const key *k, int i)
{
    return uniform(k, i) >= 0.4 ? 1 / (1 - 0.4) : 0;
}

static double alpha_dropout(const key *k, int i)
{
    double low = -1.6732632423543772 * 1.0507009873554805;
    double a = pow((1 - 0.4) * (1 + 0.4 * low * low), -0.5), b = -a * low * 0.4;
    return a * (uniform(k, i) >= 0.4 ? 1 : low) + b;
}

static double gaussian_dropout(const key *k, int i)
{
    return 1 + sqrt(0.4 / 0.6) * normal(k, i);
}

static double gaussian_noise(const key *k, int i)
{
    return 1 + 0.4 * normal(k, i);
}

typedef double (*noise_of)(const key *k, int element);

/* One step with `rows` valid rows. */
static void host_step(noise_of noised, const key *k, int rows, double *w)
{
    double gradient[INPUTS] = {0};
    for (int r = 0; r < rows; r++) {
        double x[INPUTS], predicted = 0;
        for (int i = 0; i < INPUTS; i++) {
            x[i] = noised(k, r * INPUTS + i);
            predicted += w[i] * x[i];
        }
        for (int i = 0; i < INPUTS; i++)
            gradient[i] += 2 * (predicted - 1) * x[i] / rows;
    }
    for (int i = 0; i < INPUTS; i++)
        w[i] -= LEARNING_RATE * gradient[i];
}

static void host_train(noise_of noised, uint64_t seed, uint32_t stream, int batch, int epochs,
                       double *w)
{
    key k = {seed, stream, 0};
    for (int i = 0; i < INPUTS; i++)
        w[i] = 0;
    for (int e = 0; e < epochs; e++)
        for (int at = 0; at < SAMPLES; at += batch, k.step++)
            host_step(noised, &k, SAMPLES - at < batch ? SAMPLES - at : batch, w);
}

/* ---- on the device ---- */

static qn_model *model_of(qn_context *ctx, const char *layers)
{
    char text[256];
    qn_model *model = NULL;
    int64_t shape[] = {INPUTS};
    snprintf(text, sizeof text, "%s, dense(1, use_bias=false, kernel_initializer=zeros)", layers);
    must(ctx, qn_sequential(ctx, &model));
    must(ctx, qn_add_text(model, text));
    must(ctx, qn_build(model, 1, shape));
    must(ctx, qn_compile(model, .optimizer_spec = qn_sgd(.learning_rate = LEARNING_RATE),
                         .loss = "mean_squared_error"));
    return model;
}

static void train(qn_model *model, int batch, int epochs)
{
    must(qn_model_context(model),
         qn_fit(model, .x = qn_f32(ones, SAMPLES, INPUTS), .y = qn_f32(targets, SAMPLES, 1),
                .batch_size = batch, .epochs = epochs, .shuffle = false));
}

static void assert_weights(qn_model *model, const double *expected)
{
    static float w[MAX_WEIGHTS];
    double largest = 0;
    assert_int_equal(weights_read(model, w), INPUTS);
    for (int i = 0; i < INPUTS; i++)
        largest = fmax(largest, fabs(expected[i]));
    assert_true(largest > 1e-3);
    for (int i = 0; i < INPUTS; i++)
        if (!(fabs(w[i] - expected[i]) <= 1e-4 * largest))
            fail_msg("%s: weight %d is %.9g, expected %.9g", qn_model_text(model), i, w[i],
                     expected[i]);
}

/* Whole batches, single samples, and a last batch with padding. */
static void steps_have_their_keys(void **in)
{
    static const struct {
        const char *layers;
        noise_of noised;
        uint64_t seed;
        uint32_t stream;
    } cases[] = {
        {"dropout(0.4)", dropout, SEED, 0},
        {"alpha_dropout(0.4)", alpha_dropout, SEED, 0},
        {"gaussian_dropout(0.4)", gaussian_dropout, SEED, 0},
        {"gaussian_noise(0.4)", gaussian_noise, SEED, 0},
        {"flatten, dropout(0.4)", dropout, SEED, 1},
        {"dropout(0.4, seed=12345)", dropout, 12345, 0},
    };
    static const int batches[] = {1, 2, SAMPLES};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
            double expected[INPUTS];
            qn_model *model = model_of(*in, cases[c].layers);
            host_train(cases[c].noised, cases[c].seed, cases[c].stream, batches[b], 3, expected);
            train(model, batches[b], 3);
            assert_weights(model, expected);
            qn_model_destroy(&model);
        }
    }
}

/* Another fit goes on with the next step's numbers; chunks of one step are chunks. */
static void training_repeats_itself(void **in)
{
    qn_context *ctx = *in;
    qn_model *once = model_of(ctx, "dropout(0.4)"), *twice = model_of(ctx, "dropout(0.4)");
    qn_model *cut = model_of(ctx, "dropout(0.4)");
    train(once, 2, 4);
    train(twice, 2, 1);
    train(twice, 2, 3);
    cut->chunk_limit = 1;
    train(cut, 2, 4);
    assert_same_weights(once, twice);
    assert_same_weights(once, cut);
    qn_model_destroy(&once);
    qn_model_destroy(&twice);
    qn_model_destroy(&cut);
}

/* Evaluation and prediction see samples as they are. */
static void inference_is_the_identity(void **in)
{
    static const char *const layers[] = {"dropout(0.4)", "alpha_dropout(0.4)",
                                         "gaussian_dropout(0.4)", "gaussian_noise(0.4)"};
    qn_context *ctx = *in;
    for (size_t l = 0; l < sizeof layers / sizeof layers[0]; l++) {
        static float w[MAX_WEIGHTS];
        float predicted[SAMPLES][1];
        double sum = 0, loss = 0;
        qn_logs logs = {0};
        qn_model *model = model_of(ctx, layers[l]);
        train(model, 2, 2);
        weights_read(model, w);
        for (int i = 0; i < INPUTS; i++)
            sum += w[i];
        must(ctx,
             qn_predict(model, qn_f32(ones, SAMPLES, INPUTS), qn_f32_out(predicted, SAMPLES, 1)));
        must(ctx, qn_evaluate(model, .x = qn_f32(ones, SAMPLES, INPUTS),
                              .y = qn_f32(targets, SAMPLES, 1), .logs = &logs));
        for (int r = 0; r < SAMPLES; r++)
            assert_true(fabs(predicted[r][0] - sum) <= 1e-5 * fabs(sum));
        assert_true(qn_logs_get(&logs, "loss", &loss));
        assert_true(fabs(loss - (sum - 1) * (sum - 1)) <= 1e-5);
        qn_model_destroy(&model);
    }
}

static double launches(qn_context *ctx, const char *layers)
{
    qn_run_stats stats = {.size = sizeof stats};
    qn_model *model = model_of(ctx, layers);
    train(model, 1, 1);
    must(ctx, qn_model_stats(model, &stats));
    qn_model_destroy(&model);
    return stats.launches_per_step;
}

/* A rate or deviation of 0 launches nothing; a first layer's dropout is one launch. */
static void nothing_costs_nothing(void **in)
{
    double least = launches(*in, "flatten");
    assert_true(launches(*in, "dropout(0), alpha_dropout(0), gaussian_dropout(0), "
                              "gaussian_noise(0)") == least);
    assert_true(launches(*in, "dropout(0.5)") == least + 1);
}

/* Dropout between layers of weights: the network still learns, and to the bit the same. */
static void deep_networks_learn(void **in)
{
    static const char layers[] = "dense(32, relu), dropout(0.2), dense(32, selu), "
                                 "alpha_dropout(0.05), gaussian_noise(0.1), dense(3, softmax)";
    static problem data;
    qn_context *ctx = *in;
    qn_model *model[2];
    problem_make(&data);
    for (int m = 0; m < 2; m++) {
        qn_logs logs = {0};
        double accuracy = 0;
        model[m] = model_make(ctx, layers, "adam(learning_rate=0.02)", "categorical_crossentropy");
        must(ctx, qn_fit(model[m], .x = problem_x(&data, ROWS), .y = problem_y(&data, ROWS),
                         .epochs = 20));
        must(ctx, qn_evaluate(model[m], .x = problem_x(&data, ROWS), .y = problem_y(&data, ROWS),
                              .logs = &logs));
        assert_true(qn_logs_get(&logs, "accuracy", &accuracy));
        assert_true(accuracy > 0.97);
    }
    assert_same_weights(model[0], model[1]);
    qn_model_destroy(&model[0]);
    qn_model_destroy(&model[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_have_their_keys),     cmocka_unit_test(training_repeats_itself),
        cmocka_unit_test(inference_is_the_identity), cmocka_unit_test(nothing_costs_nothing),
        cmocka_unit_test(deep_networks_learn),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
