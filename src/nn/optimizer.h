/* SPDX-License-Identifier: Apache-2.0 */
/* An optimizer type is one constant in one file of src/nn/optimizers, one line in its list. */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "graph/storage.h"
#include "nn/part.h"
#include "ops/ops.h"
#include <quern/optimizers.h>

typedef struct qn_optimizer_type {
    qn_schema schema; /* first; its params begin with a qn_optimizer_head (quern/optimizers.h) */
    /* Segments of state, and what each is called in a file: "momentum", "velocity". */
    int (*slots)(const void *params);
    const char *(*slot_name)(const void *params, int slot);
    qn_value *(*update)(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch);
    /* What the learning rate is multiplied by at iteration t (from 0), computed in double: a bias
     * correction. NULL: 1. */
    double (*factor)(const void *params, uint32_t iteration);
} qn_optimizer_type;

/* What the params of every optimizer begin with. */
qn_optimizer_head qn_optimizer_head_of(const void *params);

#endif
