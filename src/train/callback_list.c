/* SPDX-License-Identifier: Apache-2.0 */
/* The callbacks of a run: read, called in order, stored with the model. */
#include "train/callback_list.h"
#include "train/history.h"
#include "train/plans.h"

/* ---- reading ---- */

static void free_callback(qn_env *env, qn_callback *c)
{
    if (c->own && c->type->clear)
        c->type->clear(c);
    qn_free(env, c->own);
    qn_free(env, c->state.text);
    qn_free(env, c->state.values);
    qn_part_free(env, &c->part);
}

void qn_callbacks_free(qn_callback_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_callback(list->model->env, &list->item[i]);
    if (list->model)
        qn_free(list->model->env, list->item);
    list->item = NULL;
    list->count = list->capacity = 0;
}

/* The callback as text: which state is whose. */
static qn_status write_text(qn_callback *c)
{
    qn_text text = {.env = c->model->env};

    qn_params_write(&text, c->part.schema, c->part.params);
    if (text.failed) {
        qn_text_free(&text);
        return QN_ERROR_MEMORY;
    }
    c->state.text = text.data; /* ours from now on */
    return QN_OK;
}

static qn_status make(qn_callback *c)
{
    c->type = (const qn_callback_type *)c->part.schema;
    if (c->type->own_size > 0 && !(c->own = qn_alloc(c->model->env, c->type->own_size)))
        return QN_ERROR_MEMORY;
    if (c->type->stateful)
        QN_TRY(write_text(c));
    return c->type->create ? c->type->create(c) : QN_OK;
}

static int rank_of(const qn_callback *c)
{
    return c->type->rank ? c->type->rank(c->part.params) : 0;
}

/* Takes ownership of the part: behind all others that are not of a higher rank. */
static qn_status insert(qn_callback_list *list, const qn_part *part)
{
    qn_callback made = {.model = list->model, .part = *part};
    qn_status status = qn_grow(list->model->env, &list->item, &list->capacity, list->count + 1,
                               sizeof *list->item);
    size_t at = list->count;

    if (status == QN_OK)
        status = make(&made);
    if (status != QN_OK) {
        free_callback(list->model->env, &made);
        return status;
    }
    for (; at > 0 && rank_of(&list->item[at - 1]) > rank_of(&made); at--)
        list->item[at] = list->item[at - 1];
    list->item[at] = made;
    list->count++;
    return QN_OK;
}

static qn_status read_text(qn_callback_list *list, const char *text)
{
    qn_env *env = list->model->env;
    qn_spec_node *root = NULL;
    qn_status status;
    qn_part part;

    QN_TRY(qn_spec_parse(env, text, &root));
    status = QN_OK;
    for (int i = 0; status == QN_OK && i < root->count; i++) {
        const qn_spec_node *node = &root->items[i];

        if (!node->word || node->key)
            status = qn_fail(env, QN_ERROR_USAGE,
                             "\"%s\" is no list of names, such as \"early_stopping(patience=3), "
                             "csv_logger(log.csv)\": column %d has something else",
                             text, node->column);
        else
            status = qn_part_read_node(env, &qn_kind_callback, node, &part);
        if (status == QN_OK)
            status = insert(list, &part);
    }
    qn_spec_free(env, &root);
    return status;
}

static qn_status read_specs(qn_callback_list *list, const qn_spec *const *specs)
{
    for (; *specs; specs++) {
        qn_part part;

        QN_TRY(qn_part_read(list->model->env, &qn_kind_callback, NULL, *specs, &part));
        QN_TRY(insert(list, &part));
    }
    return QN_OK;
}

qn_status qn_callbacks_read(qn_callback_list *list, qn_model *model, const char *task,
                            const char *text, const qn_spec *const *specs)
{
    qn_status status = QN_OK;

    *list = (qn_callback_list){.model = model, .task = task};
    if (text)
        status = read_text(list, text);
    if (status == QN_OK && specs)
        status = read_specs(list, specs);
    if (status == QN_OK)
        return QN_OK;
    qn_callbacks_free(list);
    return qn_fail_context(model->env, status, "%s: callbacks", task);
}

/* ---- before the first launch ---- */

static qn_status fail_as(const qn_callback_list *list, const qn_callback *c, qn_status status)
{
    if (status == QN_OK)
        return QN_OK;
    return qn_fail_context(list->model->env, status, "%s: %s", list->task, c->type->schema.name);
}

qn_status qn_callbacks_check(const qn_callback_list *list, bool validation)
{
    qn_results results = {.open = false};
    const char *name;

    for (int prefix = 0; prefix <= (int)validation; prefix++)
        for (int i = 0; (name = qn_model_result_name(list->model, i)) != NULL; i++)
            qn_logs_add(&results.names, prefix ? "val_" : "", name, 0);
    for (size_t i = 0; i < list->count; i++) {
        qn_callback *c = &list->item[i];

        if (c->type->check)
            QN_TRY(fail_as(list, c, c->type->check(c, &results)));
        if (c->type->user_hook && c->type->user_hook(c->part.params, QN_EPOCH_END))
            results.open = true;
    }
    return QN_OK;
}

/* ---- state ---- */

