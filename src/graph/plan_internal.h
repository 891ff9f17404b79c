/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's inside, for plan.c and plan_print.c. */
#ifndef GRAPH_PLAN_INTERNAL_H
#define GRAPH_PLAN_INTERNAL_H

#include "graph/memory.h"

struct qn_plan {
    qn_env *env;
    qn_device *device;
    qn_storage *storage; /* borrowed; NULL: no variables */
    qn_work work;
    qn_layout layout;
    qn_buffer **arena;
    qn_buffer *fixed, *gradients, *table;
    qn_buffer **buffer;  /* by value id; slices are owned by the value that is its own base */
    qn_buffer **scratch; /* by index in the list */
    qn_steps steps;
    size_t recording; /* index of the node that records its steps */
};

#endif
