/* SPDX-License-Identifier: Apache-2.0 */
/* quern bench train: seconds for an epoch, launches of a step, and the gaps between them. */
#include "bench.h"
#include "command.h"
#include "model_options.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t standard_batches[] = {32, 128};
#define MOST_RUNS 2

/* Training at one batch size: an epoch that warms up, those that are measured, and one within a
 * profile. */
typedef struct bench_run {
    const arguments *a;
    int64_t batch_size, steps; /* steps of an epoch */
    double began, ended;       /* the device was opened; the last epoch ended */
    double first;              /* seconds from the former to the end of the first epoch */
    double *seconds;           /* of the measured epochs */
    int64_t count;
    double median, best, spread;
    qn_run_stats stats;
    /* of the profiled epoch; below 0: not measured */
    double gaps, span;
    int64_t launches; /* calls included */
    qn_status profiling;
    bool profiled;
    qn_context *ctx;
    qn_model *model;
    samples s;
} bench_run;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- a run ---- */

/* From one epoch's end to the next, so that what is between them counts. */
static void on_progress(void *user, const qn_progress *progress)
{
    bench_run *r = user;
    if (progress->event != QN_PROGRESS_EPOCH_END)
        return;
    double end = now();
    r->steps = progress->steps;
    if (r->first == 0)
        r->first = end - r->began;
    else if (r->count < r->a->epochs)
        r->seconds[r->count++] = end - r->ended;
    r->ended = end;
    if (r->count < r->a->epochs || r->profiled)
        return;
    r->profiling = qn_profile_begin(r->ctx);
    r->profiled = r->profiling == QN_OK;
    if (!r->profiled)
        qn_stop(r->model);
}

static double known_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : -1.0;
}

static void read_profile(bench_run *r, const json_t *profile)
{
    const json_t *kernel;
    size_t i;
    r->gaps = known_number(profile, "gaps_seconds");
    r->span = known_number(profile, "device_span_seconds");
    json_array_foreach(json_object_get(profile, "kernels"), i, kernel)
    {
        const char *phase = json_string_value(json_object_get(kernel, "phase"));
        if (phase && strcmp(phase, "transfer") != 0)
            r->launches += json_integer_value(json_object_get(kernel, "calls"));
    }
}

