/* SPDX-License-Identifier: Apache-2.0 */
/* Dense: activation(x kernel + bias). */
#include "nn/layers/list.h"

enum { KERNEL, BIAS };

static const qn_dense_params defaults = {.spec = {sizeof(qn_dense_params), "Dense"},
                                         QN_DENSE_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member) .name = #member, .offset = offsetof(qn_dense_params, member)

/* Positional arguments in Keras's order. */
static const qn_field fields[] = {
    {MEMBER(units), .kind = QN_FIELD_INT, .positional = true, .required = true, .minimum = 1,
     .maximum = INT32_MAX},
    {MEMBER(activation), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(use_bias), .kind = QN_FIELD_BOOL, .positional = true},
    {MEMBER(kernel_initializer), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(bias_initializer), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(kernel_regularizer), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(bias_regularizer), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(activity_regularizer), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(kernel_constraint), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(bias_constraint), .kind = QN_FIELD_TEXT, .positional = true},
    {MEMBER(input_shape), .kind = QN_FIELD_SHAPE},
    {MEMBER(trainable), .kind = QN_FIELD_BOOL},
    {MEMBER(name), .kind = QN_FIELD_TEXT},
};

static qn_status check_no_bias(qn_env *env, const qn_dense_params *p)
{
    if (p->use_bias || (p->bias_regularizer == NULL && p->bias_constraint == NULL))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "%s is given, but the layer has no bias (use_bias=false): leave one out",
                   p->bias_regularizer != NULL ? "bias_regularizer" : "bias_constraint");
}

static qn_status check(qn_env *env, const void *params)
{
    const qn_dense_params *p = params;
    QN_TRY(qn_activation_check(env, p->activation));
    QN_TRY(qn_check_initializer(env, p->kernel_initializer));
    QN_TRY(qn_check_initializer(env, p->bias_initializer));
    QN_TRY(qn_check_regularizer(env, p->kernel_regularizer));
    QN_TRY(qn_check_regularizer(env, p->bias_regularizer));
    QN_TRY(qn_check_regularizer(env, p->activity_regularizer));
    QN_TRY(qn_check_constraint(env, p->kernel_constraint));
    QN_TRY(qn_check_constraint(env, p->bias_constraint));
    return check_no_bias(env, p);
}

static qn_status build(qn_build_step *step)
{
    const qn_dense_params *p = step->layer->params;
    int64_t inputs = step->input.dim[step->input.rank - 1];
    const qn_weight_request kernel = {.name = "kernel",
                                      .shape = {.rank = 2, .dim = {inputs, p->units}},
                                      .initializer = p->kernel_initializer,
                                      .regularizer = p->kernel_regularizer,
                                      .constraint = p->kernel_constraint};
    const qn_weight_request bias = {.name = "bias",
                                    .shape = {.rank = 1, .dim = {p->units}},
                                    .initializer = p->bias_initializer,
                                    .regularizer = p->bias_regularizer,
                                    .constraint = p->bias_constraint};
    QN_TRY(qn_build_weight(step, &kernel));
    if (p->use_bias)
        QN_TRY(qn_build_weight(step, &bias));
    step->output = step->input;
    step->output.dim[step->output.rank - 1] = p->units;
    return qn_build_activity(step, p->activity_regularizer);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const qn_dense_params *p = step->layer->params;
    qn_value *z = qn_ops_matmul(x, qn_call_weight(step, KERNEL), false, false);
    if (p->use_bias)
        z = qn_op_bias_add(z, qn_call_weight(step, BIAS));
    return qn_call_activity(step, qn_op_activation(z, p->activation));
}

const qn_layer_type qn_layer_dense = {
    .schema = {.type = "Dense",
               .name = "dense",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check},
    .build = build,
    .call = call,
    .input_shape = offsetof(qn_dense_params, input_shape) + 1,
    .trainable = offsetof(qn_dense_params, trainable) + 1,
    .name = offsetof(qn_dense_params, name),
};
