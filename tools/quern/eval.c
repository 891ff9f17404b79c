/* SPDX-License-Identifier: Apache-2.0 */
/* quern eval: loss and metrics of a saved model on a split of a dataset. */
#include "command.h"
#include "model_options.h"

#include <inttypes.h>
#include <stdio.h>

static int print_result(const arguments *a, qn_model *model, const samples *s, const qn_logs *logs)
{
    if (!a->json) {
        print_logs(a->split, logs);
        return EXIT_OK;
    }
    json_t *object = json_object();
    json_add_logs(object, logs);
    json_object_set_new(object, "model", json_text(a->model));
    json_object_set_new(object, "data", json_text(a->data));
    json_object_set_new(object, "split", json_text(a->split));
    json_object_set_new(object, "samples", json_integer(s->x.shape[0]));
    json_object_set_new(object, "device",
                        json_text(context_device(qn_model_context(model))->selector));
    return json_print(object);
}

static int evaluate(const arguments *a, qn_context *ctx, qn_model **model, samples *s)
{
    qn_logs logs = {.count = 0};
    qn_status status = qn_load(ctx, a->model, model);
    if (status == QN_OK)
        status = open_samples(ctx, a, a->split, s);
    if (status == QN_OK && !s->y.data) {
        fprintf(stderr, "quern eval: %s has no targets; give npy:X.npy,Y.npy\n", a->data);
        return EXIT_USAGE;
    }
    if (status == QN_OK)
        status = fit_samples_to_model(a, *model, true, s);
    if (status == QN_OK)
        status = open_sample_weight(ctx, a, s);
    stop_on_interrupt(*model);
    if (status == QN_OK)
        status = qn_evaluate(*model, .x = s->x, .y = s->y, .sample_weight = s->weight,
                             .batch_size = a->batch_size, .verbose = a->quiet ? 0 : 1,
                             .progress = qn_progress_bar, .logs = &logs);
    if (status != QN_OK)
        return report_failure(ctx, status);
    return print_result(a, *model, s, &logs);
}

static int run(const subcommand *command, const arguments *a)
{
    qn_context *ctx = NULL;
    qn_model *model = NULL;
    samples s = {.dataset = NULL};
    (void)command;
    qn_status status = open_context(a, &ctx);
    int code = status == QN_OK ? evaluate(a, ctx, &model, &s) : report_failure(ctx, status);
    forget_interrupt();
    qn_model_destroy(&model);
    close_samples(&s);
    qn_context_destroy(&ctx);
    return code;
}

static const option options[] = {TRAINED_OPTIONS, WEIGHT_OPTION, JSON_OPTION, QUIET_OPTION, {NULL}};

const subcommand command_eval = {"eval", "Evaluates a saved model: loss and metrics.", options,
                                 "quern eval --model fashion.safetensors --data fashion-mnist",
                                 run};
