/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics by name: accuracies, and the losses. */
#include "nn/loss.h"

#include <stdio.h>

/* Arguments of all metrics together; each metric's table lists those that it takes. */
typedef struct metric_params {
    qn_spec spec;
    int64_t k;
    double threshold;
    const char *name;
} metric_params;

static const metric_params defaults = {.k = 5, .threshold = 0.5};

#define NAME                                                                                       \
    {                                                                                              \
        .name = "name", .kind = QN_FIELD_TEXT, .offset = offsetof(metric_params, name)             \
    }

static const qn_field name_only[] = {NAME};
static const qn_field with_k[] = {
    {.name = "k",
     .kind = QN_FIELD_INT,
     .offset = offsetof(metric_params, k),
     .positional = true,
     .minimum = 1,
     .maximum = INT32_MAX},
    NAME,
};
static const qn_field with_threshold[] = {
    {.name = "threshold",
     .kind = QN_FIELD_DOUBLE,
     .offset = offsetof(metric_params, threshold),
     .positional = true,
     .minimum = 0,
     .maximum = 1},
    NAME,
};

/* "accuracy" is one of the others, by the shapes. */
enum { ACCURACY_BY_SHAPE = -1 };

static const struct metric_type {
    const char *name, *alias;
    bool is_accuracy, sparse;
    int kind; /* qn_accuracy_kind or qn_loss_kind */
    const qn_field *fields;
    int field_count;
} types[] = {
    {"accuracy", "acc", true, false, ACCURACY_BY_SHAPE, name_only, 1},
    {"binary_accuracy", NULL, true, false, QN_ACCURACY_BINARY, with_threshold, 2},
    {"categorical_accuracy", NULL, true, false, QN_ACCURACY_CATEGORICAL, name_only, 1},
    {"sparse_categorical_accuracy", NULL, true, true, QN_ACCURACY_SPARSE, name_only, 1},
    {"top_k_categorical_accuracy", NULL, true, false, QN_ACCURACY_TOP_K, with_k, 2},
    {"sparse_top_k_categorical_accuracy", NULL, true, true, QN_ACCURACY_SPARSE_TOP_K, with_k, 2},
    {"categorical_crossentropy", NULL, false, false, QN_LOSS_CATEGORICAL, name_only, 1},
    {"sparse_categorical_crossentropy", NULL, false, true, QN_LOSS_SPARSE, name_only, 1},
    {"binary_crossentropy", "bce", false, false, QN_LOSS_BINARY, name_only, 1},
    {"mean_squared_error", "mse", false, false, QN_LOSS_SQUARED, name_only, 1},
    {"mean_absolute_error", "mae", false, false, QN_LOSS_ABSOLUTE, name_only, 1},
};

static const char *word(int index)
{
    return index < QN_COUNT(types) ? types[index].name : NULL;
}

const qn_kind qn_kind_metric = {.name = "metric", .plural = "metrics", .word = word};

static const struct metric_type *find(const char *name)
{
    for (int i = 0; i < QN_COUNT(types); i++)
        if (qn_same_name(types[i].name, name) ||
            (types[i].alias != NULL && qn_same_name(types[i].alias, name)))
            return &types[i];
    return NULL;
}

/* Keras picks by shapes: one output column is binary, integer labels are sparse. */
static qn_accuracy_kind accuracy_by_shape(const qn_loss_type *loss, int64_t output_columns)
{
    if (loss->sparse)
        return QN_ACCURACY_SPARSE;
    return output_columns == 1 ? QN_ACCURACY_BINARY : QN_ACCURACY_CATEGORICAL;
}

/* Integer labels and one-hot rows are not each other's targets. */
static qn_status check_targets(qn_env *env, const struct metric_type *type,
                               const qn_loss_type *loss)
{
    if (type->kind == ACCURACY_BY_SHAPE || type->sparse == loss->sparse)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "metric '%s' compares with %s, but the loss '%s' takes %s: use '%s'", type->name,
                   type->sparse ? "integer labels" : "one value per output", loss->schema.name,
                   loss->sparse ? "integer labels" : "one value per output",
                   type->is_accuracy ? "accuracy" : loss->schema.name);
}

static qn_status read_metric(qn_env *env, const qn_spec_node *node, const qn_loss_type *loss,
                             int64_t output_columns, qn_metric *metric)
{
    if (node->word == NULL || node->key != NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "metrics are a list of names, such as \"accuracy, mean_squared_error\"; "
                       "column %d has something else",
                       node->column);
    const struct metric_type *type = find(node->word);
    if (type == NULL)
        return qn_fail_name(env, &qn_kind_metric, node->word);
    QN_TRY(check_targets(env, type, loss));
    const qn_schema schema = {.type = type->name,
                              .name = type->name,
                              .defaults = &defaults,
                              .size = sizeof defaults,
                              .fields = type->fields,
                              .field_count = type->field_count};
    metric_params params;
    QN_TRY(qn_params_from_spec(env, &schema, node, &params));
    memset(metric, 0, sizeof *metric);
    snprintf(metric->name, sizeof metric->name, "%s",
             params.name != NULL ? params.name : node->word);
    metric->is_accuracy = type->is_accuracy;
    if (!type->is_accuracy)
        metric->loss = (qn_loss_kind)type->kind;
    else if (type->kind == ACCURACY_BY_SHAPE)
        metric->accuracy = accuracy_by_shape(loss, output_columns);
    else
        metric->accuracy = (qn_accuracy_kind)type->kind;
    metric->threshold = params.threshold;
    metric->k = (int)params.k;
    qn_params_free(env, &schema, &params);
    return QN_OK;
}

static qn_status read_list(qn_env *env, const qn_spec_node *list, const qn_loss_type *loss,
                           int64_t output_columns, qn_metric *metrics, int room, int *count)
{
    if (list->count > room)
        return qn_fail(env, QN_ERROR_USAGE, "%d metrics were given, at most %d are possible",
                       list->count, room);
    for (int i = 0; i < list->count; i++) {
        QN_TRY(read_metric(env, &list->items[i], loss, output_columns, &metrics[i]));
        bool again = strcmp(metrics[i].name, "loss") == 0;
        for (int j = 0; j < i; j++)
            again = again || strcmp(metrics[i].name, metrics[j].name) == 0;
        if (again)
            return qn_fail(env, QN_ERROR_USAGE,
                           "two results would be called '%s': give the metric another name, as in "
                           "accuracy(name=other)",
                           metrics[i].name);
    }
    *count = list->count;
    return QN_OK;
}

qn_status qn_metrics_parse(qn_env *env, const char *text, const qn_loss_type *loss,
                           int64_t output_columns, qn_metric *metrics, int room, int *count)
{
    qn_spec_node *root = NULL;
    *count = 0;
    if (text == NULL)
        return QN_OK;
    QN_TRY(qn_spec_parse(env, text, &root));
    qn_status status = read_list(env, root, loss, output_columns, metrics, room, count);
    qn_spec_free(env, &root);
    return status;
}

qn_value *qn_metric_rows(const qn_metric *metric, qn_value *y_true, qn_value *y_pred)
{
    if (!metric->is_accuracy)
        return qn_op_loss(metric->loss, y_true, y_pred);
    return qn_op_accuracy(metric->accuracy, metric->threshold, metric->k, y_true, y_pred);
}
