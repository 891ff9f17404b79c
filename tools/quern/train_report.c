/* SPDX-License-Identifier: Apache-2.0 */
/* What quern train tells at its end: results, speed, memory. */
#include "train.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- time and memory ---- */

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds since this process began: field 22 of /proc/self/stat, in ticks since the system's start.
 * Where there is none, the processor time used so far, which is less. */
double process_seconds(void)
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

/* ---- results ---- */

/* Numbered as they are in the model's life. */
static json_t *json_epochs(const qn_model *model, int64_t first)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < qn_history_epochs(model); i++) {
        qn_logs logs;
        double seconds;
        if (!qn_history_logs(model, i, &logs, &seconds))
            continue;
        json_t *epoch =
            json_pack("{s:I, s:f}", "epoch", (json_int_t)(first + i + 1), "seconds", seconds);
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

static int print_json(const train_run *r)
{
    const qn_device_info *device = context_device(r->ctx);
    qn_run_stats stats = {.size = sizeof stats}; /* zeros where nothing was left to train */
    if (r->first < r->a.epochs) {
        qn_status status = qn_model_stats(r->model, &stats);
        if (status != QN_OK)
            return report_failure(r->ctx, status);
    }
    json_t *test_logs = json_null();
    if (r->tested) {
        test_logs = json_object();
        json_add_logs(test_logs, &r->test);
    }
    json_t *object = json_object();
    json_object_set_new(object, "epochs", json_epochs(r->model, r->first));
    json_object_set_new(object, "test", test_logs);
    json_object_set_new(object, "device", json_text(device->selector));
    json_object_set_new(object, "device_name", json_text(device->name));
    json_object_set_new(object, "seed", json_integer((json_int_t)model_seed(r->model)));
    json_object_set_new(object, "layers", json_text(qn_model_text(r->model)));
    json_object_set_new(object, "batch_size", json_integer(r->a.batch_size));
    json_add_stats(object, &stats);
    json_object_set_new(object, "seconds_to_first_epoch",
                        r->first_epoch > 0 ? json_number(r->first_epoch) : json_null());
    json_object_set_new(object, "peak_rss_bytes", json_integer(peak_memory()));
    json_object_set_new(object, "resumed", json_text(r->a.resume));
    json_object_set_new(object, "saved", json_text(r->saved));
    json_object_set_new(object, "plot", json_text(r->plot_failed ? NULL : r->a.plot));
    json_object_set_new(object, "tensorboard", json_text(r->a.tensorboard));
    json_object_set_new(object, "interrupted", json_boolean(r->stopped));
    json_object_set_new(object, "version", json_text(qn_version()));
    return json_print(object);
}

static int print_text(const train_run *r)
{
    qn_logs logs;
    double seconds;
    if (qn_history_logs(r->model, qn_history_epochs(r->model) - 1, &logs, &seconds))
        print_logs("train", &logs);
    if (r->tested)
        print_logs("test", &r->test);
    printf("%-6s%" PRIu64 "\n", "seed", model_seed(r->model));
    if (r->saved)
        printf("%-6s%s\n", "saved", r->saved);
    if (r->a.plot && !r->plot_failed)
        printf("%-6s%s\n", "plot", r->a.plot);
    if (r->a.tensorboard)
        printf("events %s\n", r->a.tensorboard);
    return EXIT_OK;
}

int train_report(const train_run *r)
{
    return r->a.json ? print_json(r) : print_text(r);
}
