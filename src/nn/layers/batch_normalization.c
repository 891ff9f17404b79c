/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization: with the batch's statistics in training, which moving averages follow; with
 * these otherwise, and where the layer is frozen. */
#include "nn/layers/norm.h"

#include <math.h>

typedef qn_batch_normalization_params params_type;

static const params_type defaults = {.spec = {sizeof(params_type), "BatchNormalization"},
                                     QN_BATCH_NORMALIZATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_NORM_FIELD(params_type, axis, QN_FIELD_INT, .positional = true),
    QN_NORM_FIELD(params_type, momentum, QN_FIELD_DOUBLE, .positional = true, .minimum = 0,
                  .maximum = 1),
    QN_NORM_EPSILON(params_type),
    QN_NORM_FLAGS(params_type),
    QN_NORM_TEXT(params_type, beta_initializer),
    QN_NORM_TEXT(params_type, gamma_initializer),
    QN_NORM_TEXT(params_type, moving_mean_initializer),
    QN_NORM_TEXT(params_type, moving_variance_initializer),
    QN_NORM_RULES(params_type),
    QN_NORM_COMMON(params_type),
    QN_NORM_TRAINABLE(params_type),
};

static qn_status check(qn_env *env, const void *params)
{
    const params_type *p = params;
    qn_gain gain = QN_GAIN_OF(p);
    QN_TRY(qn_check_initializer(env, p->moving_mean_initializer));
    QN_TRY(qn_check_initializer(env, p->moving_variance_initializer));
    return qn_gain_check(env, &gain);
}

static qn_status build(qn_build_step *step)
{
    const params_type *p = step->layer->params;
    qn_gain gain = QN_GAIN_OF(p);
    int axis;
    QN_TRY(qn_axis_find(step->storage->env, step->layer->name, p->axis, &step->input, &axis));
    qn_shape channels = qn_axes_shape(&step->input, axis, axis);
    const qn_weight_request mean = {.name = "moving_mean",
                                    .shape = channels,
                                    .initializer = p->moving_mean_initializer,
                                    .state = true};
    const qn_weight_request variance = {.name = "moving_variance",
                                        .shape = channels,
                                        .initializer = p->moving_variance_initializer,
                                        .state = true};
    QN_TRY(qn_gain_build(step, &gain, &channels));
    QN_TRY(qn_build_weight(step, &mean));
    QN_TRY(qn_build_weight(step, &variance));
    step->output = step->input;
    return QN_OK;
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const params_type *p = step->layer->params;
    qn_gain gain = QN_GAIN_OF(p);
    qn_value *gamma, *beta, *statistics[2];
    int moving = qn_gain_call(step, &gain, &gamma, &beta), axis = (int)p->axis;
    if (!step->training || !qn_layer_trainable(step->layer))
        return qn_op_batch_norm_inference(x, axis, qn_call_weight(step, moving),
                                          qn_call_weight(step, moving + 1), gamma, beta,
                                          p->epsilon);
    qn_value *y =
        qn_op_batch_norm(x, axis, gamma, beta, p->epsilon, &statistics[0], &statistics[1]);
    qn_variable *variables[2] = {step->layer->weight[moving].variable,
                                 step->layer->weight[moving + 1].variable};
    qn_call_update(step, qn_op_moving_average(2, variables, statistics, p->momentum, step->latch));
    return y;
}

const qn_layer_type qn_layer_batch_normalization = {
    .schema = {.type = "BatchNormalization",
               .name = "batch_normalization",
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
