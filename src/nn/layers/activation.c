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

const qn_kind qn_kind_activation = {
    .name = "activation", .plural = "activations", .word = qn_activation_name};

static qn_status check(qn_env *env, const void *params)
{
    return qn_activation_check(env, ((const qn_activation_params *)params)->activation);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    return qn_op_activation(x, ((const qn_activation_params *)step->layer->params)->activation);
}

const qn_layer_type qn_layer_activation = {
    .schema = {.type = "Activation",
               .name = "activation",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check},
    .build = qn_build_same_shape,
    .call = call,
    .name = offsetof(qn_activation_params, name),
};
