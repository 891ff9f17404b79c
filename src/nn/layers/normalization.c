/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization: (x - mean) / max(sqrt(variance), 1e-7) with statistics of the data, which qn_adapt
 * finds (they are weights then) or the params give. */
#include "nn/layers/normalization.h"
#include "base/numbers.h"
#include "nn/layers/norm.h"

#include <math.h>

typedef qn_normalization_params params_type;

enum { MEAN, VARIANCE };

static const params_type defaults = {.spec = {sizeof(params_type), "Normalization"},
                                     QN_NORMALIZATION_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_NORM_TEXT(params_type, axis),
    QN_NORM_TEXT(params_type, mean),
    QN_NORM_TEXT(params_type, variance),
    QN_NORM_FIELD(params_type, invert, QN_FIELD_BOOL, .positional = true),
    QN_NORM_COMMON(params_type),
};

/* ---- given statistics ---- */

typedef struct given {
    double *mean, *variance;
    int count;
} given;

static void free_given(qn_env *env, given *g)
{
    qn_free(env, g->mean);
    qn_free(env, g->variance);
}

static qn_status compare_given(qn_env *env, const params_type *p, const given *g, int variances)
{
    if (variances != g->count)
        return qn_fail(env, QN_ERROR_USAGE,
                       "mean has %d elements and variance %d: each mean needs its variance",
                       g->count, variances);
    for (int i = 0; i < g->count; i++)
        if (g->variance[i] < 0)
            return qn_fail(env, QN_ERROR_USAGE, "variance is '%s': it must be 0 or more",
                           p->variance);
    return QN_OK;
}

/* Free it also after a failure. */
static qn_status read_given(qn_env *env, const params_type *p, given *g)
{
    int variances;
    *g = (given){0};
    QN_TRY(qn_numbers_parse(env, "mean", p->mean, &g->mean, &g->count));
    QN_TRY(qn_numbers_parse(env, "variance", p->variance, &g->variance, &variances));
    return compare_given(env, p, g, variances);
}

static qn_status check(qn_env *env, const void *params)
{
    const params_type *p = params;
    given g;
    if (p->axis != NULL)
        QN_TRY(qn_axes_check(env, p->axis));
    if ((p->mean != NULL) != (p->variance != NULL))
        return qn_fail(env, QN_ERROR_USAGE, "%s is given without %s: give both, or none to adapt",
                       p->mean != NULL ? "mean" : "variance",
                       p->mean != NULL ? "variance" : "mean");
    if (p->mean == NULL)
        return QN_OK;
    qn_status status = read_given(env, p, &g);
    free_given(env, &g);
    return status;
}

bool qn_normalization_adapts(const qn_layer *layer)
{
    const params_type *p = layer->params;
    return p->mean == NULL;
}

/* ---- layout ---- */

qn_status qn_normalization_kept(qn_env *env, const qn_layer *layer, const qn_shape *input,
                                qn_kept *kept)
{
    const params_type *p = layer->params;
    int first = input->rank, last = input->rank - 1; /* none is kept: all is `outer` */
    if (p->axis != NULL)
        QN_TRY(qn_axes_find(env, layer->name, p->axis, input, &first, &last));
    *kept = (qn_kept){.outer = 1, .kept = 1, .inner = 1, .shape.rank = last - first + 1};
    for (int i = 1; i < input->rank; i++) {
        int64_t *part = i < first ? &kept->outer : i > last ? &kept->inner : &kept->kept;
        *part *= input->dim[i];
    }
    for (int i = first; i <= last; i++)
        kept->shape.dim[i - first] = input->dim[i];
    return QN_OK;
}

static qn_status check_count(qn_env *env, const qn_layer *layer, const qn_kept *kept, int count)
{
    char text[128];
    if (count == 1 || count == kept->kept)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "layer '%s': mean and variance have %d elements where the axis has the shape "
                   "%s: give one number for all, or %lld",
                   layer->name, count, qn_shape_print(&kept->shape, text, sizeof text),
                   (long long)kept->kept);
}

static qn_status build(qn_build_step *step)
{
    qn_env *env = step->storage->env;
    qn_kept kept;
    given g;
    QN_TRY(qn_normalization_kept(env, step->layer, &step->input, &kept));
    step->output = step->input;
    if (!qn_normalization_adapts(step->layer)) {
        qn_status status = read_given(env, step->layer->params, &g);
        if (status == QN_OK)
            status = check_count(env, step->layer, &kept, g.count);
        free_given(env, &g);
        return status;
    }
    const qn_weight_request mean = {
        .name = "mean", .shape = kept.shape, .initializer = "zeros", .state = true};
    const qn_weight_request variance = {
        .name = "variance", .shape = kept.shape, .initializer = "ones", .state = true};
    QN_TRY(qn_build_weight(step, &mean));
    return qn_build_weight(step, &variance);
}

/* ---- statistics on the host ---- */

static qn_status read_weight(qn_env *env, const qn_layer *layer, int index, int64_t count,
                             double *values)
{
    float *weight = qn_alloc_array(env, (size_t)count, sizeof *weight);
    if (weight == NULL)
        return QN_ERROR_MEMORY;
    qn_status status = qn_variable_read(layer->weight[index].variable, weight);
    for (int64_t i = 0; status == QN_OK && i < count; i++)
        values[i] = weight[i];
    qn_free(env, weight);
    return status;
}

