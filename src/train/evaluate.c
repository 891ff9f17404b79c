/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and metrics over samples, without training. */
#include "base/util.h"
#include "train/check.h"
#include "train/loop.h"
#include "train/plans.h"

static const char task[] = "evaluate";

static qn_status check(qn_model *model, const qn_evaluate_params *p)
{
    QN_TRY(qn_check_options(model, task, p->batch_size, p->verbose));
    QN_TRY(qn_check_compiled(model, task));
    QN_TRY(qn_check_samples(model, task, &p->x));
    return qn_check_targets(model, task, &p->x, &p->y);
}

static qn_status run(qn_model *model, const qn_evaluate_params *p, qn_report *report)
{
    qn_loop loop = {.model = model, .rows = p->x.shape[0], .report = report};
    int64_t batch = qn_plan_batch(p->batch_size, loop.rows);
    qn_samples *samples;
    qn_logs logs = {0};
    qn_status status;

    QN_TRY(qn_plans_samples(model, &p->x, &p->y, batch, &samples));
    QN_TRY(qn_plans_session(model, QN_TASK_EVALUATE, batch, loop.rows, &p->x, &p->y, samples,
                            &loop.session));
    qn_report_begin(report, task, p->verbose, 1);
    qn_report_epoch(report, 0, qn_loop_steps(&loop));
    status = qn_loop_run(&loop);
    qn_loop_logs(&loop, "", &logs);
    if (status == QN_OK && loop.stopped)
        status = qn_stopped(model, task, loop.done, qn_loop_steps(&loop));
    if (status == QN_OK)
        qn_report_epoch_end(report, loop.done, &logs);
    qn_report_end(report);
    if (p->logs && (status == QN_OK || status == QN_STOPPED))
        *p->logs = logs;
    return status;
}

qn_status qn_evaluate_with(qn_model *model, const qn_evaluate_params *params)
{
    qn_evaluate_params defaults = qn_evaluate_defaults(), p;
    qn_report report = {0};
    qn_status status;

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&p, &defaults, sizeof p, params, params->size);
    QN_TRY(check(model, &p));
    report.call = p.progress;
    report.user = p.progress_user;
    QN_TRY(qn_plans_begin(model));
    status = run(model, &p, &report);
    qn_plans_end(model, status);
    return status;
}
