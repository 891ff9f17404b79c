/* SPDX-License-Identifier: Apache-2.0 */
/* An optimizer type is one constant in one file of src/nn/optimizers, one line in its list. */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "base/spec.h"
#include "graph/storage.h"
#include "ops/ops.h"

typedef struct qn_optimizer_type {
    qn_schema schema;
    int slots; /* segments of state */
    qn_value *(*update)(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch);
    /* The step row's rate at iteration t (from 0), computed in double. */
    double (*rate)(const void *params, uint32_t iteration);
} qn_optimizer_type;
extern const qn_optimizer_type *const qn_optimizer_types[]; /* ended by NULL */
const qn_optimizer_type *qn_optimizer_type_find(const char *name_or_type);

#endif
