/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise functions of two tensors, the second repeated over the first where its shape is a
 * tail of the first's. */
#include "ops/internal.h"

static bool is_tail(const qn_shape *shape, const qn_shape *of)
{
    if (qn_shape_single(shape))
        return true;
    if (shape->rank > of->rank)
        return false;
    for (int i = 1; i <= shape->rank; i++)
        if (shape->dim[shape->rank - i] != of->dim[of->rank - i])
            return false;
    return true;
}

static qn_status infer(qn_infer *io)
{
    const qn_shape *a = &io->input[0]->shape, *b = &io->input[1]->shape;
    QN_TRY(qn_infer_floats(io));
    if (is_tail(b, a))
        return qn_infer_same_shape(io, 0);
    if (is_tail(a, b))
        return qn_infer_misfit(io, "only the second operand is repeated: swap the two");
    return qn_infer_misfit(io, "the second shape is not a tail of the first: reshape one of them");
}

/* The op's name is the kernel's. */
static qn_status emit(qn_emit *e)
{
    return qn_kernel_binary(e->steps, e->node->op->name, qn_emit_input(e, 0), qn_emit_input(e, 1),
                            qn_emit_output(e, 0), qn_emit_count(e, e->node->output[0]),
                            qn_emit_count(e, e->node->input[1]));
}

static qn_value *apply(const qn_op *op, qn_value *a, qn_value *b)
{
    qn_value *input[2] = {a, b};
    return a && b ? qn_graph_apply(a->graph, op, NULL, 2, input) : NULL;
}

/* The gradient of a repeated operand: `full`, shaped like the first one, summed over what was
 * repeated. */
static qn_value *sum_like(qn_value *full, const qn_value *operand)
{
    if (!full || qn_shape_equal(&full->shape, &operand->shape))
        return full;
    if (qn_shape_single(&operand->shape))
        return qn_op_as_shape(qn_op_sum_all(full), &operand->shape);
    return qn_op_column_sum(full, operand->shape.rank);
}

static qn_status add_grad(qn_grad *g)
{
    g->in[0] = g->out[0];
    g->in[1] = sum_like(g->out[0], g->node->input[1]);
    return g->graph->status;
}

static qn_status subtract_grad(qn_grad *g)
{
    g->in[0] = g->out[0];
    g->in[1] = qn_ops_negative(sum_like(g->out[0], g->node->input[1]));
    return g->graph->status;
}

static qn_status multiply_grad(qn_grad *g)
{
    qn_value *a = g->node->input[0], *b = g->node->input[1];
    g->in[0] = qn_ops_multiply(g->out[0], b);
    g->in[1] = sum_like(qn_ops_multiply(g->out[0], a), b);
    return g->graph->status;
}

/* d(a / b)/db = -a / b^2; b is the same wherever it is repeated, so the sum comes first. */
static qn_status divide_grad(qn_grad *g)
{
    qn_value *a = g->node->input[0], *b = g->node->input[1];
    g->in[0] = qn_ops_divide(g->out[0], b);
    g->in[1] = apply(&qn_divide_grad_op, sum_like(qn_ops_multiply(g->out[0], a), b), b);
    return g->graph->status;
}

#define BINARY_OP(function, gradient)                                                              \
    const qn_op qn_##function##_op = {                                                             \
        .name = #function,                                                                         \
        .inputs = 2,                                                                               \
        .flags = QN_OP_IN_PLACE,                                                                   \
        .infer = infer,                                                                            \
        .grad = gradient,                                                                          \
        .emit = emit,                                                                              \
    };
#define BINARY(function)                                                                           \
    BINARY_OP(function, function##_grad)                                                           \
    qn_value *qn_ops_##function(qn_value *a, qn_value *b)                                          \
    {                                                                                              \
        return apply(&qn_##function##_op, a, b);                                                   \
    }

BINARY(add)
BINARY(subtract)
BINARY(multiply)
BINARY(divide)
BINARY_OP(divide_grad, NULL)
