/* SPDX-License-Identifier: Apache-2.0 */
/* Rescaling: x * scale + offset. */
#include "nn/layers/list.h"

static const qn_rescaling_params defaults = {.spec = {sizeof(qn_rescaling_params), "Rescaling"},
                                             QN_RESCALING_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member) .name = #member, .offset = offsetof(qn_rescaling_params, member)
#define FINITE .minimum = -3e38, .maximum = 3e38

static const qn_field fields[] = {
    {MEMBER(scale), .kind = QN_FIELD_DOUBLE, .positional = true, .required = true, FINITE},
    {MEMBER(offset), .kind = QN_FIELD_DOUBLE, .positional = true, FINITE},
    {MEMBER(input_shape), .kind = QN_FIELD_SHAPE},
    {MEMBER(name), .kind = QN_FIELD_TEXT},
};

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const qn_rescaling_params *p = step->layer->params;
    return qn_ops_affine(x, p->scale, p->offset);
}

const qn_layer_type qn_layer_rescaling = {
    .schema = {.type = "Rescaling",
               .name = "rescaling",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .build = qn_build_same_shape,
    .call = call,
    .input_shape = offsetof(qn_rescaling_params, input_shape) + 1,
    .name = offsetof(qn_rescaling_params, name),
};
