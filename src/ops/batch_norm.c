/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalization, with the batch's own statistics or with given ones. */
#include "ops/internal.h"

typedef struct batch_norm_attributes {
    int axis;
    double epsilon, least;
    bool scale, center; /* gamma, beta are inputs, in this order after the others */
} batch_norm_attributes;

/* ---- what the three ops share ---- */

static qn_status check_channels(qn_infer *io, const qn_shape *x, int axis, int first)
{
    for (int i = first; i < io->count; i++) {
        const qn_shape *shape = &io->input[i]->shape;
        if (shape->rank != 1 || shape->dim[0] != x->dim[axis])
            return qn_infer_misfit(io, "input %d must be a vector of the %lld channels of axis %d",
                                   i, (long long)x->dim[axis], axis);
    }
    return QN_OK;
}

static qn_status check_input(qn_infer *io, int axis)
{
    const qn_shape *x = &io->input[0]->shape;
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_batched(x) || axis < 1 || axis >= x->rank)
        return qn_infer_misfit(io,
                               "there is no axis %d of channels: the first input must be a "
                               "batch, and its axis 0 is the batch's",
                               axis);
    return QN_OK;
}

static qn_batch_norm norm_of(qn_emit *e, int axis, double epsilon, double least)
{
    const qn_shape *x = &e->node->input[0]->shape;
    qn_batch_norm norm = {.batch = e->batch,
                          .between = 1,
                          .channels = x->dim[axis],
                          .inner = 1,
                          .epsilon = epsilon,
                          .least = least,
                          .x = qn_emit_input(e, 0)};
    for (int i = 1; i < axis; i++)
        norm.between *= x->dim[i];
    for (int i = axis + 1; i < x->rank; i++)
        norm.inner *= x->dim[i];
    return norm;
}

static void describe(const qn_node *node, qn_text *text)
{
    const batch_norm_attributes *a = node->attributes;
    qn_text_add(text, "axis %d, epsilon %g", a->axis, a->epsilon);
}

/* ---- gradient: inputs x, dy, mean, variance, rest unless fixed, gamma where there is one; outputs
 * dx, dgamma, dbeta ---- */

typedef struct batch_norm_grad_attributes {
    int axis;
    double epsilon, least;
    bool scale, fixed;
} batch_norm_grad_attributes;

static qn_status grad_infer(qn_infer *io)
{
    const batch_norm_grad_attributes *a = io->attributes;
    const qn_shape *x = &io->input[0]->shape;
    QN_TRY(check_input(io, a->axis));
    if (!qn_shape_equal(x, &io->input[1]->shape))
        return qn_infer_misfit(io, "the gradient must be like the input");
    QN_TRY(check_channels(io, x, a->axis, 2));
    io->output_count = 3;
    io->shape[0] = *x;
    io->shape[1] = io->shape[2] = (qn_shape){1, {x->dim[a->axis]}};
    return QN_OK;
}

static qn_status grad_emit(qn_emit *e)
{
    const batch_norm_grad_attributes *a = e->node->attributes;
    qn_batch_norm norm = norm_of(e, a->axis, a->epsilon, a->least);
    int next = 4;
    norm.dy = qn_emit_input(e, 1);
    norm.mean = qn_emit_input(e, 2);
    norm.variance = qn_emit_input(e, 3);
    norm.rest = a->fixed ? NULL : qn_emit_input(e, next++);
    norm.gamma = a->scale ? qn_emit_input(e, next) : NULL;
    norm.dx = qn_emit_output(e, 0);
    norm.dgamma = qn_emit_output(e, 1);
    norm.dbeta = qn_emit_output(e, 2);
    return qn_kernel_batch_norm_grad(e->steps, &norm, a->fixed);
}

const qn_op qn_batch_norm_grad_op = {
    .name = "batch_norm_grad",
    .inputs = -1,
    .attributes = sizeof(batch_norm_grad_attributes),
    .infer = grad_infer,
    .emit = grad_emit,
};

/* `given`: index of the node's first input after x and the statistics. */
static qn_status differentiate(qn_grad *g, qn_value *mean, qn_value *variance, qn_value *rest,
                               int given)
{
    const batch_norm_attributes *a = g->node->attributes;
    batch_norm_grad_attributes attributes = {a->axis, a->epsilon, a->least, a->scale, rest == NULL};
    qn_value *input[6] = {g->node->input[0], g->out[0], mean, variance};
    int count = 4, next = given;
    if (rest)
        input[count++] = rest;
    if (a->scale)
        input[count++] = g->node->input[given];
    qn_value *dx = qn_graph_apply(g->graph, &qn_batch_norm_grad_op, &attributes, count, input);
    if (!dx)
        return g->graph->status;
    g->in[0] = dx;
    if (a->scale)
        g->in[next++] = dx->node->output[1];
    if (a->center)
        g->in[next] = dx->node->output[2];
    return QN_OK;
}

/* ---- training: outputs y, mean, variance, rest ---- */

