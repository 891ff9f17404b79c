/* SPDX-License-Identifier: Apache-2.0 */
/* What fit refuses before anything is launched. */
#include "train/check.h"
#include "train/fit.h"
#include "train/weights.h"
#include <math.h>
#include <quern/unstable.h>

static const char task[] = "fit";

/* Training that goes on may have nothing left to do but its end. */
static bool at_the_end(const qn_fit_run *f)
{
    return f->p.initial_epoch > 0 && f->p.initial_epoch == f->p.epochs &&
           f->p.initial_epoch == f->model->training.epochs;
}

static qn_status check_numbers(const qn_fit_run *f)
{
    const qn_fit_params *p = &f->p;
    qn_env *env = f->model->env;

    if (p->epochs < 1)
        return qn_fail(env, QN_ERROR_USAGE, "fit: epochs is %lld: it must be 1 or more",
                       (long long)p->epochs);
    if ((p->initial_epoch < 0 || p->initial_epoch >= p->epochs) && !at_the_end(f))
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: initial_epoch is %lld: it must be 0 or more and below epochs (%lld)",
                       (long long)p->initial_epoch, (long long)p->epochs);
    if (!(p->validation_split >= 0 && p->validation_split < 1))
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: validation_split is %g: it must be 0 or more and below 1",
                       p->validation_split);
    return QN_OK;
}

static qn_status check_validation(const qn_fit_run *f)
{
    const qn_fit_params *p = &f->p;
    qn_env *env = f->model->env;

    if (p->validation_sample_weight.data && !p->validation_x.data)
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: validation_sample_weight was given without validation_x: a split's "
                       "weights are those of its rows");
    if (!p->validation_x.data && !p->validation_y.data)
        return QN_OK;
    if (!p->validation_x.data || !p->validation_y.data)
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: validation_%s was given without validation_%s: give both or none",
                       p->validation_x.data ? "x" : "y", p->validation_x.data ? "y" : "x");
    if (p->validation_split > 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "fit: both validation data and validation_split (%g) were given: give one "
                       "of them",
                       p->validation_split);
    QN_TRY(qn_check_samples(f->model, "fit: validation data", &p->validation_x));
    return qn_check_targets(f->model, "fit: validation data", &p->validation_x, &p->validation_y);
}

/* As Keras splits: int(rows * (1 - split)) is the first row of the tail. */
int64_t qn_training_rows(int64_t rows, double validation_split)
{
    return (int64_t)floor((double)rows * (1 - validation_split));
}

static qn_status split(qn_fit_run *f)
{
    int64_t rows = f->p.x.shape[0];

    f->train.rows = rows;
    if (f->p.validation_x.data)
        f->validation.rows = f->p.validation_x.shape[0];
    if (f->p.validation_split == 0)
        return QN_OK;
    f->train.rows = qn_training_rows(rows, f->p.validation_split);
    f->validation.first = f->train.rows;
    f->validation.rows = rows - f->train.rows;
    if (f->train.rows > 0 && f->validation.rows > 0)
        return QN_OK;
    return qn_fail(f->model->env, QN_ERROR_USAGE,
                   "fit: validation_split %g of %lld rows leaves %lld to train on and %lld to "
                   "validate on: neither may be 0",
                   f->p.validation_split, (long long)rows, (long long)f->train.rows,
                   (long long)f->validation.rows);
}

/* The arrays of both parts. A split's rows keep their weights, but not those of their classes. */
static qn_status take_arrays(qn_fit_run *f)
{
    const qn_fit_params *p = &f->p;
    qn_array *train = f->train.data, *validation = f->validation.data;

    train[QN_SAMPLE_X] = p->x;
    train[QN_SAMPLE_Y] = p->y;
    QN_TRY(qn_training_weights(f->model, task, &p->sample_weight, p->class_weight, &p->y,
                               &f->train.weights, &train[QN_SAMPLE_WEIGHT]));
    if (!p->validation_x.data) {
        memcpy(validation, train, sizeof f->train.data);
        if (p->class_weight)
            validation[QN_SAMPLE_WEIGHT].data = NULL;
        return QN_OK;
    }
    validation[QN_SAMPLE_X] = p->validation_x;
    validation[QN_SAMPLE_Y] = p->validation_y;
    return qn_sample_weights(f->model, task, "validation_sample_weight",
                             &p->validation_sample_weight, f->validation.rows,
                             &f->validation.weights, &validation[QN_SAMPLE_WEIGHT]);
}

qn_status qn_fit_check(qn_fit_run *f)
{
    qn_model *model = f->model;

    QN_TRY(qn_check_options(model, task, f->p.batch_size, f->p.verbose));
    QN_TRY(check_numbers(f));
    QN_TRY(qn_check_compiled(model, task));
    QN_TRY(qn_check_samples(model, task, &f->p.x));
    QN_TRY(qn_check_targets(model, task, &f->p.x, &f->p.y));
    QN_TRY(check_validation(f));
    QN_TRY(split(f));
    QN_TRY(take_arrays(f));
    QN_TRY(qn_callbacks_read(&f->callbacks, model, task, f->p.callbacks, f->p.callback_specs));
    if (f->p.metrics)
        QN_TRY(qn_model_set_metrics(model, f->p.metrics));
    return qn_callbacks_check(&f->callbacks, f->validation.rows > 0);
}
