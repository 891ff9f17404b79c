/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise functions of one tensor: an op each, whose name is the function's in
 * cl/lib/functions.h; unary_grad is the gradient of any of them. */
#include "ops/internal.h"

/* ---- dx = dy * f'(x, y) ---- */

typedef struct unary_grad_attributes {
    qn_elementwise function;
    bool reads_x, reads_y; /* inputs: dy, then x and y as far as they are read */
} unary_grad_attributes;

static qn_status infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    return qn_infer_same_shape(io, 0);
}

static qn_status unary_grad_emit(qn_emit *e)
{
    const unary_grad_attributes *attributes = e->node->attributes;
    qn_buffer *x = attributes->reads_x ? qn_emit_input(e, 1) : NULL;
    qn_buffer *y = attributes->reads_y ? qn_emit_input(e, 1 + attributes->reads_x) : NULL;
    return qn_kernel_unary_grad(e->steps, attributes->function, qn_emit_input(e, 0), x, y,
                                qn_emit_output(e, 0), qn_emit_count(e, e->node->output[0]));
}

static void unary_grad_describe(const qn_node *node, qn_text *text)
{
    const unary_grad_attributes *attributes = node->attributes;
    qn_elementwise_describe(attributes->function, text);
}

const qn_op qn_unary_grad_op = {
    .name = "unary_grad",
    .inputs = -1,
    .attributes = sizeof(unary_grad_attributes),
    .flags = QN_OP_IN_PLACE,
    .infer = infer,
    .emit = unary_grad_emit,
    .describe = unary_grad_describe,
};

/* ---- y = f(x); where f has a parameter, it is the attribute ---- */

typedef struct unary_attributes {
    double alpha;
} unary_attributes;

static qn_elementwise function_of(const qn_node *node)
{
    const unary_attributes *attributes = node->op->attributes > 0 ? node->attributes : NULL;
    return (qn_elementwise){node->op->name, attributes ? attributes->alpha : 0};
}

static qn_status emit(qn_emit *e)
{
    return qn_kernel_unary(e->steps, function_of(e->node), qn_emit_input(e, 0),
                           qn_emit_output(e, 0), qn_emit_count(e, e->node->output[0]));
}

static void describe(const qn_node *node, qn_text *text)
{
    const unary_attributes *attributes = node->attributes;
    qn_text_add(text, "%g", attributes->alpha);
}

bool qn_node_elementwise(const qn_node *node, qn_elementwise *function)
{
    if (node->op->emit != emit)
        return false;
    *function = function_of(node);
    return true;
}

bool qn_node_unary_grad(const qn_node *node, qn_elementwise *function)
{
    const unary_grad_attributes *attributes = node->attributes;
    if (node->op != &qn_unary_grad_op || attributes->reads_x || !attributes->reads_y)
        return false;
    *function = attributes->function;
    return true;
}

void qn_elementwise_describe(qn_elementwise function, qn_text *text)
{
    qn_text_add(text, "%s", function.function);
    if (qn_unary_takes_alpha(function.function))
        qn_text_add(text, "(%g)", function.alpha);
}

/* Where the kernel reads y alone (sigmoid, tanh, relu), nothing keeps x: the fuse pass relies on
 * it. */
static qn_status grad(qn_grad *g)
{
    unary_grad_attributes attributes = {.function = function_of(g->node)};
    if (!qn_unary_reads(attributes.function.function, &attributes.reads_x, &attributes.reads_y))
        return qn_fail(g->graph->env, QN_ERROR_INTERNAL, "%s: the kernels have no such function",
                       attributes.function.function);
    qn_value *input[3] = {g->out[0]};
    int count = 1;
    if (attributes.reads_x)
        input[count++] = g->node->input[0];
    if (attributes.reads_y)
        input[count++] = g->node->output[0];
    g->in[0] = qn_graph_apply(g->graph, &qn_unary_grad_op, &attributes, count, input);
    return g->graph->status;
}

static qn_status linear_grad(qn_grad *g)
{
    g->in[0] = g->out[0];
    return QN_OK;
}

static qn_status negative_grad(qn_grad *g)
{
    g->in[0] = qn_ops_negative(g->out[0]);
    return g->graph->status;
}

static qn_value *apply(const qn_op *op, qn_value *x)
{
    return x ? qn_graph_apply(x->graph, op, NULL, 1, &x) : NULL;
}

static qn_value *apply_alpha(const qn_op *op, qn_value *x, const char *parameter, double alpha)
{
    unary_attributes attributes = {alpha};
    if (!x)
        return NULL;
    if (!(alpha >= 0 && alpha <= QN_MAX_ALPHA))
        return qn_graph_mistake(x->graph, QN_ERROR_USAGE,
                                "%s: %s is %.15g; it must be from 0 to %g", op->name, parameter,
                                alpha, QN_MAX_ALPHA);
    return qn_graph_apply(x->graph, op, &attributes, 1, &x);
}

#define UNARY_OP(function, gradient)                                                               \
    const qn_op qn_##function##_op = {                                                             \
        .name = #function,                                                                         \
        .inputs = 1,                                                                               \
        .flags = QN_OP_IN_PLACE,                                                                   \
        .infer = infer,                                                                            \
        .grad = gradient,                                                                          \
        .emit = emit,                                                                              \
    };
#define UNARY(function, gradient)                                                                  \
    UNARY_OP(function, gradient)                                                                   \
    qn_value *qn_ops_##function(qn_value *a)                                                       \
    {                                                                                              \
        return apply(&qn_##function##_op, a);                                                      \
    }

UNARY(negative, negative_grad)
UNARY(square, grad)
UNARY(sqrt, grad)
UNARY(exp, grad)
UNARY(log, grad)
UNARY(absolute, grad)
UNARY(sigmoid, grad)
UNARY(tanh, grad)
UNARY(relu, grad)
UNARY(selu, grad)
UNARY(silu, grad)
UNARY(softplus, grad)
UNARY(softsign, grad)
UNARY(relu6, grad)
UNARY(hard_sigmoid, grad)
UNARY_OP(linear, linear_grad)
UNARY_OP(gelu, grad)
UNARY_OP(gelu_tanh, grad)

qn_value *qn_ops_gelu(qn_value *a, bool approximate)
{
    return apply(approximate ? &qn_gelu_tanh_op : &qn_gelu_op, a);
}

/* The gradient is told from y alone, whose sign a negative parameter would turn round. */
#define UNARY_WITH_ALPHA(function, parameter)                                                      \
    const qn_op qn_##function##_op = {                                                             \
        .name = #function,                                                                         \
        .inputs = 1,                                                                               \
        .attributes = sizeof(unary_attributes),                                                    \
        .flags = QN_OP_IN_PLACE,                                                                   \
        .infer = infer,                                                                            \
        .grad = grad,                                                                              \
        .emit = emit,                                                                              \
        .describe = describe,                                                                      \
    };                                                                                             \
    qn_value *qn_ops_##function(qn_value *a, double parameter)                                     \
    {                                                                                              \
        return apply_alpha(&qn_##function##_op, a, #parameter, parameter);                         \
    }

UNARY_WITH_ALPHA(leaky_relu, negative_slope)
UNARY_WITH_ALPHA(elu, alpha)

qn_value *qn_op_copy(qn_value *x)
{
    return apply(&qn_linear_op, x);
}
