/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of samples and of classes. */
#include "train/weights.h"
#include "base/numbers.h"
#include "base/spec.h"
#include "data/convert.h"
#include <math.h>
#include <stdlib.h>

/* Element of an array of any type, without scale. */
static double element(const qn_array *array, int64_t index)
{
    if (array->dtype == QN_F32)
        return (double)((const float *)array->data)[index];
    if (array->dtype == QN_F64)
        return ((const double *)array->data)[index];
    return (double)qn_array_integer(array, index);
}

/* ---- of samples ---- */

static qn_status check_shape(qn_model *model, const char *task, const char *name,
                             const qn_array *given, int64_t rows)
{
    char shape[192];

    QN_TRY(qn_array_check(model->env, given, name));
    if (given->rank != 1 || given->shape[0] != rows)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: %s has the shape %s: it needs one weight for each of the %lld rows",
                       task, name, qn_shape_text(given->rank, given->shape, shape, sizeof shape),
                       (long long)rows);
    if (given->scale != 0 && given->scale != 1)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: %s has the scale %g: weights are taken as they are, scale them before",
                       task, name, (double)given->scale);
    return QN_OK;
}

static qn_status check_values(qn_model *model, const char *task, const char *name,
                              const qn_array *given)
{
    for (int64_t i = 0; i < given->shape[0]; i++) {
        double weight = element(given, i);

        if (!(weight >= 0 && isfinite((float)weight)))
            return qn_fail(model->env, QN_ERROR_DATA,
                           "%s: %s is %g in row %lld: it must be 0 or more, and finite", task, name,
                           weight, (long long)i);
    }
    return QN_OK;
}

qn_status qn_sample_weights(qn_model *model, const char *task, const char *name,
                            const qn_array *given, int64_t rows, float **owned, qn_array *weights)
{
    *weights = (qn_array){.data = NULL};
    if (!given->data)
        return QN_OK;
    QN_TRY(check_shape(model, task, name, given, rows));
    QN_TRY(check_values(model, task, name, given));
    *weights = *given;
    if (!qn_dtype_is_integer(given->dtype))
        return QN_OK;
    *owned = qn_alloc_array(model->env, (size_t)rows, sizeof **owned);
    if (!*owned)
        return QN_ERROR_MEMORY;
    for (int64_t i = 0; i < rows; i++)
        (*owned)[i] = (float)element(given, i);
    weights->data = *owned;
    weights->dtype = QN_F32;
    return QN_OK;
}

/* ---- of classes ---- */

#define MOST_CLASS 1000000

/* Weights of classes 0 .. count - 1. */
typedef struct table {
    int64_t count;
    float *weight;
} table;

/* Columns that the loss compares: how many classes; 0: no bound is known (one column). */
static int64_t class_count(const qn_model *model)
{
    int64_t columns = model->output_shape.dim[model->output_shape.rank - 1];

    if (qn_model_loss_type(model)->sparse || columns > 1)
        return columns;
    return qn_model_loss_type(model)->kind == QN_LOSS_BINARY ? 2 : 0;
}

/* "3=2.5" */
static qn_status read_item(qn_model *model, const char *text, const qn_spec_node *node,
                           int64_t *class, double *weight)
{
    int64_t classes = class_count(model);
    char *end = NULL;

    *class = node->key ? strtoll(node->key, &end, 10) : -1;
    if (!node->key || end == node->key || *end != '\0' || !node->word || node->call ||
        !qn_number_parse(node->word, weight))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "class_weight \"%s\": column %d is no class with its weight: write them as "
                       "in \"0=1, 3=2.5\"",
                       text, node->column);
    if (*class < 0 || *class >= (classes > 0 ? classes : MOST_CLASS))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "class_weight \"%s\": there is no class %lld: they are 0 to %lld", text,
                       (long long)*class, (long long)(classes > 0 ? classes : MOST_CLASS) - 1);
    if (!(*weight >= 0 && isfinite((float)*weight)))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "class_weight \"%s\": the weight of class %lld is %g: it must be 0 or more, "
                       "and finite",
                       text, (long long)*class, *weight);
    return QN_OK;
}

static qn_status fill_table(qn_model *model, const char *text, const qn_spec_node *root, table *t)
{
    size_t capacity = 0;

    for (int i = 0; i < root->count; i++) {
        int64_t class;
        double weight;

        QN_TRY(read_item(model, text, &root->items[i], &class, &weight));
        QN_TRY(qn_grow(model->env, &t->weight, &capacity, (size_t) class + 1, sizeof *t->weight));
        for (; t->count <= class; t->count++)
            t->weight[t->count] = -1; /* not named */
        if (t->weight[class] >= 0)
            return qn_fail(model->env, QN_ERROR_USAGE,
                           "class_weight \"%s\": class %lld is there twice", text,
                           (long long)class);
        t->weight[class] = (float)weight;
    }
    return QN_OK;
}

/* The class of a row: its label, its rounded number, or the place of its largest. */
static double class_of(const qn_array *y, int64_t row, int64_t columns)
{
    int64_t best = 0;

    if (columns == 1)
        return nearbyint(element(y, row));
    for (int64_t i = 1; i < columns; i++)
        if (element(y, row * columns + i) > element(y, row * columns + best))
            best = i;
    return (double)best;
}

static qn_status weigh_rows(qn_model *model, const qn_array *y, const table *t, float **owned)
{
    int64_t columns = qn_array_row_elements(y);
    bool rows_have_one =
        y->rank == 1 || (y->rank == 2 && (!qn_model_loss_type(model)->sparse || columns == 1));

    if (!rows_have_one)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "class_weight: a row of y has several targets of %lld numbers in all: give "
                       "a sample_weight instead",
                       (long long)columns);
    *owned = qn_alloc_array(model->env, (size_t)y->shape[0], sizeof **owned);
    if (!*owned)
        return QN_ERROR_MEMORY;
    for (int64_t i = 0; i < y->shape[0]; i++) {
        double class = class_of(y, i, columns);
        bool named = class >= 0 && class < (double)t->count && t->weight[(int64_t) class] >= 0;

        (*owned)[i] = named ? t->weight[(int64_t) class] : 1;
    }
    return QN_OK;
}

qn_status qn_class_weights(qn_model *model, const char *task, const char *text, const qn_array *y,
                           float **owned, qn_array *weights)
{
    qn_spec_node *root = NULL;
    table t = {.count = 0};
    qn_status status = qn_spec_parse(model->env, text, &root);

    if (status == QN_OK)
        status = fill_table(model, text, root, &t);
    if (status == QN_OK)
        status = weigh_rows(model, y, &t, owned);
    qn_spec_free(model->env, &root);
    qn_free(model->env, t.weight);
    *weights = (qn_array){.data = NULL};
    if (status != QN_OK)
        return qn_fail_context(model->env, status, "%s", task);
    *weights = qn_f32(*owned, y->shape[0]);
    return QN_OK;
}

qn_status qn_training_weights(qn_model *model, const char *task, const qn_array *sample_weight,
                              const char *class_weight, const qn_array *y, float **owned,
                              qn_array *weights)
{
    if (sample_weight->data && class_weight)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "%s: both sample_weight and class_weight (\"%s\") were given: leave one out",
                       task, class_weight);
    if (class_weight)
        return qn_class_weights(model, task, class_weight, y, owned, weights);
    return qn_sample_weights(model, task, "sample_weight", sample_weight, y->shape[0], owned,
                             weights);
}
