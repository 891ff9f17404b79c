/* SPDX-License-Identifier: Apache-2.0 */
/* Model files: weights as safetensors, all else as JSON in the metadata "quern". */
#include "base/file.h"
#include "io/model_json.h"
#include "io/safetensors.h"

static const char metadata_key[] = "quern";

/* ---- saving ---- */

static qn_status read_weight(void *user, int index, float *values)
{
    return qn_variable_read(qn_model_weight(user, index), values);
}

static void describe_weights(const qn_model *model, int count, qn_tensor *tensors)
{
    for (int i = 0; i < count; i++) {
        const qn_variable *variable = qn_model_weight(model, i);
        tensors[i].name = variable->name;
        tensors[i].rank = variable->shape.rank;
        memcpy(tensors[i].shape, variable->shape.dim, sizeof tensors[i].shape);
    }
}

qn_status qn_save(qn_model *model, const char *path)
{
    qn_env *env = model->env;
    int count = qn_weight_count(model);
    char *metadata = NULL;
    if (path == NULL)
        return qn_fail(env, QN_ERROR_USAGE, "qn_save: no file name was given");
    if (!model->built)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: the model has no weights to save: give its first layer an input_shape, "
                       "call qn_build, or train it",
                       path);
    qn_tensor *tensors = qn_alloc_array(env, (size_t)count, sizeof *tensors);
    if (tensors == NULL)
        return QN_ERROR_MEMORY;
    describe_weights(model, count, tensors);
    qn_status status = qn_model_to_json(model, &metadata);
    if (status == QN_OK)
        status =
            qn_safetensors_write(env, &(qn_safetensors_write_request){.path = path,
                                                                      .metadata_key = metadata_key,
                                                                      .metadata = metadata,
                                                                      .count = count,
                                                                      .tensor = tensors,
                                                                      .read = read_weight,
                                                                      .user = model});
    qn_free(env, metadata);
    qn_free(env, tensors);
    return status;
}

qn_status qn_check_writable(qn_context *ctx, const char *path)
{
    return qn_file_check_writable(&ctx->env, path);
}

/* ---- loading ---- */

/* A weight's values are the tensor of its name. */
static qn_status find_values(void *user, const char *name, const qn_shape *shape,
                             const void **values)
{
    const qn_safetensors *file = user;
    const qn_tensor *tensor = qn_safetensors_find(file, name);
    char wanted[192], found[192];
    if (tensor == NULL)
        return qn_fail(file->env, QN_ERROR_DATA,
                       "the architecture has a weight '%s', but the file has no such tensor", name);
    if (tensor->rank != shape->rank ||
        memcmp(tensor->shape, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]) != 0)
        return qn_fail(file->env, QN_ERROR_DATA,
                       "weight '%s' should have the shape %s, and the tensor has %s", name,
                       qn_shape_print(shape, wanted, sizeof wanted),
                       qn_shape_text(tensor->rank, tensor->shape, found, sizeof found));
    *values = tensor->data;
    return QN_OK;
}

static qn_status check_all_used(const qn_model *model, const qn_safetensors *file)
{
    int count = qn_weight_count(model);
    if ((size_t)count == file->count)
        return QN_OK;
    for (size_t i = 0; i < file->count; i++) {
        bool used = false;
        for (int j = 0; !used && j < count; j++)
            used = strcmp(qn_model_weight(model, j)->name, file->tensor[i].name) == 0;
        if (!used)
            return qn_fail(model->env, QN_ERROR_DATA,
                           "the file has a tensor '%s', but the architecture has no such weight",
                           file->tensor[i].name);
    }
    return QN_OK;
}

static qn_status fill_model(qn_model *model, const qn_safetensors *file)
{
    const char *metadata = qn_safetensors_metadata(file, metadata_key);
    if (metadata == NULL)
        return qn_fail(model->env, QN_ERROR_DATA,
                       "the file has tensors, but no architecture (its __metadata__ has no "
                       "'quern'): only files that qn_save wrote can be loaded");
    const qn_value_source source = {.find = find_values, .user = (void *)(uintptr_t)file};
    QN_TRY(qn_model_from_json(model, metadata, &source));
    return check_all_used(model, file);
}

qn_status qn_load(qn_context *ctx, const char *path, qn_model **out)
{
    qn_env *env = &ctx->env;
    qn_safetensors *file = NULL;
    qn_model *model = NULL;
    *out = NULL;
    if (path == NULL)
        return qn_fail(env, QN_ERROR_USAGE, "qn_load: no file name was given");
    QN_TRY(qn_safetensors_read(env, path, &file));
    qn_status status = qn_sequential(ctx, &model);
    if (status == QN_OK && (status = fill_model(model, file)) != QN_OK) {
        /* Whatever is wrong now is wrong in the file. */
        status = status == QN_ERROR_USAGE ? QN_ERROR_DATA : status;
        (void)qn_fail_context(env, status, "%s", path);
        qn_model_destroy(&model);
    }
    qn_safetensors_free(&file);
    *out = model;
    return status;
}
