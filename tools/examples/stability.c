/* SPDX-License-Identifier: Apache-2.0 */
/* Why networks are stable, and when they are not: initialization, normalization, regularization and
 * the learning rate, on Fashion-MNIST.
 * usage: stability OUTPUT.html; needs the Debian package dataset-fashion-mnist. */
#include "stability.h"

#include <quern/quern.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CLASSES = 10,
    PIXELS = 28 * 28,
    WIDTH = 64,          /* of a hidden layer */
    DEEP_SAMPLES = 8000, /* that the deep networks see */
    FEW_SAMPLES = 2000,
    TEST_SAMPLES = 2000,
    PROBE = 128, /* images that activations and gradients are measured on */
    RATE_STEPS = 300
};

typedef struct lab {
    qn_context *ctx;
    qn_dataset *data;
    qn_array x, y, test_x, test_y;
    results *results;
} lab;

/* The first samples of an array. */
static qn_array first(qn_array array, int64_t count)
{
    array.shape[0] = count;
    return array;
}

static double seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static qn_status make(lab *l, const char *layers, qn_model **model)
{
    qn_status status = qn_sequential(l->ctx, model);

    if (status == QN_OK)
        status = qn_add_text(*model, layers);
    return status;
}

/* ---- twenty layers: which networks train ---- */

static const char *const activations[] = {"sigmoid", "tanh", "relu"};
static const char *const initializers[] = {"random_normal", "glorot_uniform", "he_normal"};
/* Few steps: the moving statistics must not lag behind. */
static const char *const normalizations[] = {"", "batch_normalization(momentum=0.9)",
                                             "layer_normalization"};

/* Layers of one block: a dense layer, its normalization, its activation. */
static int block_layers(const deep_net *net)
{
    return net->normalization[0] ? 3 : 2;
}

static void describe(const deep_net *net, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "flatten(input_shape=(28, 28))");

    for (int i = 0; i < DEPTH; i++)
        used += (size_t)snprintf(text + used, size - used,
                                 ", dense(%d, kernel_initializer=%s)%s%s, activation(%s)", WIDTH,
                                 net->initializer, net->normalization[0] ? ", " : "",
                                 net->normalization, net->activation);
    snprintf(text + used, size - used, ", dense(%d, softmax)", CLASSES);
}

/* Adds `count` numbers to the bins, as shares. */
static void spread_of(const float *values, size_t count, double low, double step, float *share)
{
    for (size_t i = 0; i < count; i++) {
        double place = values[i] == 0 ? -1 : (log10(fabs((double)values[i])) - low) / step;
        int bin = place < 0 ? 0 : place >= BINS ? BINS - 1 : (int)place;

        share[bin] += 1.0f / (float)count;
    }
}

/* A step of gradient descent at the rate 10^6 moves each weight by its gradient times that: small
 * gradients show as well. */
static qn_status measure_gradients(lab *l, qn_model *model, deep_net *net)
{
    static float before[DEPTH][PIXELS * WIDTH], after[PIXELS * WIDTH];
    int weights = qn_weight_count(model), layer = 0;
    qn_weight_info info = {.size = sizeof info};
    qn_status status = qn_compile(model, .optimizer = "sgd(learning_rate=1e6)",
                                  .loss = "sparse_categorical_crossentropy");

    for (int pass = 0; pass < 2 && status == QN_OK; pass++) {
        layer = 0;
        for (int i = 0; i < weights && layer < DEPTH && status == QN_OK; i++) {
            if ((status = qn_weight_describe(model, i, &info)) || !strstr(info.name, "/kernel"))
                continue;
            int64_t count = info.shape[0] * info.shape[1];
            float *to = pass == 0 ? before[layer] : after;
            status = qn_get_weight(model, i, qn_f32_out(to, info.shape[0], info.shape[1]));
            for (int64_t k = 0; pass == 1 && k < count; k++)
                after[k] = (after[k] - before[layer][k]) / 1e6f;
            if (pass == 1)
                spread_of(after, (size_t)count, GRADIENT_LOW, GRADIENT_STEP,
                          net->gradients.share[layer]);
            layer++;
        }
        if (pass == 0 && status == QN_OK)
            status = qn_train_on_batch(model, .x = first(l->x, PROBE), .y = first(l->y, PROBE));
    }
    return status;
}

/* What comes out of each layer: the model's own prediction after the layers behind were removed. */
static qn_status measure_activations(lab *l, qn_model *model, deep_net *net)
{
    static float out[PROBE * WIDTH];
    qn_status status = qn_pop(model);

    for (int layer = DEPTH - 1; layer >= 0 && status == QN_OK; layer--) {
        status = qn_predict(model, first(l->x, PROBE), qn_f32_out(out, PROBE, WIDTH),
                            .batch_size = PROBE);
        spread_of(out, PROBE * WIDTH, ACTIVATION_LOW, ACTIVATION_STEP,
                  net->activations.share[layer]);
        for (int i = 0; i < block_layers(net) && layer > 0 && status == QN_OK; i++)
            status = qn_pop(model);
    }
    return status;
}

