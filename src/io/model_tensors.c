/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a model's file. */
#include "io/model_tensors.h"

typedef enum tensor_kind { TENSOR_WEIGHT, TENSOR_SLOT, TENSOR_CALLBACK } tensor_kind;

struct tensor_place {
    tensor_kind kind;
    int slot, index; /* of the weight, or of the callback */
};

/* ---- what there is ---- */

/* A stale model's optimizer starts anew with its next step. */
int qn_model_saved_slots(const qn_model *model)
{
    int slots = qn_model_slots(model);
    return !model->stale && qn_model_state_slots(model) == slots ? slots : 0;
}

uint32_t qn_model_saved_iterations(const qn_model *model)
{
    bool whole = !model->stale && qn_model_saved_slots(model) == qn_model_slots(model);
    return whole ? model->iterations : 0;
}

const char *qn_model_slot_name(const qn_model *model, int slot)
{
    return qn_model_optimizer_type(model)->slot_name(model->optimizer.params, slot);
}

char *qn_model_slot_tensor(const qn_model *model, int slot, const qn_variable *variable)
{
    return qn_format(model->env, "optimizer/%s/%s", qn_model_slot_name(model, slot),
                     variable->name);
}

char *qn_model_callback_tensor(const qn_model *model, size_t index)
{
    return qn_format(model->env, "callback/%zu/values", index);
}

/* ---- the list ---- */

/* Takes the name over; NULL: memory ran out. */
static qn_status add(qn_model_tensors *list, struct tensor_place from, char *name, int rank,
                     const int64_t *shape)
{
    qn_tensor *tensor = &list->tensor[list->count];
    if (name == NULL)
        return QN_ERROR_MEMORY;
    *tensor = (qn_tensor){.name = name, .rank = rank};
    memcpy(tensor->shape, shape, (size_t)rank * sizeof *shape);
    list->from[list->count++] = from;
    return QN_OK;
}

static qn_status add_weights(qn_model_tensors *list)
{
    for (int i = 0; i < qn_weight_count(list->model); i++) {
        const qn_variable *variable = qn_model_weight(list->model, i);
        QN_TRY(add(list, (struct tensor_place){TENSOR_WEIGHT, 0, i},
                   qn_strdup(list->model->env, variable->name), variable->shape.rank,
                   variable->shape.dim));
    }
    return QN_OK;
}

static qn_status add_slots(qn_model_tensors *list)
{
    const qn_model *model = list->model;
    for (int slot = 0; slot < qn_model_saved_slots(model); slot++)
        for (int i = 0; i < qn_weight_count(model); i++) {
            const qn_variable *variable = qn_model_weight(model, i);
            if (variable->role == QN_ROLE_PARAMETER)
                QN_TRY(add(list, (struct tensor_place){TENSOR_SLOT, slot, i},
                           qn_model_slot_tensor(model, slot, variable), variable->shape.rank,
                           variable->shape.dim));
        }
    return QN_OK;
}

static qn_status add_callbacks(qn_model_tensors *list)
{
    const qn_training *training = &list->model->training;
    for (size_t i = 0; i < training->callback_count; i++) {
        int64_t count = (int64_t)training->callback[i].count;
        if (training->callback[i].values != NULL)
            QN_TRY(add(list, (struct tensor_place){TENSOR_CALLBACK, 0, (int)i},
                       qn_model_callback_tensor(list->model, i), 1, &count));
    }
    return QN_OK;
}

qn_status qn_model_tensors_list(qn_model *model, qn_model_tensors *list)
{
    size_t most = (size_t)qn_weight_count(model) * (size_t)(1 + qn_model_saved_slots(model)) +
                  model->training.callback_count;
    *list = (qn_model_tensors){.model = model};
    list->tensor = qn_alloc_array(model->env, most, sizeof *list->tensor);
    list->from = qn_alloc_array(model->env, most, sizeof *list->from);
    qn_status status = list->tensor != NULL && list->from != NULL ? QN_OK : QN_ERROR_MEMORY;
    if (status == QN_OK)
        status = add_weights(list);
    if (status == QN_OK)
        status = add_slots(list);
    if (status == QN_OK)
        status = add_callbacks(list);
    if (status != QN_OK)
        qn_model_tensors_free(list);
    return status;
}

void qn_model_tensors_free(qn_model_tensors *list)
{
    qn_env *env = list->model->env;
    for (int i = 0; i < list->count; i++)
        qn_free(env, (void *)(uintptr_t)list->tensor[i].name);
    qn_free(env, list->tensor);
    qn_free(env, list->from);
    list->tensor = NULL;
    list->from = NULL;
    list->count = 0;
}

qn_status qn_model_tensors_read(void *user, int index, float *values)
{
    const qn_model_tensors *list = user;
    const struct tensor_place *from = &list->from[index];
    const qn_callback_state *callback;
    switch (from->kind) {
    case TENSOR_WEIGHT:
        return qn_variable_read(qn_model_weight(list->model, from->index), values);
    case TENSOR_SLOT:
        return qn_model_read_state(list->model, from->slot, from->index, values);
    case TENSOR_CALLBACK:
        callback = &list->model->training.callback[from->index];
        memcpy(values, callback->values, callback->count * sizeof *values);
    }
    return QN_OK;
}
