/* SPDX-License-Identifier: Apache-2.0 */
/* The graph: owns its values, nodes and names, and only grows. */
#include "graph/graph.h"
#include "graph/op.h"
#include "graph/storage.h"

#include <stdio.h>

qn_status qn_graph_create(qn_context *ctx, qn_graph **out)
{
    *out = NULL;
    if (ctx == NULL)
        return QN_ERROR_USAGE;
    qn_device *device = NULL; /* shapes and gradients need none */
    if (ctx->device_count > 0)
        QN_TRY(qn_context_only_device(ctx, &device));
    qn_graph *graph = qn_alloc(&ctx->env, sizeof *graph);
    if (graph == NULL)
        return QN_ERROR_MEMORY;
    graph->context = ctx;
    graph->device = device;
    graph->env = &ctx->env;
    graph->scope = "";
    *out = graph;
    return QN_OK;
}

void qn_node_free(qn_env *env, qn_node *node)
{
    if (node == NULL)
        return;
    qn_free(env, node->input);
    qn_free(env, node->attributes);
    qn_free(env, node);
}

void qn_graph_destroy(qn_graph **address)
{
    if (address == NULL || *address == NULL)
        return;
    qn_graph *graph = *address;
    qn_env *env = graph->env;
    for (size_t i = 0; i < graph->node_count; i++)
        qn_node_free(env, graph->node[i]);
    for (size_t i = 0; i < graph->value_count; i++) {
        qn_free(env, graph->value[i]->name);
        qn_free(env, graph->value[i]->data);
        qn_free(env, graph->value[i]);
    }
    for (size_t i = 0; i < graph->text_count; i++)
        qn_free(env, graph->text[i]);
    qn_free(env, graph->node);
    qn_free(env, graph->value);
    qn_free(env, graph->text);
    qn_free(env, graph->mistake);
    qn_storage_destroy(&graph->own_storage);
    qn_free(env, graph);
    *address = NULL;
}

qn_status qn_graph_scope(qn_graph *graph, const char *scope)
{
    graph->scope = "";
    if (scope == NULL || scope[0] == '\0')
        return QN_OK;
    for (size_t i = 0; i < graph->text_count; i++) {
        if (strcmp(graph->text[i], scope) == 0) {
            graph->scope = graph->text[i];
            return QN_OK;
        }
    }
    QN_TRY(qn_grow(graph->env, &graph->text, &graph->text_capacity, graph->text_count + 1,
                   sizeof *graph->text));
    char *copy = qn_strdup(graph->env, scope);
    if (copy == NULL)
        return QN_ERROR_MEMORY;
    graph->text[graph->text_count++] = copy;
    graph->scope = copy;
    return QN_OK;
}

