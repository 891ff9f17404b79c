/* SPDX-License-Identifier: Apache-2.0 */
/* Measures a device by the host's clock: each thing is warmed up, made long enough for launches not
 * to count, and taken several times. */
#include "base/util.h"
#include "kernels/bench.h"
#include "kernels/peak.h"
#include "kernels/selftest.h"
#include <string.h>

/* Many short samples: some are undisturbed on a machine that does other things as well. */
#define SAMPLE_SECONDS 0.005
#define ITEM_SECONDS 0.15    /* of all samples, once there are the least */
#define LAUNCH_SECONDS 0.001 /* of work in one launch */
#define SLOW_SECONDS 0.25    /* what takes longer is sampled once, and no larger set follows */
#define FIRST_LEVEL 16384
#define TRANSFER_BYTES ((int64_t)64 << 20)

static const int widths[] = {1, 4, 8, 16};

/* ---- samples ---- */

/* Does something `repeats` times and waits for the end. */
typedef struct action {
    qn_status (*run)(struct action *self, int repeats);
    qn_bench *bench;
    qn_steps steps;
    qn_staging *staging;
    void *host;
    size_t bytes;
} action;

static qn_status run_action(void *user, int repeats)
{
    action *a = user;

    return a->run(a, repeats);
}

static qn_bench_sampler sampler_of(action *a)
{
    return (qn_bench_sampler){.run = run_action,
                              .user = a,
                              .sample_seconds = SAMPLE_SECONDS,
                              .item_seconds = ITEM_SECONDS,
                              .slow_seconds = SLOW_SECONDS};
}

static void add(qn_bench *bench, const qn_bench_item *item)
{
    if (!qn_bench_add(bench->results, item))
        return;
    qn_activity_at(qn_device_env(bench->device), bench->results->count);
    if (bench->report)
        bench->report(bench->user, &bench->results->item[bench->results->count - 1],
                      bench->results->count, QN_BENCH_TOTAL);
}

/* `amount` is what one repeat does; 0: the seconds of a repeat are wanted. */
static qn_status sample(action *a, qn_bench_kind kind, int64_t parameter, double amount)
{
    qn_bench_item item = {.kind = kind, .parameter = parameter};
    qn_bench_sampler s = sampler_of(a);

    QN_TRY(qn_bench_warm_up(&s));
    do
        QN_TRY(qn_bench_take(&s));
    while (!qn_bench_enough(&s));
    qn_bench_summary(&s, amount, &item.median, &item.best, &item.spread);
    add(a->bench, &item);
    return QN_OK;
}

/* ---- kernels ---- */

static qn_status run_steps(action *a, int repeats)
{
    for (int i = 0; i < repeats; i++)
        QN_TRY(qn_steps_replay(&a->steps, 0));
    return qn_device_finish(a->bench->device);
}

/* Groups of which each has at most the rounds that a work-item may have, so that all of `blocks`
 * are moved; and the rounds of each. */
static int64_t split(const qn_steps *steps, int64_t blocks, int64_t *rounds)
{
    int64_t groups = qn_peak_groups(steps), most = qn_divide_up(blocks, qn_peak_most(steps));

    if (groups < most)
        groups = most;
    if (groups > blocks)
        groups = blocks;
    *rounds = blocks / groups;
    return groups;
}

static qn_status record_read(action *a, int64_t bytes, int64_t count)
{
    int64_t elements = bytes / 4, least, groups = qn_peak_groups(&a->steps);
    int64_t most = split(&a->steps, elements / qn_peak_block(&a->steps), &least);

    if (groups < most)
        groups = most;
    return qn_kernel_peak_read(&a->steps, a->bench->data, a->bench->out, elements, groups,
                               count > least ? count : least);
}

static qn_status record_write(action *a, int64_t bytes)
{
    int64_t rounds, groups = split(&a->steps, bytes / 4 / qn_peak_block(&a->steps), &rounds);

    return qn_kernel_peak_write(&a->steps, a->bench->data, 1.0, groups, rounds);
}

/* From the first half to the second. */
static qn_status record_copy(action *a, int64_t bytes, qn_buffer *from, qn_buffer *to)
{
    int64_t rounds, groups = split(&a->steps, bytes / 4 / qn_peak_block(&a->steps), &rounds);

    return qn_kernel_peak_copy(&a->steps, from, to, groups, rounds);
}

