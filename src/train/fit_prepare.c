/* SPDX-License-Identifier: Apache-2.0 */
/* What a fit runs on: samples on the device, sessions, where training stands. */
#include "train/check.h"
#include "train/fit.h"
#include "train/history.h"
#include "train/plans.h"

static qn_status make_order(qn_fit_run *f)
{
    qn_model *model = f->model;

    if (!f->p.shuffle)
        return QN_OK;
    f->order = qn_alloc_array(model->env, (size_t)f->train.rows, sizeof *f->order);
    if (!f->order)
        return QN_ERROR_MEMORY;
    if (model->shuffles < (uint32_t)f->p.initial_epoch)
        model->shuffles = (uint32_t)f->p.initial_epoch;
    return QN_OK;
}

static qn_status open_sessions(qn_fit_run *f)
{
    int64_t batch = qn_plan_batch(f->p.batch_size, f->train.rows);
    qn_samples *samples;

    QN_TRY(qn_plans_samples(f->model, f->train.data, batch, &samples));
    QN_TRY(qn_plans_session(f->model, QN_TASK_TRAIN, batch, f->train.rows, f->train.data, samples,
                            &f->train.session));
    if (f->validation.rows == 0)
        return QN_OK;
    if (f->p.validation_x.data)
        QN_TRY(qn_plans_samples(f->model, f->validation.data, batch, &samples));
    return qn_plans_session(f->model, QN_TASK_EVALUATE, batch, f->validation.rows,
                            f->validation.data, samples, &f->validation.session);
}

/* Training goes on, or begins: then what callbacks remembered is forgotten. */
static qn_status take_stand(qn_fit_run *f)
{
    qn_training *training = &f->model->training;
    char *callbacks = NULL;

    if (f->p.initial_epoch > 0 && f->p.initial_epoch == training->epochs)
        QN_TRY(qn_callbacks_resume(&f->callbacks));
    if (f->p.callbacks && !(callbacks = qn_strdup(f->model->env, f->p.callbacks)))
        return QN_ERROR_MEMORY;
    qn_free(f->model->env, training->callbacks);
    training->callbacks = callbacks;
    training->epochs = f->p.initial_epoch;
    training->batch_size = f->p.batch_size;
    training->epochs_wanted = f->p.epochs;
    training->validation_split = f->p.validation_split;
    training->shuffle = f->p.shuffle;
    return qn_callbacks_store(&f->callbacks);
}

qn_status qn_fit_prepare(qn_fit_run *f)
{
    qn_history *history;

    QN_TRY(qn_history_begin(f->model, &history));
    memset(&f->model->stats, 0, sizeof f->model->stats);
    QN_TRY(make_order(f));
    QN_TRY(open_sessions(f));
    f->model->input_scale = f->train.session->request.x_scale;
    f->model->stop_training = false;
    return take_stand(f);
}
