/* SPDX-License-Identifier: Apache-2.0 */
/* ActivityRegularization: what passes through is part of the loss. */
#include "nn/layers/list.h"

static const qn_activity_regularization_params defaults = {
    .spec = {sizeof(qn_activity_regularization_params), "ActivityRegularization"},
    QN_ACTIVITY_REGULARIZATION_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member)                                                                             \
    .name = #member, .offset = offsetof(qn_activity_regularization_params, member)
#define FACTOR .kind = QN_FIELD_DOUBLE, .positional = true, .minimum = 0, .maximum = 1e30

static const qn_field fields[] = {
    {MEMBER(l1), FACTOR},
    {MEMBER(l2), FACTOR},
    {MEMBER(name), .kind = QN_FIELD_TEXT},
};

/* As Keras divides activity penalties by the batch, so does the op. */
static qn_value *call(qn_call_step *step, qn_value *x)
{
    const qn_activity_regularization_params *p = step->layer->params;
    if (p->l1 > 0 || p->l2 > 0)
        qn_call_penalty(step, qn_op_penalty(x, p->l1, p->l2));
    return x;
}

const qn_layer_type qn_layer_activity_regularization = {
    .schema = {.type = "ActivityRegularization",
               .name = "activity_regularization",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .build = qn_build_same_shape,
    .call = call,
    .name = offsetof(qn_activity_regularization_params, name),
};
