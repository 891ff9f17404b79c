/* SPDX-License-Identifier: Apache-2.0 */
/* A graph of ops as a GraphDef: what has no maker are nodes as well, edges are names. */
#include "device/device.h"
#include "graph/op.h"
#include "graph/storage.h"
#include "io/event_record.h"

#include <stdio.h>

/* Whatever the messages point at is taken from here and freed at the end. */
typedef struct writer {
    qn_env *env;
    const qn_graph *graph;
    void **block;
    size_t count, capacity;
    char **leaf_name, **node_name; /* by the id of a value, of a node */
    const qn_variable **variable;  /* those with a node, and its name */
    char **variable_name;
    size_t variable_count;
    QnTb__Node *node; /* leaves, then nodes */
    size_t node_count;
} writer;

static void *take(writer *w, size_t count, size_t size)
{
    if (qn_grow(w->env, &w->block, &w->capacity, w->count + 1, sizeof *w->block) != QN_OK)
        return NULL;
    void *made = qn_alloc_array(w->env, count, size);
    if (made != NULL)
        w->block[w->count++] = made;
    return made;
}

static char *take_text(writer *w, const char *text)
{
    char *copy = take(w, strlen(text) + 1, 1);
    return copy != NULL ? strcpy(copy, text) : NULL;
}

/* ---- names ---- */

static bool is_taken(const writer *w, const char *name)
{
    for (size_t i = 0; i < w->node_count; i++)
        if (strcmp(w->node[i].name, name) == 0)
            return true;
    return false;
}

/* "gradients/dense/matmul_1": the page makes a box of what stands before a slash. */
static char *name_node(writer *w, const char *root, const char *scope, const char *name)
{
    char *path = NULL;
    for (int number = 0; path == NULL || is_taken(w, path); number++) {
        char suffix[16] = "";
        if (number > 0)
            snprintf(suffix, sizeof suffix, "_%d", number);
        qn_free(w->env, path);
        path =
            qn_format(w->env, "%s%s%s%s%s", root, scope, *scope != '\0' ? "/" : "", name, suffix);
        if (path == NULL)
            return NULL;
    }
    char *kept = take_text(w, path);
    qn_free(w->env, path);
    return kept;
}

/* ---- attributes ---- */

static int type_of(qn_dtype dtype)
{
    switch (dtype) {
    case QN_F32:
        return QN_TB__DATA_TYPE__DT_FLOAT;
    case QN_I32:
        return QN_TB__DATA_TYPE__DT_INT32;
    case QN_U8:
        return QN_TB__DATA_TYPE__DT_UINT8;
    default:
        return QN_TB__DATA_TYPE__DT_INVALID;
    }
}

static QnTb__TensorShape *make_shape(writer *w, const qn_shape *shape)
{
    QnTb__TensorShape *made = take(w, 1, sizeof *made);
    QnTb__Dim *dim = take(w, (size_t)shape->rank, sizeof *dim);
    QnTb__Dim **dims = take(w, (size_t)shape->rank, sizeof *dims);
    if (made == NULL || dim == NULL || dims == NULL)
        return NULL;
    qn_tb__tensor_shape__init(made);
    for (int i = 0; i < shape->rank; i++) {
        qn_tb__dim__init(&dim[i]);
        dim[i].size = shape->dim[i] == QN_BATCH ? -1 : shape->dim[i];
        dims[i] = &dim[i];
    }
    made->n_dim = (size_t)shape->rank;
    made->dim = dims;
    return made;
}

/* An attribute of the node, to fill; NULL: memory ran out. The node has room for it. */
static QnTb__AttributeValue *add_attribute(writer *w, QnTb__Node *node, const char *key)
{
    QnTb__Attribute *attribute = take(w, 1, sizeof *attribute);
    QnTb__AttributeValue *value = take(w, 1, sizeof *value);
    if (attribute == NULL || value == NULL)
        return NULL;
    qn_tb__attribute__init(attribute);
    qn_tb__attribute_value__init(value);
    attribute->key = (char *)key; /* packing changes nothing */
    attribute->value = value;
    node->attr[node->n_attr++] = attribute;
    return value;
}

/* The page writes the shapes beside the edges. */
static qn_status add_outputs(writer *w, QnTb__Node *node, qn_dtype dtype, int count,
                             const qn_shape *const *output)
{
    QnTb__AttributeValue *shapes = add_attribute(w, node, "_output_shapes");
    QnTb__AttributeValue *type = add_attribute(w, node, "dtype");
    QnTb__ShapeList *list = take(w, 1, sizeof *list);
    QnTb__TensorShape **shape = take(w, (size_t)count, sizeof *shape);
    if (shapes == NULL || type == NULL || list == NULL || shape == NULL)
        return QN_ERROR_MEMORY;
    qn_tb__shape_list__init(list);
    for (int i = 0; i < count; i++)
        if ((shape[i] = make_shape(w, output[i])) == NULL)
            return QN_ERROR_MEMORY;
    list->n_shape = (size_t)count;
    list->shape = shape;
    shapes->value_case = QN_TB__ATTRIBUTE_VALUE__VALUE_LIST;
    shapes->list = list;
    type->value_case = QN_TB__ATTRIBUTE_VALUE__VALUE_TYPE;
    type->type = (QnTb__DataType)type_of(dtype);
    return QN_OK;
}