qn_status qn_normalization_read(qn_env *env, const qn_layer *layer, int64_t count, double *mean,
                                double *variance)
{
    given g;
    if (qn_normalization_adapts(layer)) {
        QN_TRY(read_weight(env, layer, MEAN, count, mean));
        return read_weight(env, layer, VARIANCE, count, variance);
    }
    qn_status status = read_given(env, layer->params, &g);
    for (int64_t i = 0; status == QN_OK && i < count; i++) {
        mean[i] = g.mean[g.count > 1 ? i : 0];
        variance[i] = g.variance[g.count > 1 ? i : 0];
    }
    free_given(env, &g);
    return status;
}

static qn_status write_weight(qn_env *env, const qn_layer *layer, int index, int64_t count,
                              const double *values)
{
    float *weight = qn_alloc_array(env, (size_t)count, sizeof *weight);
    if (weight == NULL)
        return QN_ERROR_MEMORY;
    for (int64_t i = 0; i < count; i++)
        weight[i] = (float)values[i];
    qn_status status = qn_variable_write(layer->weight[index].variable, weight);
    qn_free(env, weight);
    return status;
}

qn_status qn_normalization_write(qn_env *env, const qn_layer *layer, int64_t count,
                                 const double *mean, const double *variance)
{
    QN_TRY(write_weight(env, layer, MEAN, count, mean));
    return write_weight(env, layer, VARIANCE, count, variance);
}

void qn_normalization_affine(const qn_layer *layer, int64_t count, const double *mean,
                             const double *variance, double *factor, double *offset)
{
    const params_type *p = layer->params;
    for (int64_t i = 0; i < count; i++) {
        double deviation = fmax(sqrt(variance[i]), 1e-7);
        factor[i] = p->invert ? deviation : 1 / deviation;
        offset[i] = p->invert ? mean[i] : -mean[i] / deviation;
    }
}

/* ---- call ---- */

static qn_value *constant(qn_graph *graph, int64_t count, const double *values)
{
    float *floats = qn_alloc_array(graph->env, (size_t)count, sizeof *floats);
    if (floats == NULL)
        return qn_graph_mistake(graph, QN_ERROR_MEMORY, "%s", graph->env->message);
    for (int64_t i = 0; i < count; i++)
        floats[i] = (float)values[i];
    qn_value *value = qn_graph_constant(graph, qn_f32(floats, count));
    qn_free(graph->env, floats);
    return value;
}

static void given_values(qn_call_step *step, int64_t count, qn_value **mean, qn_value **variance)
{
    qn_env *env = step->graph->env;
    double *numbers = qn_alloc_array(env, 2 * (size_t)count, sizeof *numbers);
    qn_status status = numbers != NULL ? QN_OK : QN_ERROR_MEMORY;
    if (status == QN_OK)
        status = qn_normalization_read(env, step->layer, count, numbers, numbers + count);
    if (status == QN_OK) {
        *mean = constant(step->graph, count, numbers);
        *variance = constant(step->graph, count, numbers + count);
    } else {
        qn_graph_mistake(step->graph, status, "%s", env->message);
    }
    qn_free(env, numbers);
}

/* mean + x * max(sqrt(variance), 1e-7), by way of the same op: with mean 0, x / sqrt(variance) *
 * variance. */
static qn_value *inverted(qn_value *x, qn_value *mean, qn_value *variance)
{
    /* 1e-14 at least, and as it is above */
    qn_value *bounded = qn_ops_affine(qn_ops_relu(qn_ops_affine(variance, 1, -1e-14)), 1, 1e-14);
    return qn_op_batch_norm_inference(x, 2, qn_ops_affine(mean, 0, 0), bounded, bounded, mean, 0);
}

static qn_value *call(qn_call_step *step, qn_value *x)
{
    const params_type *p = step->layer->params;
    qn_env *env = step->graph->env;
    qn_value *mean = NULL, *variance = NULL;
    qn_kept kept;
    if (x == NULL)
        return NULL;
    qn_status status = qn_normalization_kept(env, step->layer, &x->shape, &kept);
    if (status != QN_OK)
        return qn_graph_mistake(step->graph, status, "%s", env->message);
    if (qn_normalization_adapts(step->layer)) {
        mean = qn_ops_reshape(qn_call_weight(step, MEAN), 1, &kept.kept);
        variance = qn_ops_reshape(qn_call_weight(step, VARIANCE), 1, &kept.kept);
    } else {
        given_values(step, kept.kept, &mean, &variance);
    }
    int64_t seen[] = {-1, kept.outer, kept.kept, kept.inner};
    qn_value *rows = qn_ops_reshape(x, 4, seen);
    qn_value *y =
        p->invert ? inverted(rows, mean, variance) : qn_op_standardize(rows, 2, mean, variance);
    return qn_ops_reshape(y, x->shape.rank, x->shape.dim);
}

const qn_layer_type qn_layer_normalization = {
    .schema = {.type = "Normalization",
               .name = "normalization",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = check},
    .build = build,
    .call = call,
    .input_shape = offsetof(params_type, input_shape) + 1,
    .name = offsetof(params_type, name),
};
