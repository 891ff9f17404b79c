/* SPDX-License-Identifier: Apache-2.0 */
/* Training: epochs of shuffled batches, each followed by validation. */
#include "base/util.h"
#include "train/check.h"
#include "train/history.h"
#include "train/loop.h"
#include "train/plans.h"
#include <math.h>

static const char task[] = "fit";

/* Samples that a session runs over: rows first .. first + rows of them. */
typedef struct part {
    qn_session *session;
    int64_t first, rows;
} part;

typedef struct fit {
    qn_model *model;
    qn_fit_params p;
    qn_history *history;
    uint32_t *order;        /* NULL: no shuffling */
    part train, validation; /* validation.rows 0: none */
    qn_report report;
    qn_steady steady;
    int64_t step, steps; /* of the epoch that was begun last */
} fit;

/* ---- checks ---- */

static qn_status check_numbers(const fit *f)
{
    const qn_fit_params *p = &f->p;
    qn_env *env = f->model->env;

    if (p->epochs < 1)
        return qn_fail(env, QN_ERROR_USAGE, "fit: epochs is %lld: it must be 1 or more",
                       (long long)p->epochs);
    if (p->initial_epoch < 0 || p->initial_epoch >= p->epochs)
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: initial_epoch is %lld: it must be 0 or more and below epochs (%lld)",
                       (long long)p->initial_epoch, (long long)p->epochs);
    if (!(p->validation_split >= 0 && p->validation_split < 1))
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: validation_split is %g: it must be 0 or more and below 1",
                       p->validation_split);
    return QN_OK;
}

static qn_status check_validation(const fit *f)
{
    const qn_fit_params *p = &f->p;
    qn_env *env = f->model->env;

    if (!p->validation_x.data && !p->validation_y.data)
        return QN_OK;
    if (!p->validation_x.data || !p->validation_y.data)
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: validation_%s was given without validation_%s: give both or none",
                       p->validation_x.data ? "x" : "y", p->validation_x.data ? "y" : "x");
    if (p->validation_split > 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: both validation data and validation_split (%g) were given: give one "
                       "of them",
                       p->validation_split);
    QN_TRY(qn_check_samples(f->model, "fit: validation data", &p->validation_x));
    return qn_check_targets(f->model, "fit: validation data", &p->validation_x, &p->validation_y);
}

/* The tail validates, as Keras splits: int(rows * (1 - split)) is its first row. */
static qn_status split(fit *f)
{
    int64_t rows = f->p.x.shape[0];

    f->train.rows = rows;
    if (f->p.validation_x.data)
        f->validation.rows = f->p.validation_x.shape[0];
    if (f->p.validation_split == 0)
        return QN_OK;
    f->train.rows = (int64_t)floor((double)rows * (1 - f->p.validation_split));
    f->validation.first = f->train.rows;
    f->validation.rows = rows - f->train.rows;
    if (f->train.rows > 0 && f->validation.rows > 0)
        return QN_OK;
    return qn_fail(f->model->env, QN_ERROR_USAGE,
                   "fit: validation_split %g of %lld rows leaves %lld to train on and %lld to "
                   "validate on: neither may be 0",
                   f->p.validation_split, (long long)rows, (long long)f->train.rows,
                   (long long)f->validation.rows);
}

static qn_status check(fit *f)
{
    qn_model *model = f->model;

    QN_TRY(qn_check_options(model, task, f->p.batch_size, f->p.verbose));
    QN_TRY(check_numbers(f));
    QN_TRY(qn_check_compiled(model, task));
    QN_TRY(qn_check_samples(model, task, &f->p.x));
    QN_TRY(qn_check_targets(model, task, &f->p.x, &f->p.y));
    QN_TRY(check_validation(f));
    QN_TRY(split(f));
    return f->p.metrics ? qn_model_set_metrics(model, f->p.metrics) : QN_OK;
}

/* ---- preparation ---- */

static qn_status open_validation(fit *f, int64_t batch, qn_samples *train_samples)
{
    const qn_fit_params *p = &f->p;
    bool own = p->validation_x.data != NULL;
    const qn_array *x = own ? &p->validation_x : &p->x, *y = own ? &p->validation_y : &p->y;
    qn_samples *samples = train_samples;

    if (f->validation.rows == 0)
        return QN_OK;
    if (own)
        QN_TRY(qn_plans_samples(f->model, x, y, batch, &samples));
    return qn_plans_session(f->model, QN_TASK_EVALUATE, batch, f->validation.rows, x, y, samples,
                            &f->validation.session);
}

