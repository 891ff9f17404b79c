/* SPDX-License-Identifier: Apache-2.0 */
/* Products of matrices. A tensor of more than two dimensions is a matrix of rows: its leading
 * dimensions together, times the last. So a dense layer takes [batch, t, k], and the gradient of
 * its kernel sums over batch and t: a [.., k]     b [k, n]     -> [.., n] a [.., k]     b^T [n, k]
 * -> [.., n] a^T [.., m]   b [.., n]    -> [m, n]    (equal leading dimensions) The gradients of
 * these three are again of these three. */
#include "ops/internal.h"

/* a's leading dimensions are contracted with b's. */
static qn_status infer_transposed(qn_infer *io)
{
    const qn_shape *a = &io->input[0]->shape, *b = &io->input[1]->shape;
    qn_shape lead_a = qn_shape_lead(a), lead_b = qn_shape_lead(b);
    if (!qn_shape_equal(&lead_a, &lead_b))
        return qn_infer_misfit(io, "with the first operand transposed, all dimensions but the last "
                                   "must be equal: change one of the shapes");
    io->shape[0] = (qn_shape){2, {qn_shape_columns(a), qn_shape_columns(b)}};
    return QN_OK;
}

static qn_status infer_rows(qn_infer *io, bool transpose_b)
{
    const qn_shape *a = &io->input[0]->shape, *b = &io->input[1]->shape;
    if (b->rank != 2 || qn_shape_batched(b))
        return qn_infer_misfit(io, "the second operand must be a matrix [%s]: reshape it",
                               transpose_b ? "n, k" : "k, n");
    int64_t k = b->dim[transpose_b ? 1 : 0], n = b->dim[transpose_b ? 0 : 1];
    if (qn_shape_columns(a) != k)
        return qn_infer_misfit(
            io,
            "the inner dimensions are %lld and %lld and must be equal: transpose "
            "or reshape an operand",
            (long long)qn_shape_columns(a), (long long)k);
    io->shape[0] = *a;
    io->shape[0].dim[a->rank - 1] = n;
    return QN_OK;
}

qn_status qn_infer_product(qn_infer *io, const qn_matmul_attributes *attributes)
{
    QN_TRY(qn_infer_floats(io));
    if (attributes->transpose_a && attributes->transpose_b)
        return qn_infer_misfit(io, "both operands are transposed: swap them and transpose neither, "
                                   "which gives the transposed product");
    for (int i = 0; i < 2; i++)
        if (io->input[i]->shape.rank < 2)
            return qn_infer_misfit(io, "operand %d has fewer than two dimensions: reshape it", i);
    return attributes->transpose_a ? infer_transposed(io) : infer_rows(io, attributes->transpose_b);
}

qn_status qn_emit_product(qn_emit *e, const qn_matmul_attributes *attributes, qn_buffer *bias,
                          qn_buffer *y, qn_elementwise activation, qn_buffer *sums)
{
    const qn_value *a = e->node->input[0], *c = e->node->output[0];
    int64_t columns = qn_shape_columns(&a->shape), rows = qn_emit_count(e, a) / columns;
    qn_gemm gemm = {
        .m = attributes->transpose_a ? columns : rows,
        .k = attributes->transpose_a ? rows : columns,
        .n = qn_shape_columns(&c->shape),
        .trans_a = attributes->transpose_a,
        .trans_b = attributes->transpose_b,
        .a = qn_emit_input(e, 0),
        .b = qn_emit_input(e, 1),
        .c = qn_emit_output(e, 0),
        .bias = bias,
        .y = y,
        .activation = activation,
        .sums = sums,
    };
    return qn_kernel_gemm(e->steps, &gemm);
}

static qn_status infer(qn_infer *io)
{
    return qn_infer_product(io, io->attributes);
}

static qn_status grad(qn_grad *g)
{
    const qn_matmul_attributes *attributes = g->node->attributes;
    qn_value *a = g->node->input[0], *b = g->node->input[1], *dc = g->out[0];
    if (attributes->transpose_a) { /* c = a^T b */
        g->in[0] = qn_ops_matmul(b, dc, false, true);
        g->in[1] = qn_ops_matmul(a, dc, false, false);
    } else if (attributes->transpose_b) { /* c = a b^T */
        g->in[0] = qn_ops_matmul(dc, b, false, false);
        g->in[1] = qn_ops_matmul(dc, a, true, false);
    } else { /* c = a b */
        g->in[0] = qn_ops_matmul(dc, b, false, true);
        g->in[1] = qn_ops_matmul(a, dc, true, false);
    }
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    return qn_emit_product(e, e->node->attributes, NULL, NULL, qn_plain(NULL), NULL);
}

static void describe(const qn_node *node, qn_text *text)
{
    const qn_matmul_attributes *attributes = node->attributes;
    qn_text_add(text, "%s%s", attributes->transpose_a ? "transpose_a" : "",
                attributes->transpose_b ? "transpose_b" : "");
}

const qn_op qn_matmul_op = {
    .name = "matmul",
    .inputs = 2,
    .attributes = sizeof(qn_matmul_attributes),
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .describe = describe,
};

qn_value *qn_ops_matmul(qn_value *a, qn_value *b, bool transpose_a, bool transpose_b)
{
    qn_matmul_attributes attributes = {transpose_a, transpose_b};
    qn_value *input[2] = {a, b};
    return a && b ? qn_graph_apply(a->graph, &qn_matmul_op, &attributes, 2, input) : NULL;
}
