/* SPDX-License-Identifier: Apache-2.0 */
/* What types of callbacks share. */
#include "train/callback.h"
#include "train/history.h"

void qn_results_add(qn_results *results, const char *name)
{
    qn_logs_set(&results->names, name, 0);
}

qn_status qn_callback_add_rate(qn_callback *callback, qn_logs *logs)
{
    double rate;

    QN_TRY(qn_get_learning_rate(callback->model, &rate));
    qn_logs_set(logs, "learning_rate", rate);
    return QN_OK;
}

qn_status qn_callback_check_rate(const qn_callback *callback)
{
    if (!callback->model->schedule)
        return QN_OK;
    return qn_fail(callback->model->env, QN_ERROR_USAGE,
                   "the learning rate follows a schedule of the optimizer, and cannot be set: "
                   "compile with a number");
}
