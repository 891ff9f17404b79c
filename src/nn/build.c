/* SPDX-License-Identifier: Apache-2.0 */
/* From layers to shapes and weights. Weights are declared on the host as soon as the input shape is
 * known, and go to the device when the model runs first. Where layers came or went after that,
 * the storage is laid out anew with the values of the layers that stay. */
#include "nn/build.h"

void qn_model_unbuild(qn_model *model, qn_layer *layer)
{
    model->stale = model->stale || layer->weight_count > 0;
    qn_layer_forget_weights(model->env, layer);
    layer->input.rank = layer->output.rank = 0;
}

/* Trainable or not, as its layer says now. */
static qn_role role_of(const qn_layer *layer, const qn_weight *weight)
{
    return weight->state || !qn_layer_trainable(layer) ? QN_ROLE_STATE : QN_ROLE_PARAMETER;
}

static qn_status move_variable(qn_storage *to, qn_variable *from, qn_role role, qn_variable **moved)
{
    float *values = qn_alloc_array(to->env, (size_t)from->count, sizeof(float));
    if (values == NULL)
        return QN_ERROR_MEMORY;
    qn_status status = qn_variable_read(from, values);
    if (status == QN_OK)
        status = qn_storage_declare(to, from->name, role, &from->shape, values, moved);
    qn_free(to->env, values);
    return status;
}

/* Declares all weights anew; `moved` in their order. */
static qn_status move_all(qn_model *model, qn_storage *to, qn_variable **moved)
{
    for (int i = 0; i < model->layer_count; i++) {
        const qn_layer *layer = model->layer[i];
        for (int j = 0; j < layer->weight_count; j++)
            QN_TRY(move_variable(to, layer->weight[j].variable, role_of(layer, &layer->weight[j]),
                                 moved++));
    }
    return QN_OK;
}

static void take_variables(qn_model *model, qn_variable *const *moved)
{
    for (int i = 0; i < model->layer_count; i++) {
        qn_layer *layer = model->layer[i];
        for (int j = 0; j < layer->weight_count; j++)
            layer->weight[j].variable = *moved++;
    }
}

/* A new storage on the host with just the layers' weights. The optimizer starts anew. */
static qn_status renew_storage(qn_model *model)
{
    qn_env *env = model->env;
    qn_storage *fresh = NULL;
    qn_variable **moved = qn_alloc_array(env, (size_t)qn_weight_count(model), sizeof *moved);
    qn_status status = moved != NULL ? QN_OK : QN_ERROR_MEMORY;
    if (status == QN_OK)
        status = qn_storage_create(model->device, &fresh);
    if (status == QN_OK)
        status = move_all(model, fresh, moved);
    if (status == QN_OK) {
        qn_model_changed(model);
        take_variables(model, moved);
        qn_storage_destroy(&model->storage);
        model->storage = fresh;
        model->stale = false;
        status = qn_model_reset_optimizer(model);
    } else {
        qn_storage_destroy(&fresh);
    }
    qn_free(env, moved);
    return status;
}

/* A storage that takes declarations. */
static qn_status open_storage(qn_model *model)
{
    if (model->storage == NULL)
        return qn_storage_create(model->device, &model->storage);
    /* State from a file is of just the weights that it came with. */
    bool anew = model->stale || model->storage->committed || model->loaded_state != NULL;
    return anew ? renew_storage(model) : QN_OK;
}

static qn_status build_layer(qn_model *model, int index, const qn_value_source *source)
{
    qn_layer *layer = model->layer[index];
    char given_text[128], input_text[128];
    qn_build_step step = {.model = model,
                          .layer = layer,
                          .storage = model->storage,
                          .seed = model->seed,
                          .stream = &model->stream,
                          .source = source,
                          .input =
                              index == 0 ? model->input_shape : model->layer[index - 1]->output};
    qn_shape given = qn_layer_given_shape(layer);
    if (given.rank > 0 && !qn_shape_equal(&given, &step.input))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "layer '%s' says that its input has the shape %s, but it gets %s: leave "
                       "the shape out",
                       layer->name, qn_shape_print(&given, given_text, sizeof given_text),
                       qn_shape_print(&step.input, input_text, sizeof input_text));
    QN_TRY(layer->type->build(&step));
    layer->input = step.input;
    layer->output = step.output;
    return QN_OK;
}

