/* SPDX-License-Identifier: Apache-2.0 */
/* quern devices: every device of every platform, and whether its kernels answer rightly. */
#include "command.h"
#include "model_options.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- self-tests ---- */

typedef struct tested {
    const arguments *a;
    json_t *list; /* with --json */
    int passed, failed;
} tested;

static void on_self_test(void *user, const char *test, bool passed, const char *detail)
{
    tested *t = user;
    t->passed += passed;
    t->failed += !passed;
    bool told = detail && *detail;
    if (!t->a->json) {
        if (passed)
            return;
        progress_hide();
        printf("  %s: FAILED%s%s\n", test, told ? ": " : "", told ? detail : "");
        return;
    }
    json_t *entry = json_object();
    json_object_set_new(entry, "test", json_text(test));
    json_object_set_new(entry, "passed", json_boolean(passed));
    json_object_set_new(entry, "detail", json_text(told ? detail : NULL));
    json_array_append_new(t->list, entry);
}

/* Runs the self-tests of one selection; with --json they go to *list. */
static int self_test(const arguments *a, const char *selector, json_t **list)
{
    qn_context *ctx = NULL;
    arguments own = *a;
    tested t = {.a = a, .list = json_array()};
    own.device = selector;
    qn_status status = open_context(&own, &ctx);
    if (status == QN_OK)
        status = qn_selftest(ctx, on_self_test, &t);
    int code = EXIT_OK;
    if (status != QN_OK)
        code = report_failure(ctx, status);
    if (!a->json)
        printf("self-test of %s: %d passed, %d failed\n", selector, t.passed, t.failed);
    *list = t.list;
    qn_context_destroy(&ctx);
    return code;
}

/* ---- table ---- */

enum { COLUMN_COUNT = 9 };
static const char *const heads[COLUMN_COUNT] = {"#",     "select", "type",      "name",    "memory",
                                                "units", "driver", "fp16 fp64", "platform"};

static void make_cells(const qn_device_info *d, char cells[COLUMN_COUNT][80])
{
    char memory[32];
    bytes_text(d->memory, memory, sizeof memory);
    snprintf(cells[0], sizeof cells[0], "%d", d->index);
    snprintf(cells[1], sizeof cells[1], "%s", d->selector);
    snprintf(cells[2], sizeof cells[2], "%s", d->type);
    snprintf(cells[3], sizeof cells[3], "%s", d->name);
    snprintf(cells[4], sizeof cells[4], "%s", memory);
    snprintf(cells[5], sizeof cells[5], "%" PRIu32, d->compute_units);
    snprintf(cells[6], sizeof cells[6], "%s", d->driver);
    snprintf(cells[7], sizeof cells[7], "%-4s %s", d->fp16 ? "yes" : "no", d->fp64 ? "yes" : "no");
    snprintf(cells[8], sizeof cells[8], "%s", d->platform_name);
}

static void print_row(const char *const *cells, const int *width)
{
    for (int i = 0; i < COLUMN_COUNT - 1; i++)
        printf("%-*s  ", width[i], cells[i]);
    printf("%s\n", cells[COLUMN_COUNT - 1]);
}

static void print_table(const qn_device_list *list)
{
    int width[COLUMN_COUNT], count = qn_device_list_count(list);
    char cells[COLUMN_COUNT][80];
    const char *row[COLUMN_COUNT];
    for (int i = 0; i < COLUMN_COUNT; i++) {
        width[i] = (int)strlen(heads[i]);
        row[i] = cells[i];
    }
    for (int d = 0; d < count; d++) {
        make_cells(qn_device_list_get(list, d), cells);
        for (int i = 0; i < COLUMN_COUNT; i++)
            width[i] = (int)strlen(cells[i]) > width[i] ? (int)strlen(cells[i]) : width[i];
    }
    print_row(heads, width);
    for (int d = 0; d < count; d++) {
        const qn_device_info *info = qn_device_list_get(list, d);
        int indent = width[0] + 2;
        make_cells(info, cells);
        print_row(row, width);
        printf("%*sid %s\n", indent, "", info->id);
        if (info->skipped)
            printf("%*snot used by auto and all: %s\n", indent, "", info->skipped);
        if (info->duplicate_of)
            printf("%*sthe same chip as %s under another driver\n", indent, "", info->duplicate_of);
    }
}

