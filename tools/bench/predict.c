/* SPDX-License-Identifier: Apache-2.0 */
/* How long qn_predict takes with the model loaded: Fashion-MNIST's test images, float32 in the
 * host's memory, to probabilities there. Prints JSON: seconds of each call, and the accuracy.
 * usage: predict MODEL DATA DEVICE REPEATS */
#include <quern/quern.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CLASSES = 10, BATCH = 1000 }; /* the batch of Keras's worker, too */

typedef struct run {
    qn_context *ctx;
    qn_model *model;
    qn_dataset *dataset;
    qn_array labels;
    float *images, *out;
    int64_t rows, height, width;
} run;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The images as every framework here takes them: float32 between 0 and 1. */
static qn_status read_images(run *r, const char *data)
{
    qn_array x;
    qn_status status = qn_dataset_open(r->ctx, data, &r->dataset);
    if (status == QN_OK)
        status = qn_dataset_get(r->dataset, "test", &x, &r->labels);
    if (status != QN_OK)
        return status;
    if (x.dtype != QN_U8 || x.rank != 3 || r->labels.dtype != QN_U8) {
        fprintf(stderr, "predict: %s holds no uint8 images with uint8 labels\n", data);
        return QN_ERROR_DATA;
    }
    r->rows = x.shape[0];
    r->height = x.shape[1];
    r->width = x.shape[2];
    int64_t count = r->rows * r->height * r->width;
    r->images = malloc(sizeof(float) * (size_t)count);
    r->out = malloc(sizeof(float) * (size_t)(r->rows * CLASSES));
    if (!r->images || !r->out) {
        fprintf(stderr, "predict: out of memory for the images\n");
        return QN_ERROR_MEMORY;
    }
    for (int64_t i = 0; i < count; i++)
        r->images[i] = (float)((const uint8_t *)x.data)[i] / 255.0f;
    return QN_OK;
}

static double accuracy(const run *r)
{
    int64_t right = 0;
    for (int64_t row = 0; row < r->rows; row++) {
        const float *p = r->out + row * CLASSES;
        int64_t best = 0;
        for (int64_t i = 1; i < CLASSES; i++)
            best = p[i] > p[best] ? i : best;
        right += best == ((const uint8_t *)r->labels.data)[row];
    }
    return (double)right / (double)r->rows;
}

/* The first call plans and compiles, and is told apart. */
static qn_status measure(run *r, int64_t repeats)
{
    qn_status status = QN_OK;
    printf("{\"seconds\": [");
    for (int64_t i = 0; i <= repeats && status == QN_OK; i++) {
        double begin = now();
        status =
            qn_predict(r->model, qn_f32(r->images, r->rows, r->height, r->width),
                       qn_f32_out(r->out, r->rows, CLASSES), .batch_size = BATCH, .verbose = 0);
        if (i > 0)
            printf("%s%.9f", i > 1 ? ", " : "", now() - begin);
    }
    printf("], \"accuracy\": %.4f}\n", accuracy(r));
    return status;
}

int main(int argc, char **argv)
{
    run r = {0};
    char *end = NULL;
    int64_t repeats = argc == 5 ? strtoll(argv[4], &end, 10) : 0;
    if (argc != 5 || *end || repeats < 1) {
        fprintf(stderr, "usage: predict MODEL DATA DEVICE REPEATS\n");
        return 2;
    }
    qn_status status = qn_context_create(&r.ctx, .device = argv[3]);
    if (status == QN_OK)
        status = qn_load(r.ctx, argv[1], &r.model);
    if (status == QN_OK)
        status = read_images(&r, argv[2]);
    if (status == QN_OK)
        status = measure(&r, repeats);
    if (status != QN_OK && *qn_error(r.ctx))
        fprintf(stderr, "predict: %s\n", qn_error(r.ctx));
    free(r.images);
    free(r.out);
    qn_dataset_destroy(&r.dataset);
    qn_model_destroy(&r.model);
    qn_context_destroy(&r.ctx);
    return status == QN_OK ? 0 : 1;
}
