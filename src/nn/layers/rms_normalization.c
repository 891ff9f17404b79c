/* SPDX-License-Identifier: Apache-2.0 */
/* RMSNormalization: x / sqrt(mean(x^2) + epsilon) * scale, each sample by itself. */
#include "nn/layers/norm.h"

#include <math.h>

typedef qn_rms_normalization_params params_type;

static const params_type defaults = {.spec = {sizeof(params_type), "RMSNormalization"},
                                     QN_RMS_NORMALIZATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_NORM_TEXT(params_type, axis),
    QN_NORM_EPSILON(params_type),
    QN_NORM_COMMON(params_type),
    QN_NORM_TRAINABLE(params_type),
};

static qn_status check(qn_env *env, const void *params)
{
    const params_type *p = params;
    return qn_axes_check(env, p->axis);
}

static qn_status build(qn_build_step *step)
{
    const params_type *p = step->layer->params;
    int first, last;
    QN_TRY(
        qn_axes_find(step->storage->env, step->layer->name, p->axis, &step->input, &first, &last));
    const qn_weight_request scale = {
        .name = "scale", .shape = qn_axes_shape(&step->input, first, last), .initializer = "ones"};
    step->output = step->input;
    return qn_build_weight(step, &scale);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const params_type *p = step->layer->params;
    int first, last;
    if (!qn_call_axes(step, x, p->axis, &first, &last))
        return NULL;
    return qn_op_rms_norm(x, first, last, qn_call_weight(step, 0), p->epsilon);
}

const qn_layer_type qn_layer_rms_normalization = {
    .schema = {.type = "RMSNormalization",
               .name = "rms_normalization",
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