static qn_status record(action *a, qn_bench_kind kind, int64_t parameter, int64_t count)
{
    qn_bench *b = a->bench;
    int64_t groups = qn_peak_groups(&a->steps);

    switch (kind) {
    case QN_BENCH_FMA:
        return qn_kernel_peak_fma(&a->steps, (int)parameter, b->data, b->out, 0.5, 0.25, groups,
                                  count);
    case QN_BENCH_LOCAL:
        return qn_kernel_peak_local(&a->steps, b->out, 33, groups, count);
    default:
        return record_read(a, parameter, count);
    }
}

/* Records with so many rounds that a launch takes a while; *seconds is what it takes. */
static qn_status calibrate(action *a, qn_bench_kind kind, int64_t parameter, double *seconds)
{
    const int64_t most = qn_peak_most(&a->steps);
    const qn_bench_sampler s = sampler_of(a);

    for (int64_t count = 16;; count *= 4) {
        QN_TRY(record(a, kind, parameter, count < most ? count : most));
        if (count == 16) { /* compiles and warms up */
            QN_TRY(qn_selftest_require(&a->steps));
            QN_TRY(a->run(a, 1));
        }
        QN_TRY(qn_bench_time(&s, 1, seconds));
        if (*seconds >= LAUNCH_SECONDS || count >= most)
            return QN_OK;
        qn_steps_free(&a->steps);
        qn_steps_init(&a->steps, a->bench->device);
    }
}

static void begin(action *a, qn_bench *bench)
{
    memset(a, 0, sizeof *a);
    a->bench = bench;
    a->run = run_steps;
    qn_steps_init(&a->steps, bench->device);
}

static qn_status measure_loop(qn_bench *bench, qn_bench_kind kind, int64_t parameter,
                              double *seconds)
{
    qn_status status;
    action a;

    begin(&a, bench);
    status = calibrate(&a, kind, parameter, seconds);
    if (status == QN_OK)
        status =
            sample(&a, kind, parameter,
                   kind == QN_BENCH_FMA ? a.steps.step[0].cost.flops : a.steps.step[0].cost.bytes);
    qn_steps_free(&a.steps);
    return status;
}

/* ---- memory ---- */

static qn_status measure_write(qn_bench *bench, int64_t bytes)
{
    qn_status status;
    action a;

    begin(&a, bench);
    status = record_write(&a, bytes);
    if (status == QN_OK)
        status = qn_selftest_require(&a.steps);
    if (status == QN_OK)
        status = sample(&a, QN_BENCH_WRITE, bytes, a.steps.step[0].cost.bytes);
    qn_steps_free(&a.steps);
    return status;
}

static qn_status measure_copy(qn_bench *bench, int64_t bytes)
{
    qn_buffer *from = NULL, *to = NULL;
    qn_status status;
    action a;

    begin(&a, bench);
    status = qn_buffer_slice(bench->data, 0, (size_t)bytes, &from);
    if (status == QN_OK)
        status = qn_buffer_slice(bench->data, (size_t)bytes, (size_t)bytes, &to);
    if (status == QN_OK)
        status = record_copy(&a, bytes, from, to);
    if (status == QN_OK)
        status = qn_selftest_require(&a.steps);
    if (status == QN_OK)
        status = sample(&a, QN_BENCH_COPY, bytes, a.steps.step[0].cost.bytes);
    qn_steps_free(&a.steps);
    qn_buffer_destroy(&to);
    qn_buffer_destroy(&from);
    return status;
}

/* Working sets of every size. The largest stands for memory, where the device gets there. */
static qn_status measure_memory(qn_bench *bench)
{
    const int64_t largest = (int64_t)qn_buffer_bytes(bench->data);
    qn_bench_item item;
    double seconds = 0.0;

    for (int64_t bytes = FIRST_LEVEL; bytes <= largest; bytes *= 4) {
        if (seconds > SLOW_SECONDS)
            return QN_OK;
        QN_TRY(measure_loop(bench, QN_BENCH_LEVEL, bytes, &seconds));
    }
    if (bench->simulated)
        return QN_OK;
    item = bench->results->item[bench->results->count - 1];
    item.kind = QN_BENCH_READ;
    add(bench, &item);
    QN_TRY(measure_write(bench, largest));
    return measure_copy(bench, largest / 2);
}

/* ---- launches ---- */

