/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization within samples: layer, group, rms and unit normalization. */
#include "ops/internal.h"

/* Sets are: the elements along axes first .. last; or, with groups, each group of the channels of
 * axis `first` with all other axes but 0. */
typedef struct norm_attributes {
    qn_norm_kind kind;
    int first, last;
    int64_t groups; /* 0: none */
    double epsilon;
    bool scale, center; /* gamma, beta are inputs */
} norm_attributes;

/* ---- geometry ---- */

static int64_t product(const qn_shape *shape, int first, int end)
{
    int64_t count = 1;
    for (int i = first; i < end; i++)
        count *= shape->dim[i];
    return count;
}

static void place(const norm_attributes *a, const qn_shape *x, int64_t batch, qn_norm *norm)
{
    qn_shape known = *x;
    bool batched = qn_shape_batched(x);
    int outer_end = a->groups > 0 ? 1 : a->first;
    if (batched)
        known.dim[0] = batch;
    norm->kind = a->kind;
    norm->epsilon = a->epsilon;
    norm->batch = batched ? batch : 0;
    norm->outer = product(&known, 0, outer_end);
    norm->before = product(&known, outer_end, a->first);
    norm->channels = product(&known, a->first, a->last + 1);
    norm->inner = product(&known, a->last + 1, x->rank);
    norm->groups = a->groups > 0 ? a->groups : 1;
    norm->across = a->groups == 0 && norm->inner > 1;
}

static qn_norm norm_of(qn_emit *e)
{
    qn_norm norm = {.x = qn_emit_input(e, 0)};
    place(e->node->attributes, &e->node->input[0]->shape, e->batch, &norm);
    return norm;
}

/* [sets]: begins with the batch where x does. */
static qn_shape sets_shape(const norm_attributes *a, const qn_shape *x)
{
    qn_norm norm = {0};
    place(a, x, 1, &norm);
    if (qn_shape_batched(x))
        return (qn_shape){2, {QN_BATCH, qn_norm_sets(&norm)}};
    return (qn_shape){1, {qn_norm_sets(&norm)}};
}

static qn_shape parameter_shape(const norm_attributes *a, const qn_shape *x)
{
    qn_shape shape = {.rank = a->last - a->first + 1};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = x->dim[a->first + i];
    return shape;
}

static qn_status check_axes(qn_infer *io, const norm_attributes *a)
{
    const qn_shape *x = &io->input[0]->shape;
    QN_TRY(qn_infer_floats(io));
    if (a->first < 0 || a->last < a->first || a->last >= x->rank)
        return qn_infer_misfit(io, "there are no axes %d to %d", a->first, a->last);
    if (a->first == 0 && (a->groups > 0 || qn_shape_batched(x)))
        return qn_infer_misfit(io, "axis 0 is the batch's: take another one");
    if (a->groups > 0 && x->dim[a->first] % a->groups != 0)
        return qn_infer_misfit(io, "the %lld channels of axis %d cannot be %lld equal groups",
                               (long long)x->dim[a->first], a->first, (long long)a->groups);
    return QN_OK;
}

static qn_status check_parameters(qn_infer *io, const norm_attributes *a, int first)
{
    qn_shape wanted = parameter_shape(a, &io->input[0]->shape);
    char text[128];
    for (int i = first; i < io->count; i++)
        if (!qn_shape_equal(&io->input[i]->shape, &wanted))
            return qn_infer_misfit(io, "input %d must have the shape %s", i,
                                   qn_shape_print(&wanted, text, sizeof text));
    return QN_OK;
}

static int statistics_of(const norm_attributes *a)
{
    return a->kind == QN_NORM_STANDARD ? 3 : 1;
}

static void describe(const qn_node *node, qn_text *text)
{
    const norm_attributes *a = node->attributes;
    static const char *const kinds[] = {"standard", "rms", "unit"};
    qn_text_add(text, "%s, axis %d", kinds[a->kind], a->first);
    if (a->last > a->first)
        qn_text_add(text, " to %d", a->last);
    if (a->groups > 0)
        qn_text_add(text, ", %lld groups", (long long)a->groups);
    if (a->kind != QN_NORM_UNIT)
        qn_text_add(text, ", epsilon %g", a->epsilon);
}

/* ---- gradients; inputs x, dy, inverse, (mean, rest), gamma for dx ---- */

static qn_status like_input(qn_infer *io)
{
    QN_TRY(check_axes(io, io->attributes));
    if (!qn_shape_equal(&io->input[0]->shape, &io->input[1]->shape))
        return qn_infer_misfit(io, "the gradient must be like the input");
    return qn_infer_same_shape(io, 0);
}

static qn_norm grad_norm_of(qn_emit *e)
{
    const norm_attributes *a = e->node->attributes;
    qn_norm norm = norm_of(e);
    norm.dy = qn_emit_input(e, 1);
    norm.inverse = qn_emit_input(e, 2);
    if (a->kind == QN_NORM_STANDARD) {
        norm.mean = qn_emit_input(e, 3);
        norm.rest = qn_emit_input(e, 4);
    }
    return norm;
}

static qn_status grad_emit(qn_emit *e)
{
    const norm_attributes *a = e->node->attributes;
    qn_norm norm = grad_norm_of(e);
    if (a->scale)
        norm.gamma = qn_emit_input(e, 2 + statistics_of(a));
    norm.dx = qn_emit_output(e, 0);
    return qn_kernel_norm_grad(e->steps, &norm);
}

