/* SPDX-License-Identifier: Apache-2.0 */
/* Regularizers: penalties on weights and activations that join the loss. */
#ifndef NN_REGULARIZERS_H
#define NN_REGULARIZERS_H

#include "nn/part.h"
#include "ops/ops.h"

typedef struct qn_regularizer_type {
    qn_schema schema; /* first */
    /* The penalty of x, rank 0. Of a batch: over its valid rows, divided by their number. */
    qn_value *(*penalty)(const void *params, qn_value *x);
} qn_regularizer_type;

/* The penalty of a part that was read as qn_kind_regularizer. NULL is a mistake of the graph. */
qn_value *qn_regularize(const qn_part *regularizer, qn_value *x);
/* Whether a tensor of that shape can be regularized so, said before any launch; `what` names it
 * ("dense/bias"). */
qn_status qn_regularizer_fits(qn_env *env, const qn_part *regularizer, const char *what,
                              const qn_shape *shape);

#endif
