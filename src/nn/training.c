/* SPDX-License-Identifier: Apache-2.0 */
/* Where training stands. */
#include "nn/model.h"

static void free_callback(qn_env *env, qn_callback_state *state)
{
    qn_free(env, state->text);
    qn_free(env, state->values);
}

void qn_training_forget_callbacks(qn_model *model)
{
    qn_training *t = &model->training;
    for (size_t i = 0; i < t->callback_count; i++)
        free_callback(model->env, &t->callback[i]);
    qn_free(model->env, t->callback);
    t->callback = NULL;
    t->callback_count = 0;
}

void qn_training_forget(qn_model *model)
{
    qn_training_forget_callbacks(model);
    qn_free(model->env, model->training.callbacks);
    model->training = (qn_training){0};
}

qn_status qn_training_add_callback(qn_model *model, const qn_callback_state *state)
{
    qn_env *env = model->env;
    qn_training *t = &model->training;
    qn_callback_state copy = *state;
    size_t capacity = t->callback_count;
    QN_TRY(qn_grow(env, &t->callback, &capacity, t->callback_count + 1, sizeof *t->callback));
    copy.text = qn_strdup(env, state->text);
    copy.values = state->values != NULL ? qn_alloc_array(env, state->count, sizeof(float)) : NULL;
    if (copy.text == NULL || (state->values != NULL && copy.values == NULL)) {
        free_callback(env, &copy);
        return QN_ERROR_MEMORY;
    }
    if (copy.values != NULL)
        memcpy(copy.values, state->values, state->count * sizeof(float));
    t->callback[t->callback_count++] = copy;
    return QN_OK;
}

qn_status qn_model_training(const qn_model *model, qn_training_info *info)
{
    const qn_training *t = &model->training;
    size_t size = info->size;
    if (size < sizeof info->size)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "qn_model_training: info->size is %zu: set it to sizeof(qn_training_info)",
                       size);
    qn_training_info whole = {.size = size,
                              .seed = model->seed,
                              .steps = model->iterations,
                              .batch_size = t->batch_size,
                              .epochs = t->epochs_wanted,
                              .validation_split = t->validation_split,
                              .shuffle = t->shuffle,
                              .callbacks = t->callbacks};
    memcpy(info, &whole, size < sizeof whole ? size : sizeof whole);
    return QN_OK;
}
