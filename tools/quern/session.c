/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands that compute begin with: context, model, Ctrl-C. */
#include "command.h"
#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- context ---- */

static void print_log(void *user, qn_log_level level, const char *line)
{
    (void)user;
    progress_hide();
    fprintf(stderr, "quern: %s%s\n", level == QN_LOG_WARNING ? "warning: " : "", line);
}

qn_status open_context(const arguments *a, qn_context **ctx)
{
    qn_status status = qn_context_create(ctx, .device = a->device, .gemm = a->gemm, .seed = a->seed,
                                         .log = print_log, .activity = progress_activity(a));
    return status == QN_OK ? profiling_prepare(a, *ctx) : status;
}

const qn_device_info *context_device(const qn_context *ctx)
{
    return qn_context_device(ctx, 0);
}

/* ---- model ---- */

static qn_status build_for(qn_model *model, const qn_array *x)
{
    int64_t shape[QN_MAX_RANK];
    if (qn_model_input_shape(model, shape) > 0)
        return QN_OK;
    return qn_build(model, x->rank - 1, x->shape + 1);
}

static qn_status new_model(const char *layers, qn_context *ctx, const qn_array *x, qn_model **model)
{
    qn_status status = qn_sequential(ctx, model);
    if (status == QN_OK)
        status = qn_add_text(*model, layers);
    if (status == QN_OK)
        status = build_for(*model, x);
    return status;
}

/* --layers beside --init must say what the file says. */
static int compare_layers(const arguments *a, qn_context *ctx, const qn_array *x, qn_model *loaded)
{
    qn_model *written = NULL;
    qn_status status = new_model(a->layers, ctx, x, &written);
    if (status != QN_OK) {
        report_failure(ctx, status);
    } else if (strcmp(qn_model_text(written), qn_model_text(loaded)) != 0) {
        fprintf(stderr,
                "quern: --layers says \"%s\", but %s holds \"%s\"; leave --layers out to use "
                "the file's\n",
                qn_model_text(written), a->init, qn_model_text(loaded));
        status = QN_ERROR_USAGE;
    }
    qn_model_destroy(&written);
    return exit_code(status);
}

uint64_t model_seed(const qn_model *model)
{
    qn_training_info info = {.size = sizeof info};
    return qn_model_training(model, &info) == QN_OK ? info.seed : 0;
}

int check_seed(const subcommand *command, const arguments *a, const qn_model *model,
               const char *file)
{
    uint64_t seed = model_seed(model);
    if (!options_given(command, a, "--seed") || (uint64_t)a->seed == seed)
        return EXIT_OK;
    fprintf(stderr,
            "quern %s: --seed is %" PRId64 ", but %s goes on with its own seed, %" PRIu64
            "; leave --seed out\n",
            command->name, a->seed, file, seed);
    return EXIT_USAGE;
}

/* --schedule becomes the learning rate of --optimizer. */
static qn_status compile_with(qn_model *model, const arguments *a, const char *loss)
{
    if (!a->schedule)
        return qn_compile(model, .optimizer = a->optimizer, .loss = loss, .metrics = a->metrics);
    collected_text optimizer = {.data = NULL};
    qn_status status = qn_optimizer_with_schedule(qn_model_context(model), a->optimizer,
                                                  a->schedule, collect_text, &optimizer);
    if (status == QN_OK)
        status = optimizer.failed ? QN_ERROR_MEMORY
                                  : qn_compile(model, .optimizer = optimizer.data, .loss = loss,
                                               .metrics = a->metrics);
    free(optimizer.data);
    return status;
}

/* A loaded model keeps what it was compiled with, unless the arguments say otherwise. */
static qn_status compile_model(const subcommand *command, const arguments *a, qn_model *model)
{
    const char *loss = qn_model_loss(model);
    bool optimizer_given = options_given(command, a, "--optimizer");
    bool loss_given = options_given(command, a, "--loss");
    if (loss && !optimizer_given && !loss_given && !a->schedule)
        return QN_OK;
    if (!loss || loss_given)
        loss = a->loss;
    if (a->init)
        note(a, "compiled anew: optimizer %s, %s%sloss %s, metrics %s", a->optimizer,
             a->schedule ? a->schedule : "", a->schedule ? ", " : "", loss, a->metrics);
    return compile_with(model, a, loss);
}

int make_model(const subcommand *command, const arguments *a, qn_context *ctx, const samples *s,
               qn_model **model)
{
    if (!a->layers && !a->init) {
        fprintf(stderr, "quern %s: --layers TEXT or --init FILE is needed; see quern %s --help\n",
                command->name, command->name);
        return EXIT_USAGE;
    }
    qn_status status =
        a->init ? qn_load(ctx, a->init, model) : new_model(a->layers, ctx, &s->x, model);
    int code = EXIT_OK;
    if (status == QN_OK && a->init)
        code = check_seed(command, a, *model, a->init);
    if (status == QN_OK && code == EXIT_OK && a->init && a->layers)
        code = compare_layers(a, ctx, &s->x, *model);
    if (code != EXIT_OK)
        return code;
    if (status == QN_OK)
        status = build_for(*model, &s->x);
    if (status == QN_OK)
        status = compile_model(command, a, *model);
    return status == QN_OK ? EXIT_OK : report_failure(ctx, status);
}

/* ---- Ctrl-C ---- */

static qn_model *volatile running;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    if (running)
        qn_stop(running);
}

void stop_on_interrupt(qn_model *model)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    running = model;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void forget_interrupt(void)
{
    signal(SIGINT, SIG_DFL);
    running = NULL;
}
