/* SPDX-License-Identifier: Apache-2.0 */
/* Architecture, compile arguments, scale, seed and training as JSON. The text forms are what is
 * read back; the list of layers beside them is for other programs. */
#include "io/model_json.h"
#include "io/training_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Raised when a reader of this version could not read what is written. Format 1 had no training:
 * its models go on with a fresh optimizer. */
enum { OLDEST_FORMAT = 1, FORMAT = 2 };

/* ---- writing ---- */

static json_t *shape_json(int rank, const int64_t *dims)
{
    json_t *shape = json_array();
    for (int i = 0; i < rank && dims[i] != 0; i++)
        json_array_append_new(shape, json_integer(dims[i]));
    return shape;
}

static json_t *field_json(const qn_field *field, const void *params)
{
    const void *at = (const char *)params + field->offset;
    const char *text;
    switch (field->kind) {
    case QN_FIELD_INT:
        return json_integer(*(const int64_t *)at);
    case QN_FIELD_DOUBLE:
        return qn_json_double(*(const double *)at);
    case QN_FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case QN_FIELD_TEXT:
        memcpy(&text, at, sizeof text);
        return text != NULL ? json_string(text) : json_null();
    case QN_FIELD_SHAPE:
        return shape_json(QN_MAX_RANK, at);
    }
    return NULL;
}

/* Keras's way: {"class_name": "Dense", "config": {"units": 10, ...}}. */
static json_t *layer_json(const qn_layer *layer)
{
    const qn_schema *schema = &layer->type->schema;
    json_t *config = json_object();
    int failed = 0;
    for (int i = 0; i < schema->field_count; i++)
        failed |= json_object_set_new(config, schema->fields[i].name,
                                      field_json(&schema->fields[i], layer->params));
    failed |= json_object_set_new(config, "name", json_string(layer->name));
    json_t *whole = json_pack("{s:s, s:o}", "class_name", schema->type, "config", config);
    if (failed) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}

static json_t *layers_json(const qn_model *model)
{
    json_t *layers = json_array();
    int failed = 0;
    for (int i = 0; i < model->layer_count; i++)
        failed |= json_array_append_new(layers, layer_json(model->layer[i]));
    if (failed) {
        json_decref(layers);
        return NULL;
    }
    return layers;
}

static json_t *compile_json(const qn_model *model, const char *optimizer)
{
    if (model->optimizer.schema == NULL)
        return json_null();
    return json_pack("{s:s, s:s, s:s?}", "optimizer", optimizer, "loss", model->loss_text,
                     "metrics", model->metrics_text);
}

static json_t *whole_json(const qn_model *model, const char *architecture, const char *optimizer)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, model->seed);
    json_t *whole =
        json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:f, s:s}", "format", (int)FORMAT,
                  "quern_version", qn_version(), "architecture", architecture, "input_shape",
                  shape_json(model->input_shape.rank - 1, model->input_shape.dim + 1), "layers",
                  layers_json(model), "compile", compile_json(model, optimizer), "input_scale",
                  (double)model->input_scale, "seed", seed);
    if (whole == NULL || qn_training_to_json(model, whole) == 0)
        return whole;
    json_decref(whole);
    return NULL;
}

/* The JSON's text as the env's memory; takes `whole`, which is NULL after a failure. */
static qn_status dump(qn_env *env, json_t *whole, char **text)
{
    char *dumped = whole != NULL ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    if (dumped == NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "the model cannot be written as JSON: a name in it is not UTF-8, or host "
                       "memory ran out");
    *text = qn_strdup(env, dumped);
    free(dumped);
    return *text != NULL ? QN_OK : QN_ERROR_MEMORY;
}

qn_status qn_model_to_json(qn_model *model, char **text)
{
    qn_text optimizer = {.env = model->env};
    const char *architecture = qn_model_text(model);
    if (model->optimizer.schema != NULL)
        qn_params_write(&optimizer, model->optimizer.schema, model->optimizer.params);
    bool failed = model->text.failed || optimizer.failed; /* their message is there */
    json_t *whole = failed ? NULL : whole_json(model, architecture, qn_text_get(&optimizer));
    qn_text_free(&optimizer);
    return failed ? QN_ERROR_MEMORY : dump(model->env, whole, text);
}

/* ---- Keras's own form ---- */

/* With the batch's dimension, which is null. */
static json_t *batch_shape_json(const qn_shape *shape)
{
    json_t *dims = shape_json(shape->rank - 1, shape->dim + 1);
    json_array_insert_new(dims, 0, json_null());
    return dims;
}

static json_t *keras_input_json(const char *name, const qn_shape *shape)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:o}}", "module", "keras.layers", "class_name",
                     "InputLayer", "config", "name", name, "dtype", "float32", "batch_shape",
                     batch_shape_json(shape));
}

static json_t *keras_layer_json(const qn_layer *layer)
{
    if (strcmp(layer->type->schema.type, "InputLayer") == 0)
        return keras_input_json(layer->name, &layer->output);
    json_t *whole = layer_json(layer);
    int failed = json_object_set_new(whole, "module", json_string("keras.layers"));
    failed |=
        json_object_set_new(json_object_get(whole, "config"), "dtype", json_string("float32"));
    failed |= json_object_set_new(
        whole, "build_config", json_pack("{s:o}", "input_shape", batch_shape_json(&layer->input)));
    if (failed) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}

