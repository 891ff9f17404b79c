/* SPDX-License-Identifier: Apache-2.0 */
/* quern train: fits a model, evaluates it on the test split, saves it. */
#include "command.h"
#include "model_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct run {
    const subcommand *command;
    const arguments *a;
    qn_context *ctx;
    qn_model *model;
    samples s;
    double first_epoch; /* seconds from the process's start to the end of the first epoch */
    qn_logs test;
    bool tested, stopped, saved;
} run;

/* ---- time and memory ---- */

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds since this process began: field 22 of /proc/self/stat, in ticks since the system's start.
 * Where there is none, the processor time used so far, which is less. */
static double process_seconds(void)
{
    char line[1024];
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "r");
    const char *name_end = NULL;
    if (file && fgets(line, sizeof line, file))
        name_end = strrchr(line, ')');
    if (file)
        fclose(file);
    if (!name_end || sscanf(name_end + 1,
                            " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                            "%*d %*d %llu",
                            &ticks) != 1)
        return now(CLOCK_PROCESS_CPUTIME_ID);
    return now(CLOCK_BOOTTIME) - (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static json_int_t peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (json_int_t)usage.ru_maxrss * 1024 : 0;
}

/* ---- steps ---- */

static int prepare(run *r)
{
    const arguments *a = r->a;
    qn_status status = open_context(a, &r->ctx);
    if (status == QN_OK && a->save)
        status = qn_check_writable(r->ctx, a->save);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    const qn_device_info *device = context_device(r->ctx);
    note(a, "device  %s: %s", device->selector, device->name);
    note(a, "seed    %" PRIu64, qn_context_seed(r->ctx));
    status = open_samples(r->ctx, a, "train", &r->s);
    if (status == QN_OK && !r->s.y.data) {
        fprintf(stderr, "quern train: %s has no targets; give npy:X.npy,Y.npy\n", a->data);
        return EXIT_USAGE;
    }
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    int code = make_model(r->command, a, r->ctx, &r->s, &r->model);
    if (code != EXIT_OK)
        return code;
    status = fit_samples_to_model(a, r->model, a->init != NULL, &r->s);
    return status == QN_OK ? EXIT_OK : report_failure(r->ctx, status);
}

static void on_progress(void *user, const qn_progress *progress)
{
    run *r = user;
    if (progress->event == QN_PROGRESS_EPOCH_END && r->first_epoch == 0)
        r->first_epoch = process_seconds();
    qn_progress_bar(NULL, progress);
}

static qn_status fit(run *r)
{
    const arguments *a = r->a;
    stop_on_interrupt(r->model);
    return qn_fit(r->model, .x = r->s.x, .y = r->s.y, .batch_size = a->batch_size,
                  .epochs = a->epochs, .verbose = a->quiet ? 0 : 1,
                  .validation_split = a->validation_split,
                  .metrics = options_given(r->command, a, "--metrics") ? a->metrics : NULL,
                  .progress = on_progress, .progress_user = r);
}

static qn_status save(run *r)
{
    if (!r->a->save)
        return QN_OK;
    qn_status status = qn_save(r->model, r->a->save);
    r->saved = status == QN_OK;
    return status;
}

static qn_status test(run *r)
{
    if (!r->s.test_x.data)
        return QN_OK;
    qn_status status =
        qn_evaluate(r->model, .x = r->s.test_x, .y = r->s.test_y, .batch_size = r->a->batch_size,
                    .verbose = r->a->quiet ? 0 : 1, .progress = qn_progress_bar, .logs = &r->test);
    r->tested = status == QN_OK;
    return status;
}

/* ---- results ---- */

static json_t *json_epochs(const qn_model *model)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < qn_history_epochs(model); i++) {
        qn_logs logs;
        double seconds;
        if (!qn_history_logs(model, i, &logs, &seconds))
            continue;
        json_t *epoch = json_pack("{s:I, s:f}", "epoch", (json_int_t)(i + 1), "seconds", seconds);
        json_add_logs(epoch, &logs);
        json_array_append_new(list, epoch);
    }
    return list;
}

static void json_add_stats(json_t *object, const qn_run_stats *stats)
{
    json_object_set_new(object, "steps", json_integer(stats->steps));
    json_object_set_new(object, "launches_per_step", json_number(stats->launches_per_step));
    json_object_set_new(object, "calls_per_step", json_number(stats->calls_per_step));
    json_object_set_new(object, "waits_per_step", json_number(stats->waits_per_step));
    json_object_set_new(object, "allocations_per_step", json_number(stats->allocations_per_step));
    json_object_set_new(object, "chunks", json_number(stats->chunks));
    json_object_set_new(object, "device_bytes", json_integer((json_int_t)stats->device_bytes));
}

