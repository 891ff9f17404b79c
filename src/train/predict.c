/* SPDX-License-Identifier: Apache-2.0 */
/* The model's outputs for samples. */
#include "base/text.h"
#include "base/util.h"
#include "profile/span.h"
#include "train/check.h"
#include "train/loop.h"
#include "train/plans.h"

static const char task[] = "predict";

/* `out` must be [rows, ...output shape]. */
static qn_status check_out(qn_model *model, const qn_array *x, const qn_out *out)
{
    int64_t wanted[QN_MAX_RANK];
    char want[96], have[96];
    int rank = model->output_shape.rank;

    memcpy(wanted, model->output_shape.dim, sizeof wanted);
    wanted[0] = x->shape[0];
    if (!out->data || out->dtype != QN_F32)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "predict: out is %s: give a float32 array %s as qn_f32_out(...)",
                       out->data ? qn_dtype_name(out->dtype) : "missing",
                       qn_shape_text(rank, wanted, want, sizeof want));
    if (out->rank != rank || memcmp(out->shape, wanted, (size_t)rank * sizeof *wanted) != 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "predict: out has the shape %s: the predictions for these samples are %s",
                       out->rank >= 0 && out->rank <= QN_MAX_RANK
                           ? qn_shape_text(out->rank, out->shape, have, sizeof have)
                           : "of a wrong rank",
                       qn_shape_text(rank, wanted, want, sizeof want));
    return QN_OK;
}

static qn_status check(qn_model *model, const qn_array *x, const qn_predict_params *p)
{
    QN_TRY(qn_check_options(model, task, p->batch_size, p->verbose));
    QN_TRY(qn_check_samples(model, task, x));
    return check_out(model, x, &p->out);
}

static qn_status run_steps(qn_loop *loop)
{
    qn_logs logs = {0};

    QN_TRY(qn_callbacks_call(loop->callbacks, QN_PREDICT_BEGIN, 0, &logs));
    QN_TRY(qn_loop_run(loop));
    if (loop->stopped)
        return qn_stopped(loop->model, task, loop->done, qn_loop_steps(loop));
    logs.count = 0;
    return qn_callbacks_call(loop->callbacks, QN_PREDICT_END, 0, &logs);
}

static qn_status run(qn_model *model, const qn_array *x, const qn_predict_params *p,
                     const qn_callback_list *callbacks, qn_report *report)
{
    static const qn_logs no_logs;
    const qn_array data[QN_SAMPLE_ARRAYS] = {*x};
    qn_loop loop = {.model = model,
                    .rows = x->shape[0],
                    .report = report,
                    .out = (float *)p->out.data,
                    .callbacks = callbacks};
    int64_t batch = qn_plan_batch(p->batch_size, loop.rows);
    qn_samples *samples;
    qn_status status;

    QN_TRY(qn_plans_samples(model, data, batch, &samples));
    QN_TRY(
        qn_plans_session(model, QN_TASK_PREDICT, batch, loop.rows, data, samples, &loop.session));
    qn_report_begin(report, task, p->verbose, 1);
    qn_report_epoch(report, 0, qn_loop_steps(&loop));
    status = run_steps(&loop);
    if (status == QN_OK)
        qn_report_epoch_end(report, loop.done, &no_logs);
    qn_report_end(report);
    return status;
}

qn_status qn_predict_with(qn_model *model, qn_array x, const qn_predict_params *params)
{
    qn_predict_params defaults = qn_predict_defaults(), p;
    qn_callback_list callbacks;
    qn_report report = {0};
    qn_status status;

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&p, &defaults, sizeof p, params, params->size);
    QN_TRY(check(model, &x, &p));
    report.call = p.progress;
    report.user = p.progress_user;
    QN_TRY(qn_callbacks_read(&callbacks, model, task, NULL, p.callback_specs));
    status = qn_plans_begin(model);
    if (status == QN_OK) {
        qn_span span = qn_span_enter(model->context, task, -1);

        status = run(model, &x, &p, &callbacks, &report);
        qn_plans_end(model, status);
        qn_span_leave(model->context, span);
    }
    qn_callbacks_free(&callbacks);
    return status;
}
