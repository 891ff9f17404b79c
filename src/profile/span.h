/* SPDX-License-Identifier: Apache-2.0 */
/* What the rooms above tell a profile that is under way: what the host is at, and which plan it
 * runs. Nothing happens when none is. */
#ifndef PROFILE_SPAN_H
#define PROFILE_SPAN_H

#include "graph/plan.h"

/* Which span of which region; 0: none. A region may begin and end while one is open. */
typedef uint64_t qn_span;
/* Opens a span of the host's time within those that are open; `name` is a literal, "epoch", and a
 * `number` below 0 is not told. One that is left open by an early return ends with the one around
 * it. */
qn_span qn_span_enter(const qn_context *ctx, const char *name, int64_t number);
void qn_span_leave(const qn_context *ctx, qn_span span);
/* The plan that runs next, for a task ("train"); told again it is known. */
void qn_span_plan(const qn_context *ctx, const char *task, qn_plan *plan);

#endif
