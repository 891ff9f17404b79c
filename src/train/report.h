/* SPDX-License-Identifier: Apache-2.0 */
/* Progress events for the user's callback. Without a callback nothing happens. */
#ifndef TRAIN_REPORT_H
#define TRAIN_REPORT_H

#include <quern/model.h>

typedef struct qn_report {
    qn_progress_fn call;
    void *user;
    qn_progress now; /* what the next event tells */
    double begun;    /* when the epoch began */
    double told;     /* when the last event was sent */
} qn_report;

void qn_report_begin(qn_report *report, const char *task, int verbose, int64_t epochs);
void qn_report_epoch(qn_report *report, int64_t epoch, int64_t steps);
/* True when a step event is due: the last event is 50 ms old. */
bool qn_report_due(const qn_report *report);
void qn_report_step(qn_report *report, int64_t step, const qn_logs *logs);
void qn_report_epoch_end(qn_report *report, int64_t step, const qn_logs *logs);
void qn_report_end(qn_report *report);
/* Seconds since the epoch began. */
double qn_report_seconds(const qn_report *report);

#endif
