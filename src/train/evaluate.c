/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and metrics over samples, without training. */
#include "base/util.h"
#include "profile/span.h"
#include "train/check.h"
#include "train/loop.h"
#include "train/plans.h"
#include "train/weights.h"

static const char task[] = "evaluate";

typedef struct evaluation {
    qn_model *model;
    qn_evaluate_params p;
    qn_callback_list callbacks;
    qn_array weight;
    float *weights; /* owned */
    qn_report report;
} evaluation;

static qn_status check(evaluation *e)
{
    const qn_evaluate_params *p = &e->p;

    QN_TRY(qn_check_options(e->model, task, p->batch_size, p->verbose));
    QN_TRY(qn_check_compiled(e->model, task));
    QN_TRY(qn_check_samples(e->model, task, &p->x));
    QN_TRY(qn_check_targets(e->model, task, &p->x, &p->y));
    QN_TRY(qn_sample_weights(e->model, task, "sample_weight", &p->sample_weight, p->x.shape[0],
                             &e->weights, &e->weight));
    return qn_callbacks_read(&e->callbacks, e->model, task, NULL, p->callback_specs);
}

static qn_status run_steps(evaluation *e, qn_loop *loop, qn_logs *logs)
{
    QN_TRY(qn_callbacks_call(&e->callbacks, QN_TEST_BEGIN, 0, logs));
    logs->count = 0; /* what a hook left there is no result */
    QN_TRY(qn_loop_run(loop));
    qn_loop_logs(loop, "", logs);
    if (loop->stopped)
        return qn_stopped(e->model, task, loop->done, qn_loop_steps(loop));
    return qn_callbacks_call(&e->callbacks, QN_TEST_END, 0, logs);
}

static qn_status run(evaluation *e)
{
    const qn_evaluate_params *p = &e->p;
    qn_loop loop = {
        .model = e->model, .rows = p->x.shape[0], .report = &e->report, .callbacks = &e->callbacks};
    int64_t batch = qn_plan_batch(p->batch_size, loop.rows);
    const qn_array data[QN_SAMPLE_ARRAYS] = {p->x, p->y, e->weight};
    qn_samples *samples;
    qn_logs logs = {0};
    qn_status status;

    QN_TRY(qn_plans_samples(e->model, data, batch, &samples));
    QN_TRY(qn_plans_session(e->model, QN_TASK_EVALUATE, batch, loop.rows, data, samples,
                            &loop.session));
    qn_report_begin(&e->report, task, p->verbose, 1);
    qn_report_epoch(&e->report, 0, qn_loop_steps(&loop));
    status = run_steps(e, &loop, &logs);
    if (status == QN_OK)
        qn_report_epoch_end(&e->report, loop.done, &logs);
    qn_report_end(&e->report);
    if (p->logs && (status == QN_OK || status == QN_STOPPED))
        *p->logs = logs;
    return status;
}

qn_status qn_evaluate_with(qn_model *model, const qn_evaluate_params *params)
{
    qn_evaluate_params defaults = qn_evaluate_defaults();
    evaluation e = {.model = model};
    qn_status status;

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&e.p, &defaults, sizeof e.p, params, params->size);
    e.report.call = e.p.progress;
    e.report.user = e.p.progress_user;
    status = check(&e);
    if (status == QN_OK)
        status = qn_plans_begin(model);
    if (status == QN_OK) {
        qn_span span = qn_span_enter(model->context, task, -1);

        status = run(&e);
        qn_plans_end(model, status);
        qn_span_leave(model->context, span);
    }
    qn_callbacks_free(&e.callbacks);
    qn_free(model->env, e.weights);
    return status;
}
