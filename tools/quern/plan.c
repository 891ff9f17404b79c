/* SPDX-License-Identifier: Apache-2.0 */
/* quern plan: what a step of training, evaluation or prediction consists of. */
#include "command.h"
#include "model_options.h"

#include <stdio.h>
#include <string.h>

static int print_plan(const subcommand *command, const arguments *a, qn_context *ctx,
                      qn_model **model, samples *s)
{
    qn_status status = open_samples(ctx, a, "train", s);
    if (status != QN_OK)
        return report_failure(ctx, status);
    note_samples(a, s);
    int code = make_model(command, a, ctx, s, model);
    if (code != EXIT_OK)
        return code;
    qn_plan_params params = qn_plan_defaults();
    params.batch_size = a->batch_size;
    params.task = a->task;
    params.after = a->after;
    params.dot = a->dot || a->after;
    params.json = a->json;
    params.x_dtype = s->x.dtype;
    params.x_scale = s->x.scale;
    status = qn_plan_print(*model, &params, write_to_file, stdout);
    return status == QN_OK ? EXIT_OK : report_failure(ctx, status);
}

static int run(const subcommand *command, const arguments *a)
{
    qn_context *ctx = NULL;
    qn_model *model = NULL;
    samples s = {.dataset = NULL};
    qn_status status = open_context(a, &ctx);
    int code =
        status == QN_OK ? print_plan(command, a, ctx, &model, &s) : report_failure(ctx, status);
    qn_model_destroy(&model);
    close_samples(&s);
    qn_context_destroy(&ctx);
    return code;
}

#define UNUSED_HELP "as train takes it; a plan does not depend on it"
#define TASKS ((const char *const[]){"train", "evaluate", "predict", NULL})

static const option options[] = {
    MODEL_OPTIONS(.required = true),
    {"--task", OPTION_TEXT, offsetof(arguments, task), "NAME", "train",
     "train, evaluate or predict", .choice = TASKS},
    {"--dot", OPTION_FLAG, offsetof(arguments, dot), NULL, NULL,
     "print the graph for Graphviz instead of the steps"},
    {"--after", OPTION_TEXT, offsetof(arguments, after), "PASS", NULL,
     "print the graph for Graphviz as it is after this pass (build, prune, fuse, ...)"},
    {"--epochs", OPTION_INT, offsetof(arguments, epochs), "N", "5", UNUSED_HELP, .minimum = 1},
    {"--validation-split", OPTION_NUMBER, offsetof(arguments, validation_split), "FRACTION", "0",
     UNUSED_HELP, .below = 1},
    {"--save", OPTION_TEXT, offsetof(arguments, save), "FILE", NULL, UNUSED_HELP},
    JSON_OPTION,
    QUIET_OPTION,
    {NULL},
};

const subcommand command_plan = {
    "plan", "Prints the steps that training consists of, or their graph.", options,
    "quern plan --data fashion-mnist --layers \"flatten, dense(100, sigmoid), dense(10, softmax)\"",
    run};