/* At the start of training: two models with the same weights, as the seed is the same. */
static qn_status measure(lab *l, const char *layers, deep_net *net)
{
    qn_model *model = NULL;
    qn_status status = make(l, layers, &model);

    if (status == QN_OK)
        status = measure_gradients(l, model, net);
    qn_model_destroy(&model);
    if (status == QN_OK)
        status = make(l, layers, &model);
    if (status == QN_OK)
        status = measure_activations(l, model, net);
    qn_model_destroy(&model);
    net->measured = true;
    return status;
}

static qn_status train_deep(lab *l, const char *layers, deep_net *net)
{
    qn_model *model = NULL;
    qn_logs logs = {0};
    qn_status status = make(l, layers, &model);

    if (status == QN_OK)
        status = qn_compile(model, .optimizer = "adam", .loss = "sparse_categorical_crossentropy",
                            .metrics = "accuracy");
    if (status == QN_OK)
        status = qn_fit(model, .x = first(l->x, DEEP_SAMPLES), .y = first(l->y, DEEP_SAMPLES),
                        .batch_size = 64, .epochs = 3);
    if (status == QN_OK)
        status = qn_evaluate(model, .x = first(l->test_x, TEST_SAMPLES),
                             .y = first(l->test_y, TEST_SAMPLES), .batch_size = 64, .logs = &logs);
    net->loss = net->accuracy = NAN;
    qn_logs_get(&logs, "loss", &net->loss);
    qn_logs_get(&logs, "accuracy", &net->accuracy);
    qn_model_destroy(&model);
    return status == QN_ERROR_DIVERGED ? QN_OK : status;
}

/* Those whose spreads explain the rest: activation, initializer, normalization. */
static bool is_shown(int index)
{
    static const int shown[] = {0 * 9 + 1 * 3 + 0, 0 * 9 + 1 * 3 + 1, 1 * 9 + 0 * 3 + 0,
                                1 * 9 + 1 * 3 + 0, 2 * 9 + 0 * 3 + 0, 2 * 9 + 2 * 3 + 0};

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (shown[i] == index)
            return true;
    return false;
}

static qn_status go_deep(lab *l)
{
    char layers[8192];
    qn_status status = QN_OK;

    for (int i = 0; i < NETS && status == QN_OK; i++) {
        deep_net *net = &l->results->net[i];

        net->activation = activations[i / 9];
        net->initializer = initializers[i / 3 % 3];
        net->normalization = normalizations[i % 3];
        describe(net, layers, sizeof layers);
        status = train_deep(l, layers, net);
        if (status == QN_OK && is_shown(i))
            status = measure(l, layers, net);
        printf("20 layers, %-7s  %-14s  %-33s  loss %6.4f  accuracy %.4f\n", net->activation,
               net->initializer, net->normalization[0] ? net->normalization : "none", net->loss,
               net->accuracy);
        fflush(stdout);
    }
    return status;
}

/* ---- few images: with and without regularization ---- */

static qn_status history_of(const qn_model *model, const char *name, curve *c)
{
    c->count = (int)qn_history_epochs(model);
    for (int i = 0; i < c->count; i++)
        if (!qn_history_get(model, name, i, &c->y[i]))
            return QN_ERROR_INTERNAL;
    return QN_OK;
}

static qn_status train_few(lab *l, const char *title, const char *layers, panel *p)
{
    qn_model *model = NULL;
    double accuracy = 0;
    qn_status status = make(l, layers, &model);

    if (status == QN_OK)
        status = qn_compile(model, .optimizer = "adam", .loss = "sparse_categorical_crossentropy",
                            .metrics = "sparse_categorical_crossentropy(name=plain), accuracy");
    if (status == QN_OK)
        status =
            qn_fit(model, .x = first(l->x, FEW_SAMPLES), .y = first(l->y, FEW_SAMPLES),
                   .validation_x = first(l->test_x, TEST_SAMPLES),
                   .validation_y = first(l->test_y, TEST_SAMPLES), .batch_size = 50, .epochs = 40);
    p->x_title = "epoch";
    p->count = 2;
    p->curve[0].name = "training";
    p->curve[1].name = "validation";
    /* The loss without penalties, so that the curves compare. */
    if (status == QN_OK)
        status = history_of(model, "plain", &p->curve[0]);
    if (status == QN_OK)
        status = history_of(model, "val_plain", &p->curve[1]);
    if (status == QN_OK)
        qn_history_get(model, "val_accuracy", qn_history_epochs(model) - 1, &accuracy);
    snprintf(p->title, sizeof p->title, "%s: accuracy %.3f", title, accuracy);
    printf("2000 images, %s on %d others\n", p->title, (int)TEST_SAMPLES);
    qn_model_destroy(&model);
    return status;
}