static json_t *keras_layers_json(const qn_model *model)
{
    json_t *layers = json_array();
    int failed = 0;
    if (strcmp(model->layer[0]->type->schema.type, "InputLayer") != 0)
        failed |=
            json_array_append_new(layers, keras_input_json("input_layer", &model->input_shape));
    for (int i = 0; i < model->layer_count; i++)
        failed |= json_array_append_new(layers, keras_layer_json(model->layer[i]));
    if (failed) {
        json_decref(layers);
        return NULL;
    }
    return layers;
}

qn_status qn_model_to_keras_json(const qn_model *model, char **text)
{
    return dump(model->env,
                json_pack("{s:s, s:s, s:{s:s, s:o}, s:{s:o}}", "module", "keras", "class_name",
                          "Sequential", "config", "name", "sequential", "layers",
                          keras_layers_json(model), "build_config", "input_shape",
                          batch_shape_json(&model->input_shape)),
                text);
}

/* ---- reading ---- */

static qn_status read_format(const qn_model *model, const json_t *whole, json_int_t *format)
{
    const json_t *found = json_object_get(whole, "format");
    *format = json_integer_value(found);
    if (!json_is_integer(found))
        return qn_json_wrong(model, "format", "a whole number");
    if (*format < OLDEST_FORMAT || *format > FORMAT)
        return qn_fail(model->env, QN_ERROR_DATA,
                       "the model's description has format %" PRId64 ", this Quern reads %d to "
                       "%d: it may be from a newer version",
                       (int64_t)*format, OLDEST_FORMAT, FORMAT);
    return QN_OK;
}

/* Before the weights: loaded models draw and shuffle as the saved one did. */
static qn_status read_seed(qn_model *model, const json_t *whole)
{
    const char *seed = json_string_value(json_object_get(whole, "seed"));
    char *end = NULL;
    if (seed == NULL || seed[0] < '0' || seed[0] > '9')
        return qn_json_wrong(model, "seed", "a whole number as text");
    model->seed = strtoull(seed, &end, 10);
    return *end == '\0' ? QN_OK : qn_json_wrong(model, "seed", "a whole number as text");
}

static qn_status read_scale(qn_model *model, const json_t *whole)
{
    const json_t *scale = json_object_get(whole, "input_scale");
    model->input_scale = (float)json_number_value(scale);
    if (!json_is_number(scale) || !isfinite(model->input_scale))
        return qn_json_wrong(model, "input_scale", "a finite number");
    return QN_OK;
}

static qn_status read_layers(qn_model *model, const json_t *whole, const qn_value_source *source)
{
    const char *layers = json_string_value(json_object_get(whole, "architecture"));
    const json_t *dims = json_object_get(whole, "input_shape");
    int64_t shape[QN_MAX_RANK] = {0};
    size_t rank = json_array_size(dims);
    if (layers == NULL)
        return qn_json_wrong(model, "architecture", "a list of layers as text");
    if (rank < 1 || rank >= QN_MAX_RANK)
        return qn_json_wrong(model, "input_shape", "a list of one to seven numbers");
    for (size_t i = 0; i < rank; i++)
        shape[i] = json_integer_value(json_array_get(dims, i));
    /* The weights come with the layers: they must not be drawn before, at sizes that the file
     * does not vouch for. */
    model->deferred = true;
    qn_status status = qn_add_text(model, layers);
    model->deferred = false;
    QN_TRY(status);
    return qn_model_build_from(model, (int)rank, shape, source);
}

static qn_status read_compile(qn_model *model, const json_t *whole)
{
    const json_t *compile = json_object_get(whole, "compile");
    if (json_is_null(compile))
        return QN_OK;
    const char *optimizer = json_string_value(json_object_get(compile, "optimizer"));
    const char *loss = json_string_value(json_object_get(compile, "loss"));
    if (optimizer == NULL || loss == NULL)
        return qn_json_wrong(model, "compile",
                             "null, or an object with optimizer, loss and metrics");
    return qn_compile(model, .optimizer = optimizer, .loss = loss,
                      .metrics = json_string_value(json_object_get(compile, "metrics")));
}

static qn_status read_all(qn_model *model, const json_t *whole, const qn_value_source *weights,
                          const qn_value_source *state)
{
    json_int_t format;
    if (!json_is_object(whole))
        return qn_json_wrong(model, "quern", "a JSON object as text");
    QN_TRY(read_format(model, whole, &format));
    QN_TRY(read_seed(model, whole));
    QN_TRY(read_scale(model, whole));
    QN_TRY(read_layers(model, whole, weights));
    QN_TRY(read_compile(model, whole));
    return format >= 2 ? qn_training_from_json(model, whole, state) : QN_OK;
}

qn_status qn_model_from_json(qn_model *model, const char *text, const qn_value_source *weights,
                             const qn_value_source *state)
{
    json_error_t error;
    json_t *whole = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (whole == NULL)
        return qn_fail(model->env, QN_ERROR_DATA,
                       "the model's description is not JSON as expected: %s", error.text);
    qn_status status = read_all(model, whole, weights, state);
    json_decref(whole);
    return status;
}
