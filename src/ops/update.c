/* SPDX-License-Identifier: Apache-2.0 */
/* What the optimizers' update ops share: one launch over the storage's whole segment of parameters
 * and the plan's segment of gradients, which have one layout. */
#include "ops/internal.h"

/* Inputs: gradients in the storage's order, the latch when there is one. */
qn_status qn_update_infer(qn_infer *io)
{
    const qn_update_attributes *attributes = io->attributes;
    int count = io->count - attributes->latched;
    for (int i = 0; i < count; i++)
        QN_TRY(qn_infer_float(io, i));
    if (attributes->latched)
        QN_TRY(qn_infer_latch(io, count));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

int qn_update_variables(const qn_node *node, qn_variable **variables, int room)
{
    const qn_update_attributes *attributes = node->attributes;
    const qn_storage *storage = attributes->storage;
    int count = 0;
    for (size_t i = 0; i < storage->count; i++) {
        if (storage->variable[i]->role != QN_ROLE_PARAMETER)
            continue;
        if (count < room)
            variables[count] = storage->variable[i];
        count++;
    }
    return count;
}

qn_buffer *qn_update_latch(qn_emit *e)
{
    const qn_update_attributes *attributes = e->node->attributes;
    return attributes->latched ? qn_emit_input(e, e->node->input_count - 1) : NULL;
}

/* Gives the gradient its place in the gradient segment, unless the caller has. */
static qn_value *place(qn_value *gradient, qn_variable *variable)
{
    char found[128], wanted[128];
    if (!gradient || gradient->gradient_of == variable)
        return gradient;
    if (!qn_shape_equal(&gradient->shape, &variable->shape))
        return qn_graph_mistake(gradient->graph, QN_ERROR_USAGE,
                                "update: the gradient of '%s' has shape %s where %s is needed",
                                variable->name ? variable->name : "",
                                qn_shape_print(&gradient->shape, found, sizeof found),
                                qn_shape_print(&variable->shape, wanted, sizeof wanted));
    return qn_graph_place_gradient(gradient, variable);
}

static qn_value *apply(const qn_op *op, const void *attributes, qn_storage *storage, int count,
                       qn_value *const *gradients, qn_value *latch, qn_value **input)
{
    int filled = 0;
    for (size_t i = 0; i < storage->count; i++) {
        if (storage->variable[i]->role != QN_ROLE_PARAMETER)
            continue;
        if (!(input[filled] = place(gradients[filled], storage->variable[i])))
            return NULL;
        filled++;
    }
    input[count] = latch;
    return qn_graph_apply(input[0]->graph, op, attributes, count + (latch != NULL), input);
}

qn_value *qn_op_update(const qn_op *op, const void *attributes, qn_storage *storage, int count,
                       qn_value *const *gradients, qn_value *latch)
{
    int wanted = 0;
    for (size_t i = 0; i < storage->count; i++)
        wanted += storage->variable[i]->role == QN_ROLE_PARAMETER;
    const qn_value *known = count > 0 ? gradients[0] : latch;
    if (!known)
        return NULL;
    qn_graph *graph = known->graph;
    if (count < 1)
        return qn_graph_mistake(graph, QN_ERROR_USAGE,
                                "%s: there is no trainable variable: add a layer with weights",
                                op->name);
    if (count != wanted)
        return qn_graph_mistake(graph, QN_ERROR_USAGE,
                                "%s: %d gradients were given for %d trainable variables", op->name,
                                count, wanted);
    qn_value **input = qn_alloc_array(graph->env, (size_t)count + 1, sizeof *input);
    if (!input)
        return qn_graph_mistake(graph, QN_ERROR_MEMORY, "%s: host memory ran out", op->name);
    qn_value *token = apply(op, attributes, storage, count, gradients, latch, input);
    qn_free(graph->env, input);
    return token;
}
