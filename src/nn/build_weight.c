/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of layers: declared in the model's storage, drawn or taken from a file, with what
 * regularizes and constrains them. */
#include "nn/constraints.h"
#include "nn/model.h"
#include "nn/regularizers.h"

/* Counts a shape's elements; -1 when more than a kernel can index. */
static int64_t count_elements(const qn_shape *shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || shape->dim[i] > INT32_MAX / count)
            return -1;
        count *= shape->dim[i];
    }
    return count;
}

/* First values of a weight, from the source or the initializer. */
static qn_status first_values(qn_build_step *step, const char *name,
                              const qn_weight_request *request, int64_t count, float **values)
{
    qn_env *env = step->storage->env;
    const void *found = NULL;
    bool draws;
    if (step->source != NULL)
        QN_TRY(step->source->find(step->source->user, name, &request->shape, &found));
    QN_TRY(qn_initializer_draws(env, request->initializer, &draws));
    *values = qn_alloc_array(env, (size_t)count, sizeof(float));
    if (*values == NULL)
        return QN_ERROR_MEMORY;
    uint32_t stream = *step->stream;
    *step->stream += draws;
    if (found == NULL) {
        qn_status status =
            qn_initialize(env, request->initializer, step->seed, stream, &request->shape, *values);
        return status == QN_OK ? QN_OK : qn_fail_context(env, status, "%s", name);
    }
    memcpy(*values, found, (size_t)count * sizeof(float));
    return QN_OK;
}

static qn_status declare(qn_build_step *step, const char *name, const qn_weight_request *request,
                         int64_t count, qn_variable **variable)
{
    float *values = NULL;
    bool trains = !request->state && qn_layer_trainable(step->layer);
    qn_status status = first_values(step, name, request, count, &values);
    if (status == QN_OK)
        status = qn_storage_declare(step->storage, name, trains ? QN_ROLE_PARAMETER : QN_ROLE_STATE,
                                    &request->shape, values, variable);
    qn_free(step->storage->env, values);
    return status;
}

/* Reads the parts, and refuses those that the weight's shape does not suit. */
static qn_status read_rules(qn_env *env, const char *name, const qn_weight_request *request,
                            qn_weight *weight)
{
    if (request->regularizer != NULL) {
        QN_TRY(qn_part_read(env, &qn_kind_regularizer, request->regularizer, NULL,
                            &weight->regularizer));
        QN_TRY(qn_regularizer_fits(env, &weight->regularizer, name, &request->shape));
    }
    if (request->constraint == NULL)
        return QN_OK;
    QN_TRY(qn_part_read(env, &qn_kind_constraint, request->constraint, NULL, &weight->constraint));
    return qn_constraint_fits(env, &weight->constraint, name, &request->shape);
}

static void forget(qn_env *env, qn_weight *weight)
{
    qn_part_free(env, &weight->regularizer);
    qn_part_free(env, &weight->constraint);
    *weight = (qn_weight){0};
}

void qn_layer_forget_weights(qn_env *env, qn_layer *layer)
{
    for (int i = 0; i < layer->weight_count; i++)
        forget(env, &layer->weight[i]);
    layer->weight_count = 0;
    qn_part_free(env, &layer->activity);
}

qn_status qn_build_same_shape(qn_build_step *step)
{
    step->output = step->input;
    return QN_OK;
}

qn_status qn_build_activity(qn_build_step *step, const char *regularizer)
{
    qn_env *env = step->storage->env;
    qn_layer *layer = step->layer;
    if (regularizer == NULL)
        return QN_OK;
    QN_TRY(qn_part_read(env, &qn_kind_regularizer, regularizer, NULL, &layer->activity));
    return qn_regularizer_fits(env, &layer->activity, layer->name, &step->output);
}

qn_status qn_build_weight(qn_build_step *step, const qn_weight_request *request)
{
    qn_env *env = step->storage->env;
    qn_layer *layer = step->layer;
    qn_weight weight = {.state = request->state};
    char text[128];
    int64_t count = count_elements(&request->shape);
    if (layer->weight_count == QN_MAX_LAYER_WEIGHTS)
        return qn_fail(env, QN_ERROR_INTERNAL, "layer '%s' declares more than %d weights",
                       layer->name, QN_MAX_LAYER_WEIGHTS);
    if (count < 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s/%s would have the shape %s: more elements than the largest tensor has "
                       "(%d); use fewer units",
                       layer->name, request->name,
                       qn_shape_print(&request->shape, text, sizeof text), INT32_MAX);
    char *name = qn_format(env, "%s/%s", layer->name, request->name);
    qn_status status = name == NULL ? QN_ERROR_MEMORY : QN_OK;
    if (status == QN_OK)
        status = read_rules(env, name, request, &weight);
    if (status == QN_OK)
        status = declare(step, name, request, count, &weight.variable);
    if (status == QN_OK)
        layer->weight[layer->weight_count++] = weight;
    else
        forget(env, &weight);
    qn_free(env, name);
    return status;
}