/* What the op was given beside its inputs. */
static qn_status add_arguments(writer *w, QnTb__Node *made, const qn_node *node)
{
    qn_text text = {.env = w->env};
    if (node->op->describe == NULL)
        return QN_OK;
    node->op->describe(node, &text);
    bool none = text.length == 0 && !text.failed;
    char *copy = text.failed || none ? NULL : take_text(w, qn_text_get(&text));
    qn_text_free(&text);
    if (none)
        return QN_OK;
    QnTb__AttributeValue *value = copy != NULL ? add_attribute(w, made, "arguments") : NULL;
    if (value == NULL)
        return QN_ERROR_MEMORY;
    value->value_case = QN_TB__ATTRIBUTE_VALUE__VALUE_S;
    value->s = (ProtobufCBinaryData){strlen(copy), (uint8_t *)copy};
    return QN_OK;
}

/* ---- nodes ---- */

enum { MOST_ATTRIBUTES = 3 };

static QnTb__Node *begin_node(writer *w, const char *op, char *name)
{
    QnTb__Node *node = &w->node[w->node_count];
    qn_tb__node__init(node);
    node->attr = take(w, MOST_ATTRIBUTES, sizeof *node->attr);
    if (name == NULL || node->attr == NULL)
        return NULL;
    node->op = (char *)op;
    node->name = name;
    w->node_count++;
    return node;
}

static qn_status add_leaf(writer *w, const char *op, const char *name, qn_dtype dtype,
                          const qn_shape *shape, char **path)
{
    *path = name_node(w, "", "", name);
    QnTb__Node *node = begin_node(w, op, *path);
    return node != NULL ? add_outputs(w, node, dtype, 1, &shape) : QN_ERROR_MEMORY;
}

static const char *name_of_variable(const writer *w, const qn_variable *variable)
{
    for (size_t i = 0; i < w->variable_count; i++)
        if (w->variable[i] == variable)
            return w->variable_name[i];
    return NULL;
}

static qn_status add_variable(writer *w, const qn_variable *variable, char **path)
{
    QN_TRY(add_leaf(w, "VariableV2", variable->name, variable->dtype, &variable->shape, path));
    w->variable[w->variable_count] = variable;
    w->variable_name[w->variable_count++] = *path;
    return QN_OK;
}

static qn_status add_value(writer *w, const qn_value *value)
{
    char **path = &w->leaf_name[value->id];
    if (value->kind == QN_VALUE_VARIABLE)
        return add_variable(w, value->variable, path);
    if (value->kind == QN_VALUE_CONSTANT)
        return add_leaf(w, "Const", "constant", value->dtype, &value->shape, path);
    return add_leaf(w, "Placeholder", value->name != NULL ? value->name : "input", value->dtype,
                    &value->shape, path);
}

/* The name of an input: "dense/matmul", or "dense/matmul:1" for an output but the first. */
static char *input_name(writer *w, const qn_value *value)
{
    if (value->kind != QN_VALUE_NODE)
        return w->leaf_name[value->id];
    char *first = w->node_name[value->node->id];
    if (value->output == 0)
        return first;
    size_t room = strlen(first) + 16;
    char *name = take(w, room, 1);
    if (name != NULL)
        snprintf(name, room, "%s:%d", first, value->output);
    return name;
}

static int count_updates(const qn_node *node)
{
    return node->op->updates != NULL ? node->op->updates(node, NULL, 0) : 0;
}

/* What a node updates is an input as well: there is no other edge to what it writes. */
static qn_status add_updated(writer *w, QnTb__Node *made, const qn_node *node, int count)
{
    qn_variable **updated = take(w, (size_t)count, sizeof *updated);
    if (updated == NULL)
        return QN_ERROR_MEMORY;
    node->op->updates(node, updated, count);
    for (int i = 0; i < count; i++)
        made->input[made->n_input++] = (char *)name_of_variable(w, updated[i]);
    return QN_OK;
}

static qn_status add_inputs(writer *w, QnTb__Node *made, const qn_node *node)
{
    int updates = count_updates(node);
    made->input = take(w, (size_t)(node->input_count + updates), sizeof *made->input);
    if (made->input == NULL)
        return QN_ERROR_MEMORY;
    for (int i = 0; i < node->input_count; i++) {
        char *name = input_name(w, node->input[i]);
        if (name == NULL)
            return QN_ERROR_MEMORY;
        made->input[made->n_input++] = name;
    }
    return updates > 0 ? add_updated(w, made, node, updates) : QN_OK;
}

