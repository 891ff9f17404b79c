/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a device is, for choosing among several: the time of something like a training step of a
 * small network, a few launches that compute and many that hardly do, so that throughput and the
 * cost of a launch both count. Remembered in the cache folder for each device and driver. */
#include "base/util.h"
#include "device/internal.h"
#include "device/keep.h"
#include <stdio.h>
#include <stdlib.h>

#define BIG_LAUNCHES 4
#define BIG_ITEMS 8192 /* 16.8 MFLOP: a product of (128, 784) by (784, 84) */
#define SMALL_LAUNCHES 12
#define SMALL_ITEMS 256
#define GROUP 32
#define STEPS 5
#define MAX_SECONDS 0.05 /* a slow device is known to be slow by then */
#define SCORE_HEADER "quern score 1 "

/* 8 independent chains of 8 lanes: enough to hide the latency of a multiply-add. */
static const char source[] = "__kernel void score(__global float *out)\n"
                             "{\n"
                             "    size_t i = get_global_id(0);\n"
                             "    float8 a = out[i], b = a + 1, c = a + 2, d = a + 3;\n"
                             "    float8 e = a + 4, f = a + 5, g = a + 6, h = a + 7;\n"
                             "    for (int k = 0; k < 16; k++) {\n"
                             "        a = mad(a, 0.5f, 0.25f);\n"
                             "        b = mad(b, 0.5f, 0.25f);\n"
                             "        c = mad(c, 0.5f, 0.25f);\n"
                             "        d = mad(d, 0.5f, 0.25f);\n"
                             "        e = mad(e, 0.5f, 0.25f);\n"
                             "        f = mad(f, 0.5f, 0.25f);\n"
                             "        g = mad(g, 0.5f, 0.25f);\n"
                             "        h = mad(h, 0.5f, 0.25f);\n"
                             "    }\n"
                             "    a += b + c + d + e + f + g + h;\n"
                             "    a.lo += a.hi;\n"
                             "    out[i] = a.s0 + a.s1 + a.s2 + a.s3;\n"
                             "}\n";
#define ITEM_FLOPS (16.0 * 8 * 8 * 2)
#define STEP_FLOPS (ITEM_FLOPS * (BIG_LAUNCHES * BIG_ITEMS + SMALL_LAUNCHES * SMALL_ITEMS))

static qn_status run_step(qn_device *device, qn_kernel *kernel)
{
    qn_range big = {1, {BIG_ITEMS, 1, 1}, {GROUP, 1, 1}};
    qn_range small = {1, {SMALL_ITEMS, 1, 1}, {GROUP, 1, 1}};

    for (int i = 0; i < BIG_LAUNCHES; i++)
        QN_TRY(qn_kernel_launch(kernel, &big));
    for (int i = 0; i < SMALL_LAUNCHES; i++)
        QN_TRY(qn_kernel_launch(kernel, &small));
    return qn_device_finish(device);
}

/* The fastest of a few; the first one compiles and warms up, and does not count. */
static qn_status time_steps(qn_device *device, qn_kernel *kernel, double *seconds)
{
    double began;

    *seconds = 0;
    QN_TRY(run_step(device, kernel));
    began = qn_seconds();
    for (int i = 0; i < STEPS; i++) {
        double start = qn_seconds(), took;

        QN_TRY(run_step(device, kernel));
        took = qn_seconds() - start;
        if (i == 0 || took < *seconds)
            *seconds = took;
        if (qn_seconds() - began > MAX_SECONDS)
            break;
    }
    return QN_OK;
}

static qn_status measure_device(qn_device *device, double *score)
{
    qn_buffer *buffer = NULL;
    qn_kernel *kernel = NULL;
    double seconds = 0;
    qn_status status = qn_buffer_create(device, BIG_ITEMS * sizeof(float), &buffer);

    if (status == QN_OK)
        status = qn_kernel_create_source(device, "score.cl", source, NULL, "score", &kernel);
    if (status == QN_OK)
        status = qn_kernel_set_buffer(kernel, 0, buffer);
    if (status == QN_OK)
        status = time_steps(device, kernel, &seconds);
    qn_kernel_destroy(&kernel);
    qn_buffer_destroy(&buffer);
    if (status == QN_OK)
        *score = STEP_FLOPS * 1e-9 / (seconds > 1e-9 ? seconds : 1e-9);
    return status;
}

static void measure(qn_context *ctx, int entry, double *score)
{
    const qn_device_info *info = &ctx->list->entry[entry].info;
    qn_device *device = NULL;
    qn_status status = qn_device_open(ctx, entry, -1, &device);

    *score = 0;
    if (status == QN_OK)
        status = measure_device(device, score);
    qn_device_close(&device);
    if (status == QN_OK)
        qn_log(&ctx->env, QN_LOG_INFO, "device %s (%s) measured: %.1f GFLOP/s in small launches",
               info->selector, info->name, *score);
    else
        qn_log(&ctx->env, QN_LOG_WARNING, "device %s (%s) could not be measured: %s",
               info->selector, info->name, ctx->env.message);
}

static bool recall(qn_context *ctx, uint64_t key, double *score)
{
    char *text = qn_recall(ctx, "scores", key), *end;
    bool good = false;

    if (text && strncmp(text, SCORE_HEADER, strlen(SCORE_HEADER)) == 0) {
        *score = strtod(text + strlen(SCORE_HEADER), &end);
        good = strcmp(end, "\n") == 0 && *score > 0 && *score < 1e12;
    }
    qn_free(&ctx->env, text);
    return good;
}

static void remember(qn_context *ctx, uint64_t key, double score)
{
    char line[64];

    snprintf(line, sizeof line, SCORE_HEADER "%.6g\n", score);
    qn_keep(ctx, "scores", key, line);
}

qn_status qn_score_get(qn_context *ctx, int entry, double *score)
{
    char *fingerprint = qn_device_entry_fingerprint(&ctx->env, &ctx->list->entry[entry]);
    uint64_t key;

    if (!fingerprint)
        return QN_ERROR_MEMORY;
    key = qn_hash_text(QN_HASH_START, fingerprint);
    qn_free(&ctx->env, fingerprint);
    if (recall(ctx, key, score))
        return QN_OK;
    measure(ctx, entry, score);
    if (*score > 0)
        remember(ctx, key, *score);
    ctx->env.message[0] = '\0'; /* what was logged is no failure of the caller's */
    return QN_OK;
}
