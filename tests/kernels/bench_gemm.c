/* SPDX-License-Identifier: Apache-2.0 */
/* Times the matrix products of dense networks; not a test. usage: bench_gemm [quern|clblast]
 * Medians, beside an upper bound measured in the same run: a loop of fused multiply-adds. */
#include "base/util.h"
#include "kernels/gemm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define SECONDS 0.02 /* of one round */

static const struct shape {
    const char *what;
    int m, n, k;
    bool trans_a, trans_b;
    const char *activation;
} shapes[] = {
    {"forward", 32, 100, 784, false, false, "sigmoid"},
    {"forward", 128, 100, 784, false, false, "sigmoid"},
    {"head", 32, 10, 100, false, false, "linear"},
    {"head", 128, 10, 100, false, false, "linear"},
    {"weights", 784, 100, 32, true, false, NULL},
    {"weights", 784, 100, 128, true, false, NULL},
    {"weights", 100, 10, 32, true, false, NULL},
    {"weights", 100, 10, 128, true, false, NULL},
    {"inputs", 32, 100, 10, false, true, NULL},
    {"inputs", 128, 100, 10, false, true, NULL},
    {"forward", 128, 512, 784, false, false, "relu"},
    {"weights", 784, 512, 128, true, false, NULL},
    {"inputs", 128, 512, 512, false, true, NULL},
    {"square", 512, 512, 512, false, false, NULL},
    {"square", 512, 512, 512, false, true, NULL},
    {"square", 512, 512, 512, true, false, NULL},
    {"square", 1024, 1024, 1024, false, false, NULL},
    {"square", 2048, 2048, 2048, false, false, NULL},
};

/* 16 independent chains of fma on float16, one work-item per group. */
static const char peak_source[] = "__kernel __attribute__((reqd_work_group_size(1, 1, 1)))\n"
                                  "void peak(__global float *out, float x, float y, int count)\n"
                                  "{\n"
                                  "    float16 s[16];\n"
                                  "    #pragma unroll\n"
                                  "    for (int i = 0; i < 16; i++)\n"
                                  "        s[i] = (float16)(i);\n"
                                  "    for (int k = 0; k < count; k++) {\n"
                                  "        #pragma unroll\n"
                                  "        for (int i = 0; i < 16; i++)\n"
                                  "            s[i] = fma(s[i], (float16)(x), (float16)(y));\n"
                                  "    }\n"
                                  "    #pragma unroll\n"
                                  "    for (int i = 1; i < 16; i++)\n"
                                  "        s[0] += s[i];\n"
                                  "    vstore16(s[0], get_global_id(0), out);\n"
                                  "}\n";

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median time of one replay, and the processor time it takes: the fairer figure on a machine
 * that does other things as well. */
static qn_status median(qn_device *device, qn_steps *steps, double *seconds, double *processor)
{
    double times[ROUNDS], begin;
    clock_t clock_begin;
    int repeats = 1;

    for (double spent = 0; spent < SECONDS; repeats *= 2) {
        begin = qn_seconds();
        for (int i = 0; i < repeats; i++)
            QN_TRY(qn_steps_replay(steps, 0));
        QN_TRY(qn_device_finish(device));
        spent = qn_seconds() - begin;
    }
    repeats = repeats > 2 ? repeats / 2 : 1;
    clock_begin = clock();
    for (int round = 0; round < ROUNDS; round++) {
        begin = qn_seconds();
        for (int i = 0; i < repeats; i++)
            QN_TRY(qn_steps_replay(steps, 0));
        QN_TRY(qn_device_finish(device));
        times[round] = (qn_seconds() - begin) / repeats;
    }
    *processor = (double)(clock() - clock_begin) / CLOCKS_PER_SEC / ROUNDS / repeats;
    qsort(times, ROUNDS, sizeof times[0], by_value);
    *seconds = times[ROUNDS / 2];
    return QN_OK;
}

