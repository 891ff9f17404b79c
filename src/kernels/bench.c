/* SPDX-License-Identifier: Apache-2.0 */
/* The public measurement of a device: memory for it, results, keeping. */
#include "kernels/bench.h"
#include "base/util.h"
#include "device/quirks.h"
#include "kernels/peak.h"

#define LARGEST ((uint64_t)256 << 20)
#define LARGEST_MANY ((uint64_t)1 << 30) /* many units come with large caches */
#define MANY_UNITS 32
#define SMALL ((uint64_t)64 << 10)

/* A power of 4: the largest working set, a quarter of the memory at most. */
static size_t working_set(const qn_bench *bench)
{
    const qn_device_info *info = qn_device_description(bench->device);
    uint64_t bytes = info->compute_units < MANY_UNITS ? LARGEST : LARGEST_MANY;

    if (bench->simulated)
        bytes = SMALL;
    while (bytes > SMALL && (bytes > info->max_allocation || bytes > info->memory / 4))
        bytes /= 4;
    return (size_t)bytes;
}

/* A float for each group of the largest launch. */
static size_t result_bytes(qn_device *device, size_t set)
{
    size_t groups, most;
    qn_steps steps;

    qn_steps_init(&steps, device);
    groups = (size_t)qn_peak_groups(&steps);
    most = set / (size_t)(4 * qn_peak_block(&steps) * qn_peak_most(&steps)) + 1;
    qn_steps_free(&steps);
    return sizeof(float) * (groups > most ? groups : most);
}

static qn_status bench_device(qn_bench *bench)
{
    const size_t set = working_set(bench);
    qn_status status = qn_buffer_create(bench->device, set, &bench->data);

    if (status == QN_OK)
        status = qn_buffer_create(bench->device, result_bytes(bench->device, set), &bench->out);
    if (status == QN_OK) {
        qn_activity_begin(qn_device_env(bench->device), QN_BENCH_TOTAL, "measuring %s",
                          qn_device_description(bench->device)->selector);
        status = qn_bench_measure(bench);
        qn_activity_end(qn_device_env(bench->device));
    }
    qn_buffer_destroy(&bench->out);
    qn_buffer_destroy(&bench->data);
    return status;
}

bool qn_bench_known(qn_context *ctx, qn_bench_results *results)
{
    qn_bench_results found;
    size_t size = results->size;
    bool known = qn_context_device_count(ctx) == 1 && qn_roofline_known(ctx->device[0], &found);

    if (known) {
        memcpy(results, &found, size < sizeof found ? size : sizeof found);
        results->size = size;
    }
    return known;
}

qn_status qn_bench_device(qn_context *ctx, qn_bench_results *results, qn_bench_fn report,
                          void *user)
{
    size_t size = results->size;
    qn_bench_results found = {.size = sizeof found};
    qn_bench bench = {.results = &found, .report = report, .user = user};

    if (size < sizeof results->size)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "qn_bench_device: results->size is %zu: set it to sizeof(qn_bench_results)",
                       size);
    QN_TRY(qn_context_only_device(ctx, &bench.device));
    bench.simulated = qn_device_quirk(bench.device, QN_QUIRK_SIMULATOR);
    QN_TRY(bench_device(&bench));
    qn_bench_conclude(&found);
    qn_bench_keep(bench.device, &found);
    memcpy(results, &found, size < sizeof found ? size : sizeof found);
    results->size = size;
    return QN_OK;
}
