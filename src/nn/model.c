/* SPDX-License-Identifier: Apache-2.0 */
/* The model's life, and what it tells about itself. */
#include "nn/model.h"
#include "nn/build.h"

qn_status qn_sequential(qn_context *ctx, qn_model **out)
{
    *out = NULL;
    if (ctx == NULL)
        return QN_ERROR_USAGE;
    qn_device *device;
    QN_TRY(qn_context_only_device(ctx, &device));
    qn_model *model = qn_alloc(&ctx->env, sizeof *model);
    if (model == NULL)
        return QN_ERROR_MEMORY;
    model->context = ctx;
    model->env = &ctx->env;
    model->device = device;
    model->text.env = &ctx->env;
    model->seed = ctx->seed;
    model->input_scale = 1;
    *out = model;
    return QN_OK;
}

void qn_model_destroy(qn_model **address)
{
    if (address == NULL || *address == NULL)
        return;
    qn_model *model = *address;
    qn_model_changed(model);
    if (model->drop_history != NULL)
        model->drop_history(model);
    qn_model_forget_compile(model);
    qn_free(model->env, model->loaded_state);
    qn_training_forget(model);
    qn_storage_destroy(&model->storage);
    for (int i = 0; i < model->layer_count; i++)
        qn_layer_free(model->env, model->layer[i]);
    qn_free(model->env, model->layer);
    qn_text_free(&model->text);
    qn_free(model->env, model);
    *address = NULL;
}

void qn_model_changed(qn_model *model)
{
    if (model->drop_plans != NULL)
        model->drop_plans(model);
}

qn_context *qn_model_context(const qn_model *model)
{
    return model->context;
}

/* A shape without its batch dimension. */
static int sample_shape(const qn_model *model, const qn_shape *shape, int64_t *out)
{
    if (!model->built)
        return 0;
    for (int i = 1; i < shape->rank; i++)
        out[i - 1] = shape->dim[i];
    return shape->rank - 1;
}

int qn_model_input_shape(const qn_model *model, int64_t shape[QN_MAX_RANK])
{
    return sample_shape(model, &model->input_shape, shape);
}

int qn_model_output_shape(const qn_model *model, int64_t shape[QN_MAX_RANK])
{
    return sample_shape(model, &model->output_shape, shape);
}

float qn_model_input_scale(const qn_model *model)
{
    return model->input_scale;
}

const char *qn_model_loss(const qn_model *model)
{
    return model->loss_text;
}

const char *qn_model_text(qn_model *model)
{
    qn_text_free(&model->text);
    for (int i = 0; i < model->layer_count; i++) {
        if (i > 0)
            qn_text_add(&model->text, ", ");
        qn_params_write(&model->text, &model->layer[i]->type->schema, model->layer[i]->params);
    }
    return qn_text_get(&model->text);
}
