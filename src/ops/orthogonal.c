/* SPDX-License-Identifier: Apache-2.0 */
/* The penalty on vectors that are not orthogonal, from ops: products of the vectors with each
 * other, their cosines, the sum of the absolute ones. */
#include "ops/internal.h"

/* ---- cosines: x [n, n] to x[i, j] / (|i| |j|), 0 on the diagonal ---- */

static qn_status square_infer(qn_infer *io)
{
    const qn_shape *shape = &io->input[0]->shape;
    QN_TRY(qn_infer_floats(io));
    if (shape->rank != 2 || qn_shape_batched(shape) || shape->dim[0] != shape->dim[1])
        return qn_infer_misfit(io, "a square matrix is needed");
    return qn_infer_same_shape(io, 0);
}

static int64_t side(const qn_emit *e)
{
    return e->node->output[0]->shape.dim[0];
}

static qn_status cosines_grad_emit(qn_emit *e)
{
    return qn_kernel_cosines_grad(e->steps, qn_emit_input(e, 0), qn_emit_input(e, 1),
                                  qn_emit_output(e, 0), side(e));
}

const qn_op qn_cosines_grad_op = {
    .name = "cosines_grad",
    .inputs = 2,
    .infer = square_infer,
    .emit = cosines_grad_emit,
};

static qn_status cosines_grad(qn_grad *g)
{
    qn_value *input[2] = {g->out[0], g->node->input[0]};
    g->in[0] = qn_graph_apply(g->graph, &qn_cosines_grad_op, NULL, 2, input);
    return g->graph->status;
}

static qn_status cosines_emit(qn_emit *e)
{
    return qn_kernel_cosines(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0), side(e));
}

const qn_op qn_cosines_op = {
    .name = "cosines",
    .inputs = 1,
    .infer = square_infer,
    .grad = cosines_grad,
    .emit = cosines_emit,
};

/* ---- valid_rows: 0 in padded rows ---- */

static qn_value *apply(const qn_op *op, qn_value *x)
{
    return x ? qn_graph_apply(x->graph, op, NULL, 1, &x) : NULL;
}

static qn_status valid_rows_infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_batched(&io->input[0]->shape))
        return qn_infer_misfit(io, "the first dimension is not the batch");
    return qn_infer_same_shape(io, 0);
}

static qn_status valid_rows_grad(qn_grad *g)
{
    g->in[0] = apply(&qn_valid_rows_op, g->out[0]);
    return g->graph->status;
}

static qn_status valid_rows_emit(qn_emit *e)
{
    return qn_kernel_valid_rows(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0), e->batch,
                                qn_shape_inner(&e->node->input[0]->shape));
}

const qn_op qn_valid_rows_op = {
    .name = "valid_rows",
    .inputs = 1,
    .flags = QN_OP_IN_PLACE,
    .infer = valid_rows_infer,
    .grad = valid_rows_grad,
    .emit = valid_rows_emit,
};

qn_value *qn_op_valid_rows(qn_value *x)
{
    return apply(&qn_valid_rows_op, x);
}

/* ---- per_row: one element divided by the number of valid rows ---- */

static qn_status per_row_infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_single(&io->input[0]->shape))
        return qn_infer_misfit(io, "the input must have one element");
    return qn_infer_same_shape(io, 0);
}

static qn_status per_row_grad(qn_grad *g)
{
    g->in[0] = apply(&qn_per_row_op, g->out[0]);
    return g->graph->status;
}

static qn_status per_row_emit(qn_emit *e)
{
    return qn_kernel_per_row(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0));
}

const qn_op qn_per_row_op = {
    .name = "per_row",
    .inputs = 1,
    .infer = per_row_infer,
    .grad = per_row_grad,
    .emit = per_row_emit,
};

/* ---- the penalty ---- */

static qn_value *refuse(qn_value *x, const char *why)
{
    char shape[128];
    return qn_graph_mistake(x->graph, QN_ERROR_USAGE, "orthogonal penalty of shape %s: %s",
                            qn_shape_print(&x->shape, shape, sizeof shape), why);
}

qn_value *qn_op_orthogonal_penalty(qn_value *x, double factor, bool columns)
{
    if (!x)
        return NULL;
    bool batched = qn_shape_batched(&x->shape);
    if (x->shape.rank != 2)
        return refuse(x, "a matrix is needed");
    if (batched && !columns)
        return refuse(x,
                      "the rows are the batch's samples, whose number changes: take the columns");
    int64_t n = x->shape.dim[columns];
    if (n < 2)
        return refuse(x, "two vectors or more are needed");
    if (batched)
        x = qn_op_valid_rows(x);
    qn_value *cosines = apply(&qn_cosines_op, qn_ops_matmul(x, x, columns, !columns));
    qn_value *penalty = qn_op_penalty(cosines, factor / ((double)n * (double)(n - 1)), 0);
    return batched ? apply(&qn_per_row_op, penalty) : penalty;
}
