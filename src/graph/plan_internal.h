/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's inside, for plan.c and plan_print.c. */
#ifndef GRAPH_PLAN_INTERNAL_H
#define GRAPH_PLAN_INTERNAL_H

#include "graph/memory.h"

/* A part of a segment. Values of the same place, at different times, share one. */
typedef struct qn_slice {
    qn_place place;
    qn_buffer *buffer;
} qn_slice;

struct qn_plan {
    qn_env *env;
    qn_device *device;
    qn_storage *storage; /* borrowed; NULL: no variables */
    qn_work work;
    qn_layout layout;
    qn_buffer **arena;
    qn_buffer *fixed, *gradients, *table;
    qn_buffer **buffer;  /* by value id; borrowed from `slice`, variables and what is bound */
    qn_buffer **scratch; /* by index in the list; borrowed from `slice` */
    qn_slice *slice;
    size_t slice_count, slice_capacity;
    qn_steps steps;
    size_t recording; /* index of the node that records its steps */
};

#endif
