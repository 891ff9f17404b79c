/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints: what a weight is projected to after each update. */
#ifndef NN_CONSTRAINTS_H
#define NN_CONSTRAINTS_H

#include "nn/part.h"
#include "ops/ops.h"

typedef struct qn_constraint_type {
    qn_schema schema; /* first */
    qn_constraint_rule (*rule)(const void *params);
} qn_constraint_type;

/* The update node of a part that was read as qn_kind_constraint: it runs after `after`, the
 * optimizer's. NULL is a mistake of the graph. */
qn_value *qn_constrain(const qn_part *constraint, qn_value *after, qn_variable *variable,
                       qn_value *latch);
/* Whether a weight of that shape has the constraint's axis, said before any launch. */
qn_status qn_constraint_fits(qn_env *env, const qn_part *constraint, const char *what,
                             const qn_shape *shape);

#endif
