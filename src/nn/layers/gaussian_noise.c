/* SPDX-License-Identifier: Apache-2.0 */
/* GaussianNoise: nothing but in training. */
#include "nn/layers/list.h"
#include "nn/layers/noise.h"

static const qn_gaussian_noise_params defaults = {
    .spec = {sizeof(qn_gaussian_noise_params), "GaussianNoise"},
    QN_GAUSSIAN_NOISE_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member) .name = #member, .offset = offsetof(qn_gaussian_noise_params, member)

static const qn_field fields[] = {
    {MEMBER(stddev), .kind = QN_FIELD_DOUBLE, .positional = true, .required = true, .minimum = 0,
     .maximum = 1e30},
    {MEMBER(seed), .kind = QN_FIELD_INT, .positional = true, .minimum = -1,
     .maximum = QN_MOST_SEED},
    {MEMBER(name), .kind = QN_FIELD_TEXT},
};

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const qn_gaussian_noise_params *p = step->layer->params;
    return step->training ? qn_op_gaussian_noise(x, qn_noise_key(step, p->seed), p->stddev) : x;
}

const qn_layer_type qn_layer_gaussian_noise = {
    .schema = {.type = "GaussianNoise",
               .name = "gaussian_noise",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .build = qn_build_same_shape,
    .call = call,
    .name = offsetof(qn_gaussian_noise_params, name),
};
