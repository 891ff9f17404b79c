/* SPDX-License-Identifier: Apache-2.0 */
/* Weights: describe, get, set. */
#include "data/convert.h"
#include "nn/model.h"

int qn_weight_count(const qn_model *model)
{
    int count = 0;
    for (int i = 0; i < model->layer_count; i++)
        count += model->layer[i]->weight_count;
    return count;
}

qn_variable *qn_model_weight(const qn_model *model, int index)
{
    if (index < 0)
        return NULL;
    for (int i = 0; i < model->layer_count; i++) {
        if (index < model->layer[i]->weight_count)
            return model->layer[i]->weight[index].variable;
        index -= model->layer[i]->weight_count;
    }
    return NULL;
}

int64_t qn_model_weight_floats(const qn_model *model)
{
    int64_t count = 0;
    for (int i = 0; i < qn_weight_count(model); i++)
        count += qn_model_weight(model, i)->count;
    return count;
}

static qn_status find(const qn_model *model, int index, qn_variable **variable)
{
    *variable = qn_model_weight(model, index);
    if (*variable != NULL)
        return QN_OK;
    return qn_fail(model->env, QN_ERROR_USAGE, "weight %d does not exist: the model has %d%s",
                   index, qn_weight_count(model),
                   model->built ? "" : ", as it is not built: call qn_build first");
}

qn_status qn_weight_describe(const qn_model *model, int index, qn_weight_info *info)
{
    qn_variable *variable;
    QN_TRY(find(model, index, &variable));
    size_t size = info->size;
    if (size < sizeof info->size)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "qn_weight_describe: info->size is %zu: set it to sizeof(qn_weight_info)",
                       size);
    qn_weight_info whole = {.size = size,
                            .name = variable->name,
                            .rank = variable->shape.rank,
                            .trainable = variable->role == QN_ROLE_PARAMETER};
    memcpy(whole.shape, variable->shape.dim, sizeof whole.shape);
    memcpy(info, &whole, size < sizeof whole ? size : sizeof whole);
    return QN_OK;
}

static qn_status check(const qn_model *model, const qn_variable *variable, int rank,
                       const int64_t *shape, const void *data)
{
    char given[128], wanted[128];
    bool fits = rank == variable->shape.rank &&
                memcmp(shape, variable->shape.dim, (size_t)rank * sizeof *shape) == 0;
    if (!fits)
        return qn_fail(
            model->env, QN_ERROR_USAGE, "weight '%s' has the shape %s, but the array given has %s",
            variable->name, qn_shape_print(&variable->shape, wanted, sizeof wanted),
            rank < 0 || rank > QN_MAX_RANK ? "an impossible rank"
                                           : qn_shape_text(rank, shape, given, sizeof given));
    if (data == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE, "weight '%s': the array given has no data",
                       variable->name);
    return QN_OK;
}

qn_status qn_get_weight(qn_model *model, int index, qn_out out)
{
    qn_variable *variable;
    QN_TRY(find(model, index, &variable));
    QN_TRY(check(model, variable, out.rank, out.shape, out.data));
    if (out.dtype != QN_F32)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "weight '%s' is float32, and cannot be read into %s", variable->name,
                       qn_dtype_name(out.dtype));
    return qn_variable_read(variable, out.data);
}

qn_status qn_set_weight(qn_model *model, int index, qn_array value)
{
    qn_variable *variable;
    QN_TRY(find(model, index, &variable));
    QN_TRY(check(model, variable, value.rank, value.shape, value.data));
    if (qn_dtype_is_integer(value.dtype) || qn_dtype_size(value.dtype) == 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "weight '%s' takes float32 or float64 values, given %s", variable->name,
                       qn_dtype_name(value.dtype));
    float *converted = qn_alloc_array(model->env, (size_t)variable->count, sizeof *converted);
    if (converted == NULL)
        return QN_ERROR_MEMORY;
    qn_status status = qn_array_convert(model->env, &value, 0, value.shape[0], converted);
    for (int64_t i = 0; value.scale != 0 && i < variable->count; i++)
        converted[i] *= value.scale;
    if (status == QN_OK)
        status = qn_variable_write(variable, converted);
    qn_free(model->env, converted);
    return status;
}
