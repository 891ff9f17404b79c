/* SPDX-License-Identifier: Apache-2.0 */
/* A smaller learning rate when a result no longer improves, as Keras counts. */
#include "train/callbacks/list.h"
#include "train/callbacks/monitor.h"

typedef qn_reduce_lr_on_plateau_params params_t;

static const params_t defaults = {.spec = {sizeof(params_t), "ReduceLROnPlateau"},
                                  QN_REDUCE_LR_ON_PLATEAU_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member, type)                                                                       \
    .name = #member, .kind = type, .offset = offsetof(params_t, member), .positional = true

static const qn_field fields[] = {
    {MEMBER(monitor, QN_FIELD_TEXT)},
    {MEMBER(factor, QN_FIELD_DOUBLE), .minimum = 0, .maximum = 1, .open_minimum = true,
     .open_maximum = true},
    {MEMBER(patience, QN_FIELD_INT), .minimum = 0, .maximum = INFINITY},
    {MEMBER(verbose, QN_FIELD_INT), .minimum = 0, .maximum = 1},
    {MEMBER(mode, QN_FIELD_TEXT)},
    {MEMBER(min_delta, QN_FIELD_DOUBLE)},
    {MEMBER(cooldown, QN_FIELD_INT), .minimum = 0, .maximum = INFINITY},
    {MEMBER(min_lr, QN_FIELD_DOUBLE), .minimum = 0, .maximum = INFINITY, .open_maximum = true},
};

enum { WAIT, HAS_BEST, BEST, COOLDOWN }; /* numbers of the state */

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

    QN_TRY(qn_callback_check_rate(c));
    qn_results_add(results, "learning_rate");
    return qn_monitor_check(c, &monitor, results);
}

static qn_status reduce(qn_callback *c, int64_t epoch)
{
    const params_t *p = c->part.params;
    double rate;

    QN_TRY(qn_get_learning_rate(c->model, &rate));
    if (rate <= p->min_lr)
        return QN_OK;
    rate = fmax(rate * p->factor, p->min_lr);
    QN_TRY(qn_set_learning_rate(c->model, rate));
    c->state.number[COOLDOWN] = (double)p->cooldown;
    c->state.number[WAIT] = 0;
    if (p->verbose)
        qn_log(c->model->env, QN_LOG_INFO,
               "Epoch %lld: ReduceLROnPlateau reducing learning rate to %.9g.",
               (long long)epoch + 1, rate);
    return QN_OK;
}

static qn_status on_epoch_end(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    qn_monitor monitor = monitor_of(c);
    double *number = c->state.number, value;

    QN_TRY(qn_callback_add_rate(c, logs));
    QN_TRY(qn_monitor_value(c, &monitor, logs, &value));
    if (number[COOLDOWN] > 0) {
        number[COOLDOWN]--;
        number[WAIT] = 0;
    }
    if (qn_monitor_improved(c, &monitor, value, number[HAS_BEST] ? number[BEST] : NAN)) {
        number[HAS_BEST] = 1;
        number[BEST] = value;
        number[WAIT] = 0;
        return QN_OK;
    }
    if (number[COOLDOWN] > 0)
        return QN_OK;
    number[WAIT]++;
    return number[WAIT] >= (double)p->patience ? reduce(c, epoch) : QN_OK;
}

const qn_callback_type qn_callback_reduce_lr_on_plateau = {
    .schema = {.type = "ReduceLROnPlateau",
               .name = "reduce_lr_on_plateau",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check_params},
    .check = check,
    .on = {[QN_EPOCH_END] = on_epoch_end},
    .stateful = true,
};
