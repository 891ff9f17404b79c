/* SPDX-License-Identifier: Apache-2.0 */
/* quern eval: loss and metrics of a saved model on a split of a dataset. */
#include "eval.h"
#include "model_options.h"

#include <stdio.h>
#include <stdlib.h>

static int print_text(const eval_run *r)
{
    const arguments *a = r->a;
    print_logs(a->split, &r->logs);
    if (a->per_class)
        print_per_class(r);
    if (a->confusion)
        printf("confusion  %s\n", a->confusion);
    if (a->worst)
        printf("worst      %s\n", a->worst);
    return EXIT_OK;
}

static int print_json(const eval_run *r)
{
    const arguments *a = r->a;
    json_t *object = json_object();
    json_add_logs(object, &r->logs);
    json_object_set_new(object, "model", json_text(a->model));
    json_object_set_new(object, "data", json_text(a->data));
    json_object_set_new(object, "split", json_text(a->split));
    json_object_set_new(object, "samples", json_integer(r->s.x.shape[0]));
    json_object_set_new(object, "device", json_text(context_device(r->ctx)->selector));
    if (a->per_class)
        json_add_per_class(object, r);
    if (a->confusion)
        json_object_set_new(object, "confusion", json_text(a->confusion));
    if (a->worst)
        json_object_set_new(object, "worst", json_text(a->worst));
    return json_print(object);
}

/* ---- steps ---- */

static bool wants_classes(const arguments *a)
{
    return a->confusion || a->worst || a->per_class;
}

static int open_run(eval_run *r)
{
    const arguments *a = r->a;
    int code = check_picture(r->command, "--confusion", a->confusion);
    if (code == EXIT_OK)
        code = check_picture(r->command, "--worst", a->worst);
    if (code == EXIT_OK && a->profiling && wants_classes(a)) {
        fprintf(stderr, "quern profile eval: --confusion, --worst and --per-class are not for a "
                        "profiled run; leave them out\n");
        code = EXIT_USAGE;
    }
    if (code != EXIT_OK)
        return code;
    qn_status status = open_context(a, &r->ctx);
    if (status == QN_OK && a->confusion)
        status = qn_check_writable(r->ctx, a->confusion);
    if (status == QN_OK && a->worst)
        status = qn_check_writable(r->ctx, a->worst);
    if (status == QN_OK)
        status = qn_load(r->ctx, a->model, &r->model);
    if (status == QN_OK)
        status = open_samples(r->ctx, a, a->split, &r->s);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    note_samples(a, &r->s);
    if (r->s.y.data)
        return EXIT_OK;
    fprintf(stderr, "quern eval: %s has no targets; give npy:X.npy,Y.npy\n", a->data);
    return EXIT_USAGE;
}

static int prepare(eval_run *r)
{
    const arguments *a = r->a;
    int code = open_run(r);
    if (code == EXIT_OK && wants_classes(a))
        code = check_classes(r);
    if (code == EXIT_OK && a->worst)
        code = check_images(r);
    if (code != EXIT_OK)
        return code;
    qn_status status = fit_samples_to_model(a, r->model, true, &r->s);
    if (status == QN_OK)
        status = open_sample_weight(r->ctx, a, &r->s);
    return status == QN_OK ? EXIT_OK : report_failure(r->ctx, status);
}

static qn_status evaluate_once(eval_run *r)
{
    const arguments *a = r->a;
    return qn_evaluate(r->model, .x = r->s.x, .y = r->s.y, .sample_weight = r->s.weight,
                       .batch_size = a->batch_size, .verbose = a->quiet ? 0 : 1,
                       .progress = qn_progress_bar, .logs = &r->logs);
}

static int evaluate(eval_run *r)
{
    const arguments *a = r->a;
    stop_on_interrupt(r->model);
    qn_status status = evaluate_once(r);
    if (status == QN_OK && a->profiling) { /* that warmed up */
        status = profiling_begin(a, r->model);
        return profiling_finish(a, r->ctx, status == QN_OK ? evaluate_once(r) : status);
    }
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    int code = wants_classes(a) ? count_classes(r) : EXIT_OK;
    if (code == EXIT_OK && a->confusion)
        code = draw_confusion_matrix(r);
    if (code == EXIT_OK && a->worst)
        code = draw_worst(r);
    if (code != EXIT_OK)
        return code;
    return a->json ? print_json(r) : print_text(r);
}

static int run(const subcommand *command, const arguments *a)
{
    eval_run r = {.command = command, .a = a};
    int code = prepare(&r);
    if (code == EXIT_OK)
        code = evaluate(&r);
    forget_interrupt();
    outputs_free(&r.o);
    free(r.count);
    qn_model_destroy(&r.model);
    close_samples(&r.s);
    qn_context_destroy(&r.ctx);
    return code;
}

static const option options[] = {
    TRAINED_OPTIONS,
    WEIGHT_OPTION,
    {"--per-class", OPTION_FLAG, offsetof(arguments, per_class), NULL, NULL,
     "tell precision, recall and f1 of each class as well"},
    {"--confusion", OPTION_TEXT, offsetof(arguments, confusion), "FILE", NULL,
     "draw there how often each class was taken for which (.png, .svg or .pdf)"},
    {"--worst", OPTION_TEXT, offsetof(arguments, worst), "FILE", NULL,
     "draw there the images that are wrong with the highest probability (.png, .svg or .pdf)"},
    JSON_OPTION,
    QUIET_OPTION,
    {NULL},
};

const subcommand command_eval = {"eval", "Evaluates a saved model: loss and metrics.", options,
                                 "quern eval --model fashion.safetensors --data fashion-mnist",
                                 run};
