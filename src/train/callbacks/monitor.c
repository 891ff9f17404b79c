/* SPDX-License-Identifier: Apache-2.0 */
/* Watching one result of the epochs. */
#include "train/callbacks/monitor.h"
#include <math.h>

qn_status qn_monitor_check_mode(qn_env *env, const char *mode)
{
    if (mode && (strcmp(mode, "auto") == 0 || strcmp(mode, "min") == 0 || strcmp(mode, "max") == 0))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE, "mode is '%s': it must be auto, min or max",
                   mode ? mode : "none");
}

/* 1: more is better, -1: less, 0: the name does not tell. */
static int direction(const qn_model *model, const qn_monitor *monitor)
{
    const char *name = monitor->result;

    if (strcmp(monitor->mode, "auto") != 0)
        return strcmp(monitor->mode, "max") == 0 ? 1 : -1;
    if (strncmp(name, "val_", 4) == 0)
        name += 4;
    if (strcmp(name, "loss") == 0)
        return -1;
    for (int i = 0; i < model->metric_count; i++)
        if (strcmp(name, model->metric[i].name) == 0)
            return model->metric[i].is_accuracy ? 1 : -1;
    return 0;
}

static qn_status not_there(const qn_callback *callback, const qn_monitor *monitor,
                           const qn_logs *results)
{
    qn_env *env = callback->model->env;
    qn_text list = {.env = env};
    bool validation = false;

    for (int i = 0; i < results->count; i++) {
        qn_text_add(&list, "%s%s", i > 0 ? ", " : "", results->item[i].name);
        validation = validation || strncmp(results->item[i].name, "val_", 4) == 0;
    }
    (void)qn_fail(env, QN_ERROR_USAGE, "there is no result '%s' to monitor: the results are %s%s",
                  monitor->result, qn_text_get(&list),
                  strncmp(monitor->result, "val_", 4) == 0 && !validation
                      ? "; give validation data for those of validation"
                      : "");
    qn_text_free(&list);
    return QN_ERROR_USAGE;
}

qn_status qn_monitor_check(const qn_callback *callback, const qn_monitor *monitor,
                           const qn_results *results)
{
    double value;

    if (!qn_logs_get(&results->names, monitor->result, &value) && !results->open)
        return not_there(callback, monitor, &results->names);
    if (direction(callback->model, monitor) == 0)
        return qn_fail(callback->model->env, QN_ERROR_USAGE,
                       "whether more or less of '%s' is better is not known: give mode=min or "
                       "mode=max",
                       monitor->result);
    return QN_OK;
}

qn_status qn_monitor_value(const qn_callback *callback, const qn_monitor *monitor,
                           const qn_logs *logs, double *value)
{
    return qn_logs_get(logs, monitor->result, value) ? QN_OK : not_there(callback, monitor, logs);
}

bool qn_monitor_improved(const qn_callback *callback, const qn_monitor *monitor, double value,
                         double reference)
{
    double least = fabs(monitor->min_delta);

    if (!isfinite(value))
        return false;
    if (isnan(reference))
        return true;
    return direction(callback->model, monitor) > 0 ? value - least > reference
                                                   : value + least < reference;
}
