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
    {MEMBER(input_shape), .kind = QN_FIELD_SHAPE},
    {MEMBER(name), .kind = QN_FIELD_TEXT},
};

static qn_status check(qn_env *env, const void *params)
{
    const qn_dense_params *p = params;
    QN_TRY(qn_check_activation(env, p->activation));
    QN_TRY(qn_check_initializer(env, p->kernel_initializer));
    return qn_check_initializer(env, p->bias_initializer);
}

static qn_status build(qn_build_step *step)
{
    const qn_dense_params *p = step->layer->params;
    int64_t inputs = step->input.dim[step->input.rank - 1];
    qn_shape kernel = {.rank = 2, .dim = {inputs, p->units}};
    qn_shape bias = {.rank = 1, .dim = {p->units}};
    QN_TRY(qn_build_variable(step, "kernel", &kernel, p->kernel_initializer, QN_ROLE_PARAMETER));
    if (p->use_bias)
        QN_TRY(qn_build_variable(step, "bias", &bias, p->bias_initializer, QN_ROLE_PARAMETER));
    step->output = step->input;
    step->output.dim[step->output.rank - 1] = p->units;
    return QN_OK;
}

static qn_value *call(const qn_layer *layer, qn_value *x, bool training)
{
    (void)training;
    const qn_dense_params *p = layer->params;
    qn_value *kernel = qn_graph_add_variable(x->graph, layer->variable[KERNEL]);
    qn_value *z = qn_ops_matmul(x, kernel, false, false);
    if (p->use_bias)
        z = qn_op_bias_add(z, qn_graph_add_variable(x->graph, layer->variable[BIAS]));
    return qn_op_activation(z, p->activation);
}

const qn_layer_type qn_layer_dense = {
    .schema = {.type = "Dense",
               .name = "dense",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .check = check,
    .build = build,
    .call = call,
    .input_shape = offsetof(qn_dense_params, input_shape) + 1,
    .name = offsetof(qn_dense_params, name),
};
