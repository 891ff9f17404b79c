/* SPDX-License-Identifier: Apache-2.0 */
/* Model files: weights and what training needs as safetensors, all else as JSON in the metadata
 * "quern". */
#include "base/file.h"
#include "io/model_json.h"
#include "io/model_tensors.h"

static const char metadata_key[] = "quern";

/* ---- saving ---- */

qn_status qn_save(qn_model *model, const char *path)
{
    qn_env *env = model->env;
    qn_model_tensors list;
    char *metadata = NULL;
    if (path == NULL)
        return qn_fail(env, QN_ERROR_USAGE, "qn_save: no file name was given");
    if (!model->built)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: the model has no weights to save: give its first layer an input_shape, "
                       "call qn_build, or train it",
                       path);
    QN_TRY(qn_model_tensors_list(model, &list));
    qn_activity_begin(env, 0, "writing %s", path);
    qn_status status = qn_model_to_json(model, &metadata);
    if (status == QN_OK)
        status =
            qn_safetensors_write(env, &(qn_safetensors_write_request){.path = path,
                                                                      .metadata_key = metadata_key,
                                                                      .metadata = metadata,
                                                                      .count = list.count,
                                                                      .tensor = list.tensor,
                                                                      .read = qn_model_tensors_read,
                                                                      .user = &list});
    qn_activity_end(env);
    qn_free(env, metadata);
    qn_model_tensors_free(&list);
    return status;
}

qn_status qn_check_writable(qn_context *ctx, const char *path)
{
    return qn_file_check_writable(&ctx->env, path);
}

qn_status qn_replace_file(qn_context *ctx, const char *path, const void *data, size_t bytes)
{
    return qn_file_replace(&ctx->env, path, data, bytes);
}

/* ---- loading ---- */

/* The tensor of that name must have that shape. */
static qn_status take(const qn_safetensors *file, const qn_tensor *tensor, const char *what,
                      const qn_shape *shape, const void **values)
{
    char wanted[192], found[192];
    if (tensor->rank != shape->rank ||
        memcmp(tensor->shape, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]) != 0)
        return qn_fail(file->env, QN_ERROR_DATA,
                       "%s '%s' should have the shape %s, and the tensor has %s", what,
                       tensor->name, qn_shape_print(shape, wanted, sizeof wanted),
                       qn_shape_text(tensor->rank, tensor->shape, found, sizeof found));
    *values = tensor->data;
    return QN_OK;
}

static qn_status find_weight(void *user, const char *name, const qn_shape *shape,
                             const void **values)
{
    const qn_safetensors *file = user;
    const qn_tensor *tensor = qn_safetensors_find(file, name);
    if (tensor == NULL)
        return qn_fail(file->env, QN_ERROR_DATA,
                       "the architecture has a weight '%s', but the file has no such tensor", name);
    return take(file, tensor, "weight", shape, values);
}

static qn_status find_state(void *user, const char *name, const qn_shape *shape,
                            const void **values)
{
    const qn_safetensors *file = user;
    const qn_tensor *tensor = qn_safetensors_find(file, name);
    if (tensor == NULL)
        return qn_fail(file->env, QN_ERROR_DATA,
                       "training's state has a part '%s', but the file has no such tensor", name);
    return take(file, tensor, "state", shape, values);
}

static qn_status check_used(const qn_model_tensors *list, const qn_safetensors *file)
{
    for (size_t i = 0; i < file->count; i++) {
        bool used = false;
        for (int j = 0; !used && j < list->count; j++)
            used = strcmp(list->tensor[j].name, file->tensor[i].name) == 0;
        if (!used)
            return qn_fail(file->env, QN_ERROR_DATA, "the file has a tensor '%s', but %s",
                           file->tensor[i].name,
                           strncmp(file->tensor[i].name, "optimizer/", 10) == 0 ||
                                   strncmp(file->tensor[i].name, "callback/", 9) == 0
                               ? "training's state has no such part"
                               : "the architecture has no such weight");
    }
    return QN_OK;
}

/* What the model would be saved as is what the file has. */
static qn_status check_all_used(qn_model *model, const qn_safetensors *file)
{
    qn_model_tensors list;
    QN_TRY(qn_model_tensors_list(model, &list));
    qn_status status = (size_t)list.count == file->count ? QN_OK : check_used(&list, file);
    qn_model_tensors_free(&list);
    return status;
}

static qn_status fill_model(qn_model *model, qn_safetensors *file)
{
    const char *metadata = qn_safetensors_metadata(file, metadata_key);
    if (metadata == NULL)
        return qn_fail(model->env, QN_ERROR_DATA,
                       "the file has tensors, but no architecture (its __metadata__ has no "
                       "'quern'): only files that qn_save wrote can be loaded");
    const qn_value_source weights = {.find = find_weight, .user = file};
    const qn_value_source state = {.find = find_state, .user = file};
    QN_TRY(qn_model_from_json(model, metadata, &weights, &state));
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
