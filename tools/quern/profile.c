/* SPDX-License-Identifier: Apache-2.0 */
/* quern profile: runs train, eval or predict within a profiled region and tells where the time
 * went. */
#include "command.h"
#include "model_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_OPTIONS 60

struct profiling {
    bool begun;
    qn_status status; /* of the begin */
};

/* ---- the region ---- */

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

/* Nothing without a path. QN_ERROR_IO: said already. */
static qn_status write_file(const qn_profile *profile, qn_profile_format format, const char *path)
{
    if (!path)
        return QN_OK;
    FILE *file = fopen(path, "w");
    qn_status status = QN_ERROR_IO;
    if (file) {
        status = qn_profile_write(profile, format, write_to_file, file);
        bool failed = ferror(file) != 0;
        if (fclose(file) != 0 || failed)
            status = QN_ERROR_IO;
    }
    if (status == QN_ERROR_IO)
        fprintf(stderr, "quern: could not write %s: %s\n", path, strerror(errno));
    return status;
}

int profiling_finish(const arguments *a, qn_context *ctx, qn_status ran)
{
    profiling *p = a->profiling;
    qn_profile *profile = NULL;
    if (p->status != QN_OK)
        return report_failure(ctx, p->status);
    qn_status status = p->begun ? qn_profile_end(ctx, &profile) : QN_OK;
    p->begun = false;
    if (status == QN_OK && profile && ran == QN_OK) {
        status = qn_profile_write(profile, a->json ? QN_PROFILE_JSON : QN_PROFILE_TABLE,
                                  write_to_file, stdout);
        if (status == QN_OK)
            status = write_file(profile, QN_PROFILE_CSV, a->csv);
        if (status == QN_OK)
            status = write_file(profile, QN_PROFILE_HTML, a->html);
        if (status == QN_ERROR_IO) {
            qn_profile_destroy(&profile);
            return EXIT_FAILED;
        }
    }
    qn_profile_destroy(&profile);
    return status == QN_OK ? exit_code(ran) : report_failure(ctx, status);
}

/* ---- the command ---- */

#define CSV_OPTION                                                                                 \
    {                                                                                              \
        "--csv", OPTION_TEXT, offsetof(arguments, csv), "FILE", NULL,                              \
            "also write the rows of kernels there, comma separated"                                \
    }

#define HTML_OPTION                                                                                \
    {                                                                                              \
        "--html", OPTION_TEXT, offsetof(arguments, html), "FILE", NULL,                            \
            "also write a page to look at there: roofline, timeline, memory, plan"                 \
    }

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
    for (const option *o = task->options; o->name && options < MAX_OPTIONS - 3; o++)
        merged[options++] = *o;
    merged[options++] = (option)CSV_OPTION;
    merged[options] = (option)HTML_OPTION;
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

static const option options[] = {CSV_OPTION, HTML_OPTION, JSON_OPTION, {NULL}};

const subcommand command_profile = {
    "profile",
    "Profiles train, eval or predict: which kernel takes how long.",
    options,
    "quern profile train --data fashion-mnist --layers \"flatten, dense(100, sigmoid), dense(10, "
    "softmax)\" --epochs 2",
    NULL,
    &task_operand,
    profile};
