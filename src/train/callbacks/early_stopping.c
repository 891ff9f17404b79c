/* SPDX-License-Identifier: Apache-2.0 */
/* Ending when a result no longer improves, as Keras counts. */
#include "train/callbacks/list.h"
#include "train/callbacks/monitor.h"

typedef qn_early_stopping_params params_t;

static const params_t defaults = {.spec = {sizeof(params_t), "EarlyStopping"},
                                  QN_EARLY_STOPPING_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member, type)                                                                       \
    .name = #member, .kind = type, .offset = offsetof(params_t, member), .positional = true

static const qn_field fields[] = {
    {MEMBER(monitor, QN_FIELD_TEXT), .required = false},
    {MEMBER(min_delta, QN_FIELD_DOUBLE)},
    {MEMBER(patience, QN_FIELD_INT), .minimum = 0, .maximum = INFINITY},
    {MEMBER(verbose, QN_FIELD_INT), .minimum = 0, .maximum = 1},
    {MEMBER(mode, QN_FIELD_TEXT)},
    {MEMBER(baseline, QN_FIELD_DOUBLE)},
    {MEMBER(restore_best_weights, QN_FIELD_BOOL)},
    {MEMBER(start_from_epoch, QN_FIELD_INT), .minimum = 0, .maximum = INFINITY},
};

/* Numbers of the state. STOPPED is the epoch that ended training, until the end has come. */
enum { WAIT, HAS_BEST, BEST, BEST_EPOCH, STOPPED };

static qn_status check_params(qn_env *env, const void *params)
{
    const params_t *p = params;

    if (!p->monitor)
        return qn_fail(env, QN_ERROR_USAGE, "monitor is none: name a result, such as val_loss");
    return qn_monitor_check_mode(env, p->mode);
}

static qn_monitor monitor_of(const qn_callback *c)
{
    const params_t *p = c->part.params;

    return (qn_monitor){p->monitor, p->mode, p->min_delta};
}

static qn_status check(qn_callback *c, qn_results *results)
{
    qn_monitor monitor = monitor_of(c);

    return qn_monitor_check(c, &monitor, results);
}

/* ---- the best weights ---- */

static qn_status remember_weights(qn_callback *c, int64_t epoch)
{
    qn_model *model = c->model;
    float *at;

    if (!c->state.values) {
        c->state.count = (size_t)qn_model_weight_floats(model);
        c->state.values = qn_alloc_array(model->env, c->state.count, sizeof(float));
        if (!c->state.values)
            return QN_ERROR_MEMORY;
    }
    c->state.number[BEST_EPOCH] = (double)epoch;
    at = c->state.values;
    for (int i = 0; i < qn_weight_count(model); i++) {
        qn_variable *weight = qn_model_weight(model, i);

        QN_TRY(qn_variable_read(weight, at));
        at += weight->count;
    }
    return QN_OK;
}

static qn_status restore_weights(qn_callback *c)
{
    const params_t *p = c->part.params;
    const float *at = c->state.values;

    if (p->verbose)
        qn_log(c->model->env, QN_LOG_INFO,
               "Restoring model weights from the end of the best epoch: %lld.",
               (long long)c->state.number[BEST_EPOCH] + 1);
    for (int i = 0; i < qn_weight_count(c->model); i++) {
        qn_variable *weight = qn_model_weight(c->model, i);

        QN_TRY(qn_variable_write(weight, at));
        at += weight->count;
    }
    return QN_OK;
}

/* ---- epochs ---- */

/* Training that had been ended, but whose end had not come, ends now. */
static qn_status on_train_begin(qn_callback *c, int64_t index, qn_logs *logs)
{
    (void)index, (void)logs;
    if (c->state.number[STOPPED] > 0)
        qn_stop_training(c->model);
    return QN_OK;
}

static qn_status on_epoch_end(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    qn_monitor monitor = monitor_of(c);
    double *number = c->state.number, value;

    QN_TRY(qn_monitor_value(c, &monitor, logs, &value));
    if (epoch < p->start_from_epoch)
        return QN_OK;
    number[WAIT]++;
    if (qn_monitor_improved(c, &monitor, value, number[HAS_BEST] ? number[BEST] : NAN)) {
        number[HAS_BEST] = 1;
        number[BEST] = value;
        if (qn_monitor_improved(c, &monitor, value, p->baseline))
            number[WAIT] = 0;
        return p->restore_best_weights ? remember_weights(c, epoch) : QN_OK;
    }
    /* Until something improves, those of the first epoch. */
    if (p->restore_best_weights && !c->state.values)
        QN_TRY(remember_weights(c, epoch));
    if (number[WAIT] >= (double)p->patience && epoch > 0) {
        number[STOPPED] = (double)epoch;
        qn_stop_training(c->model);
    }
    return QN_OK;
}

static qn_status on_train_end(qn_callback *c, int64_t index, qn_logs *logs)
{
    const params_t *p = c->part.params;

    (void)index, (void)logs;
    if (c->state.number[STOPPED] > 0 && p->verbose)
        qn_log(c->model->env, QN_LOG_INFO, "Epoch %lld: early stopping",
               (long long)c->state.number[STOPPED] + 1);
    c->state.number[STOPPED] = 0;
    return p->restore_best_weights && c->state.values ? restore_weights(c) : QN_OK;
}

const qn_callback_type qn_callback_early_stopping = {
    .schema = {.type = "EarlyStopping",
               .name = "early_stopping",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check_params},
    .check = check,
    .on = {[QN_TRAIN_BEGIN] = on_train_begin,
           [QN_EPOCH_END] = on_epoch_end,
           [QN_TRAIN_END] = on_train_end},
    .stateful = true,
};
