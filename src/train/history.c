/* SPDX-License-Identifier: Apache-2.0 */
/* Results of the last fit, epoch by epoch. */
#include "train/history.h"
#include <stdio.h>

static void drop_history(qn_model *model)
{
    if (model->history)
        qn_free(model->env, model->history->epoch);
    qn_free(model->env, model->history);
    model->history = NULL;
}

qn_status qn_history_begin(qn_model *model, qn_history **history)
{
    if (!model->history) {
        model->history = qn_alloc(model->env, sizeof *model->history);
        if (!model->history)
            return QN_ERROR_MEMORY;
        model->drop_history = drop_history;
    }
    model->history->count = 0;
    *history = model->history;
    return QN_OK;
}

qn_status qn_history_add(qn_model *model, const qn_logs *logs, double seconds)
{
    qn_history *history = model->history;

    QN_TRY(qn_grow(model->env, &history->epoch, &history->capacity, history->count + 1,
                   sizeof *history->epoch));
    history->epoch[history->count].logs = *logs;
    history->epoch[history->count].seconds = seconds;
    history->count++;
    return QN_OK;
}

static const qn_epoch *find_epoch(const qn_model *model, int64_t epoch)
{
    if (!model || !model->history || epoch < 0 || (uint64_t)epoch >= model->history->count)
        return NULL;
    return &model->history->epoch[epoch];
}

int64_t qn_history_epochs(const qn_model *model)
{
    return model && model->history ? (int64_t)model->history->count : 0;
}

bool qn_history_get(const qn_model *model, const char *name, int64_t epoch, double *value)
{
    const qn_epoch *found = find_epoch(model, epoch);

    return found && name && qn_logs_get(&found->logs, name, value);
}

bool qn_history_logs(const qn_model *model, int64_t epoch, qn_logs *logs, double *seconds)
{
    const qn_epoch *found = find_epoch(model, epoch);

    if (!found)
        return false;
    if (logs)
        *logs = found->logs;
    if (seconds)
        *seconds = found->seconds;
    return true;
}

void qn_logs_add(qn_logs *logs, const char *prefix, const char *name, double value)
{
    if (logs->count >= QN_MAX_LOGS)
        return;
    snprintf(logs->item[logs->count].name, sizeof logs->item[0].name, "%s%s", prefix, name);
    logs->item[logs->count].value = value;
    logs->count++;
}

void qn_logs_set(qn_logs *logs, const char *name, double value)
{
    for (int i = 0; i < logs->count; i++) {
        if (strcmp(logs->item[i].name, name) == 0) {
            logs->item[i].value = value;
            return;
        }
    }
    qn_logs_add(logs, "", name, value);
}
