/* SPDX-License-Identifier: Apache-2.0 */
/* GroupNormalization: each sample by itself, groups of channels together with all other axes. */
#include "nn/layers/norm.h"

#include <math.h>

typedef qn_group_normalization_params params_type;

static const params_type defaults = {.spec = {sizeof(params_type), "GroupNormalization"},
                                     QN_GROUP_NORMALIZATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_NORM_FIELD(params_type, groups, QN_FIELD_INT, .positional = true, .minimum = -1,
                  .maximum = INT32_MAX),
    QN_NORM_FIELD(params_type, axis, QN_FIELD_INT, .positional = true),
    QN_NORM_EPSILON(params_type),
    QN_NORM_FLAGS(params_type),
    QN_NORM_TEXT(params_type, beta_initializer),
    QN_NORM_TEXT(params_type, gamma_initializer),
    QN_NORM_RULES(params_type),
    QN_NORM_COMMON(params_type),
    QN_NORM_TRAINABLE(params_type),
};

static qn_status check(qn_env *env, const void *params)
{
    const params_type *p = params;
    qn_gain gain = QN_GAIN_OF(p);
    if (p->groups == 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "groups is 0; it must be 1 or more, or -1 for each channel by itself");
    return qn_gain_check(env, &gain);
}

static qn_status build(qn_build_step *step)
{
    const params_type *p = step->layer->params;
    qn_gain gain = QN_GAIN_OF(p);
    char text[128];
    int axis;
    QN_TRY(qn_axis_find(step->storage->env, step->layer->name, p->axis, &step->input, &axis));
    qn_shape channels = qn_axes_shape(&step->input, axis, axis);
    if (p->groups > 0 && channels.dim[0] % p->groups != 0)
        return qn_fail(step->storage->env, QN_ERROR_USAGE,
                       "layer '%s': axis %d of its input, whose shape is %s, has %lld channels, "
                       "which cannot be %lld equal groups: give a divisor",
                       step->layer->name, axis, qn_shape_print(&step->input, text, sizeof text),
                       (long long)channels.dim[0], (long long)p->groups);
    step->output = step->input;
    return qn_gain_build(step, &gain, &channels);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const params_type *p = step->layer->params;
    qn_gain gain = QN_GAIN_OF(p);
    qn_value *gamma, *beta;
    if (x == NULL)
        return NULL;
    int64_t axis = p->axis < 0 ? p->axis + x->shape.rank : p->axis;
    int64_t groups = p->groups > 0 ? p->groups : x->shape.dim[axis];
    qn_gain_call(step, &gain, &gamma, &beta);
    return qn_op_group_norm(x, groups, (int)axis, gamma, beta, p->epsilon);
}

const qn_layer_type qn_layer_group_normalization = {
    .schema = {.type = "GroupNormalization",
               .name = "group_normalization",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check},
    .build = build,
    .call = call,
    .input_shape = offsetof(params_type, input_shape) + 1,
    .trainable = offsetof(params_type, trainable) + 1,
    .name = offsetof(params_type, name),
};