/* ---- JSON ---- */

static json_t *json_device(const qn_device_info *d)
{
    json_t *object = json_object();
    json_object_set_new(object, "index", json_integer(d->index));
    json_object_set_new(object, "id", json_text(d->id));
    json_object_set_new(object, "selector", json_text(d->selector));
    json_object_set_new(object, "platform", json_text(d->platform));
    json_object_set_new(object, "platform_name", json_text(d->platform_name));
    json_object_set_new(object, "name", json_text(d->name));
    json_object_set_new(object, "type", json_text(d->type));
    json_object_set_new(object, "vendor", json_text(d->vendor));
    json_object_set_new(object, "driver", json_text(d->driver));
    json_object_set_new(object, "version", json_text(d->version));
    json_object_set_new(object, "memory", json_integer((json_int_t)d->memory));
    json_object_set_new(object, "max_allocation", json_integer((json_int_t)d->max_allocation));
    json_object_set_new(object, "local_memory", json_integer((json_int_t)d->local_memory));
    json_object_set_new(object, "compute_units", json_integer(d->compute_units));
    json_object_set_new(object, "max_work_group", json_integer(d->max_work_group));
    json_object_set_new(object, "fp16", json_boolean(d->fp16));
    json_object_set_new(object, "fp64", json_boolean(d->fp64));
    json_object_set_new(object, "skipped", json_text(d->skipped));
    json_object_set_new(object, "duplicate_of", json_text(d->duplicate_of));
    return object;
}

/* Self-tests of a device of the list: those that one could use, or the one that was asked for. */
static int test_all(const arguments *a, const qn_device_list *list, json_t *tests)
{
    int code = EXIT_OK, count = a->device ? 1 : qn_device_list_count(list);
    for (int i = 0; i < count; i++) {
        const qn_device_info *info = qn_device_list_get(list, i);
        json_t *result;
        if (!a->device && info->skipped)
            continue;
        const char *selector = a->device ? a->device : info->selector;
        int failed = self_test(a, selector, &result);
        json_object_set_new(tests, selector, result);
        code = failed ? failed : code;
    }
    return code;
}

static int show(const arguments *a, const qn_device_list *list)
{
    json_t *tests = json_object();
    int code = EXIT_OK;
    if (!a->json)
        print_table(list);
    if (a->self_test)
        code = test_all(a, list, tests);
    if (a->json) {
        json_t *object = json_object(), *devices = json_array();
        for (int i = 0; i < qn_device_list_count(list); i++)
            json_array_append_new(devices, json_device(qn_device_list_get(list, i)));
        json_object_set_new(object, "devices", devices);
        json_object_set(object, "self_tests", a->self_test ? tests : json_null());
        int printed = json_print(object);
        code = code ? code : printed;
    }
    json_decref(tests);
    return code;
}

static int run(const subcommand *command, const arguments *a)
{
    qn_device_list *list = NULL;
    (void)command;
    progress_begin(a, "looking for devices");
    qn_status status = qn_device_list_create(&list);
    progress_end();
    int code = EXIT_FAILED;
    if (status != QN_OK)
        fprintf(stderr, "quern: %s\n", list ? qn_device_list_error(list) : "out of memory");
    else
        code = show(a, list);
    qn_device_list_destroy(&list);
    return code;
}

static const option options[] = {
    {"--self-test", OPTION_FLAG, offsetof(arguments, self_test), NULL, NULL,
     "run every kernel's self-test on each device that is not skipped"},
    {"--device", OPTION_TEXT, offsetof(arguments, device), "DEVICE", NULL,
     "run the self-tests on this one", .suggestion = DEVICE_WORDS},
    JSON_OPTION,
    {NULL},
};

const subcommand command_devices = {"devices", "Lists the OpenCL devices.", options,
                                    "quern devices --self-test", run};