static qn_status add_node(writer *w, const qn_node *node, const char *root)
{
    const qn_shape *shape[QN_MAX_OUTPUTS];
    char *path = name_node(w, root, node->scope != NULL ? node->scope : "", node->op->name);
    QnTb__Node *made = begin_node(w, node->op->name, path);
    if (made == NULL)
        return QN_ERROR_MEMORY;
    w->node_name[node->id] = path;
    made->device = (char *)qn_device_description(w->graph->device)->selector;
    for (int i = 0; i < node->output_count; i++)
        shape[i] = &node->output[i]->shape;
    QN_TRY(add_outputs(w, made, node->output[0]->dtype, node->output_count, shape));
    QN_TRY(add_arguments(w, made, node));
    return add_inputs(w, made, node);
}

/* Variables that are only written, such as moving averages, are no value of the graph. */
static qn_status add_written(writer *w, const qn_node *node)
{
    int count = count_updates(node);
    qn_variable **updated = take(w, (size_t)count, sizeof *updated);
    char *path;
    if (updated == NULL)
        return QN_ERROR_MEMORY;
    if (count > 0)
        node->op->updates(node, updated, count);
    for (int i = 0; i < count; i++)
        if (name_of_variable(w, updated[i]) == NULL)
            QN_TRY(add_variable(w, updated[i], &path));
    return QN_OK;
}

static qn_status add_leaves(writer *w)
{
    for (size_t i = 0; i < w->graph->value_count; i++)
        if (w->graph->value[i]->kind != QN_VALUE_NODE)
            QN_TRY(add_value(w, w->graph->value[i]));
    for (size_t i = 0; i < w->graph->node_count; i++)
        QN_TRY(add_written(w, w->graph->node[i]));
    return QN_OK;
}

/* Layers' nodes behind those of the loss are of the backward pass. */
static qn_status add_nodes(writer *w)
{
    bool seen_loss = false;
    for (size_t i = 0; i < w->graph->node_count; i++) {
        const qn_node *node = w->graph->node[i];
        const char *scope = node->scope != NULL ? node->scope : "";
        bool loss = strcmp(scope, "loss") == 0;
        bool layer = *scope != '\0' && !loss && strcmp(scope, "metrics") != 0 &&
                     strcmp(scope, "optimizer") != 0;
        seen_loss = seen_loss || loss;
        QN_TRY(add_node(w, node, layer && seen_loss ? "gradients/" : ""));
    }
    return QN_OK;
}

static qn_status fill(writer *w)
{
    size_t values = w->graph->value_count, nodes = w->graph->node_count, updates = 0;
    for (size_t i = 0; i < nodes; i++)
        updates += (size_t)count_updates(w->graph->node[i]);
    w->leaf_name = take(w, values, sizeof *w->leaf_name);
    w->node_name = take(w, nodes, sizeof *w->node_name);
    w->variable = take(w, values + updates, sizeof *w->variable);
    w->variable_name = take(w, values + updates, sizeof *w->variable_name);
    w->node = take(w, values + nodes + updates, sizeof *w->node);
    if (w->leaf_name == NULL || w->node_name == NULL || w->variable == NULL ||
        w->variable_name == NULL || w->node == NULL)
        return QN_ERROR_MEMORY;
    QN_TRY(add_leaves(w));
    return add_nodes(w);
}

/* ---- the event ---- */

static qn_status write(writer *w, qn_event_file *file)
{
    QnTb__Graph graph = QN_TB__GRAPH__INIT;
    QnTb__Event event = QN_TB__EVENT__INIT;
    QnTb__Node **nodes = take(w, w->node_count, sizeof *nodes);
    if (nodes == NULL)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < w->node_count; i++)
        nodes[i] = &w->node[i];
    graph.n_node = w->node_count;
    graph.node = nodes;
    uint8_t *bytes = take(w, qn_tb__graph__get_packed_size(&graph), 1);
    if (bytes == NULL)
        return QN_ERROR_MEMORY;
    event.what_case = QN_TB__EVENT__WHAT_GRAPH_DEF;
    event.graph_def = (ProtobufCBinaryData){qn_tb__graph__pack(&graph, bytes), bytes};
    return qn_event_file_add(file, &event);
}

qn_status qn_event_file_graph(qn_event_file *file, const qn_graph *graph)
{
    writer w = {.env = qn_event_file_env(file), .graph = graph};
    qn_status status = fill(&w);
    if (status == QN_OK)
        status = write(&w, file);
    for (size_t i = 0; i < w.count; i++)
        qn_free(w.env, w.block[i]);
    qn_free(w.env, w.block);
    return status;
}
