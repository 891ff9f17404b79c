/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a session once over samples, a chunk of steps at a time. */
#ifndef TRAIN_LOOP_H
#define TRAIN_LOOP_H

#include "train/callback_list.h"
#include "train/report.h"
#include "train/session.h"
#include "train/steady.h"

typedef struct qn_loop {
    qn_model *model;
    qn_session *session;
    const uint32_t *order; /* sample numbers of this run; NULL: first, first + 1, ... */
    int64_t first, rows;
    qn_report *report;                 /* NULL: none */
    float *out;                        /* predictions; NULL: results are added up */
    qn_steady *steady;                 /* NULL: not counted */
    const qn_callback_list *callbacks; /* for their hooks on batches; NULL: none */
    /* The outcome. */
    double sum[QN_MAX_RECORDS]; /* over valid rows, of loss and metrics */
    int64_t submitted, done;    /* steps */
    int64_t rows_done;
    int64_t bad_step; /* first one whose loss was not finite; -1: none */
    bool ended;       /* by qn_stop_training, called from a hook on batches */
    bool stopped;     /* by qn_stop */
    bool one_by_one;  /* there are hooks on batches: no step begins before the last has ended */
} qn_loop;

/* QN_OK also when the run stopped early: see `ended`, `stopped` and `bad_step`. */
qn_status qn_loop_run(qn_loop *loop);
int64_t qn_loop_steps(const qn_loop *loop);
/* Appends "<prefix>loss" and each metric: means so far. Nothing for predictions. */
void qn_loop_logs(const qn_loop *loop, const char *prefix, qn_logs *logs);

#endif
