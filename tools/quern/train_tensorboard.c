/* SPDX-License-Identifier: Apache-2.0 */
/* quern train --tensorboard: short for a callback. */
#include "train.h"

#include <stdio.h>
#include <stdlib.h>

int add_tensorboard(train_run *r, bool replace)
{
    arguments *a = &r->a;
    collected_text list = {.data = NULL};
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
        collect_text, &list);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    if (list.failed) {
        free(list.data);
        return out_of_memory();
    }
    free(r->callbacks);
    a->callbacks = r->callbacks = list.data;
    return EXIT_OK;
}