static qn_status infer(qn_infer *io)
{
    const batch_norm_attributes *a = io->attributes;
    const qn_shape *x = &io->input[0]->shape;
    QN_TRY(check_input(io, a->axis));
    QN_TRY(check_channels(io, x, a->axis, 1));
    io->output_count = 4;
    io->shape[0] = *x;
    io->shape[1] = io->shape[2] = io->shape[3] = (qn_shape){1, {x->dim[a->axis]}};
    return QN_OK;
}

static qn_status grad(qn_grad *g)
{
    qn_value *const *made = g->node->output;
    for (int i = 1; i < g->node->output_count; i++)
        if (g->out[i])
            return qn_fail(g->graph->env, QN_ERROR_USAGE,
                           "batch_norm: no gradient flows through the batch's mean and variance "
                           "themselves; take that of the normalized output");
    return differentiate(g, made[1], made[2], made[3], 1);
}

static qn_status emit(qn_emit *e)
{
    const batch_norm_attributes *a = e->node->attributes;
    qn_batch_norm norm = norm_of(e, a->axis, a->epsilon, a->least);
    int next = 1;
    norm.gamma = a->scale ? qn_emit_input(e, next++) : NULL;
    norm.beta = a->center ? qn_emit_input(e, next) : NULL;
    norm.y = qn_emit_output(e, 0);
    norm.mean = qn_emit_output(e, 1);
    norm.variance = qn_emit_output(e, 2);
    norm.rest = qn_emit_output(e, 3);
    return qn_kernel_batch_norm(e->steps, &norm);
}

const qn_op qn_batch_norm_op = {
    .name = "batch_norm",
    .inputs = -1,
    .attributes = sizeof(batch_norm_attributes),
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .describe = describe,
};

/* `fixed`: inputs in front of gamma and beta, which may be NULL. */
static qn_value *apply(const qn_op *op, int axis, double epsilon, double least, int fixed,
                       qn_value **input, qn_value *gamma, qn_value *beta)
{
    batch_norm_attributes attributes = {axis, epsilon, least, gamma != NULL, beta != NULL};
    int count = fixed;
    for (int i = 0; i < fixed; i++)
        if (!input[i])
            return NULL;
    if (axis < 0)
        attributes.axis += input[0]->shape.rank;
    if (gamma)
        input[count++] = gamma;
    if (beta)
        input[count++] = beta;
    return qn_graph_apply(input[0]->graph, op, &attributes, count, input);
}

qn_value *qn_op_batch_norm(qn_value *x, int axis, qn_value *gamma, qn_value *beta, double epsilon,
                           qn_value **mean, qn_value **variance)
{
    qn_value *input[3] = {x};
    qn_value *y = apply(&qn_batch_norm_op, axis, epsilon, 0, 1, input, gamma, beta);
    if (mean)
        *mean = y ? y->node->output[1] : NULL;
    if (variance)
        *variance = y ? y->node->output[2] : NULL;
    return y;
}

/* ---- inference: inputs x, mean, variance, gamma and beta ---- */

static qn_status inference_infer(qn_infer *io)
{
    const batch_norm_attributes *a = io->attributes;
    QN_TRY(check_input(io, a->axis));
    QN_TRY(check_channels(io, &io->input[0]->shape, a->axis, 1));
    return qn_infer_same_shape(io, 0);
}

static qn_status inference_grad(qn_grad *g)
{
    return differentiate(g, g->node->input[1], g->node->input[2], NULL, 3);
}

static qn_status inference_emit(qn_emit *e)
{
    const batch_norm_attributes *a = e->node->attributes;
    qn_batch_norm norm = norm_of(e, a->axis, a->epsilon, a->least);
    int next = 3;
    norm.mean = qn_emit_input(e, 1);
    norm.variance = qn_emit_input(e, 2);
    norm.gamma = a->scale ? qn_emit_input(e, next++) : NULL;
    norm.beta = a->center ? qn_emit_input(e, next) : NULL;
    norm.y = qn_emit_output(e, 0);
    return qn_kernel_batch_norm_inference(e->steps, &norm);
}

const qn_op qn_batch_norm_inference_op = {
    .name = "batch_norm_inference",
    .inputs = -1,
    .attributes = sizeof(batch_norm_attributes),
    .infer = inference_infer,
    .grad = inference_grad,
    .emit = inference_emit,
    .describe = describe,
};

qn_value *qn_op_batch_norm_inference(qn_value *x, int axis, qn_value *mean, qn_value *variance,
                                     qn_value *gamma, qn_value *beta, double epsilon)
{
    qn_value *input[5] = {x, mean, variance};
    return apply(&qn_batch_norm_inference_op, axis, epsilon, 0, 3, input, gamma, beta);
}

/* sqrt(variance) is 1e-7 at least: the variance 1e-14. */
qn_value *qn_op_standardize(qn_value *x, int axis, qn_value *mean, qn_value *variance)
{
    qn_value *input[5] = {x, mean, variance};
    return apply(&qn_batch_norm_inference_op, axis, 0, 1e-14, 3, input, NULL, NULL);
}
