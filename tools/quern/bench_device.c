/* SPDX-License-Identifier: Apache-2.0 */
/* quern bench device: what the device can do at most, measured. */
#include "command.h"
#include "model_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- text ---- */

static const struct title {
    qn_bench_kind kind;
    const char *text;
} titles[] = {
    {QN_BENCH_FMA, "multiply-add"},
    {QN_BENCH_LEVEL, "read again"},
    {QN_BENCH_READ, "read memory"},
    {QN_BENCH_WRITE, "write memory"},
    {QN_BENCH_COPY, "copy memory"},
    {QN_BENCH_LOCAL, "read local memory"},
    {QN_BENCH_LAUNCH_QUEUED, "launch, queued"},
    {QN_BENCH_LAUNCH_WAITED, "launch, waited for"},
    {QN_BENCH_UPLOAD, "upload"},
    {QN_BENCH_UPLOAD_STAGED, "upload, pinned"},
    {QN_BENCH_DOWNLOAD, "download"},
    {QN_BENCH_DOWNLOAD_STAGED, "download, pinned"},
};

/* "read again, 16.0 KiB"; returns `buffer`. */
static const char *title_of(const qn_bench_item *item, char *buffer, size_t size)
{
    const char *text = item->name;
    char bytes[32];
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (titles[i].kind == item->kind)
            text = titles[i].text;
    if (item->kind == QN_BENCH_FMA)
        snprintf(buffer, size, item->parameter == 1 ? "%s, float" : "%s, float%" PRId64, text,
                 item->parameter);
    else if (item->parameter)
        snprintf(buffer, size, "%s, %s", text,
                 bytes_text((uint64_t)item->parameter, bytes, sizeof bytes));
    else
        snprintf(buffer, size, "%s", text);
    return buffer;
}

/* Rates in G, times in microseconds. */
static double scale_of(const qn_bench_item *item)
{
    return strcmp(item->unit, "s") == 0 ? 1e6 : 1e-9;
}

static const char *unit_of(const qn_bench_item *item)
{
    if (strcmp(item->unit, "s") == 0)
        return "us";
    return strcmp(item->unit, "B/s") == 0 ? "GB/s" : "GFLOP/s";
}

static void print_table(const qn_bench_results *r)
{
    char title[64];
    printf("%-24s %10s %10s  %-8s %6s\n", "", "median", "best", "unit", "spread");
    for (int i = 0; i < r->count; i++) {
        const qn_bench_item *item = &r->item[i];
        printf("%-24s %10.2f %10.2f  %-8s %5.0f%%\n", title_of(item, title, sizeof title),
               item->median * scale_of(item), item->best * scale_of(item), unit_of(item),
               100 * item->spread);
    }
    printf("peak %.1f GFLOP/s", r->peak_gflops);
    if (r->memory_bandwidth > 0)
        printf(", memory %.1f GB/s: a kernel with fewer than %.1f FLOP a byte is bound by memory\n",
               r->memory_bandwidth * 1e-9, r->peak_gflops * 1e9 / r->memory_bandwidth);
    else
        printf("; memory not measured: the device is too slow or its memory too small\n");
}

/* ---- JSON ---- */

static json_t *json_items(const qn_bench_results *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->count; i++) {
        const qn_bench_item *item = &r->item[i];
        json_t *object = json_object();
        json_object_set_new(object, "what", json_text(item->name));
        json_object_set_new(object, item->kind == QN_BENCH_FMA ? "width" : "bytes",
                            item->parameter ? json_integer(item->parameter) : json_null());
        json_object_set_new(object, "unit", json_text(item->unit));
        json_object_set_new(object, "median", json_number(item->median));
        json_object_set_new(object, "best", json_number(item->best));
        json_object_set_new(object, "spread", json_number(item->spread));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_levels(const qn_bench_results *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->count; i++) {
        if (r->item[i].kind != QN_BENCH_LEVEL)
            continue;
        json_t *object = json_object();
        json_object_set_new(object, "bytes", json_integer(r->item[i].parameter));
        json_object_set_new(object, "bytes_per_second", json_number(r->item[i].best));
        json_array_append_new(list, object);
    }
    return list;
}

static int print_json(const qn_device_info *device, const qn_bench_results *r)
{
    json_t *object = json_object();
    json_object_set_new(object, "device", json_text(device->selector));
    json_object_set_new(object, "device_name", json_text(device->name));
    json_object_set_new(object, "driver", json_text(device->driver));
    json_object_set_new(object, "compute_units", json_integer(device->compute_units));
    json_object_set_new(object, "peak_gflops", json_measured(r->peak_gflops));
    json_object_set_new(object, "memory_bytes_per_second", json_measured(r->memory_bandwidth));
    json_object_set_new(object, "local_bytes_per_second", json_measured(r->local_bandwidth));
    json_object_set_new(object, "bandwidth", json_levels(r));
    json_object_set_new(object, "launch_seconds_queued", json_measured(r->launch_seconds_queued));
    json_object_set_new(object, "launch_seconds_waited", json_measured(r->launch_seconds_waited));
    json_object_set_new(object, "upload_bytes_per_second", json_measured(r->upload));
    json_object_set_new(object, "upload_staged_bytes_per_second", json_measured(r->upload_staged));
    json_object_set_new(object, "download_bytes_per_second", json_measured(r->download));
    json_object_set_new(object, "download_staged_bytes_per_second",
                        json_measured(r->download_staged));
    json_object_set_new(object, "measured", json_items(r));
    return json_print(object);
}

/* ---- the command ---- */

static int run(const subcommand *command, const arguments *a)
{
    qn_bench_results results = {.size = sizeof results};
    qn_context *ctx = NULL;
    (void)command;
    qn_status status = open_context(a, &ctx);
    if (status == QN_OK)
        status = qn_bench_device(ctx, &results, NULL, NULL);
    int code = EXIT_OK;
    if (status != QN_OK) {
        code = report_failure(ctx, status);
    } else if (a->json) {
        code = print_json(context_device(ctx), &results);
    } else {
        const qn_device_info *device = context_device(ctx);
        printf("%s, %s, driver %s\n", device->selector, device->name, device->driver);
        print_table(&results);
    }
    qn_context_destroy(&ctx);
    return code;
}

static const option options[] = {
    DEVICE_OPTION,
    JSON_OPTION,
    {NULL},
};

const subcommand bench_device = {"bench device",
                                 "Measures what a device can do at most, and keeps it.",
                                 options,
                                 "quern bench device --device cpu",
                                 run,
                                 NULL};