static qn_status prepare(fit *f)
{
    qn_model *model = f->model;
    int64_t batch = qn_plan_batch(f->p.batch_size, f->train.rows);
    qn_samples *samples;

    QN_TRY(qn_history_begin(model, &f->history));
    memset(&model->stats, 0, sizeof model->stats);
    if (f->p.shuffle) {
        f->order = qn_alloc_array(model->env, (size_t)f->train.rows, sizeof *f->order);
        if (!f->order)
            return QN_ERROR_MEMORY;
        if (f->history->shuffles < (uint32_t)f->p.initial_epoch)
            f->history->shuffles = (uint32_t)f->p.initial_epoch;
    }
    QN_TRY(qn_plans_samples(model, &f->p.x, &f->p.y, batch, &samples));
    QN_TRY(qn_plans_session(model, QN_TASK_TRAIN, batch, f->train.rows, &f->p.x, &f->p.y, samples,
                            &f->train.session));
    QN_TRY(open_validation(f, batch, samples));
    model->input_scale = f->train.session->x_scale;
    return QN_OK;
}

/* ---- epochs ---- */

static qn_status diverged(const fit *f, int64_t epoch, int64_t step)
{
    return qn_fail(f->model->env, QN_ERROR_DIVERGED,
                   "fit: the loss was not finite at step %lld of epoch %lld (batches of %lld): the "
                   "weights are those before that step; try a smaller learning rate, or look for "
                   "NaN and infinite values in x and y",
                   (long long)(step + 1), (long long)(epoch + 1), (long long)f->p.batch_size);
}

static qn_status train(fit *f, int64_t epoch, qn_logs *logs)
{
    qn_loop loop = {.model = f->model,
                    .session = f->train.session,
                    .order = f->order,
                    .rows = f->train.rows,
                    .report = &f->report,
                    .steady = &f->steady};
    qn_status status;

    if (f->order)
        qn_random_permutation(f->model->seed, f->history->shuffles++, f->order,
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

static qn_status validate(fit *f, qn_logs *logs)
{
    qn_loop loop = {.model = f->model,
                    .session = f->validation.session,
                    .first = f->validation.first,
                    .rows = f->validation.rows};

    if (f->validation.rows == 0)
        return QN_OK;
    QN_TRY(qn_loop_run(&loop));
    if (loop.stopped)
        return QN_STOPPED;
    qn_loop_logs(&loop, "val_", logs);
    return QN_OK;
}

static qn_status run_epochs(fit *f)
{
    for (int64_t epoch = f->p.initial_epoch; epoch < f->p.epochs; epoch++) {
        qn_logs logs = {0};

        if (f->model->stop)
            return QN_STOPPED;
        f->step = 0;
        qn_report_epoch(&f->report, epoch, f->steps);
        QN_TRY(train(f, epoch, &logs));
        QN_TRY(validate(f, &logs));
        QN_TRY(qn_history_add(f->model, &logs, qn_report_seconds(&f->report)));
        qn_report_epoch_end(&f->report, f->steps, &logs);
        QN_TRY(qn_plans_check(f->model));
    }
    return QN_OK;
}

static qn_status run(fit *f)
{
    qn_status status;

    QN_TRY(prepare(f));
    f->steps = qn_divide_up(f->train.rows, f->train.session->batch);
    qn_report_begin(&f->report, task, f->p.verbose, f->p.epochs);
    status = run_epochs(f);
    if (status == QN_STOPPED)
        status = qn_stopped(f->model, task, f->step, f->steps);
    f->report.now.step = f->step;
    qn_report_end(&f->report);
    if (status == QN_OK || status == QN_STOPPED || status == QN_ERROR_DIVERGED)
        qn_steady_stats(&f->steady, f->train.session, &f->model->stats);
    return status;
}

qn_status qn_fit_with(qn_model *model, const qn_fit_params *params)
{
    qn_fit_params defaults = qn_fit_defaults();
    fit f = {.model = model};
    qn_status status;

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&f.p, &defaults, sizeof f.p, params, params->size);
    QN_TRY(check(&f));
    f.report.call = f.p.progress;
    f.report.user = f.p.progress_user;
    QN_TRY(qn_plans_begin(model));
    status = run(&f);
    qn_plans_end(model, status);
    qn_free(model->env, f.order);
    return status;
}

void qn_stop(qn_model *model)
{
    if (model)
        model->stop = 1;
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
