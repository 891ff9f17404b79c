/* SPDX-License-Identifier: Apache-2.0 */
/* quern doctor: whether this machine is fit, and what to do where it is not. */
#include "doctor.h"
#include "model_options.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- loader, platforms, devices ---- */

static void look_at_loader(doctor *d)
{
    char text[256];
    if (qn_opencl_loader(text, sizeof text))
        doctor_add(d, FINDING_OK, "loader", NULL, text, NULL);
    else
        doctor_add(d, FINDING_NOTE, "loader", NULL, "the OpenCL loader does not tell its version",
                   "Nothing to do where devices are found.");
}

static void look_at_device(doctor *d, const qn_device_list *list, int index)
{
    const qn_device_info *info = qn_device_list_get(list, index);
    char text[512], memory[32], shared[128];
    snprintf(text, sizeof text, "%s, %s, %" PRIu32 " compute units, %s, driver %s (%s)", info->name,
             info->type, info->compute_units, bytes_text(info->memory, memory, sizeof memory),
             info->driver, info->platform_name);
    doctor_add(d, FINDING_OK, "device", info->selector, text, NULL);
    if (info->skipped) {
        snprintf(text, sizeof text, "auto and all leave it out: %s", info->skipped);
        doctor_add(d, FINDING_NOTE, "device", info->selector, text,
                   "Nothing to do, unless you want this one.");
    }
    if (info->duplicate_of) {
        snprintf(shared, sizeof shared, "the same chip as %s under another driver",
                 info->duplicate_of);
        doctor_add(d, FINDING_NOTE, "device", info->selector, shared,
                   "Nothing to do: all takes the faster of the two.");
    }
    const char *what, *advice;
    for (int i = 0; (what = qn_device_list_quirk(list, index, i, &advice)) != NULL; i++) {
        if (info->skipped && strcmp(info->skipped, what) == 0)
            continue;
        doctor_add(d, FINDING_NOTE, "driver", info->selector, what,
                   advice ? advice : "Nothing to do: Quern works around it.");
    }
}

/* ---- self-tests ---- */

typedef struct tests {
    doctor *d;
    const char *selector;
    int passed, failed;
} tests;

static void on_self_test(void *user, const char *test, bool passed, const char *detail)
{
    tests *t = user;
    char text[768];
    t->passed += passed;
    t->failed += !passed;
    if (passed)
        return;
    snprintf(text, sizeof text, "%s answers wrongly%s%s", test, detail && *detail ? ": " : "",
             detail && *detail ? detail : "");
    doctor_add(t->d, FINDING_PROBLEM, "self-test", t->selector, text,
               "Update the driver or choose another device; no model that needs this kernel runs "
               "here.");
}

static void ignore_log(void *user, qn_log_level level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

/* Opens the device and runs every self-test on it. */
static qn_status test_device(doctor *d, const arguments *a, const char *selector)
{
    qn_context *ctx = NULL;
    char text[128];
    tests t = {.d = d, .selector = selector};
    qn_status status = qn_context_create(&ctx, .device = selector, .log = ignore_log,
                                         .activity = progress_activity(a));
    bool opened = status == QN_OK;
    if (opened)
        status = qn_selftest(ctx, on_self_test, &t);
    if (status != QN_OK && t.failed == 0)
        doctor_add(d, FINDING_PROBLEM, opened ? "self-test" : "device", selector, qn_error(ctx),
                   "Update or reinstall its driver, or choose another device.");
    if (t.passed > 0) {
        snprintf(text, sizeof text, "%d kernels answer rightly", t.passed);
        doctor_add(d, FINDING_OK, "self-test", selector, text, NULL);
    }
    if (opened && t.failed == 0 && status == QN_OK)
        doctor_bench(d, ctx, selector);
    qn_context_destroy(&ctx);
    return opened ? QN_OK : status;
}

/* Those that one would use, or the one that was asked for. */
static void test_devices(doctor *d, const arguments *a, const qn_device_list *list)
{
    int usable = 0;
    if (a->device) {
        test_device(d, a, a->device);
        return;
    }
    for (int i = 0; i < qn_device_list_count(list); i++) {
        const qn_device_info *info = qn_device_list_get(list, i);
        if (info->skipped)
            continue;
        usable++;
        test_device(d, a, info->selector);
    }
    if (usable == 0)
        doctor_add(d, FINDING_PROBLEM, "device", NULL, "there is no usable device",
                   "Install the GPU vendor's OpenCL driver, or the Debian package pocl-opencl-icd "
                   "to compute on the CPU.");
}

static void look_at_platforms(doctor *d, const arguments *a, bool *pocl)
{
    qn_device_list *list = NULL;
    progress_begin(a, "looking for devices");
    qn_status status = qn_device_list_create(&list);
    progress_end();
    if (status != QN_OK) {
        doctor_add(d, FINDING_PROBLEM, "platform", NULL, qn_device_list_error(list),
                   "Nothing runs without one; clinfo shows what the loader finds.");
        qn_device_list_destroy(&list);
        return;
    }
    const char *text;
    for (int i = 0; (text = qn_device_list_note(list, i)) != NULL; i++)
        doctor_add(d, FINDING_NOTE, "platform", NULL,
                   text + (strncmp(text, "platform ", 9) == 0 ? 9 : 0),
                   "Nothing to do, unless you want its devices.");
    for (int i = 0; i < qn_device_list_count(list); i++) {
        look_at_device(d, list, i);
        *pocl = *pocl || strcmp(qn_device_list_get(list, i)->platform, "pocl") == 0;
    }
    test_devices(d, a, list);
    qn_device_list_destroy(&list);
}

/* ---- the subcommand ---- */

/* A --device that names none, or several, is a mistake in the arguments, said before anything is
 * looked at; on a machine without devices it is not. */
static int check_device(const arguments *a)
{
    qn_context *ctx = NULL;
    int code = EXIT_OK;
    if (!a->device)
        return EXIT_OK;
    qn_status status = qn_context_create(&ctx, .device = a->device, .log = ignore_log,
                                         .activity = progress_activity(a));
    if (status == QN_ERROR_USAGE) {
        code = report_failure(ctx, status);
    } else if (qn_context_device_count(ctx) > 1) {
        fprintf(stderr,
                "quern doctor: --device \"%s\" is several devices; name one, or none to "
                "test each\n",
                a->device);
        code = EXIT_USAGE;
    }
    qn_context_destroy(&ctx);
    return code;
}

static int run(const subcommand *command, const arguments *a)
{
    doctor d = {.json = a->json};
    bool pocl = false;
    (void)command;
    int code = check_device(a);
    if (code != EXIT_OK)
        return code;
    d.findings = json_array();
    look_at_loader(&d);
    look_at_platforms(&d, a, &pocl);
    doctor_clblast(&d);
    doctor_memory(&d);
    doctor_caches(&d, pocl);
    code = doctor_print(&d);
    json_decref(d.findings);
    return code;
}

static const option options[] = {
    {"--device", OPTION_TEXT, offsetof(arguments, device), "DEVICE", NULL,
     "run the self-tests on this one; on each that is not skipped when not given",
     .suggestion = DEVICE_WORDS},
    JSON_OPTION,
    {NULL},
};

const subcommand command_doctor = {
    "doctor", "Says whether this machine is fit, and what to do where it is not.", options,
    "quern doctor --json > report.json", run};
