/* SPDX-License-Identifier: Apache-2.0 */
/* What fit, evaluate and predict refuse before anything is launched. */
#include "train/check.h"
#include "base/util.h"
#include "data/convert.h"

#define PLAN_BATCH_STEP 32

qn_status qn_check_options(qn_model *model, const char *task, int64_t batch, int verbose)
{
    if (batch < 1)
        return qn_fail(model->env, QN_ERROR_USAGE, "%s: batch_size is %lld: it must be 1 or more",
                       task, (long long)batch);
    if (verbose < 0 || verbose > 2)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: verbose is %d: 0 is silent, 1 a bar, 2 one line an epoch", task,
                       verbose);
    return QN_OK;
}

qn_status qn_check_compiled(qn_model *model, const char *task)
{
    if (model->optimizer.schema)
        return QN_OK;
    return qn_fail(model->env, QN_ERROR_USAGE,
                   "%s: the model is not compiled: call qn_compile with an optimizer and a loss "
                   "first",
                   task);
}

qn_status qn_check_samples(qn_model *model, const char *task, const qn_array *x)
{
    if (!x->data)
        return qn_fail(model->env, QN_ERROR_USAGE, "%s: x is missing: give it as qn_f32(...)",
                       task);
    QN_TRY(qn_array_check(model->env, x, "x"));
    if (x->shape[0] < 1)
        return qn_fail(model->env, QN_ERROR_USAGE, "%s: x has no rows: it needs one at least",
                       task);
    if (x->shape[0] > UINT32_MAX)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: x has %lld rows: at most %lld are numbered; give it in parts", task,
                       (long long)x->shape[0], (long long)UINT32_MAX);
    QN_TRY(qn_model_ensure_built(model, x));
    return qn_model_check_x(model, x);
}

qn_status qn_check_targets(qn_model *model, const char *task, const qn_array *x, const qn_array *y)
{
    if (!y->data)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: y is missing: the loss '%s' compares predictions with it", task,
                       model->loss_text);
    QN_TRY(qn_array_check(model->env, y, "y"));
    if (y->shape[0] != x->shape[0])
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: x has %lld rows and y has %lld: each sample needs its target", task,
                       (long long)x->shape[0], (long long)y->shape[0]);
    if (y->scale != 0 && y->scale != 1)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: y has the scale %g: targets are taken as they are, scale them before",
                       task, (double)y->scale);
    return qn_model_check_y(model, x, y);
}

int64_t qn_plan_batch(int64_t batch, int64_t rows)
{
    int64_t needed = qn_divide_up(rows, PLAN_BATCH_STEP) * PLAN_BATCH_STEP;

    return batch < needed ? batch : needed;
}

qn_status qn_stopped(qn_model *model, const char *task, int64_t step, int64_t steps)
{
    return qn_fail(model->env, QN_STOPPED,
                   "%s was stopped after step %lld of %lld: the work done so far is kept", task,
                   (long long)step, (long long)steps);
}
