/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a model that is written as `name(arguments)` or given as a params struct: an optimizer,
 * an initializer, a regularizer, a callback, ... The type of each kind is a constant that begins
 * with its schema. */
#ifndef NN_PART_H
#define NN_PART_H

#include "nn/names.h"

/* The largest seed that a part may have: a double, in which ranges are compared, holds every whole
 * number up to it. The smallest is -1, which stands for the model's seed. */
#define QN_MOST_SEED 9007199254740992.0

typedef struct qn_part {
    const qn_schema *schema; /* the type's first member: cast it; NULL: there is no part */
    void *params;            /* owned: schema->size bytes */
} qn_part;

/* Reads one part of the kind from text or from a struct: one of the two is NULL. The params are
 * checked. After a failure the part is empty; the message names the nearest right name. */
qn_status qn_part_read(qn_env *env, const qn_kind *kind, const char *text, const qn_spec *spec,
                       qn_part *part);
/* The same from a parsed text. */
qn_status qn_part_read_node(qn_env *env, const qn_kind *kind, const qn_spec_node *node,
                            qn_part *part);
/* Reads and forgets: is the text right? NULL text is right. */
qn_status qn_part_check(qn_env *env, const qn_kind *kind, const char *text);
/* Frees the params; an empty part is fine. */
void qn_part_free(qn_env *env, qn_part *part);

#endif
