/* SPDX-License-Identifier: Apache-2.0 */
/* What the normalization layers share. */
#include "nn/layers/norm.h"
#include "base/numbers.h"

#include <math.h>

/* ---- axes ---- */

qn_status qn_axis_find(qn_env *env, const char *layer, int64_t axis, const qn_shape *shape,
                       int *found)
{
    char text[128];
    int64_t from_start = axis < 0 ? axis + shape->rank : axis;
    qn_shape_print(shape, text, sizeof text);
    if (from_start < 0 || from_start >= shape->rank)
        return qn_fail(env, QN_ERROR_USAGE,
                       "layer '%s': its input has the shape %s, which has no axis %lld: give one "
                       "from 1 to %d, or from -1 to %d",
                       layer, text, (long long)axis, shape->rank - 1, 1 - shape->rank);
    if (from_start == 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "layer '%s': axis %lld of its input, whose shape is %s, is the batch's: "
                       "give another one",
                       layer, (long long)axis, text);
    *found = (int)from_start;
    return QN_OK;
}

static qn_status read_axes(qn_env *env, const char *text, double **axes, int *count)
{
    QN_TRY(qn_numbers_parse(env, "axis", text, axes, count));
    for (int i = 0; i < *count; i++) {
        if ((*axes)[i] == floor((*axes)[i]) && fabs((*axes)[i]) <= QN_MAX_RANK)
            continue;
        qn_free(env, *axes);
        *axes = NULL;
        return qn_fail(env, QN_ERROR_USAGE,
                       "axis is '%s': an axis is a whole number from %d to %d, axes are such "
                       "numbers in parentheses",
                       text, -QN_MAX_RANK, QN_MAX_RANK);
    }
    return QN_OK;
}

qn_status qn_axes_check(qn_env *env, const char *text)
{
    double *axes = NULL;
    int count;
    if (text == NULL)
        return qn_fail(env, QN_ERROR_USAGE, "axis is none: give an axis, such as -1");
    QN_TRY(read_axes(env, text, &axes, &count));
    qn_free(env, axes);
    return QN_OK;
}

/* Marks each axis; they must be different, and next to each other. */
static qn_status span(qn_env *env, const char *layer, const char *text, const double *axes,
                      int count, const qn_shape *shape, int *first, int *last)
{
    bool wanted[QN_MAX_RANK] = {false};
    *first = shape->rank;
    *last = 0;
    for (int i = 0; i < count; i++) {
        int axis = 0;
        QN_TRY(qn_axis_find(env, layer, (int64_t)axes[i], shape, &axis));
        if (wanted[axis])
            return qn_fail(env, QN_ERROR_USAGE, "layer '%s': axis '%s' names axis %d twice", layer,
                           text, axis);
        wanted[axis] = true;
        *first = axis < *first ? axis : *first;
        *last = axis > *last ? axis : *last;
    }
    if (*last - *first + 1 == count)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "layer '%s': the axes '%s' are not next to each other, and what lies between "
                   "them would have to be walked around: reshape or choose others",
                   layer, text);
}

qn_status qn_axes_find(qn_env *env, const char *layer, const char *text, const qn_shape *shape,
                       int *first, int *last)
{
    double *axes = NULL;
    int count;
    QN_TRY(read_axes(env, text, &axes, &count));
    qn_status status = span(env, layer, text, axes, count, shape, first, last);
    qn_free(env, axes);
    return status;
}

qn_shape qn_axes_shape(const qn_shape *shape, int first, int last)
{
    qn_shape part = {.rank = last - first + 1};
    for (int i = 0; i < part.rank; i++)
        part.dim[i] = shape->dim[first + i];
    return part;
}

bool qn_call_axes(qn_call_step *step, const qn_value *x, const char *text, int *first, int *last)
{
    qn_env *env = step->graph->env;
    qn_status status =
        x != NULL ? qn_axes_find(env, step->layer->name, text, &x->shape, first, last) : QN_OK;
    if (status != QN_OK)
        qn_graph_mistake(step->graph, status, "%s", env->message);
    return x != NULL && status == QN_OK;
}

/* ---- gamma and beta ---- */

static qn_status check_weight(qn_env *env, bool wanted, const char *name, const char *flag,
                              const char *initializer, const char *regularizer,
                              const char *constraint)
{
    QN_TRY(qn_check_initializer(env, initializer));
    QN_TRY(qn_check_regularizer(env, regularizer));
    QN_TRY(qn_check_constraint(env, constraint));
    if (wanted || (regularizer == NULL && constraint == NULL))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "%s_%s is given, but the layer has no %s (%s=false): leave one out", name,
                   regularizer != NULL ? "regularizer" : "constraint", name, flag);
}

qn_status qn_gain_check(qn_env *env, const qn_gain *gain)
{
    QN_TRY(check_weight(env, gain->scale, "gamma", "scale", gain->gamma_initializer,
                        gain->gamma_regularizer, gain->gamma_constraint));
    return check_weight(env, gain->center, "beta", "center", gain->beta_initializer,
                        gain->beta_regularizer, gain->beta_constraint);
}

qn_status qn_gain_build(qn_build_step *step, const qn_gain *gain, const qn_shape *shape)
{
    const qn_weight_request gamma = {.name = "gamma",
                                     .shape = *shape,
                                     .initializer = gain->gamma_initializer,
                                     .regularizer = gain->gamma_regularizer,
                                     .constraint = gain->gamma_constraint};
    const qn_weight_request beta = {.name = "beta",
                                    .shape = *shape,
                                    .initializer = gain->beta_initializer,
                                    .regularizer = gain->beta_regularizer,
                                    .constraint = gain->beta_constraint};
    if (gain->scale)
        QN_TRY(qn_build_weight(step, &gamma));
    return gain->center ? qn_build_weight(step, &beta) : QN_OK;
}

int qn_gain_call(qn_call_step *step, const qn_gain *gain, qn_value **gamma, qn_value **beta)
{
    int next = 0;
    *gamma = gain->scale ? qn_call_weight(step, next++) : NULL;
    *beta = gain->center ? qn_call_weight(step, next++) : NULL;
    return next;
}
