/* SPDX-License-Identifier: Apache-2.0 */
/* qn_adapt: mean and variance of the data for the Normalization layers at the model's beginning, on
 * the host, in double, by Welford's recurrence (1962). The data pass through the layers in front of
 * each as they would on the device. */
#include "data/convert.h"
#include "nn/layers/normalization.h"
#include "train/check.h"

#include <math.h>

#define CHUNK_BYTES ((size_t)1 << 20) /* of x, converted at a time */

/* What a layer does to each element: x * factor + offset, by element of its `kept` axis. */
typedef struct affine_step {
    int64_t kept, inner;
    double *factor, *offset;
} affine_step;

typedef struct adapt {
    qn_model *model;
    qn_env *env;
    const qn_array *x;
    int64_t columns; /* elements of a sample */
    affine_step *step;
    size_t count, capacity;
    char *chunk; /* rows in the type that they have on a device */
    int64_t chunk_rows;
} adapt;

/* Running mean and sum of squared deviations, by element of the kept axis. */
typedef struct welford {
    double *mean, *squares, *seen;
} welford;

/* ---- the data ---- */

/* Element `index` of the chunk, as the device has it: scaled in float32. */
static float element(const adapt *a, int64_t index)
{
    float scale = a->x->scale != 0 ? a->x->scale : 1, value;
    switch (qn_array_device_dtype(a->x)) {
    case QN_U8:
        value = ((const uint8_t *)a->chunk)[index];
        break;
    case QN_I32:
        value = (float)((const int32_t *)a->chunk)[index];
        break;
    default:
        value = ((const float *)a->chunk)[index];
    }
    return value * scale;
}

/* Element `column` of a sample after the layers in front. */
static double passed_on(const adapt *a, int64_t column, double value)
{
    for (size_t i = 0; i < a->count; i++) {
        const affine_step *step = &a->step[i];
        int64_t k = column / step->inner % step->kept;
        value = value * step->factor[k] + step->offset[k];
    }
    return value;
}

static void add_rows(const adapt *a, const qn_kept *kept, int64_t rows, welford *w)
{
    for (int64_t i = 0; i < rows * a->columns; i++) {
        int64_t column = i % a->columns, k = column / kept->inner % kept->kept;
        double value = passed_on(a, column, element(a, i)), d = value - w->mean[k];
        w->seen[k] += 1;
        w->mean[k] += d / w->seen[k];
        w->squares[k] += d * (value - w->mean[k]);
    }
}

static qn_status add_all(const adapt *a, const qn_kept *kept, welford *w)
{
    int64_t total = a->x->shape[0];
    for (int64_t row = 0; row < total; row += a->chunk_rows) {
        int64_t rows = total - row < a->chunk_rows ? total - row : a->chunk_rows;
        qn_activity_at(a->env, row);
        QN_TRY(qn_array_convert(a->env, a->x, row, rows, a->chunk));
        add_rows(a, kept, rows, w);
    }
    return QN_OK;
}

/* ---- one Normalization ---- */

static qn_status finish(const adapt *a, const qn_layer *layer, const qn_kept *kept, welford *w)
{
    for (int64_t k = 0; k < kept->kept; k++) {
        w->squares[k] /= w->seen[k]; /* the variance from now on */
        if (!isfinite((float)w->mean[k]) || !isfinite((float)w->squares[k]))
            return qn_fail(a->env, QN_ERROR_DATA,
                           "adapt: layer '%s': element %lld of its axis has the mean %g and the "
                           "variance %g: x holds values that are not finite, or are too large",
                           layer->name, (long long)k, w->mean[k], w->squares[k]);
    }
    return qn_normalization_write(a->env, layer, kept->kept, w->mean, w->squares);
}

static qn_status measure(adapt *a, const qn_layer *layer, const qn_kept *kept)
{
    size_t count = (size_t)kept->kept;
    double *all = qn_alloc_array(a->env, 3 * count, sizeof *all);
    if (!all)
        return QN_ERROR_MEMORY;
    welford w = {all, all + count, all + 2 * count};
    qn_activity_begin(a->env, a->x->shape[0], "measuring the data for %s", layer->name);
    qn_status status = add_all(a, kept, &w);
    qn_activity_end(a->env);
    if (status == QN_OK)
        status = finish(a, layer, kept, &w);
    qn_free(a->env, all);
    return status;
}

