/* SPDX-License-Identifier: Apache-2.0 */
/* Adding and removing layers, and what they are called. */
#include "nn/build.h"

#include <stdio.h>

void qn_layer_free(qn_env *env, qn_layer *layer)
{
    if (layer == NULL)
        return;
    if (layer->params != NULL)
        qn_params_free(env, &layer->type->schema, layer->params);
    qn_layer_forget_weights(env, layer);
    qn_free(env, layer->params);
    qn_free(env, layer->name);
    qn_free(env, layer);
}

static bool *trainable_of(const qn_layer *layer)
{
    return (bool *)((char *)layer->params + layer->type->trainable - 1);
}

bool qn_layer_trainable(const qn_layer *layer)
{
    return layer->type->trainable == 0 || *trainable_of(layer);
}

static bool name_taken(const qn_model *model, const char *name)
{
    for (int i = 0; i < model->layer_count; i++)
        if (strcmp(model->layer[i]->name, name) == 0)
            return true;
    return false;
}

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* "InputLayer" -> "input_layer", "RMSNormalization" -> "rms_normalization" */
static void snake_case(const char *type, char *buffer, size_t size)
{
    size_t length = 0;
    for (const char *at = type; *at != '\0' && length + 2 < size; at++) {
        bool capital = *at >= 'A' && *at <= 'Z';
        bool begins = capital && at > type && (lower(at[1]) || lower(at[-1]));
        if (begins)
            buffer[length++] = '_';
        buffer[length++] = capital ? (char)(*at - 'A' + 'a') : *at;
    }
    buffer[length] = '\0';
}

/* Keras's automatic names, counted for each model: "dense", "dense_1", ... */
static char *automatic_name(const qn_model *model, const qn_layer_type *type)
{
    char base[64], name[80];
    snake_case(type->schema.type, base, sizeof base);
    snprintf(name, sizeof name, "%s", base);
    for (int i = 1; name_taken(model, name); i++)
        snprintf(name, sizeof name, "%s_%d", base, i);
    return qn_strdup(model->env, name);
}

static qn_status name_layer(const qn_model *model, qn_layer *layer)
{
    qn_env *env = model->env;
    const char *given;
    memcpy(&given, (const char *)layer->params + layer->type->name, sizeof given);
    if (given == NULL) {
        layer->name = automatic_name(model, layer->type);
        return layer->name != NULL ? QN_OK : QN_ERROR_MEMORY;
    }
    if (given[0] == '\0' || strchr(given, '/') != NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: the layer name '%s' is not possible: it must not be empty nor contain "
                       "'/', which separates a layer's name from its weight's",
                       layer->type->schema.name, given);
    if (name_taken(model, given))
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: the model already has a layer '%s': names must differ",
                       layer->type->schema.name, given);
    layer->name = qn_strdup(env, given);
    return layer->name != NULL ? QN_OK : QN_ERROR_MEMORY;
}

/* A batch dimension comes before those that params give. */
static qn_status check_rank(qn_env *env, const qn_layer *layer)
{
    if (layer->type->input_shape == 0)
        return QN_OK;
    const char *shape = (const char *)layer->params + layer->type->input_shape - 1;
    if (((const int64_t *)shape)[QN_MAX_RANK - 1] == 0)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE, "%s: the shape of a sample has at most %d dimensions",
                   layer->type->schema.name, QN_MAX_RANK - 1);
}

/* Takes the part's params over, also on failure. */
static qn_status make_layer(const qn_model *model, qn_part *part, qn_layer **out)
{
    qn_env *env = model->env;
    qn_layer *layer = qn_alloc(env, sizeof *layer);
    if (layer == NULL) {
        qn_part_free(env, part);
        return QN_ERROR_MEMORY;
    }
    layer->type = (const qn_layer_type *)part->schema;
    layer->params = part->params;
    qn_status status = check_rank(env, layer);
    if (status == QN_OK)
        status = name_layer(model, layer);
    if (status != QN_OK)
        qn_layer_free(env, layer);
    else
        *out = layer;
    return status;
}

qn_shape qn_layer_given_shape(const qn_layer *layer)
{
    qn_shape shape = {0};
    if (layer->type->input_shape == 0)
        return shape;
    int64_t dim[QN_MAX_RANK];
    memcpy(dim, (const char *)layer->params + layer->type->input_shape - 1, sizeof dim);
    for (int i = 0; i + 1 < QN_MAX_RANK && dim[i] > 0; i++) {
        shape.dim[0] = QN_BATCH;
        shape.dim[i + 1] = dim[i];
        shape.rank = i + 2;
    }
    return shape;
}

