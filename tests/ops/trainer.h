/* SPDX-License-Identifier: Apache-2.0 */
/* A storage of two parameters and a state with an update over it: loss = sum(a^2) + sum(c), so the
 * gradients are 2 a and ones. */
#ifndef TESTS_OPS_TRAINER_H
#define TESTS_OPS_TRAINER_H

#include "rig.h"

enum { A = 12, C = 5, ALL = A + C };

typedef struct trainer {
    qn_context *ctx;
    qn_storage *storage;
    qn_graph *graph;
    qn_variable *a, *frozen, *c; /* [3, 4], [3], [5] */
    qn_value *latch_value, *update;
    qn_buffer *latch;
    qn_plan *plan;
    float start[ALL], start_frozen[3]; /* first values: of a, then c */
    double expected[ALL];
} trainer;

typedef qn_value *(*make_update)(qn_storage *storage, qn_value *const *gradients, qn_value *latch,
                                 const void *options);

/* Fails the test with the context's sentence. */
void trainer_succeed(const qn_context *ctx, qn_status status);
/* Storage and graph without gradients. */
void trainer_declare(trainer *t, int slots);
/* ... with gradients and an update of them. */
trainer trainer_begin(qn_context *ctx, int slots, make_update make, const void *options);
/* The plan of t->update. */
qn_status trainer_try_plan(trainer *t);
void trainer_plan(trainer *t);
void trainer_step(trainer *t, qn_step_row row);
/* From now on the loss counts as not finite. */
void trainer_latch(trainer *t);
/* a and c are as expected, the state is as it was. */
void trainer_assert(trainer *t);
void trainer_finish(trainer *t);

#endif