static int print_json(const run *r)
{
    const qn_device_info *device = context_device(r->ctx);
    qn_run_stats stats = {.size = sizeof stats};
    qn_status status = qn_model_stats(r->model, &stats);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    json_t *test_logs = json_null();
    if (r->tested) {
        test_logs = json_object();
        json_add_logs(test_logs, &r->test);
    }
    json_t *object = json_object();
    json_object_set_new(object, "epochs", json_epochs(r->model));
    json_object_set_new(object, "test", test_logs);
    json_object_set_new(object, "device", json_text(device->selector));
    json_object_set_new(object, "device_name", json_text(device->name));
    json_object_set_new(object, "seed", json_integer((json_int_t)qn_context_seed(r->ctx)));
    json_object_set_new(object, "layers", json_text(qn_model_text(r->model)));
    json_object_set_new(object, "batch_size", json_integer(r->a->batch_size));
    json_add_stats(object, &stats);
    json_object_set_new(object, "seconds_to_first_epoch",
                        r->first_epoch > 0 ? json_number(r->first_epoch) : json_null());
    json_object_set_new(object, "peak_rss_bytes", json_integer(peak_memory()));
    json_object_set_new(object, "saved", r->saved ? json_text(r->a->save) : json_null());
    json_object_set_new(object, "interrupted", json_boolean(r->stopped));
    json_object_set_new(object, "version", json_text(qn_version()));
    return json_print(object);
}

static int print_text(const run *r)
{
    qn_logs logs;
    double seconds;
    if (qn_history_logs(r->model, qn_history_epochs(r->model) - 1, &logs, &seconds))
        print_logs("train", &logs);
    if (r->tested)
        print_logs("test", &r->test);
    printf("%-6s%" PRIu64 "\n", "seed", qn_context_seed(r->ctx));
    if (r->saved)
        printf("%-6s%s\n", "saved", r->a->save);
    return EXIT_OK;
}

/* Weights are worth keeping after an interruption, and those from before a loss that was not
 * finite. */
static int run_model(run *r)
{
    qn_status status = fit(r), fitted = status;
    r->stopped = fitted == QN_STOPPED;
    if (fitted != QN_OK && !r->stopped) {
        report_failure(r->ctx, fitted);
        if (fitted != QN_ERROR_DIVERGED)
            return exit_code(fitted);
    }
    status = save(r);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    if (fitted != QN_OK && r->saved)
        fprintf(stderr, "quern: saved the %s to %s\n",
                r->stopped ? "interrupted model" : "last good weights", r->a->save);
    else if (r->stopped)
        fprintf(stderr, "quern: interrupted; nothing was to be saved\n");
    if (fitted == QN_ERROR_DIVERGED)
        return exit_code(fitted);
    status = fitted == QN_OK ? test(r) : QN_OK;
    r->stopped = r->stopped || status == QN_STOPPED;
    if (status != QN_OK && status != QN_STOPPED)
        return report_failure(r->ctx, status);
    forget_interrupt();
    int code = r->a->json ? print_json(r) : print_text(r);
    return r->stopped ? EXIT_INTERRUPTED : code;
}

static int train(const subcommand *command, const arguments *a)
{
    run r = {.command = command, .a = a};
    int code = prepare(&r);
    if (code == EXIT_OK)
        code = run_model(&r);
    forget_interrupt();
    qn_model_destroy(&r.model);
    close_samples(&r.s);
    qn_context_destroy(&r.ctx);
    return code;
}

static const option options[] = {
    MODEL_OPTIONS(.required = true),
    {"--epochs", OPTION_INT, offsetof(arguments, epochs), "N", "5",
     "times that all samples are seen", .minimum = 1},
    {"--validation-split", OPTION_NUMBER, offsetof(arguments, validation_split), "FRACTION", "0",
     "part of the data, its tail, kept for validation after each epoch", .below = 1},
    {"--save", OPTION_TEXT, offsetof(arguments, save), "FILE", NULL,
     "where the model goes (safetensors); checked before training"},
    JSON_OPTION,
    QUIET_OPTION,
    {NULL},
};

const subcommand command_train = {
    "train", "Trains a model, evaluates it on the test samples and saves it.", options,
    "quern train --data fashion-mnist --layers \"flatten, dense(100, sigmoid), dense(10, "
    "softmax)\" "
    "--save fashion.safetensors",
    train};
