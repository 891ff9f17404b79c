/* SPDX-License-Identifier: Apache-2.0 */
/* Training: epochs of shuffled batches, each followed by validation. */
#include "train/fit.h"
#include "base/util.h"
#include "profile/span.h"
#include "train/check.h"
#include "train/plans.h"

static const char task[] = "fit";

static qn_status run(qn_fit_run *f)
{
    qn_status status;

    QN_TRY(qn_fit_prepare(f));
    f->steps = qn_divide_up(f->train.rows, f->train.session->batch);
    qn_report_begin(&f->report, task, f->p.verbose, f->p.epochs);
    status = qn_fit_epochs(f);
    if (status == QN_STOPPED)
        status = qn_stopped(f->model, task, f->step, f->steps);
    f->report.now.step = f->step;
    qn_report_end(&f->report);
    if (status == QN_OK || status == QN_STOPPED || status == QN_ERROR_DIVERGED)
        qn_steady_stats(&f->steady, f->train.session, &f->model->stats);
    return status;
}

static void free_all(qn_fit_run *f)
{
    qn_env *env = f->model->env;

    qn_callbacks_free(&f->callbacks);
    qn_free(env, f->order);
    qn_free(env, f->train.weights);
    qn_free(env, f->validation.weights);
}

qn_status qn_fit_with(qn_model *model, const qn_fit_params *params)
{
    qn_fit_params defaults = qn_fit_defaults();
    qn_fit_run f = {.model = model};
    qn_status status;

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&f.p, &defaults, sizeof f.p, params, params->size);
    f.report.call = f.p.progress;
    f.report.user = f.p.progress_user;
    status = qn_fit_check(&f);
    if (status == QN_OK)
        status = qn_plans_begin(model);
    if (status == QN_OK) {
        qn_span span = qn_span_enter(model->context, task, -1);

        status = run(&f);
        qn_plans_end(model, status);
        qn_span_leave(model->context, span);
    }
    free_all(&f);
    return status;
}

void qn_stop(qn_model *model)
{
    if (model)
        model->stop = 1;
}

void qn_stop_training(qn_model *model)
{
    if (model)
        model->stop_training = true;
}

int64_t qn_model_epochs(const qn_model *model)
{
    return model ? model->training.epochs : 0;
}

qn_status qn_model_stats(const qn_model *model, qn_run_stats *stats)
{
    size_t size;

    if (!model || !stats)
        return QN_ERROR_USAGE;
    size = stats->size;
    if (size < sizeof stats->size)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "qn_model_stats: stats->size is %zu: set it to sizeof(qn_run_stats)", size);
    if (model->stats.size == 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "qn_model_stats: the model was not trained yet: call qn_fit first");
    memcpy(stats, &model->stats, size < sizeof *stats ? size : sizeof *stats);
    stats->size = size;
    return QN_OK;
}
