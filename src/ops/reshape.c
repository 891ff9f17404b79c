/* SPDX-License-Identifier: Apache-2.0 */
/* Another shape over the same memory. */
#include "ops/internal.h"

typedef struct reshape_attributes {
    qn_shape shape; /* complete; begins with QN_BATCH when the input does */
} reshape_attributes;

static qn_status infer(qn_infer *io)
{
    const reshape_attributes *attributes = io->attributes;
    const qn_shape *x = &io->input[0]->shape, *y = &attributes->shape;
    char text[128];
    if (io->input[0]->kind == QN_VALUE_DATA)
        return qn_infer_fail(io, "input 0 is a bound dataset: gather its rows first");
    if (qn_shape_batched(x) != qn_shape_batched(y) || qn_shape_count(x, 1) != qn_shape_count(y, 1))
        return qn_infer_misfit(io, "the elements do not fit shape %s%s",
                               qn_shape_print(y, text, sizeof text),
                               qn_shape_batched(x) ? ", which must begin with -1, the batch" : "");
    io->shape[0] = *y;
    io->dtype[0] = io->input[0]->dtype;
    return QN_OK;
}

static qn_status grad(qn_grad *g)
{
    g->in[0] = qn_op_as_shape(g->out[0], &g->node->input[0]->shape);
    return g->graph->status;
}

const qn_op qn_reshape_op = {
    .name = "reshape",
    .inputs = 1,
    .attributes = sizeof(reshape_attributes),
    .flags = QN_OP_ALIAS,
    .infer = infer,
    .grad = grad,
};

static qn_value *reshape(qn_value *x, const qn_shape *shape)
{
    reshape_attributes attributes = {*shape};
    return qn_graph_apply(x->graph, &qn_reshape_op, &attributes, 1, &x);
}

qn_value *qn_op_as_shape(qn_value *x, const qn_shape *shape)
{
    return !x || qn_shape_equal(&x->shape, shape) ? x : reshape(x, shape);
}

qn_value *qn_op_flatten(qn_value *x)
{
    if (!x)
        return NULL;
    qn_shape shape = {2, {x->shape.rank > 0 ? x->shape.dim[0] : 1, 1}};
    for (int i = 1; i < x->shape.rank; i++)
        shape.dim[1] *= x->shape.dim[i];
    return reshape(x, &shape);
}

/* The batch stays where it is, as the one -1 in front; elsewhere -1 is what the elements leave. */
qn_value *qn_ops_reshape(qn_value *a, int rank, const int64_t *shape)
{
    int64_t dimension[QN_MAX_RANK] = {0}, known = 1;
    int unknown = -1;
    qn_shape made;
    if (!a)
        return NULL;
    if (rank < 0 || rank > QN_MAX_RANK)
        return qn_graph_mistake(a->graph, QN_ERROR_USAGE,
                                "reshape: rank %d is not between 0 and %d", rank, QN_MAX_RANK);
    for (int i = 0; i < rank; i++) {
        dimension[i] = shape[i];
        if (shape[i] == -1 && unknown >= 0)
            return qn_graph_mistake(a->graph, QN_ERROR_USAGE,
                                    "reshape: dimensions %d and %d are both -1: only one can be "
                                    "left open",
                                    unknown, i);
        if (shape[i] == -1) {
            unknown = i;
            dimension[i] = 1;
        }
    }
    if (qn_shape_from(a->graph, "reshape", rank, dimension, &made) != QN_OK)
        return NULL;
    known = qn_shape_count(&made, 0);
    if (unknown >= 0 && qn_shape_batched(&a->shape))
        made.dim[unknown] = unknown == 0 ? QN_BATCH : 1;
    else if (unknown >= 0)
        made.dim[unknown] = qn_shape_count(&a->shape, 0) / known;
    if (unknown >= 0 && made.dim[unknown] == 0)
        made.dim[unknown] = 1; /* more elements than there are: the shape rule says so */
    return reshape(a, &made);
}