static int first_unbuilt(const qn_model *model)
{
    int first = 0;
    while (first < model->layer_count && model->layer[first]->output.rank > 0)
        first++;
    return first;
}

qn_status qn_model_advance(qn_model *model, const qn_value_source *source)
{
    if (model->input_shape.rank == 0 || model->layer_count == 0 || model->deferred)
        return QN_OK;
    int first = first_unbuilt(model);
    uint32_t stream = model->stream;
    qn_status status = first < model->layer_count ? open_storage(model) : QN_OK;
    qn_activity_begin(model->env, model->layer_count - first,
                      source ? "taking weights" : "drawing first weights");
    for (int i = first; status == QN_OK && i < model->layer_count; i++) {
        qn_activity_at(model->env, i - first);
        status = build_layer(model, i, source);
    }
    qn_activity_end(model->env);
    if (status == QN_OK) {
        model->built = true;
        model->output_shape = model->layer[model->layer_count - 1]->output;
        return qn_model_resolve_metrics(model);
    }
    for (int i = first; i < model->layer_count; i++)
        qn_model_unbuild(model, model->layer[i]);
    model->stream = stream;
    return status;
}

static qn_status take_shape(qn_model *model, int rank, const int64_t *dims, qn_shape *shape)
{
    *shape = (qn_shape){.rank = rank + 1, .dim = {QN_BATCH}};
    if (rank < 1 || rank >= QN_MAX_RANK || dims == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the input of a model has 1 to %d dimensions without the batch, given %d",
                       QN_MAX_RANK - 1, dims == NULL ? 0 : rank);
    for (int i = 0; i < rank; i++) {
        char text[128];
        if (dims[i] < 1)
            return qn_fail(model->env, QN_ERROR_USAGE, "the input shape %s has a dimension below 1",
                           qn_shape_text(rank, dims, text, sizeof text));
        shape->dim[i + 1] = dims[i];
    }
    return QN_OK;
}

qn_status qn_model_build_from(qn_model *model, int rank, const int64_t *dims,
                              const qn_value_source *source)
{
    qn_shape shape;
    char given[128], known[128];
    QN_TRY(take_shape(model, rank, dims, &shape));
    if (model->layer_count == 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model has no layers: add some with qn_add before it is built");
    bool told = model->input_shape.rank > 0;
    if (told && !qn_shape_equal(&model->input_shape, &shape))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model takes samples of the shape %s, and cannot be built for %s",
                       qn_shape_print(&model->input_shape, known, sizeof known),
                       qn_shape_print(&shape, given, sizeof given));
    model->input_shape = shape;
    qn_status status = qn_model_advance(model, source);
    if (status != QN_OK && !told)
        model->input_shape.rank = 0;
    return status;
}

qn_status qn_build(qn_model *model, int rank, const int64_t *shape)
{
    return qn_model_build_from(model, rank, shape, NULL);
}

qn_status qn_model_ensure_built(qn_model *model, const qn_array *x)
{
    static const int64_t one = 1;
    if (!model->built && x == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       model->layer_count == 0
                           ? "the model has no layers: add some with qn_add"
                           : "the model's input shape is not known: give the first layer an "
                             "input_shape, or call qn_build");
    /* Samples that are single numbers are rows of one column, as Keras takes them. */
    if (!model->built)
        QN_TRY(x->rank == 1 ? qn_build(model, 1, &one)
                            : qn_build(model, x->rank - 1, x->shape + 1));
    if (model->stale)
        QN_TRY(renew_storage(model));
    return model->storage->committed ? QN_OK : qn_storage_commit(model->storage);
}
