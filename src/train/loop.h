/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a session once over samples, a chunk of steps at a time. */
#ifndef TRAIN_LOOP_H
#define TRAIN_LOOP_H

#include "train/report.h"
#include "train/session.h"

/* Counters of steps, for qn_run_stats. */
typedef struct qn_tally {
    uint64_t steps, chunks, launches, calls, waits, chunk_waits, allocations;
} qn_tally;

/* What a fit's training steps cost: in all, and its first chunks, which warm everything up. */
typedef struct qn_steady {
    qn_tally total, first;
} qn_steady;
/* Steady state: all but the first chunks, unless there was nothing else. */
void qn_steady_stats(const qn_steady *steady, const qn_session *session, qn_run_stats *stats);

typedef struct qn_loop {
    qn_model *model;
    qn_session *session;
    const uint32_t *order; /* sample numbers of this run; NULL: first, first + 1, ... */
    int64_t first, rows;
    qn_report *report; /* NULL: none */
    float *out;        /* predictions; NULL: results are added up */
    qn_steady *steady; /* NULL: not counted */
    /* The outcome. */
    double sum[QN_MAX_RECORDS]; /* over valid rows, of loss and metrics */
    int64_t submitted, done;    /* steps */
    int64_t rows_done;
    int64_t bad_step; /* first one whose loss was not finite; -1: none */
    bool stopped;
} qn_loop;

/* QN_OK also when the run stopped early: see `stopped` and `bad_step`. */
qn_status qn_loop_run(qn_loop *loop);
int64_t qn_loop_steps(const qn_loop *loop);
/* Appends "<prefix>loss" and each metric: means so far. Nothing for predictions. */
void qn_loop_logs(const qn_loop *loop, const char *prefix, qn_logs *logs);

#endif
