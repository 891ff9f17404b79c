/* SPDX-License-Identifier: Apache-2.0 */
/* quern train: fits a model, evaluates it on the test split, saves it. */
#include "train.h"
#include "model_options.h"
#include "pictures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- preparation ---- */

/* What the arguments alone tell to be wrong. */
static int check_arguments(train_run *r)
{
    const arguments *a = &r->a;
    if (a->resume) {
        int code = resume_check_options(r);
        if (code != EXIT_OK)
            return code;
    }
    int code = check_picture(r->command, "--plot", a->plot);
    if (code != EXIT_OK)
        return code;
    qn_status status = open_context(a, &r->ctx);
    if (status == QN_OK && a->save)
        status = qn_check_writable(r->ctx, a->save);
    if (status == QN_OK && a->plot)
        status = qn_check_writable(r->ctx, a->plot);
    return status == QN_OK ? add_tensorboard(r, false) : report_failure(r->ctx, status);
}

static int open_data(train_run *r)
{
    const arguments *a = &r->a;
    qn_status status = open_samples(r->ctx, a, "train", &r->s);
    if (status == QN_OK && !r->s.y.data) {
        fprintf(stderr, "quern train: %s has no targets; give npy:X.npy,Y.npy\n", a->data);
        return EXIT_USAGE;
    }
    if (status == QN_OK)
        status = open_sample_weight(r->ctx, a, &r->s);
    return status == QN_OK ? EXIT_OK : report_failure(r->ctx, status);
}

/* Normalization layers of a new model learn the mean and variance of the samples that it trains on.
 */
static qn_status adapt(train_run *r)
{
    qn_array x = r->s.x;
    if (!qn_model_adapts(r->model))
        return QN_OK;
    x.shape[0] = qn_training_rows(x.shape[0], r->a.validation_split);
    if (x.shape[0] < 1)
        return QN_OK; /* qn_fit refuses the split */
    note(&r->a, "adapt   normalization has the mean and variance of %" PRId64 " training samples",
         x.shape[0]);
    return qn_adapt(r->model, x);
}

static int prepare(train_run *r)
{
    arguments *a = &r->a;
    bool from_file = a->init || a->resume;
    int code = check_arguments(r);
    if (code != EXIT_OK)
        return code;
    code = open_data(r);
    if (code != EXIT_OK)
        return code;
    const qn_device_info *device = context_device(r->ctx);
    note(a, "device  %s: %s", device->selector, device->name);
    if (!from_file)
        note(a, "seed    %" PRIu64, qn_context_seed(r->ctx));
    note_samples(a, &r->s);
    code = a->resume ? resume_model(r) : make_model(r->command, a, r->ctx, &r->s, &r->model);
    if (code == EXIT_OK && a->resume && !options_given(r->command, a, "--callbacks"))
        code = add_tensorboard(r, true); /* to those of the file */
    if (code != EXIT_OK)
        return code;
    if (from_file)
        note(a, "seed    %" PRIu64 ", of the file", model_seed(r->model));
    if (a->resume)
        resume_note(r);
    qn_status status = fit_samples_to_model(a, r->model, from_file, &r->s);
    if (status == QN_OK && !from_file)
        status = adapt(r);
    return status == QN_OK ? EXIT_OK : report_failure(r->ctx, status);
}

/* ---- steps ---- */

/* A picture that cannot be drawn any more does not end the training. */
static int plot_epoch(const train_run *r)
{
    curves c = {.model = r->model, .first = r->first + 1};
    int code = pictures->curves(r->ctx, r->a.plot, &c);
    if (code != EXIT_OK)
        fprintf(stderr, "quern train: goes on without --plot\n");
    return code;
}

static void on_progress(void *user, const qn_progress *progress)
{
    train_run *r = user;
    if (progress->event == QN_PROGRESS_EPOCH_END && r->first_epoch == 0)
        r->first_epoch = process_seconds();
    if (progress->event == QN_PROGRESS_EPOCH_END && r->a.plot && !r->plot_failed)
        r->plot_failed = plot_epoch(r) != EXIT_OK;
    qn_progress_bar(NULL, progress);
    /* The first epoch warmed up. The end tells of a failure. */
    if (progress->event == QN_PROGRESS_EPOCH_END && profiling_begin(&r->a, r->model) != QN_OK)
        qn_stop(r->model);
}

