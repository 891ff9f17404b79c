/* SPDX-License-Identifier: Apache-2.0 */
/* A learning rate for each epoch. */
#include "nn/schedules.h"
#include "train/callbacks/list.h"

typedef qn_learning_rate_scheduler_params params_t;

static const params_t defaults = {.spec = {sizeof(params_t), "LearningRateScheduler"}};

static const qn_field fields[] = {
    {.name = "schedule",
     .kind = QN_FIELD_TEXT,
     .offset = offsetof(params_t, schedule_text),
     .positional = true},
    {.name = "verbose",
     .kind = QN_FIELD_INT,
     .offset = offsetof(params_t, verbose),
     .positional = true,
     .minimum = 0,
     .maximum = 1},
};

typedef struct own {
    qn_schedule *schedule; /* NULL: the user's function */
} own;

static qn_status check_params(qn_env *env, const void *params)
{
    const params_t *p = params;

    if (!p->schedule == !p->schedule_text)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: give a function or a schedule such as exponential_decay(0.1, 10, 0.5)",
                       p->schedule ? "both a function and a schedule were given"
                                   : "it has no schedule");
    return qn_part_check(env, &qn_kind_schedule, p->schedule_text);
}

static qn_status create(qn_callback *c)
{
    const params_t *p = c->part.params;
    own *o = c->own;

    return p->schedule_text ? qn_schedule_read(c->model->env, p->schedule_text, &o->schedule)
                            : QN_OK;
}

static void clear(qn_callback *c)
{
    own *o = c->own;

    qn_schedule_free(c->model->env, &o->schedule);
}

static qn_status check(qn_callback *c, qn_results *results)
{
    QN_TRY(qn_callback_check_rate(c));
    qn_results_add(results, "learning_rate");
    return QN_OK;
}

static qn_status on_epoch_begin(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    const params_t *p = c->part.params;
    const own *o = c->own;
    double rate;

    (void)logs;
    QN_TRY(qn_get_learning_rate(c->model, &rate));
    rate = o->schedule ? qn_schedule_rate(o->schedule, (uint32_t)epoch)
                       : p->schedule(p->user, epoch, rate);
    QN_TRY(qn_set_learning_rate(c->model, rate));
    if (p->verbose)
        qn_log(c->model->env, QN_LOG_INFO,
               "Epoch %lld: LearningRateScheduler setting learning rate to %.9g.",
               (long long)epoch + 1, rate);
    return QN_OK;
}

static qn_status on_epoch_end(qn_callback *c, int64_t epoch, qn_logs *logs)
{
    (void)epoch;
    return qn_callback_add_rate(c, logs);
}

const qn_callback_type qn_callback_learning_rate_scheduler = {
    .schema = {.type = "LearningRateScheduler",
               .name = "learning_rate_scheduler",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check_params},
    .own_size = sizeof(own),
    .create = create,
    .clear = clear,
    .check = check,
    .on = {[QN_EPOCH_BEGIN] = on_epoch_begin, [QN_EPOCH_END] = on_epoch_end},
};
