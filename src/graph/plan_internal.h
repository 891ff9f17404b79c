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
    uint64_t told;    /* the last number of qn_plan_is_new */
    size_t recording; /* index of the node that records its steps */
};

/* ---- plan_print.c ---- */

/* "KERNEL" by qn_step_kind. */
extern const char *const qn_step_kinds[];
/* A value's name, or what makes it; returns `buffer`. */
const char *qn_value_label(const qn_work *work, const qn_value *value, char *buffer, size_t room);
/* Whether the value has memory of its own in the plan. */
bool qn_plan_lists(const qn_plan *plan, const qn_value *value);

/* ---- plan_json.c ---- */

qn_status qn_plan_json(const qn_plan *plan, qn_text *text);

#endif