static qn_status bench_peak(qn_device *device)
{
    const int count = 20000, groups = 8 * (int)qn_device_description(device)->compute_units;
    const qn_cost cost = {.flops = 2.0 * 16 * 16 * count * groups};
    const qn_range range = {.dims = 1, .global = {(size_t)groups}, .local = {1}};
    qn_kernel *kernel = NULL;
    qn_buffer *out = NULL;
    qn_steps steps;
    double seconds, processor;

    qn_steps_init(&steps, device);
    QN_TRY(qn_buffer_create(device, (size_t)groups * 64, &out));
    QN_TRY(qn_kernel_create_source(device, "peak", peak_source, "", "peak", &kernel));
    QN_TRY(qn_kernel_set_buffer(kernel, 0, out));
    QN_TRY(qn_kernel_set_f32(kernel, 1, 0.5f));
    QN_TRY(qn_kernel_set_f32(kernel, 2, 0.25f));
    QN_TRY(qn_kernel_set_i32(kernel, 3, count));
    QN_TRY(qn_steps_add_kernel(&steps, &kernel, &range, -1, cost));
    QN_TRY(median(device, &steps, &seconds, &processor));
    printf("fma loop: %.0f GFLOP/s, %.0f a second of processor\n", cost.flops / seconds / 1e9,
           cost.flops / processor / 1e9);
    qn_steps_free(&steps);
    qn_buffer_destroy(&out);
    return QN_OK;
}

static qn_status bench(qn_device *device, const struct shape *shape, bool clblast)
{
    const size_t m = (size_t)shape->m, n = (size_t)shape->n, k = (size_t)shape->k;
    qn_gemm gemm = {.m = shape->m,
                    .n = shape->n,
                    .k = shape->k,
                    .trans_a = shape->trans_a,
                    .trans_b = shape->trans_b,
                    .activation = qn_plain(shape->activation)};
    qn_buffer *bias = NULL;
    qn_steps steps;
    double seconds, processor;

    qn_steps_init(&steps, device);
    QN_TRY(qn_buffer_create(device, m * k * 4, &gemm.a));
    QN_TRY(qn_buffer_create(device, k * n * 4, &gemm.b));
    QN_TRY(qn_buffer_create(device, m * n * 4, &gemm.c));
    QN_TRY(qn_buffer_create(device, n * 4, &bias));
    gemm.bias = shape->activation ? bias : NULL;
    QN_TRY((clblast ? qn_gemm_clblast : qn_gemm_quern)(&steps, &gemm));
    QN_TRY(median(device, &steps, &seconds, &processor));
    printf("%-8s %c%c %5d x %5d x %5d  %10.1f us  %6.1f GFLOP/s  %6.1f a second of processor\n",
           shape->what, shape->trans_a ? 'T' : 'N', shape->trans_b ? 'T' : 'N', shape->m, shape->n,
           shape->k, seconds * 1e6, qn_gemm_flops(&gemm) / seconds / 1e9,
           qn_gemm_flops(&gemm) / processor / 1e9);
    fflush(stdout);
    qn_steps_free(&steps);
    qn_buffer_destroy(&gemm.a);
    qn_buffer_destroy(&gemm.b);
    qn_buffer_destroy(&gemm.c);
    qn_buffer_destroy(&bias);
    return QN_OK;
}

int main(int argc, char **argv)
{
    const bool clblast = argc > 1 && strcmp(argv[1], "clblast") == 0;
    qn_context *ctx = NULL;
    qn_status status = qn_context_create(&ctx, .seed = 1);

    if (status == QN_OK)
        status = bench_peak(ctx->device[0]);
    for (int i = 0; i < QN_COUNT(shapes) && status == QN_OK; i++)
        status = bench(ctx->device[0], &shapes[i], clblast);
    if (status == QN_OK)
        status = bench_peak(ctx->device[0]);
    if (status != QN_OK) {
        fprintf(stderr, "bench_gemm: %s\n", qn_error(ctx));
        return 1; /* the process ends: what a failure left behind goes with it */
    }
    qn_context_destroy(&ctx);
    return 0;
}
