/* SPDX-License-Identifier: Apache-2.0 */
/* Where every value of a scheduled list lives: offsets by lifetime. */
#ifndef GRAPH_MEMORY_H
#define GRAPH_MEMORY_H

#include "graph/plan.h"

typedef enum qn_home {
    QN_HOME_NONE,     /* nothing reads it: no memory */
    QN_HOME_ARENA,    /* a temporary: shares memory with values of other times */
    QN_HOME_FIXED,    /* inputs and constants */
    QN_HOME_GRADIENT, /* the gradient segment, at its variable's offset */
    QN_HOME_VARIABLE,
    QN_HOME_DATA
} qn_home;

typedef struct qn_place {
    qn_home home;
    int segment; /* ARENA: which arena */
    size_t offset, bytes;
    int first, last; /* ARENA: steps of the list from the first write to the last read */
} qn_place;

/* Places by value id; scratch by index in the list. Values that alias another have its place. */
typedef struct qn_layout {
    size_t value_count, node_count;
    qn_place *value;
    qn_place *scratch;
    size_t *arena; /* bytes of each */
    int arena_count;
    size_t fixed, gradient;
    size_t total; /* device memory that the plan takes, table apart */
} qn_layout;

/* `batch` may differ from the work's, to estimate. A value larger than the largest allocation is
 * QN_ERROR_MEMORY. */
qn_status qn_layout_make(const qn_work *work, qn_device *device, const qn_storage *storage,
                         int64_t batch, qn_layout *layout);
void qn_layout_free(qn_env *env, qn_layout *layout);
const char *qn_home_name(qn_home home);

#endif
