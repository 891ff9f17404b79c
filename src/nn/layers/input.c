/* SPDX-License-Identifier: Apache-2.0 */
/* InputLayer: says what one sample looks like, and computes nothing. */
#include "nn/layers/list.h"

static const qn_input_params defaults = {.spec = {sizeof(qn_input_params), "InputLayer"},
                                         QN_INPUT_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    {.name = "shape",
     .kind = QN_FIELD_SHAPE,
     .offset = offsetof(qn_input_params, shape),
     .positional = true,
     .required = true},
    {.name = "name", .kind = QN_FIELD_TEXT, .offset = offsetof(qn_input_params, name)},
};

static qn_value *call(qn_call_step *step, qn_value *x)
{
    (void)step;
    return x;
}

const qn_layer_type qn_layer_input = {
    .schema = {.type = "InputLayer",
               .name = "input",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .build = qn_build_same_shape,
    .call = call,
    .input_shape = offsetof(qn_input_params, shape) + 1,
    .name = offsetof(qn_input_params, name),
};
