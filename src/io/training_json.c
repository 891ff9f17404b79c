/* SPDX-License-Identifier: Apache-2.0 */
/* Where training stands, as JSON. */
#include "io/training_json.h"
#include "io/model_tensors.h"

#include <math.h>

/* ---- writing ---- */

static json_t *slots_json(const qn_model *model)
{
    json_t *names = json_array();
    for (int slot = 0; slot < qn_model_saved_slots(model); slot++)
        json_array_append_new(names, json_string(qn_model_slot_name(model, slot)));
    return names;
}

/* "values": how many floats its tensor has; null: none. */
static json_t *callback_json(const qn_callback_state *callback)
{
    json_t *numbers = json_array();
    for (int i = 0; i < QN_CALLBACK_NUMBERS; i++)
        json_array_append_new(numbers, qn_json_double(callback->number[i]));
    return json_pack("{s:s, s:o, s:o}", "text", callback->text, "numbers", numbers, "values",
                     callback->values != NULL ? json_integer((json_int_t)callback->count)
                                              : json_null());
}

static json_t *callbacks_json(const qn_training *training)
{
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < training->callback_count; i++)
        failed |= json_array_append_new(list, callback_json(&training->callback[i]));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *training_json(const qn_training *t)
{
    return json_pack("{s:I, s:I, s:I, s:f, s:b, s:s?, s:o}", "epochs", (json_int_t)t->epochs,
                     "batch_size", (json_int_t)t->batch_size, "epochs_wanted",
                     (json_int_t)t->epochs_wanted, "validation_split", t->validation_split,
                     "shuffle", (int)t->shuffle, "callbacks", t->callbacks, "callback_states",
                     callbacks_json(t));
}

int qn_training_to_json(const qn_model *model, json_t *whole)
{
    int failed = json_object_set_new(whole, "iterations",
                                     json_integer((json_int_t)qn_model_saved_iterations(model)));
    failed |= json_object_set_new(whole, "shuffles", json_integer((json_int_t)model->shuffles));
    failed |= json_object_set_new(whole, "stream", json_integer((json_int_t)model->stream));
    failed |= json_object_set_new(whole, "learning_rate", qn_json_double(model->learning_rate));
    failed |= json_object_set_new(whole, "optimizer_state", slots_json(model));
    failed |= json_object_set_new(whole, "training", training_json(&model->training));
    return failed;
}

/* ---- reading the optimizer's state ---- */

/* The names in the file and those of the optimizer, side by side. */
static qn_status other_slots(const qn_model *model, const json_t *found)
{
    qn_text in_file = {.env = model->env}, wanted = {.env = model->env};
    for (size_t i = 0; i < json_array_size(found); i++) {
        const char *name = json_string_value(json_array_get(found, i));
        qn_text_add(&in_file, "%s'%s'", i > 0 ? ", " : "", name != NULL ? name : "?");
    }
    for (int slot = 0; slot < qn_model_slots(model); slot++)
        qn_text_add(&wanted, "%s'%s'", slot > 0 ? ", " : "", qn_model_slot_name(model, slot));
    qn_status status = QN_ERROR_MEMORY;
    if (!in_file.failed && !wanted.failed)
        status =
            qn_fail(model->env, QN_ERROR_DATA,
                    "the file has the optimizer state %s, but %s keeps %s", qn_text_get(&in_file),
                    model->optimizer.schema != NULL ? model->optimizer.schema->name
                                                    : "a model that is not compiled",
                    wanted.length > 0 ? qn_text_get(&wanted) : "none");
    qn_text_free(&in_file);
    qn_text_free(&wanted);
    return status;
}

/* None, or just the optimizer's, in its order. */
static qn_status check_slots(const qn_model *model, const json_t *names)
{
    size_t count = json_array_size(names);
    if (!json_is_array(names))
        return qn_json_wrong(model, "optimizer_state", "a list of names");
    bool same = count == 0 || count == (size_t)qn_model_slots(model);
    for (size_t i = 0; same && i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        same = name != NULL && strcmp(name, qn_model_slot_name(model, (int)i)) == 0;
    }
    return same ? QN_OK : other_slots(model, names);
}

static qn_status copy_tensor(const qn_value_source *state, char *name, const qn_shape *shape,
                             float *values, size_t count)
{
    const void *found;
    QN_TRY(state->find(state->user, name, shape, &found));
    memcpy(values, found, count * sizeof *values);
    return QN_OK;
}

static qn_status read_slots(qn_model *model, const qn_value_source *state)
{
    qn_env *env = model->env;
    int slots = qn_model_slots(model);
    float *at =
        qn_alloc_array(env, (size_t)qn_model_state_floats(model), (size_t)slots * sizeof(float));
    if (at == NULL)
        return QN_ERROR_MEMORY;
    model->loaded_state = at;
    for (int slot = 0; slot < slots; slot++)
        for (int i = 0; i < qn_weight_count(model); i++) {
            const qn_variable *variable = qn_model_weight(model, i);
            if (variable->role != QN_ROLE_PARAMETER)
                continue;
            char *name = qn_model_slot_tensor(model, slot, variable);
            qn_status status = name == NULL ? QN_ERROR_MEMORY
                                            : copy_tensor(state, name, &variable->shape, at,
                                                          (size_t)variable->count);
            qn_free(env, name);
            QN_TRY(status);
            at += variable->count;
        }
    return QN_OK;
}

