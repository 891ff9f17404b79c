/* SPDX-License-Identifier: Apache-2.0 */
/* Compile: which optimizer, loss and metrics. */
#include "base/util.h"
#include "nn/build.h"
#include "nn/names.h"

static void free_optimizer(qn_env *env, const qn_optimizer_type *type, void *params)
{
    if (params != NULL)
        qn_params_free(env, &type->schema, params);
    qn_free(env, params);
}

void qn_model_forget_compile(qn_model *model)
{
    free_optimizer(model->env, model->optimizer, model->optimizer_params);
    qn_free(model->env, model->metrics_text);
    model->optimizer = NULL;
    model->optimizer_params = NULL;
    model->loss = NULL;
    model->metric_count = 0;
    model->metrics_text = NULL;
}

/* Optimizer from text or struct. */
static qn_status read_optimizer(qn_env *env, const char *text, const qn_spec *spec,
                                const qn_optimizer_type **found, void **params)
{
    qn_spec_node *root = NULL;
    if (spec == NULL)
        QN_TRY(qn_parse_name(env, "optimizer", text, &root));
    const char *name = spec == NULL ? root->items[0].word : spec->type;
    const qn_optimizer_type *type = name != NULL ? qn_optimizer_type_find(name) : NULL;
    qn_status status = QN_OK;
    if (type == NULL)
        status = qn_fail_name(env, "optimizer", name != NULL ? name : "");
    if (status == QN_OK && (*params = qn_alloc(env, type->schema.size)) == NULL)
        status = QN_ERROR_MEMORY;
    if (status == QN_OK)
        status = spec != NULL ? qn_params_from_struct(env, &type->schema, spec, *params)
                              : qn_params_from_spec(env, &type->schema, &root->items[0], *params);
    qn_spec_free(env, &root);
    if (status != QN_OK) {
        qn_free(env, *params);
        *params = NULL;
        return status;
    }
    *found = type;
    return QN_OK;
}

static qn_status read_loss(qn_env *env, const char *text, const qn_loss_type **loss)
{
    qn_spec_node *root = NULL;
    QN_TRY(qn_parse_name(env, "loss", text, &root));
    const qn_spec_node *node = &root->items[0];
    qn_status status = QN_OK;
    *loss = qn_loss_type_find(node->word);
    if (*loss == NULL)
        status = qn_fail_name(env, "loss", node->word);
    else if (node->count > 0)
        status = qn_fail(env, QN_ERROR_USAGE, "loss '%s' takes no arguments, given \"%s\"",
                         (*loss)->name, text);
    qn_spec_free(env, &root);
    return status;
}

static qn_status check_given(qn_env *env, const qn_compile_params *params)
{
    if (params->optimizer != NULL && params->optimizer_spec != NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "compile: both .optimizer (\"%s\") and .optimizer_spec (%s) were given: "
                       "leave one out",
                       params->optimizer, params->optimizer_spec->type);
    if (params->optimizer == NULL && params->optimizer_spec == NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "compile: no optimizer was given: write .optimizer = \"adam\" or "
                       ".optimizer_spec = qn_adam(...)");
    if (params->loss == NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "compile: no loss was given: write .loss = \"categorical_crossentropy\" or "
                       "another of qn_names(\"loss\", i)");
    return QN_OK;
}

/* Columns that the loss compares; 0 until the model is built. */
static int64_t output_columns(const qn_model *model)
{
    return model->built ? model->output_shape.dim[model->output_shape.rank - 1] : 0;
}

static qn_status read_metrics(qn_model *model, const char *text, const qn_loss_type *loss,
                              char **copy)
{
    qn_metric metric[QN_MAX_METRICS];
    int count = 0;
    QN_TRY(qn_metrics_parse(model->env, text, loss, output_columns(model), metric, QN_MAX_METRICS,
                            &count));
    *copy = text != NULL ? qn_strdup(model->env, text) : NULL;
    if (text != NULL && *copy == NULL)
        return QN_ERROR_MEMORY;
    memcpy(model->metric, metric, sizeof metric[0] * (size_t)count);
    model->metric_count = count;
    return QN_OK;
}

static void warn_of_one_class(const qn_model *model)
{
    if (output_columns(model) == 1 &&
        (model->loss->kind == QN_LOSS_CATEGORICAL || model->loss->kind == QN_LOSS_SPARSE))
        qn_log(model->env, QN_LOG_WARNING,
               "loss '%s' of an output with one column: every row has the same class; for two "
               "classes use sigmoid with 'binary_crossentropy'",
               model->loss->name);
}

qn_status qn_compile_with(qn_model *model, const qn_compile_params *given)
{
    static const qn_compile_params defaults = {.size = sizeof defaults,
                                               QN_COMPILE_DEFAULTS(QN_DEFAULT_)};
    qn_env *env = model->env;
    qn_compile_params params;
    const qn_optimizer_type *optimizer = NULL;
    const qn_loss_type *loss = NULL;
    void *optimizer_params = NULL;
    char *metrics_text = NULL;
    qn_params_take(&params, &defaults, sizeof params, given, given->size);
    QN_TRY(check_given(env, &params));
    QN_TRY(read_loss(env, params.loss, &loss));
    QN_TRY(read_optimizer(env, params.optimizer, params.optimizer_spec, &optimizer,
                          &optimizer_params));
    qn_status status = read_metrics(model, params.metrics, loss, &metrics_text);
    if (status != QN_OK) {
        free_optimizer(env, optimizer, optimizer_params);
        return status;
    }
    int metric_count = model->metric_count;
    qn_model_changed(model);
    qn_model_forget_compile(model);
    model->optimizer = optimizer;
    model->optimizer_params = optimizer_params;
    model->loss = loss;
    model->metric_count = metric_count;
    model->metrics_text = metrics_text;
    model->iterations = 0;
    warn_of_one_class(model);
    /* The state starts anew; its slots are made when the model trains first. */
    return model->storage != NULL ? qn_storage_slots(model->storage, 0) : QN_OK;
}

qn_status qn_model_set_metrics(qn_model *model, const char *metrics)
{
    char *text = NULL;
    if (model->loss == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "metrics \"%s\" were given, but the model is not compiled: call qn_compile",
                       metrics != NULL ? metrics : "");
    bool same = metrics == NULL || model->metrics_text == NULL
                    ? metrics == model->metrics_text
                    : strcmp(metrics, model->metrics_text) == 0;
    if (same)
        return QN_OK;
    QN_TRY(read_metrics(model, metrics, model->loss, &text));
    qn_model_changed(model);
    qn_free(model->env, model->metrics_text);
    model->metrics_text = text;
    return QN_OK;
}

qn_status qn_model_resolve_metrics(qn_model *model)
{
    if (model->loss == NULL)
        return QN_OK;
    warn_of_one_class(model);
    return qn_metrics_parse(model->env, model->metrics_text, model->loss, output_columns(model),
                            model->metric, QN_MAX_METRICS, &model->metric_count);
}

float qn_model_rate(const qn_model *model, uint32_t iteration)
{
    return (float)model->optimizer->rate(model->optimizer_params, iteration);
}

const char *qn_model_result_name(const qn_model *model, int index)
{
    if (index == 0)
        return "loss";
    return index > 0 && index <= model->metric_count ? model->metric[index - 1].name : NULL;
}
