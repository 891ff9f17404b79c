/* SPDX-License-Identifier: Apache-2.0 */
/* quern profile: runs train, eval or predict within a profiled region and tells where the time
 * went. */
#include "command.h"
#include "model_options.h"
#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 60

struct profiling {
    bool begun;
    qn_status status; /* of the begin */
};

/* ---- files of a profile ---- */

static const struct output {
    size_t offset; /* in struct arguments */
    qn_profile_format format;
} outputs[] = {
    {offsetof(arguments, csv), QN_PROFILE_CSV},
    {offsetof(arguments, trace), QN_PROFILE_TRACE},
    {offsetof(arguments, html), QN_PROFILE_HTML},
};
#define OUTPUTS (sizeof outputs / sizeof outputs[0])

static const char *path_of(const arguments *a, const struct output *output)
{
    return *(const char *const *)((const char *)a + output->offset);
}

static qn_status check_outputs(const arguments *a, qn_context *ctx)
{
    qn_status status = QN_OK;
    for (size_t i = 0; i < OUTPUTS && status == QN_OK; i++)
        if (path_of(a, &outputs[i]))
            status = qn_check_writable(ctx, path_of(a, &outputs[i]));
    if (status == QN_OK && a->roofline)
        status = qn_check_writable(ctx, a->roofline);
    return status;
}

static int write_output(qn_context *ctx, const qn_profile *profile, qn_profile_format format,
                        const char *path)
{
    collected_text text = {.data = NULL};
    qn_status status = qn_profile_write(profile, format, collect_text, &text);
    if (status == QN_OK && !text.failed)
        status = qn_replace_file(ctx, path, text.data, text.length);
    int code = text.failed       ? out_of_memory()
               : status != QN_OK ? report_failure(ctx, status)
                                 : EXIT_OK;
    free(text.data);
    return code;
}

static int draw_roofline_of(qn_context *ctx, const qn_profile *profile, const char *path)
{
    collected_text text = {.data = NULL};
    qn_status status = qn_profile_write(profile, QN_PROFILE_JSON, collect_text, &text);
    json_t *object = text.data && !text.failed ? json_loads(text.data, 0, NULL) : NULL;
    int code = status != QN_OK ? report_failure(ctx, status)
               : !object       ? out_of_memory()
                               : pictures->roofline(ctx, path, object);
    json_decref(object);
    free(text.data);
    return code;
}

static int write_all(const arguments *a, qn_context *ctx, const qn_profile *profile)
{
    qn_status status = qn_profile_write(profile, a->json ? QN_PROFILE_JSON : QN_PROFILE_TABLE,
                                        write_to_file, stdout);
    int code = status == QN_OK ? EXIT_OK : report_failure(ctx, status);
    for (size_t i = 0; i < OUTPUTS && code == EXIT_OK; i++)
        if (path_of(a, &outputs[i]))
            code = write_output(ctx, profile, outputs[i].format, path_of(a, &outputs[i]));
    if (code == EXIT_OK && a->roofline)
        code = draw_roofline_of(ctx, profile, a->roofline);
    return code;
}

/* ---- the region ---- */

qn_status profiling_prepare(const arguments *a, qn_context *ctx)
{
    qn_bench_results limits = {.size = sizeof limits};
    if (!a->profiling)
        return QN_OK;
    qn_status status = check_outputs(a, ctx);
    if (status == QN_OK) /* a profile without a roofline is one all the same */
        (void)device_limits(a, ctx, "roofline", &limits);
    return status;
}

qn_status profiling_begin(const arguments *a, qn_model *model)
{
    profiling *p = a->profiling;
    if (!p || p->begun || p->status != QN_OK)
        return QN_OK;
    note(a, "profile begins: what ran until now compiled the kernels");
    p->status = qn_profile_begin(qn_model_context(model));
    p->begun = p->status == QN_OK;
    return p->status;
}

int profiling_finish(const arguments *a, qn_context *ctx, qn_status ran)
{
    profiling *p = a->profiling;
    qn_profile *profile = NULL;
    if (p->status != QN_OK)
        return report_failure(ctx, p->status);
    qn_status status = p->begun ? qn_profile_end(ctx, &profile) : QN_OK;
    p->begun = false;
    int code = status == QN_OK ? exit_code(ran) : report_failure(ctx, status);
    if (status == QN_OK && profile && ran == QN_OK)
        code = write_all(a, ctx, profile);
    qn_profile_destroy(&profile);
    return code;
}

