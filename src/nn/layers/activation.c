/* SPDX-License-Identifier: Apache-2.0 */
/* Activation: a function of its input. */
#include "nn/layers/list.h"

static const qn_activation_params defaults = {.spec = {sizeof(qn_activation_params), "Activation"},
                                              QN_ACTIVATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    {.name = "activation",
     .kind = QN_FIELD_TEXT,
     .offset = offsetof(qn_activation_params, activation),
     .positional = true,
     .required = true},
    {.name = "name", .kind = QN_FIELD_TEXT, .offset = offsetof(qn_activation_params, name)},
};

static qn_status check(qn_env *env, const void *params)
{
    return qn_check_activation(env, ((const qn_activation_params *)params)->activation);
}

static qn_status build(qn_build_step *step)
{
    step->output = step->input;
    return QN_OK;
}

static qn_value *call(const qn_layer *layer, qn_value *x, bool training)
{
    (void)training;
    return qn_op_activation(x, ((const qn_activation_params *)layer->params)->activation);
}

const qn_layer_type qn_layer_activation = {
    .schema = {.type = "Activation",
               .name = "activation",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .check = check,
    .build = build,
    .call = call,
    .name = offsetof(qn_activation_params, name),
};
