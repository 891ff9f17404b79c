/* SPDX-License-Identifier: Apache-2.0 */
/* The model's optimizer: its learning rate and its state. */
#include "nn/model.h"
#include "nn/schedules.h"

qn_optimizer_head qn_optimizer_head_of(const void *params)
{
    qn_optimizer_head head;
    memcpy(&head, params, sizeof head);
    return head;
}

const qn_optimizer_type *qn_model_optimizer_type(const qn_model *model)
{
    return (const qn_optimizer_type *)model->optimizer.schema;
}

/* ---- learning rate ---- */

static double learning_rate_at(const qn_model *model, uint32_t iteration)
{
    return model->schedule != NULL ? qn_schedule_rate(model->schedule, iteration)
                                   : model->learning_rate;
}

void qn_model_fill_row(const qn_model *model, qn_step_row *row)
{
    const qn_optimizer_type *type = qn_model_optimizer_type(model);
    const void *params = model->optimizer.params;
    double rate = learning_rate_at(model, row->step);
    double factor = type->factor != NULL ? type->factor(params, row->step) : 1;
    row->rate = (float)(rate * factor);
    row->decay = (float)(rate * qn_optimizer_head_of(params).weight_decay);
}

static qn_status check_compiled(const qn_model *model, const char *what)
{
    if (model->optimizer.schema != NULL)
        return QN_OK;
    return qn_fail(model->env, QN_ERROR_USAGE,
                   "%s: the model is not compiled: call qn_compile with an optimizer and a loss",
                   what);
}

qn_status qn_get_learning_rate(const qn_model *model, double *rate)
{
    QN_TRY(check_compiled(model, "qn_get_learning_rate"));
    *rate = learning_rate_at(model, model->iterations);
    return QN_OK;
}

qn_status qn_set_learning_rate(qn_model *model, double rate)
{
    QN_TRY(check_compiled(model, "qn_set_learning_rate"));
    if (model->schedule != NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the learning rate follows the schedule \"%s\" and cannot be set: compile "
                       "with a number",
                       qn_optimizer_head_of(model->optimizer.params).learning_rate_schedule);
    if (!(rate >= 0 && rate <= 1e30))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the learning rate is set to %g: it must be a number of at least 0", rate);
    model->learning_rate = rate;
    return QN_OK;
}

/* ---- state ---- */

int qn_model_slots(const qn_model *model)
{
    const qn_optimizer_type *type = qn_model_optimizer_type(model);
    return type != NULL ? type->slots(model->optimizer.params) : 0;
}

int64_t qn_model_state_floats(const qn_model *model)
{
    int64_t count = 0;
    for (int i = 0; i < qn_weight_count(model); i++)
        if (qn_model_weight(model, i)->role == QN_ROLE_PARAMETER)
            count += qn_model_weight(model, i)->count;
    return count;
}

/* Zeros, or what a file left: slot by slot, in the order of the weights. */
static qn_status fill_slots(qn_model *model)
{
    const float *values = model->loaded_state;
    for (int slot = 0; values != NULL && slot < model->storage->slot_count; slot++)
        for (int i = 0; i < qn_weight_count(model); i++) {
            qn_variable *variable = qn_model_weight(model, i);
            if (variable->role != QN_ROLE_PARAMETER)
                continue;
            QN_TRY(qn_storage_write_slot(model->storage, slot, variable, values));
            values += variable->count;
        }
    qn_free(model->env, model->loaded_state);
    model->loaded_state = NULL;
    return QN_OK;
}

qn_status qn_model_ensure_state(qn_model *model)
{
    int slots = qn_model_slots(model);
    if (model->storage->slot_count == slots && model->loaded_state == NULL)
        return QN_OK;
    QN_TRY(qn_storage_slots(model->storage, slots));
    return fill_slots(model);
}

qn_status qn_model_reset_optimizer(qn_model *model)
{
    model->iterations = 0;
    qn_free(model->env, model->loaded_state);
    model->loaded_state = NULL;
    return model->storage != NULL ? qn_storage_slots(model->storage, 0) : QN_OK;
}

/* Before training began there is no state to keep. */
qn_status qn_model_read_state(qn_model *model, int slot, int index, float *values)
{
    qn_variable *variable = qn_model_weight(model, index);
    if (model->loaded_state == NULL)
        return qn_storage_read_slot(model->storage, slot, variable, values);
    const float *at = model->loaded_state + slot * qn_model_state_floats(model);
    for (int i = 0; i < index; i++)
        if (qn_model_weight(model, i)->role == QN_ROLE_PARAMETER)
            at += qn_model_weight(model, i)->count;
    memcpy(values, at, (size_t)variable->count * sizeof *values);
    return QN_OK;
}

int qn_model_state_slots(const qn_model *model)
{
    if (model->optimizer.schema == NULL)
        return 0;
    if (model->loaded_state != NULL)
        return qn_model_slots(model);
    return model->storage != NULL ? model->storage->slot_count : 0;
}
