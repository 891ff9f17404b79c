/* SPDX-License-Identifier: Apache-2.0 */
/* A variable takes a value's elements, after everything that reads its old ones. */
#include "ops/internal.h"

typedef struct assign_attributes {
    qn_variable *variable;
} assign_attributes;

static qn_status infer(qn_infer *io)
{
    const assign_attributes *attributes = io->attributes;
    char text[128];
    QN_TRY(qn_infer_floats(io));
    if (!qn_shape_equal(&io->input[0]->shape, &attributes->variable->shape))
        return qn_infer_misfit(io, "variable '%s' has shape %s: reshape the value",
                               attributes->variable->name ? attributes->variable->name : "",
                               qn_shape_print(&attributes->variable->shape, text, sizeof text));
    return qn_infer_same_shape(io, 0);
}

static qn_status grad(qn_grad *g)
{
    g->in[0] = g->out[0];
    return QN_OK;
}

/* The output is the new value, for those that want it; most do not. */
static qn_status emit(qn_emit *e)
{
    const assign_attributes *attributes = e->node->attributes;
    qn_buffer *value = qn_emit_input(e, 0), *out = qn_emit_output(e, 0);
    size_t bytes = (size_t)attributes->variable->count * sizeof(float);
    QN_TRY(qn_steps_add_copy(e->steps, value, 0, attributes->variable->buffer, 0, bytes));
    return out ? qn_steps_add_copy(e->steps, value, 0, out, 0, bytes) : QN_OK;
}

static void describe(const qn_node *node, qn_text *text)
{
    const assign_attributes *attributes = node->attributes;
    if (attributes->variable->name)
        qn_text_add(text, "to %s", attributes->variable->name);
}

static int updates(const qn_node *node, qn_variable **variables, int room)
{
    const assign_attributes *attributes = node->attributes;
    if (room > 0)
        variables[0] = attributes->variable;
    return 1;
}

const qn_op qn_assign_op = {
    .name = "assign",
    .inputs = 1,
    .attributes = sizeof(assign_attributes),
    .flags = QN_OP_UPDATES,
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .describe = describe,
    .updates = updates,
};

/* Whether the value's memory is a variable's own. */
static bool is_variable_memory(const qn_value *value)
{
    while (value->kind == QN_VALUE_NODE && value->node->op->flags & QN_OP_ALIAS)
        value = value->node->input[0];
    return value->kind == QN_VALUE_VARIABLE;
}

/* A value that is another variable's memory is copied first: two variables may be exchanged. */
qn_value *qn_ops_assign(qn_value *variable, qn_value *value)
{
    if (!variable || !value)
        return NULL;
    if (variable->kind != QN_VALUE_VARIABLE)
        return qn_graph_mistake(variable->graph, QN_ERROR_USAGE,
                                "assign: value '%s' is not a variable: make it with "
                                "qn_graph_variable",
                                variable->name ? variable->name : "");
    if (is_variable_memory(value))
        value = qn_op_copy(value);
    assign_attributes attributes = {variable->variable};
    return value ? qn_graph_apply(variable->graph, &qn_assign_op, &attributes, 1, &value) : NULL;
}