qn_value *qn_graph_mistake(qn_graph *graph, qn_status status, const char *format, ...)
{
    char message[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    if (graph->status == QN_OK) {
        graph->status = status;
        graph->mistake = qn_strdup(graph->env, message);
    }
    (void)qn_fail(graph->env, graph->status, "%s",
                  graph->mistake != NULL ? graph->mistake : message);
    return NULL;
}

qn_status qn_graph_check(qn_graph *graph)
{
    if (graph->status == QN_OK)
        return QN_OK;
    return qn_fail(graph->env, graph->status, "%s",
                   graph->mistake != NULL ? graph->mistake
                                          : "the graph could not be built: out of memory");
}

/* Keeps the error that a call below has left in the env as the graph's mistake. */
static qn_value *adopt_mistake(qn_graph *graph, qn_status status)
{
    char message[1024];
    snprintf(message, sizeof message, "%.1023s", graph->env->message);
    return qn_graph_mistake(graph, status, "%s", message);
}

static qn_value *new_value(qn_graph *graph, const char *name, qn_value_kind kind, qn_dtype dtype,
                           const qn_shape *shape)
{
    qn_status status = qn_grow(graph->env, &graph->value, &graph->value_capacity,
                               graph->value_count + 1, sizeof *graph->value);
    if (status != QN_OK)
        return adopt_mistake(graph, status);
    qn_value *value = qn_alloc(graph->env, sizeof *value);
    if (value == NULL)
        return adopt_mistake(graph, QN_ERROR_MEMORY);
    if (name != NULL && (value->name = qn_strdup(graph->env, name)) == NULL) {
        qn_free(graph->env, value);
        return adopt_mistake(graph, QN_ERROR_MEMORY);
    }
    value->graph = graph;
    value->id = (int)graph->value_count;
    value->kind = kind;
    value->dtype = dtype;
    value->shape = *shape;
    graph->value[graph->value_count++] = value;
    return value;
}

qn_value *qn_graph_add_input(qn_graph *graph, const char *name, qn_dtype dtype, qn_shape shape)
{
    return new_value(graph, name, QN_VALUE_INPUT, dtype, &shape);
}

qn_value *qn_graph_add_variable(qn_graph *graph, qn_variable *variable)
{
    for (size_t i = 0; i < graph->value_count; i++)
        if (graph->value[i]->variable == variable)
            return graph->value[i];
    qn_value *value =
        new_value(graph, variable->name, QN_VALUE_VARIABLE, variable->dtype, &variable->shape);
    if (value != NULL)
        value->variable = variable;
    return value;
}

qn_value *qn_graph_add_data(qn_graph *graph, const char *name, qn_dtype dtype, qn_shape shape)
{
    return new_value(graph, name, QN_VALUE_DATA, dtype, &shape);
}

static qn_value *add_constant(qn_graph *graph, qn_dtype dtype, const qn_shape *shape,
                              const void *data)
{
    qn_value *value = new_value(graph, NULL, QN_VALUE_CONSTANT, dtype, shape);
    if (value == NULL)
        return NULL;
    size_t bytes = qn_value_bytes(value, 1);
    value->data = qn_alloc(graph->env, bytes);
    if (value->data == NULL)
        return adopt_mistake(graph, QN_ERROR_MEMORY);
    memcpy(value->data, data, bytes);
    return value;
}

qn_value *qn_graph_add_scalar(qn_graph *graph, double number)
{
    float value = (float)number;
    qn_shape scalar = {0};
    return add_constant(graph, QN_F32, &scalar, &value);
}

/* A public shape: known dimensions of 1 or above. */
static bool take_shape(qn_graph *graph, const char *what, int rank, const int64_t *dims,
                       qn_shape *shape)
{
    char text[128];
    memset(shape, 0, sizeof *shape);
    if (rank < 0 || rank > QN_MAX_RANK || (rank > 0 && dims == NULL)) {
        qn_graph_mistake(graph, QN_ERROR_USAGE, "%s: rank %d is outside 0..%d", what, rank,
                         QN_MAX_RANK);
        return false;
    }
    shape->rank = rank;
    for (int i = 0; i < rank; i++) {
        shape->dim[i] = dims[i];
        if (dims[i] < 1) {
            qn_graph_mistake(graph, QN_ERROR_USAGE, "%s: every dimension of %s must be 1 or above",
                             what, qn_shape_text(rank, dims, text, sizeof text));
            return false;
        }
    }
    return true;
}

qn_value *qn_graph_input(qn_graph *graph, const char *name, qn_dtype dtype, int rank,
                         const int64_t *dims)
{
    qn_shape shape;
    if (graph == NULL || !take_shape(graph, "graph input", rank, dims, &shape))
        return NULL;
    if (dtype != QN_F32 && dtype != QN_I32)
        return qn_graph_mistake(graph, QN_ERROR_USAGE,
                                "graph input: type %s is not supported, use float32 or int32",
                                qn_dtype_name(dtype));
    return qn_graph_add_input(graph, name, dtype, shape);
}

qn_value *qn_graph_variable(qn_graph *graph, const char *name, qn_array initial)
{
    qn_shape shape;
    if (graph == NULL || !take_shape(graph, "graph variable", initial.rank, initial.shape, &shape))
        return NULL;
    if (initial.dtype != QN_F32 || initial.data == NULL)
        return qn_graph_mistake(graph, QN_ERROR_USAGE,
                                "graph variable '%s' needs initial float32 values, given %s%s",
                                name != NULL ? name : "", qn_dtype_name(initial.dtype),
                                initial.data == NULL ? " without data" : "");
    qn_status status = qn_context_only_device(graph->context, &graph->device);
    if (status == QN_OK && graph->own_storage == NULL)
        status = qn_storage_create(graph->device, &graph->own_storage);
    qn_variable *variable = NULL;
    if (status == QN_OK)
        status = qn_storage_declare(graph->own_storage, name != NULL ? name : "variable",
                                    QN_ROLE_PARAMETER, &shape, initial.data, &variable);
    if (status != QN_OK)
        return adopt_mistake(graph, status);
    return qn_graph_add_variable(graph, variable);
}

qn_value *qn_graph_constant(qn_graph *graph, qn_array data)
{
    qn_shape shape;
    if (graph == NULL || !take_shape(graph, "graph constant", data.rank, data.shape, &shape))
        return NULL;
    if ((data.dtype != QN_F32 && data.dtype != QN_I32) || data.data == NULL)
        return qn_graph_mistake(
            graph, QN_ERROR_USAGE, "graph constant: needs float32 or int32 values, given %s%s",
            qn_dtype_name(data.dtype), data.data == NULL ? " without data" : "");
    return add_constant(graph, data.dtype, &shape, data.data);
}

qn_node *qn_node_create(qn_env *env, const qn_op *op, const void *attributes, int count,
                        qn_value *const *inputs)
{
    qn_node *node = qn_alloc(env, sizeof *node);
    if (node == NULL)
        return NULL;
    node->op = op;
    node->scope = "";
    node->input_count = count;
    node->input = qn_alloc_array(env, (size_t)count + 1, sizeof *node->input);
    node->attributes = qn_alloc(env, op->attributes);
    if (node->input == NULL || node->attributes == NULL) {
        qn_node_free(env, node);
        return NULL;
    }
    for (int i = 0; i < count; i++)
        node->input[i] = inputs[i];
    if (op->attributes > 0)
        memcpy(node->attributes, attributes, op->attributes);
    return node;
}

/* Outputs of a fresh node, named after nothing: readers name them by their maker. */
static qn_status add_outputs(qn_graph *graph, qn_node *node, const qn_infer *io)
{
    node->output_count = io->output_count;
    for (int i = 0; i < io->output_count; i++) {
        node->output[i] = new_value(graph, NULL, QN_VALUE_NODE, io->dtype[i], &io->shape[i]);
        if (node->output[i] == NULL)
            return QN_ERROR_MEMORY;
        node->output[i]->node = node;
        node->output[i]->output = i;
    }
    return QN_OK;
}

qn_value *qn_graph_apply(qn_graph *graph, const qn_op *op, const void *attributes, int count,
                         qn_value *const *inputs)
{
    if (graph == NULL || graph->status != QN_OK)
        return NULL;
    for (int i = 0; i < count; i++) {
        if (inputs[i] == NULL)
            return NULL;
        if (inputs[i]->graph != graph)
            return qn_graph_mistake(graph, QN_ERROR_USAGE, "%s: input %d belongs to another graph",
                                    op->name, i);
    }
    if (op->inputs >= 0 && count != op->inputs)
        return qn_graph_mistake(graph, QN_ERROR_INTERNAL, "%s takes %d inputs, given %d", op->name,
                                op->inputs, count);
    qn_infer io = {.graph = graph,
                   .op = op,
                   .count = count,
                   .input = inputs,
                   .attributes = attributes,
                   .output_count = 1};
    qn_status status = op->infer(&io);
    if (status != QN_OK)
        return adopt_mistake(graph, status);
    status = qn_grow(graph->env, &graph->node, &graph->node_capacity, graph->node_count + 1,
                     sizeof *graph->node);
    if (status != QN_OK)
        return adopt_mistake(graph, status);
    qn_node *node = qn_node_create(graph->env, op, attributes, count, inputs);
    if (node == NULL)
        return adopt_mistake(graph, QN_ERROR_MEMORY);
    node->id = (int)graph->node_count;
    node->scope = graph->scope;
    graph->node[graph->node_count++] = node;
    return add_outputs(graph, node, &io) == QN_OK ? node->output[0] : NULL;
}

qn_value *qn_graph_place_gradient(qn_value *gradient, qn_variable *variable)
{
    if (gradient == NULL)
        return NULL;
    bool own_memory = gradient->kind == QN_VALUE_NODE && gradient->gradient_of == NULL &&
                      (gradient->node->op->flags & QN_OP_ALIAS) == 0;
    if (!own_memory)
        gradient = qn_ops_affine(gradient, 1.0, 0.0);
    if (gradient != NULL)
        gradient->gradient_of = variable;
    return gradient;
}

int64_t qn_shape_count(const qn_shape *shape, int64_t batch)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= shape->dim[i] == QN_BATCH ? (batch > 0 ? batch : 1) : shape->dim[i];
    return count;
}

bool qn_shape_equal(const qn_shape *a, const qn_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, sizeof a->dim[0] * (size_t)a->rank) == 0;
}

const char *qn_shape_print(const qn_shape *shape, char *buffer, size_t size)
{
    return qn_shape_text(shape->rank, shape->dim, buffer, size);
}

size_t qn_value_bytes(const qn_value *value, int64_t batch)
{
    return (size_t)qn_shape_count(&value->shape, batch) * qn_dtype_size(value->dtype);
}

int qn_value_shape(const qn_value *value, int64_t shape[QN_MAX_RANK])
{
    if (value == NULL)
        return 0;
    for (int i = 0; i < value->shape.rank; i++)
        shape[i] = value->shape.dim[i];
    return value->shape.rank;
}

qn_status qn_infer_fail(qn_infer *io, const char *format, ...)
{
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    return qn_fail(io->graph->env, QN_ERROR_USAGE, "%s: %s", io->op->name, message);
}

qn_status qn_infer_same_shape(qn_infer *io, int input)
{
    io->shape[0] = io->input[input]->shape;
    io->dtype[0] = io->input[input]->dtype;
    return QN_OK;
}
