/* SPDX-License-Identifier: Apache-2.0 */
/* quern train --resume: going on with the training that a file holds. */
#include "train.h"

#include <inttypes.h>
#include <stdio.h>

/* What the file itself says. */
static const char *const fixed[] = {"--layers", "--init", "--optimizer", "--loss", "--schedule"};

int resume_check_options(const train_run *r)
{
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (options_given(r->command, &r->a, fixed[i])) {
            fprintf(stderr,
                    "quern train: --resume goes on with the model and the optimizer that %s holds; "
                    "leave %s out, or begin anew with --init %s\n",
                    r->a.resume, fixed[i], r->a.resume);
            return EXIT_USAGE;
        }
    return EXIT_OK;
}

static void complete(const train_run *r, arguments *a)
{
    const qn_training_info *before = &r->before;
    if (!options_given(r->command, a, "--batch-size"))
        a->batch_size = before->batch_size;
    if (!options_given(r->command, a, "--epochs"))
        a->epochs = before->epochs;
    if (!options_given(r->command, a, "--validation-split"))
        a->validation_split = before->validation_split;
    if (!options_given(r->command, a, "--callbacks"))
        a->callbacks = before->callbacks;
}

int resume_model(train_run *r)
{
    qn_status status = qn_load(r->ctx, r->a.resume, &r->model);
    if (status == QN_OK) {
        r->before.size = sizeof r->before;
        status = qn_model_training(r->model, &r->before);
    }
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    if (r->before.batch_size == 0) {
        fprintf(stderr,
                "quern train: %s holds no training to go on with; begin with its model by --init "
                "%s\n",
                r->a.resume, r->a.resume);
        return EXIT_USAGE;
    }
    complete(r, &r->a);
    r->first = qn_model_epochs(r->model);
    return check_seed(r->command, &r->a, r->model, r->a.resume);
}

void resume_note(const train_run *r)
{
    const arguments *a = &r->a;
    if (r->first < a->epochs)
        note(a,
             "resume  %s: goes on at epoch %" PRId64 " of %" PRId64 ", batch size %" PRId64
             ", callbacks %s",
             a->resume, r->first + 1, a->epochs, a->batch_size,
             a->callbacks ? a->callbacks : "none");
    else
        note(a, "resume  %s: %" PRId64 " of %" PRId64 " epochs are done: nothing is left to train",
             a->resume, r->first, a->epochs);
}
