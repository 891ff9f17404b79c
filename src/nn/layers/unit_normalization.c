/* SPDX-License-Identifier: Apache-2.0 */
/* UnitNormalization: to a norm of 1, each sample by itself. */
#include "nn/layers/norm.h"

typedef qn_unit_normalization_params params_type;

static const params_type defaults = {.spec = {sizeof(params_type), "UnitNormalization"},
                                     QN_UNIT_NORMALIZATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_NORM_TEXT(params_type, axis),
    QN_NORM_COMMON(params_type),
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
    step->output = step->input;
    return qn_axes_find(step->storage->env, step->layer->name, p->axis, &step->input, &first,
                        &last);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const params_type *p = step->layer->params;
    int first, last;
    if (!qn_call_axes(step, x, p->axis, &first, &last))
        return NULL;
    return qn_op_unit_norm_over(x, first, last);
}

const qn_layer_type qn_layer_unit_normalization = {
    .schema = {.type = "UnitNormalization",
               .name = "unit_normalization",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check},
    .build = build,
    .call = call,
    .input_shape = offsetof(params_type, input_shape) + 1,
    .name = offsetof(params_type, name),
};