static qn_status regularize(lab *l)
{
    static const char *const kinds[REGULARIZED][2] = {
        {"nothing", "flatten(input_shape=(28, 28)), dense(256, relu), dense(256, relu), "
                    "dense(10, softmax)"},
        {"dropout", "flatten(input_shape=(28, 28)), dense(256, relu), dropout(0.5), "
                    "dense(256, relu), dropout(0.5), dense(10, softmax)"},
        {"l2", "flatten(input_shape=(28, 28)), dense(256, relu, kernel_regularizer=l2(2e-3)), "
               "dense(256, relu, kernel_regularizer=l2(2e-3)), dense(10, softmax)"},
        {"dropout and l2",
         "flatten(input_shape=(28, 28)), dense(256, relu, kernel_regularizer=l2(1e-3)), "
         "dropout(0.4), dense(256, relu, kernel_regularizer=l2(1e-3)), dropout(0.4), "
         "dense(10, softmax)"},
    };
    qn_status status = QN_OK;

    for (int i = 0; i < REGULARIZED && status == QN_OK; i++)
        status = train_few(l, kinds[i][0], kinds[i][1], &l->results->regularized[i]);
    return status;
}

/* ---- the learning rate: too small, right, too large ---- */

static qn_status descend(lab *l, double rate, const char *verdict, panel *p)
{
    qn_model *model = NULL;
    curve *c = &p->curve[0];
    qn_status status =
        make(l, "flatten(input_shape=(28, 28)), dense(100, sigmoid), dense(10, softmax)", &model);

    if (status == QN_OK)
        status = qn_compile(model, .optimizer_spec = qn_sgd(.learning_rate = rate),
                            .loss = "sparse_categorical_crossentropy");
    for (int64_t step = 0; step < RATE_STEPS && status == QN_OK; step++) {
        qn_logs logs = {0};
        qn_array x = l->x, y = l->y;

        x.data = (const unsigned char *)l->x.data + step * 32 * PIXELS;
        y.data = (const unsigned char *)l->y.data + step * 32;
        status = qn_train_on_batch(model, .x = first(x, 32), .y = first(y, 32), .logs = &logs);
        if (status == QN_OK && qn_logs_get(&logs, "loss", &c->y[c->count]))
            c->count++;
    }
    snprintf(p->title, sizeof p->title, "η = %g %s", rate, verdict);
    p->x_title = "step";
    p->count = 1;
    c->name = "loss of the batch";
    printf("learning rate %g: loss %.4f after %d steps\n", rate, c->y[c->count - 1], c->count);
    qn_model_destroy(&model);
    return status == QN_ERROR_DIVERGED ? QN_OK : status;
}

static qn_status try_rates(lab *l)
{
    static const struct {
        double rate;
        const char *verdict;
    } rates[RATES] = {{0.01, "is too small"}, {0.5, "is right"}, {8, "is too large"}};
    qn_status status = QN_OK;

    for (int i = 0; i < RATES && status == QN_OK; i++)
        status = descend(l, rates[i].rate, rates[i].verdict, &l->results->rate[i]);
    return status;
}

/* ---- */

static qn_status open_lab(lab *l)
{
    qn_status status = qn_context_create(&l->ctx, .seed = 1);

    if (status == QN_OK)
        status = qn_dataset_open(l->ctx, "fashion-mnist", &l->data);
    if (status == QN_OK)
        status = qn_dataset_get(l->data, "train", &l->x, &l->y);
    if (status == QN_OK)
        status = qn_dataset_get(l->data, "test", &l->test_x, &l->test_y);
    if (status == QN_OK)
        snprintf(l->results->device, sizeof l->results->device, "%s",
                 qn_context_device(l->ctx, 0)->name);
    return status;
}

static qn_status run(lab *l)
{
    double begin = seconds();
    qn_status status = open_lab(l);

    if (status == QN_OK)
        status = go_deep(l);
    if (status == QN_OK)
        status = regularize(l);
    if (status == QN_OK)
        status = try_rates(l);
    l->results->seconds = seconds() - begin;
    return status;
}

int main(int argc, char **argv)
{
    static results r;
    lab l = {.results = &r};
    int rc = 1;

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: stability OUTPUT.html\n");
        return 2;
    }
    if (run(&l) != QN_OK)
        fprintf(stderr, "stability: %s\n", qn_error(l.ctx));
    else
        rc = write_page(argv[1], &r);
    if (rc == 0)
        printf("%s: %.1f s\n", argv[1], r.seconds);
    qn_dataset_destroy(&l.data);
    qn_context_destroy(&l.ctx);
    return rc;
}