/* ---- the command ---- */

#define FILE_OPTIONS                                                                               \
    {"--csv", OPTION_TEXT, offsetof(arguments, csv),                                               \
     "FILE",  NULL,        "also write the rows of kernels there, comma separated"},               \
        {"--trace",                                                                                \
         OPTION_TEXT,                                                                              \
         offsetof(arguments, trace),                                                               \
         "FILE",                                                                                   \
         NULL,                                                                                     \
         "also write what happened when, for Perfetto (ui.perfetto.dev) or chrome://tracing"},     \
        {"--roofline",                                                                             \
         OPTION_TEXT,                                                                              \
         offsetof(arguments, roofline),                                                            \
         "FILE",                                                                                   \
         NULL,                                                                                     \
         "also draw the kernels under the device's limits (.png, .svg "                            \
         "or .pdf)"},                                                                              \
    {                                                                                              \
        "--html", OPTION_TEXT, offsetof(arguments, html), "FILE", NULL,                            \
            "also write a page to look at: tables, roofline, timeline, memory, plan"               \
    }

static const option file_options[] = {FILE_OPTIONS, {NULL}};

static const char *const tasks[] = {"train", "eval", "predict", NULL};

static const subcommand *task_named(const char *name)
{
    const subcommand *const commands[] = {&command_train, &command_eval, &command_predict};
    for (int i = 0; tasks[i]; i++)
        if (strcmp(name, tasks[i]) == 0)
            return commands[i];
    return NULL;
}

/* The task's own options, and those of profiles. */
static int run_task(const subcommand *task, int count, char **words)
{
    option merged[MAX_OPTIONS] = {{NULL}};
    char name[32], example[512];
    profiling p = {.begun = false};
    arguments a;
    int options = 0;
    for (const option *o = task->options; o->name && options < MAX_OPTIONS - 1; o++)
        merged[options++] = *o;
    for (const option *o = file_options; o->name && options < MAX_OPTIONS - 1; o++)
        merged[options++] = *o;
    snprintf(name, sizeof name, "profile %s", task->name);
    snprintf(example, sizeof example, "quern profile %s", task->example + strlen("quern "));
    subcommand command = {
        name,
        "Runs this task a first time, which compiles kernels (training: one epoch more), then "
        "within a profile.",
        merged, example, task->run};
    switch (options_parse(&command, count, words, &a)) {
    case PARSED_HELP:
        options_help(&command);
        return EXIT_OK;
    case PARSED_WRONG:
        return EXIT_USAGE;
    case PARSED_RUN:
        break;
    }
    int code = check_picture(&command, "--roofline", a.roofline);
    if (code != EXIT_OK)
        return code;
    a.profiling = &p;
    return command.run(&command, &a);
}

static int profile(const subcommand *self, int count, char **words)
{
    const subcommand *task = count > 0 ? task_named(words[0]) : NULL;
    if (task)
        return run_task(task, count - 1, words + 1);
    if (count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        options_help(self);
        return EXIT_OK;
    }
    fprintf(stderr, "quern profile: ");
    if (count == 0) {
        fprintf(stderr, "say what to profile");
    } else {
        const char *nearest = qn_nearest_word(words[0], tasks, 3);
        fprintf(stderr, "unknown task \"%s\"", words[0]);
        if (nearest)
            fprintf(stderr, "; did you mean %s?", nearest);
    }
    fprintf(stderr, "\ntasks: train, eval, predict, with their own options\n");
    return EXIT_USAGE;
}

static const option task_operand = {
    .name = "TASK",
    .kind = OPTION_TEXT,
    .offset = offsetof(arguments, task),
    .help = "what to profile: train, eval or predict, followed by its own options (quern profile "
            "TASK --help)",
    .required = true,
    .choice = tasks};

static const option options[] = {FILE_OPTIONS, JSON_OPTION, {NULL}};

const subcommand command_profile = {
    "profile",
    "Profiles train, eval or predict: which kernel takes how long.",
    options,
    "quern profile train --data fashion-mnist --layers \"flatten, dense(100, sigmoid), dense(10, "
    "softmax)\" --epochs 2",
    NULL,
    &task_operand,
    profile};