/* ---- the layers in front ---- */

static qn_status add_step(adapt *a, int64_t kept, int64_t inner, affine_step **step)
{
    QN_TRY(qn_grow(a->env, &a->step, &a->capacity, a->count + 1, sizeof *a->step));
    double *numbers = qn_alloc_array(a->env, 2 * (size_t)kept, sizeof *numbers);
    if (!numbers)
        return QN_ERROR_MEMORY;
    *step = &a->step[a->count++];
    **step = (affine_step){kept, inner, numbers, numbers + kept};
    return QN_OK;
}

static qn_status pass_rescaling(adapt *a, const qn_layer *layer)
{
    const qn_rescaling_params *p = layer->params;
    affine_step *step;
    QN_TRY(add_step(a, 1, 1, &step));
    step->factor[0] = p->scale;
    step->offset[0] = p->offset;
    return QN_OK;
}

static qn_status pass_normalization(adapt *a, const qn_layer *layer)
{
    qn_kept kept;
    affine_step *step;
    QN_TRY(qn_normalization_kept(a->env, layer, &layer->input, &kept));
    if (qn_normalization_adapts(layer))
        QN_TRY(measure(a, layer, &kept));
    QN_TRY(add_step(a, kept.kept, kept.inner, &step));
    double *read = qn_alloc_array(a->env, 2 * (size_t)kept.kept, sizeof *read);
    qn_status status = read ? QN_OK : QN_ERROR_MEMORY;
    if (status == QN_OK)
        status = qn_normalization_read(a->env, layer, kept.kept, read, read + kept.kept);
    if (status == QN_OK)
        qn_normalization_affine(layer, kept.kept, read, read + kept.kept, step->factor,
                                step->offset);
    qn_free(a->env, read);
    return status;
}

/* The last Normalization to adapt in front of the first other layer with weights; -1: none. */
static int last_to_adapt(const qn_model *model)
{
    int last = -1;
    for (int i = 0; i < model->layer_count; i++) {
        const qn_layer *layer = model->layer[i];
        if (layer->type != &qn_layer_normalization && layer->weight_count > 0)
            break;
        if (layer->type == &qn_layer_normalization && qn_normalization_adapts(layer))
            last = i;
    }
    return last;
}

static qn_status pass_layer(adapt *a, const qn_layer *layer)
{
    if (layer->type == &qn_layer_normalization)
        return pass_normalization(a, layer);
    if (layer->type == &qn_layer_rescaling)
        return pass_rescaling(a, layer);
    if (layer->type == &qn_layer_input || layer->type == &qn_layer_flatten)
        return QN_OK;
    return qn_fail(a->env, QN_ERROR_USAGE,
                   "adapt: layer '%s' (%s) stands in front of a Normalization; only input, "
                   "flatten, rescaling and normalization may: move the Normalization before it",
                   layer->name, layer->type->schema.name);
}

static qn_status pass_all(adapt *a)
{
    int last = last_to_adapt(a->model);
    size_t row = (size_t)a->columns * qn_dtype_size(qn_array_device_dtype(a->x));
    if (last < 0)
        return qn_fail(a->env, QN_ERROR_USAGE,
                       "adapt: the model has no Normalization without mean and variance in front "
                       "of its first other layer with weights: add one");
    a->chunk_rows = row < CHUNK_BYTES ? (int64_t)(CHUNK_BYTES / row) : 1;
    a->chunk = qn_alloc_array(a->env, (size_t)a->chunk_rows, row);
    if (!a->chunk)
        return QN_ERROR_MEMORY;
    for (int i = 0; i <= last; i++)
        QN_TRY(pass_layer(a, a->model->layer[i]));
    return QN_OK;
}

qn_status qn_adapt(qn_model *model, qn_array x)
{
    adapt a = {.model = model, .env = model->env, .x = &x};
    QN_TRY(qn_check_samples(model, "adapt", &x));
    a.columns = qn_array_row_elements(&x);
    qn_status status = pass_all(&a);
    for (size_t i = 0; i < a.count; i++)
        qn_free(a.env, a.step[i].factor); /* holds the offsets as well */
    qn_free(a.env, a.step);
    qn_free(a.env, a.chunk);
    return status;
}

bool qn_model_adapts(const qn_model *model)
{
    return last_to_adapt(model) >= 0;
}
