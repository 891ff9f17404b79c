/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs: shuffled batches, validation, callbacks. */
#include "base/util.h"
#include "profile/span.h"
#include "train/fit.h"
#include "train/history.h"
#include "train/plans.h"

static qn_status diverged(const qn_fit_run *f, int64_t epoch, int64_t step)
{
    return qn_fail(f->model->env, QN_ERROR_DIVERGED,
                   "fit: the loss was not finite at step %lld of epoch %lld (batches of %lld): the "
                   "weights are those before that step; try a smaller learning rate, or look for "
                   "NaN and infinite values in x and y",
                   (long long)(step + 1), (long long)(epoch + 1), (long long)f->p.batch_size);
}

static qn_status train(qn_fit_run *f, int64_t epoch, qn_logs *logs)
{
    qn_loop loop = {.model = f->model,
                    .session = f->train.session,
                    .order = f->order,
                    .rows = f->train.rows,
                    .report = &f->report,
                    .steady = &f->steady,
                    .callbacks = &f->callbacks};
    qn_status status;

    if (f->order)
        qn_random_permutation(f->model->seed, f->model->shuffles++, f->order,
                              (uint32_t)f->train.rows);
    status = qn_loop_run(&loop);
    f->step = loop.done;
    if (status != QN_OK)
        return status;
    if (loop.bad_step >= 0)
        return diverged(f, epoch, loop.bad_step);
    if (loop.stopped)
        return QN_STOPPED;
    qn_loop_logs(&loop, "", logs);
    return QN_OK;
}

/* Hooks on tests see the results by their own names. */
static qn_status validate(qn_fit_run *f, qn_logs *logs)
{
    qn_loop loop = {.model = f->model,
                    .session = f->validation.session,
                    .first = f->validation.first,
                    .rows = f->validation.rows,
                    .callbacks = &f->callbacks};
    qn_logs results = {0};
    qn_span span;

    if (f->validation.rows == 0)
        return QN_OK;
    span = qn_span_enter(f->model->context, "validation", -1);
    QN_TRY(qn_callbacks_call(&f->callbacks, QN_TEST_BEGIN, 0, &results));
    QN_TRY(qn_loop_run(&loop));
    if (loop.stopped)
        return QN_STOPPED;
    qn_loop_logs(&loop, "", &results);
    QN_TRY(qn_callbacks_call(&f->callbacks, QN_TEST_END, 0, &results));
    qn_span_leave(f->model->context, span);
    for (int i = 0; i < results.count; i++)
        qn_logs_add(logs, "val_", results.item[i].name, results.item[i].value);
    return QN_OK;
}

static qn_status run_epoch(qn_fit_run *f, int64_t epoch, qn_logs *logs)
{
    qn_span span = qn_span_enter(f->model->context, "epoch", epoch + 1);

    f->step = 0;
    qn_report_epoch(&f->report, epoch, f->steps);
    QN_TRY(qn_callbacks_call(&f->callbacks, QN_EPOCH_BEGIN, epoch, logs));
    logs->count = 0; /* what a hook left there is no result */
    QN_TRY(train(f, epoch, logs));
    QN_TRY(validate(f, logs));
    f->model->training.epochs = epoch + 1;
    QN_TRY(qn_callbacks_epoch_end(&f->callbacks, epoch, logs));
    QN_TRY(qn_history_add(f->model, logs, qn_report_seconds(&f->report)));
    f->report.now.steps = f->step; /* fewer where a hook on batches ended the epoch */
    qn_report_epoch_end(&f->report, f->step, logs);
    qn_span_leave(f->model->context, span);
    return qn_plans_check(f->model);
}

/* The end stores once more: there is no stop to come any more, for one. */
static qn_status end(qn_fit_run *f, qn_logs *logs)
{
    QN_TRY(qn_callbacks_call(&f->callbacks, QN_TRAIN_END, 0, logs));
    return qn_callbacks_store(&f->callbacks);
}

qn_status qn_fit_epochs(qn_fit_run *f)
{
    qn_logs logs = {0};

    QN_TRY(qn_callbacks_call(&f->callbacks, QN_TRAIN_BEGIN, 0, &logs));
    for (int64_t epoch = f->p.initial_epoch; epoch < f->p.epochs; epoch++) {
        if (f->model->stop)
            return QN_STOPPED;
        if (f->model->stop_training)
            break;
        logs.count = 0;
        QN_TRY(run_epoch(f, epoch, &logs));
    }
    return end(f, &logs);
}