const qn_op qn_norm_grad_op = {
    .name = "norm_grad",
    .inputs = -1,
    .attributes = sizeof(norm_attributes),
    .infer = like_input,
    .emit = grad_emit,
};

static qn_status parameters_infer(qn_infer *io)
{
    QN_TRY(like_input(io));
    io->output_count = 2;
    io->shape[0] = io->shape[1] = parameter_shape(io->attributes, &io->input[0]->shape);
    return QN_OK;
}

static qn_status parameters_emit(qn_emit *e)
{
    qn_norm norm = grad_norm_of(e);
    norm.dgamma = qn_emit_output(e, 0);
    norm.dbeta = qn_emit_output(e, 1);
    return qn_kernel_norm_parameters(e->steps, &norm);
}

const qn_op qn_norm_parameters_op = {
    .name = "norm_parameters",
    .inputs = -1,
    .attributes = sizeof(norm_attributes),
    .infer = parameters_infer,
    .emit = parameters_emit,
};

/* ---- forward; outputs y, inverse, (mean, rest) ---- */

static qn_status infer(qn_infer *io)
{
    const norm_attributes *a = io->attributes;
    const qn_shape *x = &io->input[0]->shape;
    QN_TRY(check_axes(io, a));
    QN_TRY(check_parameters(io, a, 1));
    io->output_count = 1 + statistics_of(a);
    io->shape[0] = *x;
    for (int i = 1; i < io->output_count; i++)
        io->shape[i] = sets_shape(a, x);
    return QN_OK;
}

static qn_status grad(qn_grad *g)
{
    const norm_attributes *a = g->node->attributes;
    qn_value *input[6] = {g->node->input[0], g->out[0]};
    int count = 2, next = 1;
    for (int i = 1; i < g->node->output_count; i++) {
        if (g->out[i])
            return qn_fail(g->graph->env, QN_ERROR_USAGE,
                           "norm: no gradient flows through the statistics themselves; take that "
                           "of the normalized output");
        input[count++] = g->node->output[i];
    }
    if (a->scale || a->center) {
        qn_value *made = qn_graph_apply(g->graph, &qn_norm_parameters_op, a, count, input);
        if (!made)
            return g->graph->status;
        if (a->scale)
            g->in[next++] = made;
        if (a->center)
            g->in[next] = made->node->output[1];
    }
    if (a->scale)
        input[count++] = g->node->input[1];
    g->in[0] = qn_graph_apply(g->graph, &qn_norm_grad_op, a, count, input);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    const norm_attributes *a = e->node->attributes;
    qn_norm norm = norm_of(e);
    int next = 1;
    norm.gamma = a->scale ? qn_emit_input(e, next++) : NULL;
    norm.beta = a->center ? qn_emit_input(e, next) : NULL;
    norm.y = qn_emit_output(e, 0);
    norm.inverse = qn_emit_output(e, 1);
    if (a->kind == QN_NORM_STANDARD) {
        norm.mean = qn_emit_output(e, 2);
        norm.rest = qn_emit_output(e, 3);
    }
    return qn_kernel_norm(e->steps, &norm);
}

const qn_op qn_norm_op = {
    .name = "norm",
    .inputs = -1,
    .attributes = sizeof(norm_attributes),
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .describe = describe,
};

/* ---- builders ---- */

static qn_value *apply(norm_attributes attributes, qn_value *x, qn_value *gamma, qn_value *beta)
{
    qn_value *input[3] = {x};
    int count = 1;
    if (!x)
        return NULL;
    attributes.scale = gamma != NULL;
    attributes.center = beta != NULL;
    if (attributes.first < 0)
        attributes.first += x->shape.rank;
    if (attributes.last < 0)
        attributes.last += x->shape.rank;
    if (gamma)
        input[count++] = gamma;
    if (beta)
        input[count++] = beta;
    return qn_graph_apply(x->graph, &qn_norm_op, &attributes, count, input);
}

qn_value *qn_op_layer_norm(qn_value *x, int first, int last, qn_value *gamma, qn_value *beta,
                           double epsilon)
{
    return apply(
        (norm_attributes){
            .kind = QN_NORM_STANDARD, .first = first, .last = last, .epsilon = epsilon},
        x, gamma, beta);
}

qn_value *qn_op_rms_norm(qn_value *x, int first, int last, qn_value *scale, double epsilon)
{
    return apply(
        (norm_attributes){.kind = QN_NORM_RMS, .first = first, .last = last, .epsilon = epsilon}, x,
        scale, NULL);
}

qn_value *qn_op_unit_norm_over(qn_value *x, int first, int last)
{
    return apply((norm_attributes){.kind = QN_NORM_UNIT, .first = first, .last = last}, x, NULL,
                 NULL);
}

qn_value *qn_op_unit_norm(qn_value *x, int axis)
{
    return qn_op_unit_norm_over(x, axis, axis);
}

qn_value *qn_op_group_norm(qn_value *x, int64_t groups, int axis, qn_value *gamma, qn_value *beta,
                           double epsilon)
{
    if (x && groups < 1)
        return qn_graph_mistake(x->graph, QN_ERROR_USAGE,
                                "group_norm: %lld groups were asked for: give 1 or more",
                                (long long)groups);
    return apply((norm_attributes){.kind = QN_NORM_STANDARD,
                                   .first = axis,
                                   .last = axis,
                                   .groups = groups,
                                   .epsilon = epsilon},
                 x, gamma, beta);
}
