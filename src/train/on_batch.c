/* SPDX-License-Identifier: Apache-2.0 */
/* One batch: a step of training on it, or its loss and metrics. */
#include "base/util.h"
#include "train/check.h"
#include "train/loop.h"
#include "train/plans.h"
#include "train/weights.h"

typedef struct batch {
    qn_model *model;
    const char *name; /* of the call, for messages */
    qn_task task;
    qn_array data[QN_SAMPLE_ARRAYS];
    float *weights; /* owned */
    qn_logs *logs;  /* NULL: nobody asks */
} batch;

static qn_status check(batch *b, const qn_array *x, const qn_array *y,
                       const qn_array *sample_weight, const char *class_weight)
{
    QN_TRY(qn_check_compiled(b->model, b->name));
    QN_TRY(qn_check_samples(b->model, b->name, x));
    QN_TRY(qn_check_targets(b->model, b->name, x, y));
    b->data[QN_SAMPLE_X] = *x;
    b->data[QN_SAMPLE_Y] = *y;
    return qn_training_weights(b->model, b->name, sample_weight, class_weight, y, &b->weights,
                               &b->data[QN_SAMPLE_WEIGHT]);
}

static qn_status outcome(const batch *b, const qn_loop *loop)
{
    if (loop->bad_step >= 0)
        return qn_fail(b->model->env, QN_ERROR_DIVERGED,
                       "%s: the loss was not finite: the weights are as before; try a smaller "
                       "learning rate, or look for NaN and infinite values in x and y",
                       b->name);
    return loop->stopped ? qn_stopped(b->model, b->name, 0, 1) : QN_OK;
}

static qn_status run(batch *b)
{
    int64_t rows = b->data[QN_SAMPLE_X].shape[0];
    qn_loop loop = {.model = b->model, .rows = rows};
    qn_samples *samples;
    qn_logs logs = {0};

    QN_TRY(qn_plans_samples(b->model, b->data, rows, &samples));
    QN_TRY(qn_plans_session(b->model, b->task, rows, rows, b->data, samples, &loop.session));
    if (b->task == QN_TASK_TRAIN)
        b->model->input_scale = loop.session->request.x_scale;
    QN_TRY(qn_loop_run(&loop));
    QN_TRY(outcome(b, &loop));
    qn_loop_logs(&loop, "", &logs);
    if (b->logs)
        *b->logs = logs;
    return QN_OK;
}

/* After the check, whose status is given. */
static qn_status finish(batch *b, qn_status status)
{
    if (status == QN_OK)
        status = qn_plans_begin(b->model);
    if (status == QN_OK) {
        status = run(b);
        qn_plans_end(b->model, status);
    }
    qn_free(b->model->env, b->weights);
    return status;
}

qn_status qn_train_on_batch_with(qn_model *model, const qn_train_on_batch_params *params)
{
    qn_train_on_batch_params defaults = qn_train_on_batch_defaults(), p;
    batch b = {.model = model, .name = "train_on_batch", .task = QN_TASK_TRAIN};

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&p, &defaults, sizeof p, params, params->size);
    b.logs = p.logs;
    return finish(&b, check(&b, &p.x, &p.y, &p.sample_weight, p.class_weight));
}

qn_status qn_test_on_batch_with(qn_model *model, const qn_test_on_batch_params *params)
{
    qn_test_on_batch_params defaults = qn_test_on_batch_defaults(), p;
    batch b = {.model = model, .name = "test_on_batch", .task = QN_TASK_EVALUATE};

    if (!model || !params)
        return QN_ERROR_USAGE;
    qn_params_take(&p, &defaults, sizeof p, params, params->size);
    b.logs = p.logs;
    return finish(&b, check(&b, &p.x, &p.y, &p.sample_weight, NULL));
}