static qn_status read_rate(qn_model *model, const json_t *whole)
{
    double rate;
    if (!qn_json_get_double(json_object_get(whole, "learning_rate"), &rate) || !isfinite(rate) ||
        rate < 0)
        return qn_json_wrong(model, "learning_rate", "a finite number of at least 0");
    model->learning_rate = rate;
    return QN_OK;
}

static qn_status read_optimizer(qn_model *model, const json_t *whole, const qn_value_source *state)
{
    const json_t *names = json_object_get(whole, "optimizer_state");
    uint32_t iterations;
    QN_TRY(check_slots(model, names));
    QN_TRY(qn_json_read_u32(model, whole, "iterations", &iterations));
    if (json_array_size(names) == 0 && qn_model_slots(model) > 0 && iterations > 0)
        return qn_json_wrong(model, "optimizer_state",
                             "there, as the description counts steps of training");
    if (json_array_size(names) > 0)
        QN_TRY(read_slots(model, state));
    model->iterations = iterations;
    return read_rate(model, whole);
}

/* ---- reading the rest ---- */

/* The values of callback `index`: *values is to be freed; NULL: none. */
static qn_status read_values(const qn_model *model, const json_t *callback, size_t index,
                             const qn_value_source *state, qn_callback_state *made)
{
    qn_env *env = model->env;
    qn_shape shape = {.rank = 1};
    const void *found;
    if (json_is_null(json_object_get(callback, "values")))
        return QN_OK;
    QN_TRY(qn_json_read_count(model, callback, "values", INT32_MAX, &shape.dim[0]));
    char *name = qn_model_callback_tensor(model, index);
    qn_status status =
        name == NULL ? QN_ERROR_MEMORY : state->find(state->user, name, &shape, &found);
    qn_free(env, name);
    QN_TRY(status);
    made->count = (size_t)shape.dim[0];
    made->values = qn_alloc_array(env, made->count, sizeof *made->values);
    if (made->values == NULL)
        return QN_ERROR_MEMORY;
    memcpy(made->values, found, made->count * sizeof *made->values);
    return QN_OK;
}

static qn_status read_callback(qn_model *model, const json_t *callback, size_t index,
                               const qn_value_source *state)
{
    const json_t *text = json_object_get(callback, "text");
    const json_t *numbers = json_object_get(callback, "numbers");
    qn_callback_state made = {.text = (char *)(uintptr_t)json_string_value(text)};
    if (made.text == NULL)
        return qn_json_wrong(model, "callback_states", "a list of objects, each with its text");
    if (json_array_size(numbers) != QN_CALLBACK_NUMBERS)
        return qn_json_wrong(model, "numbers", "a list of eight numbers");
    for (size_t i = 0; i < QN_CALLBACK_NUMBERS; i++)
        if (!qn_json_get_double(json_array_get(numbers, i), &made.number[i]))
            return qn_json_wrong(model, "numbers", "a list of eight numbers");
    qn_status status = read_values(model, callback, index, state, &made);
    if (status == QN_OK)
        status = qn_training_add_callback(model, &made);
    qn_free(model->env, made.values);
    return status;
}

static qn_status read_callbacks(qn_model *model, const json_t *training,
                                const qn_value_source *state)
{
    const json_t *text = json_object_get(training, "callbacks");
    const json_t *states = json_object_get(training, "callback_states");
    if (!json_is_string(text) && !json_is_null(text))
        return qn_json_wrong(model, "callbacks", "null or a text");
    if (json_is_string(text)) {
        model->training.callbacks = qn_strdup(model->env, json_string_value(text));
        if (model->training.callbacks == NULL)
            return QN_ERROR_MEMORY;
    }
    if (!json_is_array(states))
        return qn_json_wrong(model, "callback_states", "a list of objects, each with its text");
    for (size_t i = 0; i < json_array_size(states); i++)
        QN_TRY(read_callback(model, json_array_get(states, i), i, state));
    return QN_OK;
}

static qn_status read_training(qn_model *model, const json_t *training,
                               const qn_value_source *state)
{
    qn_training *t = &model->training;
    const json_t *shuffle = json_object_get(training, "shuffle");
    if (!json_is_object(training))
        return qn_json_wrong(model, "training", "an object");
    QN_TRY(qn_json_read_count(model, training, "epochs", INT64_MAX, &t->epochs));
    QN_TRY(qn_json_read_count(model, training, "batch_size", INT32_MAX, &t->batch_size));
    QN_TRY(qn_json_read_count(model, training, "epochs_wanted", INT64_MAX, &t->epochs_wanted));
    if (!qn_json_get_double(json_object_get(training, "validation_split"), &t->validation_split) ||
        !(t->validation_split >= 0 && t->validation_split < 1))
        return qn_json_wrong(model, "validation_split", "a number of at least 0 and below 1");
    if (!json_is_boolean(shuffle))
        return qn_json_wrong(model, "shuffle", "true or false");
    t->shuffle = json_is_true(shuffle);
    return read_callbacks(model, training, state);
}

qn_status qn_training_from_json(qn_model *model, const json_t *whole, const qn_value_source *state)
{
    QN_TRY(read_optimizer(model, whole, state));
    QN_TRY(qn_json_read_u32(model, whole, "shuffles", &model->shuffles));
    QN_TRY(qn_json_read_u32(model, whole, "stream", &model->stream));
    return read_training(model, json_object_get(whole, "training"), state);
}
