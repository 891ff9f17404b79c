/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and targets as a model takes them: splits, one-hot targets, the scale of images. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_label(const qn_array *y)
{
    bool integer = y->dtype != QN_F32 && y->dtype != QN_F64;
    return y->data && integer && (y->rank == 1 || (y->rank == 2 && y->shape[1] == 1));
}

qn_status open_samples(qn_context *ctx, const arguments *a, const char *split, samples *s)
{
    qn_array first;
    memset(s, 0, sizeof *s);
    qn_status status = qn_dataset_open(ctx, a->data, &s->dataset);
    if (status == QN_OK)
        status = qn_dataset_get(s->dataset, split, &s->x, &s->y);
    if (status == QN_OK)
        status = qn_dataset_get(s->dataset, "train", &first, NULL);
    if (status == QN_OK && strcmp(split, "train") == 0)
        status = qn_dataset_get(s->dataset, "test", &s->test_x, &s->test_y);
    if (status != QN_OK)
        return status;
    /* A dataset of one split gives it under both names: that is no test. */
    if (s->test_x.data == first.data || !s->test_y.data)
        s->test_x.data = s->test_y.data = NULL;
    if (is_label(&s->y))
        s->labels = s->y;
    return QN_OK;
}

void note_samples(const arguments *a, const samples *s)
{
    char shape[192];
    note(a, "data    %s: %" PRId64 " samples of %s %s, scale %g", a->data, s->x.shape[0],
         qn_dtype_name(s->x.dtype), shape_text(s->x.rank - 1, s->x.shape + 1, shape, sizeof shape),
         s->x.scale ? (double)s->x.scale : 1.0);
}

qn_status open_sample_weight(qn_context *ctx, const arguments *a, samples *s)
{
    if (!a->sample_weight)
        return QN_OK;
    size_t size = strlen(a->sample_weight) + sizeof "npy:";
    char *spec = malloc(size);
    if (!spec)
        return QN_ERROR_MEMORY;
    snprintf(spec, size, "npy:%s", a->sample_weight);
    qn_status status = qn_dataset_open(ctx, spec, &s->weights);
    free(spec);
    return status == QN_OK ? qn_dataset_get(s->weights, "train", &s->weight, NULL) : status;
}

/* One-hot targets in memory that close_samples frees. */
static qn_status make_one_hot(qn_context *ctx, int64_t classes, qn_array *y, float **memory)
{
    int64_t rows = y->shape[0];
    *memory = calloc((size_t)rows * (size_t)classes, sizeof **memory);
    if (!*memory)
        return QN_ERROR_MEMORY;
    qn_status status = qn_one_hot(ctx, *y, qn_f32_out(*memory, rows, classes));
    if (status == QN_OK)
        *y = qn_f32(*memory, rows, classes);
    return status;
}

/* Integers are right for sparse losses, and for a single output. */
static int64_t wanted_classes(const qn_model *model)
{
    int64_t shape[QN_MAX_RANK];
    const char *loss = qn_model_loss(model);
    if (!loss || strncmp(loss, "sparse_", 7) == 0 || qn_model_output_shape(model, shape) != 1)
        return 1;
    return shape[0];
}

void take_scale(const arguments *a, const qn_model *model, qn_array *x)
{
    float scale = qn_model_input_scale(model);
    if (x->dtype != QN_U8 || x->scale == scale)
        return;
    note(a, "scale   the samples are scaled by %g, as those that the model was trained on",
         (double)scale);
    x->scale = scale;
}

qn_status fit_samples_to_model(const arguments *a, qn_model *model, bool trained, samples *s)
{
    qn_context *ctx = qn_model_context(model);
    int64_t classes = wanted_classes(model);
    if (trained) {
        take_scale(a, model, &s->x);
        s->test_x.scale = s->x.scale;
    }
    if (classes == 1 || !is_label(&s->y))
        return QN_OK;
    qn_status status = make_one_hot(ctx, classes, &s->y, &s->one_hot[0]);
    if (status == QN_OK && is_label(&s->test_y))
        status = make_one_hot(ctx, classes, &s->test_y, &s->one_hot[1]);
    if (status == QN_OK)
        note(a, "labels  one-hot encoded to (%" PRId64 ", %" PRId64 "), as %s wants them",
             s->y.shape[0], classes, qn_model_loss(model));
    return status;
}

void close_samples(samples *s)
{
    qn_dataset_destroy(&s->dataset);
    qn_dataset_destroy(&s->weights);
    free(s->one_hot[0]);
    free(s->one_hot[1]);
    s->one_hot[0] = s->one_hot[1] = NULL;
}
