/* SPDX-License-Identifier: Apache-2.0 */
/* LayerNormalization: each sample by itself, along one axis or several that are next to each other.
 */
#include "nn/layers/norm.h"

#include <math.h>

typedef qn_layer_normalization_params params_type;

static const params_type defaults = {.spec = {sizeof(params_type), "LayerNormalization"},
                                     QN_LAYER_NORMALIZATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_NORM_TEXT(params_type, axis),
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
    QN_TRY(qn_axes_check(env, p->axis));
    return qn_gain_check(env, &gain);
}

static qn_status build(qn_build_step *step)
{
    const params_type *p = step->layer->params;
    qn_gain gain = QN_GAIN_OF(p);
    int first, last;
    QN_TRY(
        qn_axes_find(step->storage->env, step->layer->name, p->axis, &step->input, &first, &last));
    qn_shape shape = qn_axes_shape(&step->input, first, last);
    step->output = step->input;
    return qn_gain_build(step, &gain, &shape);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const params_type *p = step->layer->params;
    qn_gain gain = QN_GAIN_OF(p);
    qn_value *gamma, *beta;
    int first, last;
    qn_gain_call(step, &gain, &gamma, &beta);
    if (!qn_call_axes(step, x, p->axis, &first, &last))
        return NULL;
    return qn_op_layer_norm(x, first, last, gamma, beta, p->epsilon);
}

const qn_layer_type qn_layer_layer_normalization = {
    .schema = {.type = "LayerNormalization",
               .name = "layer_normalization",
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