/* Returns an exit code. */
static int end_profile(bench_run *r)
{
    collected_text text = {.data = NULL};
    qn_profile *profile = NULL;
    qn_status status = qn_profile_end(r->ctx, &profile);
    if (status == QN_OK)
        status = qn_profile_write(profile, QN_PROFILE_JSON, collect_text, &text);
    qn_profile_destroy(&profile);
    json_t *object = status == QN_OK && !text.failed ? json_loads(text.data, 0, NULL) : NULL;
    free(text.data);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    if (!object)
        return out_of_memory();
    read_profile(r, object);
    json_decref(object);
    return EXIT_OK;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarize(bench_run *r)
{
    double *sorted = r->seconds;
    int64_t n = r->count;
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    r->best = sorted[0];
    r->median = 0.5 * (sorted[n / 2] + sorted[(n - 1) / 2]);
    r->spread = (sorted[n - 1] - sorted[0]) / r->median;
}

/* Returns an exit code. */
static int fit(bench_run *r)
{
    stop_on_interrupt(r->model);
    progress_begin(r->a, "training");
    qn_status status = qn_fit(r->model, .x = r->s.x, .y = r->s.y, .batch_size = r->batch_size,
                              .epochs = r->a->epochs + 2, .verbose = 0, .progress = on_progress,
                              .progress_user = r);
    progress_end();
    forget_interrupt();
    if (r->profiling != QN_OK)
        return report_failure(r->ctx, r->profiling);
    int code = r->profiled ? end_profile(r) : EXIT_OK;
    if (status == QN_STOPPED)
        fprintf(stderr, "quern: interrupted\n");
    if (status != QN_OK)
        return status == QN_STOPPED ? EXIT_INTERRUPTED : report_failure(r->ctx, status);
    if (code != EXIT_OK)
        return code;
    r->stats.size = sizeof r->stats;
    status = qn_model_stats(r->model, &r->stats);
    summarize(r);
    return status == QN_OK ? EXIT_OK : report_failure(r->ctx, status);
}

/* In a context of its own: no run finds what another one compiled in memory. */
static int train(const subcommand *command, bench_run *r)
{
    const arguments *a = r->a;
    r->seconds = calloc((size_t)a->epochs, sizeof *r->seconds);
    if (!r->seconds)
        return out_of_memory();
    r->began = now();
    qn_status status = open_context(a, &r->ctx);
    if (status == QN_OK)
        status = open_samples(r->ctx, a, "train", &r->s);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    if (!r->s.y.data) {
        fprintf(stderr, "quern bench train: %s has no targets; give npy:X.npy,Y.npy\n", a->data);
        return EXIT_USAGE;
    }
    int code = make_model(command, a, r->ctx, &r->s, &r->model);
    if (code != EXIT_OK)
        return code;
    status = fit_samples_to_model(a, r->model, false, &r->s);
    return status == QN_OK ? fit(r) : report_failure(r->ctx, status);
}

static void free_run(bench_run *r)
{
    qn_model_destroy(&r->model);
    close_samples(&r->s);
    qn_context_destroy(&r->ctx);
    free(r->seconds);
}

/* ---- results ---- */

static void print_head(const bench_run *r)
{
    const qn_device_info *device = context_device(r->ctx);
    printf("%s, %s, driver %s\n", device->selector, device->name, device->driver);
    printf("%s: %" PRId64 " samples; %s; %s\n", r->a->data, r->s.x.shape[0],
           qn_model_text(r->model), r->a->optimizer);
    printf("%7s %10s %10s %7s %10s %9s %6s %8s %6s\n", "batch", "s/epoch", "best", "spread",
           "first", "launches", "calls", "gap", "gaps");
}

static void print_run(const bench_run *r)
{
    printf("%7" PRId64 " %10.4f %10.4f %6.0f%% %10.3f %9.1f %6.1f ", r->batch_size, r->median,
           r->best, 100 * r->spread, r->first, r->stats.launches_per_step, r->stats.calls_per_step);
    if (r->gaps >= 0 && r->launches > 0 && r->span > 0)
        printf("%6.1fus %5.1f%%\n", 1e6 * r->gaps / (double)r->launches, 100 * r->gaps / r->span);
    else
        printf("%8s %6s\n", "-", "-");
    fflush(stdout); /* the next run takes a while */
}

static void print_legend(const arguments *a)
{
    printf("s/epoch  median of %" PRId64 " epochs after a first one; spread: (slowest - best) / "
           "median\n"
           "first    seconds from opening the device to the end of the first epoch\n"
           "launches, calls  of a step: kernels of Quern's own, and of CLBlast\n"
           "gap      from one launch to the next, mean of a profiled epoch; gaps: their share of "
           "it\n",
           a->epochs);
}

/* A gap may be 0. */
static json_t *json_known(double value)
{
    return value >= 0 ? json_number(value) : json_null();
}

static json_t *json_run(const bench_run *r)
{
    json_t *object = json_object();
    bool launched = r->gaps >= 0 && r->launches > 0;
    json_object_set_new(object, "batch_size", json_integer(r->batch_size));
    json_object_set_new(object, "steps", json_integer(r->steps));
    json_object_set_new(object, "epochs", json_integer(r->count));
    json_object_set_new(object, "epoch_seconds", json_number(r->median));
    json_object_set_new(object, "best_epoch_seconds", json_number(r->best));
    json_object_set_new(object, "spread", json_number(r->spread));
    json_object_set_new(object, "seconds_to_first_epoch", json_number(r->first));
    json_object_set_new(object, "launches_per_step", json_number(r->stats.launches_per_step));
    json_object_set_new(object, "calls_per_step", json_number(r->stats.calls_per_step));
    json_object_set_new(object, "gap_seconds",
                        launched ? json_number(r->gaps / (double)r->launches) : json_null());
    json_object_set_new(object, "profiled_launches", json_integer(r->launches));
    json_object_set_new(object, "profiled_gaps_seconds", json_known(r->gaps));
    json_object_set_new(object, "profiled_span_seconds", json_known(r->span));
    return object;
}

static json_t *json_head(const bench_run *r)
{
    const qn_device_info *device = context_device(r->ctx);
    json_t *object = json_object();
    json_object_set_new(object, "device", json_text(device->selector));
    json_object_set_new(object, "device_name", json_text(device->name));
    json_object_set_new(object, "driver", json_text(device->driver));
    json_object_set_new(object, "data", json_text(r->a->data));
    json_object_set_new(object, "samples", json_integer(r->s.x.shape[0]));
    json_object_set_new(object, "layers", json_text(qn_model_text(r->model)));
    json_object_set_new(object, "optimizer", json_text(r->a->optimizer));
    json_object_set_new(object, "runs", json_array());
    return object;
}

/* ---- the command ---- */

static int run_one(const subcommand *command, bench_run *r, json_t **result)
{
    int code = train(command, r);
    if (code == EXIT_OK && r->a->json) {
        if (!*result)
            *result = json_head(r);
        json_array_append_new(json_object_get(*result, "runs"), json_run(r));
    } else if (code == EXIT_OK) {
        if (!*result) {
            *result = json_null(); /* the head is printed */
            print_head(r);
        }
        print_run(r);
    }
    free_run(r);
    return code;
}

static int run(const subcommand *command, const arguments *given)
{
    arguments a = *given;
    json_t *result = NULL;
    int runs = a.batch_size ? 1 : MOST_RUNS, code = EXIT_OK;
    for (int i = 0; i < runs && code == EXIT_OK; i++) {
        bench_run r = {.a = &a,
                       .batch_size = a.batch_size ? a.batch_size : standard_batches[i],
                       .gaps = -1.0,
                       .span = -1.0};
        code = run_one(command, &r, &result);
        a.quiet = true; /* the notes are the same */
    }
    if (code == EXIT_OK && a.json)
        return json_print(result);
    if (code == EXIT_OK)
        print_legend(&a);
    json_decref(result);
    return code;
}

static const option options[] = {
    {"--layers", OPTION_TEXT, offsetof(arguments, layers), "TEXT",
     "flatten, dense(100, sigmoid), dense(10, softmax)", "the model", .names = "layer"},
    {"--data", OPTION_TEXT, offsetof(arguments, data), "SPEC", "fashion-mnist", DATA_HELP,
     .suggestion = DATA_WORDS},
    COMPILE_OPTIONS,
    {"--batch-size", OPTION_INT, offsetof(arguments, batch_size), "N", NULL,
     "samples in a step; 32 and then 128 when not given", .alias = "--batch", .minimum = 1,
     .below = 2147483648.0},
    {"--epochs", OPTION_INT, offsetof(arguments, epochs), "N", "5",
     "that are measured, after one that warms up and before one within a profile", .minimum = 1,
     .below = 1000000},
    DEVICE_OPTION,
    GEMM_OPTION,
    JSON_OPTION,
    {NULL},
};

const subcommand bench_train = {
    "bench train", "Measures epochs of training, launches of a step, and gaps.",
    options,       "quern bench train --batch-size 128 --epochs 10",
    run,           NULL};
