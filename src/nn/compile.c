/* SPDX-License-Identifier: Apache-2.0 */
/* Compile: which optimizer, loss and metrics. */
#include "base/util.h"
#include "nn/build.h"
#include "nn/schedules.h"

/* ---- what one compile makes ---- */

typedef struct compiled {
    qn_part optimizer, loss;
    qn_schedule *schedule;
    char *loss_text, *metrics_text;
    qn_metric metric[QN_MAX_METRICS];
    int metric_count;
} compiled;

static void free_compiled(qn_env *env, compiled *c)
{
    qn_part_free(env, &c->optimizer);
    qn_part_free(env, &c->loss);
    qn_schedule_free(env, &c->schedule);
    qn_free(env, c->loss_text);
    qn_free(env, c->metrics_text);
}

static qn_status check_given(qn_env *env, const qn_compile_params *params)
{
    if (params->optimizer != NULL && params->optimizer_spec != NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "compile: both .optimizer (\"%s\") and .optimizer_spec (%s) were given: "
                       "leave one out",
                       params->optimizer, params->optimizer_spec->type);
    if (params->loss == NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "compile: no loss was given: write .loss = \"categorical_crossentropy\" or "
                       "another of qn_names(\"loss\", i)");
    return QN_OK;
}

/* Keras's optimizer where none is named. */
static qn_status read_optimizer(qn_env *env, const qn_compile_params *params, compiled *c)
{
    const char *text = params->optimizer;
    if (text == NULL && params->optimizer_spec == NULL)
        text = "rmsprop";
    QN_TRY(qn_part_read(env, &qn_kind_optimizer, text, params->optimizer_spec, &c->optimizer));
    qn_optimizer_head head = qn_optimizer_head_of(c->optimizer.params);
    if (head.learning_rate_schedule == NULL)
        return QN_OK;
    return qn_schedule_read(env, head.learning_rate_schedule, &c->schedule);
}

static qn_status read_loss(qn_env *env, const char *text, compiled *c)
{
    qn_text written = {.env = env};
    QN_TRY(qn_part_read(env, &qn_kind_loss, text, NULL, &c->loss));
    qn_params_write(&written, c->loss.schema, c->loss.params);
    if (written.failed) {
        qn_text_free(&written);
        return QN_ERROR_MEMORY;
    }
    c->loss_text = written.data; /* ours from now on */
    return QN_OK;
}

/* Columns that the loss compares; 0 until the model is built. */
static int64_t output_columns(const qn_model *model)
{
    return model->built ? model->output_shape.dim[model->output_shape.rank - 1] : 0;
}

static qn_status read_metrics(qn_model *model, const char *text, const qn_loss_type *loss,
                              compiled *c)
{
    QN_TRY(qn_metrics_parse(model->env, text, loss, output_columns(model), c->metric,
                            QN_MAX_METRICS, &c->metric_count));
    c->metrics_text = text != NULL ? qn_strdup(model->env, text) : NULL;
    return text == NULL || c->metrics_text != NULL ? QN_OK : QN_ERROR_MEMORY;
}

static qn_status read_all(qn_model *model, const qn_compile_params *params, compiled *c)
{
    QN_TRY(check_given(model->env, params));
    QN_TRY(read_loss(model->env, params->loss, c));
    QN_TRY(read_optimizer(model->env, params, c));
    return read_metrics(model, params->metrics, (const qn_loss_type *)c->loss.schema, c);
}

/* ---- what the model keeps of it ---- */

void qn_model_forget_compile(qn_model *model)
{
    qn_env *env = model->env;
    qn_part_free(env, &model->optimizer);
    qn_part_free(env, &model->loss);
    qn_schedule_free(env, &model->schedule);
    qn_free(env, model->loss_text);
    qn_free(env, model->metrics_text);
    model->loss_text = model->metrics_text = NULL;
    model->metric_count = 0;
}

static void take_metrics(qn_model *model, const compiled *c)
{
    memcpy(model->metric, c->metric, sizeof c->metric[0] * (size_t)c->metric_count);
    model->metric_count = c->metric_count;
    model->metrics_text = c->metrics_text;
}

static void take(qn_model *model, const compiled *c)
{
    model->optimizer = c->optimizer;
    model->loss = c->loss;
    model->schedule = c->schedule;
    model->loss_text = c->loss_text;
    take_metrics(model, c);
    model->learning_rate = qn_optimizer_head_of(c->optimizer.params).learning_rate;
}

static void warn_of_one_class(const qn_model *model)
{
    const qn_loss_type *loss = qn_model_loss_type(model);
    if (output_columns(model) == 1 &&
        (loss->kind == QN_LOSS_CATEGORICAL || loss->kind == QN_LOSS_SPARSE))
        qn_log(model->env, QN_LOG_WARNING,
               "loss '%s' of an output with one column: every row has the same class; for two "
               "classes use sigmoid with 'binary_crossentropy'",
               loss->schema.name);
}

qn_status qn_compile_with(qn_model *model, const qn_compile_params *given)
{
    static const qn_compile_params defaults = {.size = sizeof defaults,
                                               QN_COMPILE_DEFAULTS(QN_DEFAULT_)};
    qn_compile_params params;
    compiled c = {0};
    qn_params_take(&params, &defaults, sizeof params, given, given->size);
    qn_status status = read_all(model, &params, &c);
    if (status != QN_OK) {
        free_compiled(model->env, &c);
        return status;
    }
    qn_model_changed(model);
    qn_model_forget_compile(model);
    take(model, &c);
    warn_of_one_class(model);
    /* The state starts anew; its slots are made when the model trains first. */
    return qn_model_reset_optimizer(model);
}

qn_status qn_model_set_metrics(qn_model *model, const char *metrics)
{
    compiled c = {0};
    if (model->loss.schema == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "metrics \"%s\" were given, but the model is not compiled: call qn_compile",
                       metrics != NULL ? metrics : "");
    bool same = metrics == NULL || model->metrics_text == NULL
                    ? metrics == model->metrics_text
                    : strcmp(metrics, model->metrics_text) == 0;
    if (same)
        return QN_OK;
    QN_TRY(read_metrics(model, metrics, qn_model_loss_type(model), &c));
    qn_model_changed(model);
    qn_free(model->env, model->metrics_text);
    take_metrics(model, &c);
    return QN_OK;
}

qn_status qn_model_resolve_metrics(qn_model *model)
{
    if (model->loss.schema == NULL)
        return QN_OK;
    warn_of_one_class(model);
    return qn_metrics_parse(model->env, model->metrics_text, qn_model_loss_type(model),
                            output_columns(model), model->metric, QN_MAX_METRICS,
                            &model->metric_count);
}

const char *qn_model_result_name(const qn_model *model, int index)
{
    if (index == 0)
        return "loss";
    return index > 0 && index <= model->metric_count ? model->metric[index - 1].name : NULL;
}

const qn_loss_type *qn_model_loss_type(const qn_model *model)
{
    return (const qn_loss_type *)model->loss.schema;
}