static qn_status run_waited(action *a, int repeats)
{
    for (int i = 0; i < repeats; i++) {
        qn_event *done = NULL;
        qn_status status =
            qn_kernel_launch_timed(a->steps.step[0].kernel, &a->steps.step[0].range, &done);

        if (status == QN_OK)
            status = qn_event_wait(done);
        qn_event_destroy(&done);
        QN_TRY(status);
    }
    return QN_OK;
}

static qn_status measure_launches(qn_bench *bench)
{
    qn_status status;
    action a;

    begin(&a, bench);
    status = qn_kernel_peak_launch(&a.steps, bench->out, 1.0);
    if (status == QN_OK)
        status = qn_selftest_require(&a.steps);
    if (status == QN_OK)
        status = sample(&a, QN_BENCH_LAUNCH_QUEUED, 0, 0.0);
    a.run = run_waited;
    if (status == QN_OK)
        status = sample(&a, QN_BENCH_LAUNCH_WAITED, 0, 0.0);
    qn_steps_free(&a.steps);
    return status;
}

/* ---- transfers ---- */

static qn_status run_upload(action *a, int repeats)
{
    for (int i = 0; i < repeats; i++)
        QN_TRY(qn_buffer_write(a->bench->data, 0, a->bytes, a->host));
    return QN_OK;
}

static qn_status run_download(action *a, int repeats)
{
    for (int i = 0; i < repeats; i++)
        QN_TRY(qn_buffer_read(a->bench->data, 0, a->bytes, a->host));
    return QN_OK;
}

static qn_status run_staged(action *a, int repeats, bool up)
{
    void *data = qn_staging_data(a->staging);
    qn_event *done = NULL;

    for (int i = 0; i < repeats; i++) {
        qn_status status = up ? qn_transfer_write(a->bench->data, 0, a->bytes, data, NULL, &done)
                              : qn_transfer_read(a->bench->data, 0, a->bytes, data, NULL, &done);

        if (status == QN_OK)
            status = qn_event_wait(done);
        qn_event_destroy(&done);
        QN_TRY(status);
    }
    return QN_OK;
}

static qn_status run_upload_staged(action *a, int repeats)
{
    return run_staged(a, repeats, true);
}

static qn_status run_download_staged(action *a, int repeats)
{
    return run_staged(a, repeats, false);
}

static qn_status sample_transfers(action *a)
{
    static const struct transfer {
        qn_bench_kind kind;
        qn_status (*run)(action *self, int repeats);
    } transfers[] = {{QN_BENCH_UPLOAD, run_upload},
                     {QN_BENCH_UPLOAD_STAGED, run_upload_staged},
                     {QN_BENCH_DOWNLOAD, run_download},
                     {QN_BENCH_DOWNLOAD_STAGED, run_download_staged}};

    memset(qn_staging_data(a->staging), 0, a->bytes); /* a page that was never written is no page */
    for (int i = 0; i < QN_COUNT(transfers); i++) {
        a->run = transfers[i].run;
        QN_TRY(sample(a, transfers[i].kind, (int64_t)a->bytes, (double)a->bytes));
    }
    return QN_OK;
}

static qn_status measure_transfers(qn_bench *bench)
{
    const int64_t all = (int64_t)qn_buffer_bytes(bench->data);
    qn_env *env = qn_device_env(bench->device);
    qn_status status = QN_ERROR_MEMORY;
    action a;

    begin(&a, bench);
    a.bytes = (size_t)(all < TRANSFER_BYTES ? all : TRANSFER_BYTES);
    a.host = qn_alloc(env, a.bytes);
    if (a.host)
        status = qn_staging_create(bench->device, a.bytes, &a.staging);
    if (status == QN_OK) {
        memset(a.host, 1, a.bytes);
        status = sample_transfers(&a);
    }
    qn_staging_destroy(&a.staging);
    qn_free(env, a.host);
    return status;
}

/* ---- all ---- */

qn_status qn_bench_measure(qn_bench *bench)
{
    double seconds;

    for (int i = 0; i < QN_COUNT(widths); i++)
        QN_TRY(measure_loop(bench, QN_BENCH_FMA, widths[i], &seconds));
    QN_TRY(measure_memory(bench));
    if (qn_device_kind(bench->device) == QN_CLASS_GPU)
        QN_TRY(measure_loop(bench, QN_BENCH_LOCAL, 0, &seconds));
    QN_TRY(measure_launches(bench));
    return measure_transfers(bench);
}
