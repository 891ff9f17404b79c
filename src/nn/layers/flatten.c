/* SPDX-License-Identifier: Apache-2.0 */
/* Flatten: every sample becomes one row; no copy. */
#include "nn/layers/list.h"

static const qn_flatten_params defaults = {.spec = {sizeof(qn_flatten_params), "Flatten"},
                                           QN_FLATTEN_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    {.name = "input_shape",
     .kind = QN_FIELD_SHAPE,
     .offset = offsetof(qn_flatten_params, input_shape)},
    {.name = "name", .kind = QN_FIELD_TEXT, .offset = offsetof(qn_flatten_params, name)},
};

static qn_status build(qn_build_step *step)
{
    step->output = (qn_shape){.rank = 2, .dim = {QN_BATCH, qn_shape_count(&step->input, 1)}};
    return QN_OK;
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    (void)step;
    return qn_op_flatten(x);
}

const qn_layer_type qn_layer_flatten = {
    .schema = {.type = "Flatten",
               .name = "flatten",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .build = build,
    .call = call,
    .input_shape = offsetof(qn_flatten_params, input_shape) + 1,
    .name = offsetof(qn_flatten_params, name),
};