/* A layer in the first place may tell the model's input shape; InputLayer nowhere else. */
static qn_status place_layer(qn_model *model, const qn_layer *layer)
{
    bool input = strcmp(layer->type->schema.type, "InputLayer") == 0;
    if (model->layer_count == 0) {
        model->input_shape = qn_layer_given_shape(layer);
        return QN_OK;
    }
    if (input)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "input: an input layer must be the first, and the model has %d layers "
                       "already",
                       model->layer_count);
    return QN_OK;
}

static void remove_last(qn_model *model)
{
    qn_layer *layer = model->layer[--model->layer_count];
    qn_model_unbuild(model, layer);
    qn_layer_free(model->env, layer);
    if (model->layer_count == 0)
        model->input_shape.rank = 0;
    model->built = model->layer_count > 0 && model->layer[model->layer_count - 1]->output.rank > 0;
    if (model->built)
        model->output_shape = model->layer[model->layer_count - 1]->output;
}

static qn_status add_layer(qn_model *model, qn_part *part)
{
    qn_layer *layer = NULL;
    QN_TRY(make_layer(model, part, &layer));
    qn_status status = place_layer(model, layer);
    if (status == QN_OK)
        status = qn_grow(model->env, &model->layer, &model->layer_capacity,
                         (size_t)model->layer_count + 1, sizeof *model->layer);
    if (status != QN_OK) {
        qn_layer_free(model->env, layer);
        return status;
    }
    qn_model_changed(model);
    model->layer[model->layer_count++] = layer;
    model->built = false;
    status = qn_model_advance(model, NULL);
    if (status != QN_OK)
        remove_last(model);
    return status;
}

qn_status qn_add(qn_model *model, const qn_spec *spec)
{
    if (spec == NULL || spec->type == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "qn_add: no layer was given: write one, as in qn_add(model, qn_dense(10))");
    qn_part part;
    QN_TRY(qn_part_read(model->env, &qn_kind_layer, NULL, spec, &part));
    return add_layer(model, &part);
}

static qn_status add_node(qn_model *model, const qn_spec_node *node)
{
    if (node->word == NULL || node->key != NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "layers are a list of names, such as \"flatten, dense(10, softmax)\"; "
                       "column %d has something else",
                       node->column);
    qn_part part;
    QN_TRY(qn_part_read_node(model->env, &qn_kind_layer, node, &part));
    return add_layer(model, &part);
}

/* All of them or none. */
qn_status qn_add_text(qn_model *model, const char *layers)
{
    qn_spec_node *root = NULL;
    int before = model->layer_count;
    if (layers == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE, "qn_add_text: no layers were given");
    QN_TRY(qn_spec_parse(model->env, layers, &root));
    qn_status status = QN_OK;
    if (root->count == 0)
        status = qn_fail(model->env, QN_ERROR_USAGE,
                         "no layers were given: write some, as in \"flatten, dense(10, softmax)\"");
    for (int i = 0; status == QN_OK && i < root->count; i++)
        status = add_node(model, &root->items[i]);
    while (status != QN_OK && model->layer_count > before)
        remove_last(model);
    qn_spec_free(model->env, &root);
    return status;
}

qn_status qn_pop(qn_model *model)
{
    if (model->layer_count == 0)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "qn_pop: there is no layer to remove: the model has none");
    qn_model_changed(model);
    remove_last(model);
    return model->built ? qn_model_resolve_metrics(model) : QN_OK;
}

static qn_layer *find_layer(const qn_model *model, const char *name)
{
    for (int i = 0; name != NULL && i < model->layer_count; i++)
        if (strcmp(model->layer[i]->name, name) == 0)
            return model->layer[i];
    return NULL;
}

qn_status qn_set_trainable(qn_model *model, const char *name, bool trainable)
{
    qn_layer *layer = find_layer(model, name);
    if (layer == NULL)
        return qn_fail(
            model->env, QN_ERROR_USAGE,
            "qn_set_trainable: the model has no layer '%s': qn_summary shows their names",
            name != NULL ? name : "");
    if (layer->type->trainable == 0 || *trainable_of(layer) == trainable)
        return QN_OK;
    *trainable_of(layer) = trainable;
    qn_model_changed(model);
    model->stale = model->stale || layer->weight_count > 0;
    return QN_OK;
}