/* The n-th stored state with the callback's text, where n counts equal callbacks before it. */
static const qn_callback_state *find_state(const qn_callback_list *list, size_t index)
{
    const qn_training *training = &list->model->training;
    const char *text = list->item[index].state.text;
    int skip = 0;

    for (size_t i = 0; i < index; i++)
        skip += list->item[i].type->stateful && strcmp(list->item[i].state.text, text) == 0;
    for (size_t i = 0; i < training->callback_count; i++)
        if (strcmp(training->callback[i].text, text) == 0 && skip-- == 0)
            return &training->callback[i];
    return NULL;
}

/* Values are weights: of a model that was changed they are of no use. */
static bool state_fits(const qn_model *model, const qn_callback_state *state)
{
    if (!state->values || (int64_t)state->count == qn_model_weight_floats(model))
        return true;
    qn_log(model->env, QN_LOG_WARNING,
           "%s begins anew: the weights that it remembers are those of another model", state->text);
    return false;
}

qn_status qn_callbacks_resume(const qn_callback_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        qn_callback *c = &list->item[i];
        const qn_callback_state *stored = c->type->stateful ? find_state(list, i) : NULL;

        if (!stored || !state_fits(list->model, stored))
            continue;
        memcpy(c->state.number, stored->number, sizeof c->state.number);
        if (!stored->values)
            continue;
        c->state.values = qn_alloc_array(list->model->env, stored->count, sizeof(float));
        if (!c->state.values)
            return QN_ERROR_MEMORY;
        memcpy(c->state.values, stored->values, stored->count * sizeof(float));
        c->state.count = stored->count;
    }
    return QN_OK;
}

qn_status qn_callbacks_store(const qn_callback_list *list)
{
    qn_training_forget_callbacks(list->model);
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].type->stateful)
            QN_TRY(qn_training_add_callback(list->model, &list->item[i].state));
    return QN_OK;
}

/* ---- calling ---- */

static const char *const moments[QN_MOMENTS] = {
    [QN_TRAIN_BEGIN] = "on_train_begin",
    [QN_TRAIN_END] = "on_train_end",
    [QN_EPOCH_BEGIN] = "on_epoch_begin",
    [QN_EPOCH_END] = "on_epoch_end",
    [QN_TRAIN_BATCH_BEGIN] = "on_train_batch_begin",
    [QN_TRAIN_BATCH_END] = "on_train_batch_end",
    [QN_TEST_BEGIN] = "on_test_begin",
    [QN_TEST_END] = "on_test_end",
    [QN_TEST_BATCH_BEGIN] = "on_test_batch_begin",
    [QN_TEST_BATCH_END] = "on_test_batch_end",
    [QN_PREDICT_BEGIN] = "on_predict_begin",
    [QN_PREDICT_END] = "on_predict_end",
    [QN_PREDICT_BATCH_BEGIN] = "on_predict_batch_begin",
    [QN_PREDICT_BATCH_END] = "on_predict_batch_end",
};

static bool wants(const qn_callback *c, qn_moment moment)
{
    if (c->type->user_hook)
        return c->type->user_hook(c->part.params, moment) != NULL;
    return c->type->on[moment] != NULL &&
           (!c->type->wants || c->type->wants(c->part.params, moment));
}

bool qn_callbacks_want(const qn_callback_list *list, qn_moment moment)
{
    for (size_t i = 0; i < list->count; i++)
        if (wants(&list->item[i], moment))
            return true;
    return false;
}

/* A hook that fails may have left a message, by what it called, or none. */
static qn_status call_user(const qn_callback_list *list, qn_callback *c, qn_moment moment,
                           int64_t index, qn_logs *logs)
{
    qn_env *env = list->model->env;
    qn_hook hook = c->type->user_hook(c->part.params, moment);
    qn_status status;

    env->message[0] = '\0';
    status = hook(c->type->user(c->part.params), list->model, index, logs);
    if (status != QN_OK && env->message[0] == '\0')
        return qn_fail(env, status, "%s: a callback's %s(%lld) returned %s", list->task,
                       moments[moment], (long long)index, qn_status_name(status));
    if (status != QN_OK)
        return qn_fail_context(env, status, "%s: a callback's %s(%lld)", list->task,
                               moments[moment], (long long)index);
    return qn_plans_check(list->model);
}

static qn_status call_one(const qn_callback_list *list, qn_callback *c, qn_moment moment,
                          int64_t index, qn_logs *logs)
{
    if (!wants(c, moment))
        return QN_OK;
    if (c->type->user_hook)
        return call_user(list, c, moment, index, logs);
    return fail_as(list, c, c->type->on[moment](c, index, logs));
}

qn_status qn_callbacks_call(const qn_callback_list *list, qn_moment moment, int64_t index,
                            qn_logs *logs)
{
    for (size_t i = 0; i < list->count; i++)
        QN_TRY(call_one(list, &list->item[i], moment, index, logs));
    return QN_OK;
}

qn_status qn_callbacks_epoch_end(const qn_callback_list *list, int64_t epoch, qn_logs *logs)
{
    QN_TRY(qn_callbacks_call(list, QN_EPOCH_END, epoch, logs));
    QN_TRY(qn_callbacks_store(list));
    for (size_t i = 0; i < list->count; i++) {
        qn_callback *c = &list->item[i];

        if (c->type->save)
            QN_TRY(fail_as(list, c, c->type->save(c, epoch, logs)));
    }
    return QN_OK;
}
