/* SPDX-License-Identifier: Apache-2.0 */
/* Progress events for the user's callback. */
#include "train/report.h"
#include "base/util.h"

#define STEP_INTERVAL 0.05 /* seconds, as Keras's bar */

static const qn_logs no_logs;

static void tell(qn_report *report, qn_progress_event event, const qn_logs *logs)
{
    report->told = qn_seconds();
    report->now.event = event;
    report->now.seconds = report->told - report->begun;
    report->now.logs = logs;
    if (report->call)
        report->call(report->user, &report->now);
}

void qn_report_begin(qn_report *report, const char *task, int verbose, int64_t epochs)
{
    report->now.size = sizeof report->now;
    report->now.task = task;
    report->now.verbose = verbose;
    report->now.epochs = epochs;
    report->begun = qn_seconds();
    tell(report, QN_PROGRESS_BEGIN, &no_logs);
}

void qn_report_epoch(qn_report *report, int64_t epoch, int64_t steps)
{
    report->now.epoch = epoch;
    report->now.step = 0;
    report->now.steps = steps;
    report->begun = qn_seconds();
    tell(report, QN_PROGRESS_EPOCH_BEGIN, &no_logs);
}

bool qn_report_due(const qn_report *report)
{
    return report->call && qn_seconds() - report->told >= STEP_INTERVAL;
}

void qn_report_step(qn_report *report, int64_t step, const qn_logs *logs)
{
    report->now.step = step;
    tell(report, QN_PROGRESS_STEP, logs);
}

void qn_report_epoch_end(qn_report *report, int64_t step, const qn_logs *logs)
{
    report->now.step = step;
    tell(report, QN_PROGRESS_EPOCH_END, logs);
}

void qn_report_end(qn_report *report)
{
    tell(report, QN_PROGRESS_END, &no_logs);
}

double qn_report_seconds(const qn_report *report)
{
    return qn_seconds() - report->begun;
}
