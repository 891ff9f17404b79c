/* SPDX-License-Identifier: Apache-2.0 */
/* quern train --tensorboard: short for a callback. */
#include "train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For qn_write_fn: `user` is a char *. */
static void keep_text(void *user, const char *text)
{
    *(char **)user = strdup(text);
}

int add_tensorboard(train_run *r, bool replace)
{
    arguments *a = &r->a;
    char *list = NULL;
    if (!a->tensorboard) {
        if (!options_given(r->command, a, "--histogram-freq"))
            return EXIT_OK;
        fprintf(stderr, "quern train: --histogram-freq says how often --tensorboard writes "
                        "histograms; give --tensorboard DIR as well\n");
        return EXIT_USAGE;
    }
    qn_status status = qn_callbacks_with(
        r->ctx, a->callbacks,
        qn_tensorboard(.log_dir = a->tensorboard, .histogram_freq = a->histogram_freq), replace,
        keep_text, &list);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    if (!list)
        return out_of_memory();
    free(r->callbacks);
    a->callbacks = r->callbacks = list;
    return EXIT_OK;
}