/* With no epoch left it only ends the training: early stopping gives back its best weights. */
static qn_status fit(train_run *r)
{
    const arguments *a = &r->a;
    stop_on_interrupt(r->model);
    if (r->first > a->epochs)
        return QN_OK;
    return qn_fit(r->model, .x = r->s.x, .y = r->s.y, .sample_weight = r->s.weight,
                  .class_weight = a->class_weight, .batch_size = a->batch_size,
                  .epochs = a->epochs + (a->profiling ? 1 : 0), .initial_epoch = r->first,
                  .shuffle = a->resume ? r->before.shuffle : true, .verbose = a->quiet ? 0 : 1,
                  .validation_split = a->validation_split, .callbacks = a->callbacks,
                  .metrics = options_given(r->command, a, "--metrics") ? a->metrics : NULL,
                  .progress = on_progress, .progress_user = r);
}

static qn_status save(train_run *r)
{
    if (!r->a.save)
        return QN_OK;
    qn_status status = qn_save(r->model, r->a.save);
    r->saved = status == QN_OK ? r->a.save : NULL;
    return status;
}

static qn_status test(train_run *r)
{
    if (!r->s.test_x.data)
        return QN_OK;
    qn_status status =
        qn_evaluate(r->model, .x = r->s.test_x, .y = r->s.test_y, .batch_size = r->a.batch_size,
                    .verbose = r->a.quiet ? 0 : 1, .progress = qn_progress_bar, .logs = &r->test);
    r->tested = status == QN_OK;
    return status;
}

/* Weights are worth keeping after an interruption, and those from before a loss that was not
 * finite. */
static int run_model(train_run *r)
{
    qn_status status = fit(r), fitted = status;
    r->stopped = fitted == QN_STOPPED;
    int profiled = r->a.profiling ? profiling_finish(&r->a, r->ctx, fitted) : EXIT_OK;
    if (r->a.profiling && profiled != exit_code(fitted))
        return profiled;
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
                r->stopped ? "interrupted model" : "last good weights", r->saved);
    else if (r->stopped)
        fprintf(stderr, "quern: interrupted; nothing was to be saved\n");
    if (fitted == QN_ERROR_DIVERGED)
        return exit_code(fitted);
    status = fitted == QN_OK && !r->a.profiling ? test(r) : QN_OK;
    r->stopped = r->stopped || status == QN_STOPPED;
    if (status != QN_OK && status != QN_STOPPED)
        return report_failure(r->ctx, status);
    forget_interrupt();
    int code = r->a.profiling ? EXIT_OK : train_report(r);
    if (r->stopped)
        return EXIT_INTERRUPTED;
    return r->plot_failed ? EXIT_FAILED : code;
}

static int train(const subcommand *command, const arguments *a)
{
    train_run r = {.command = command, .a = *a};
    int code = prepare(&r);
    if (code == EXIT_OK)
        code = run_model(&r);
    forget_interrupt();
    qn_model_destroy(&r.model);
    close_samples(&r.s);
    qn_context_destroy(&r.ctx);
    free(r.callbacks);
    return code;
}

static const option options[] = {
    MODEL_OPTIONS(.required = true),
    {"--schedule", OPTION_TEXT, offsetof(arguments, schedule), "TEXT", NULL,
     "the optimizer's learning rate by step, such as cosine_decay(0.01, 10000)",
     .names = "schedule"},
    {"--callbacks", OPTION_TEXT, offsetof(arguments, callbacks), "LIST", NULL,
     "such as \"early_stopping(patience=3), model_checkpoint(last.safetensors)\"",
     .names = "callback"},
    WEIGHT_OPTION,
    {"--class-weight", OPTION_TEXT, offsetof(arguments, class_weight), "LIST", NULL,
     "weights for the loss by class, such as \"0=1, 3=2.5\"; 1 where not named"},
    {"--resume", OPTION_TEXT, offsetof(arguments, resume), "FILE", NULL,
     "go on with the training that a checkpoint or a saved model holds, as if it had not been "
     "interrupted; what is not given is as before, but for the data and the weights of samples "
     "and classes, which are to be given again"},
    {"--epochs", OPTION_INT, offsetof(arguments, epochs), "N", "5",
     "times that all samples are seen", .minimum = 1},
    {"--validation-split", OPTION_NUMBER, offsetof(arguments, validation_split), "FRACTION", "0",
     "part of the data, its tail, kept for validation after each epoch", .below = 1},
    {"--save", OPTION_TEXT, offsetof(arguments, save), "FILE", NULL,
     "where the model goes (safetensors); checked before training"},
    {"--plot", OPTION_TEXT, offsetof(arguments, plot), "FILE", NULL,
     "draw loss and metrics by epoch there (.png, .svg or .pdf), anew at each epoch's end"},
    {"--tensorboard", OPTION_TEXT, offsetof(arguments, tensorboard), "DIR", NULL,
     "write results, the model's graph and histograms for TensorBoard there; short for the "
     "callback tensorboard(DIR, N)"},
    {"--histogram-freq", OPTION_INT, offsetof(arguments, histogram_freq), "N", "0",
     "with --tensorboard: epochs from one histogram of the weights to the next; 0: none"},
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
