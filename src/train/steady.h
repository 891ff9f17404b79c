/* SPDX-License-Identifier: Apache-2.0 */
/* What training steps cost: launches, waits and allocations, counted. */
#ifndef TRAIN_STEADY_H
#define TRAIN_STEADY_H

#include "train/session.h"

/* Counters of steps, for qn_run_stats. */
typedef struct qn_tally {
    uint64_t steps, chunks, launches, calls, waits, chunk_waits, allocations;
} qn_tally;

/* sum += now - begin */
void qn_tally_add(qn_tally *sum, const qn_tally *begin, const qn_tally *now);

/* What a fit's training steps cost: in all, and its first chunks, which warm everything up. */
typedef struct qn_steady {
    qn_tally total, first;
} qn_steady;
/* Steady state: all but the first chunks, unless there was nothing else. */
void qn_steady_stats(const qn_steady *steady, const qn_session *session, qn_run_stats *stats);

#endif
