/* SPDX-License-Identifier: Apache-2.0 */
/* What the optimizers' update ops share: launches over the storage's whole segment of parameters
 * and the plan's segment of gradients, which have one layout; clipping before them. */
#include "ops/internal.h"

/* The clipping by norm reads a table of pieces: a constant, the last input. The builder makes it of
 * the right length; it is filled when steps are recorded, as offsets are known only then. */
static bool has_pieces(const qn_update_attributes *attributes)
{
    return attributes->rule.clip == QN_CLIP_NORM || attributes->rule.clip == QN_CLIP_GLOBAL_NORM;
}

/* Inputs: gradients in the storage's order, the latch and the pieces when there are such. */
qn_status qn_update_infer(qn_infer *io)
{
    const qn_update_attributes *attributes = io->attributes;
    int count = io->count - attributes->latched - has_pieces(attributes);
    for (int i = 0; i < count; i++)
        QN_TRY(qn_infer_float(io, i));
    if (attributes->latched)
        QN_TRY(qn_infer_latch(io, count));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static int parameters_of(const qn_storage *storage, qn_variable **variables, int room)
{
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

int qn_update_variables(const qn_node *node, qn_variable **variables, int room)
{
    const qn_update_attributes *attributes = node->attributes;
    return parameters_of(attributes->storage, variables, room);
}

void qn_update_describe(const qn_node *node, qn_text *text)
{
    static const char *const clips[] = {"", "clipvalue", "clipnorm", "global_clipnorm"};
    const qn_update_attributes *attributes = node->attributes;
    const qn_update_rule *rule = &attributes->rule;
    if (rule->clip != QN_CLIP_NONE)
        qn_text_add(text, "%s%s %g", text->length ? ", " : "", clips[rule->clip], rule->limit);
    if (rule->decays)
        qn_text_add(text, "%sweight decay", text->length ? ", " : "");
}

/* ---- clipping ---- */

/* The pieces of the storage's parameters into `pieces`, or NULL to count them; -1: no memory. */
static int cut(const qn_storage *storage, bool all, qn_piece *pieces)
{
    int count = parameters_of(storage, NULL, 0);
    size_t room = (size_t)count + 1;
    qn_variable **variable = qn_alloc_array(storage->env, room, sizeof(qn_variable *));
    qn_extent *extent = qn_alloc_array(storage->env, room, sizeof *extent);
    int made = -1;
    if (variable && extent) {
        parameters_of(storage, variable, count);
        for (int i = 0; i < count; i++)
            extent[i] = (qn_extent){.begin = (int64_t)(variable[i]->offset / sizeof(float)),
                                    .count = variable[i]->count};
        made = qn_clip_pieces(extent, count, all, pieces);
    }
    qn_free(storage->env, variable);
    qn_free(storage->env, extent);
    return made;
}

static int64_t piece_count(const qn_node *node)
{
    return node->input[node->input_count - 1]->shape.dim[0];
}

size_t qn_update_scratch(const qn_emit *e)
{
    return has_pieces(e->node->attributes) ? (size_t)piece_count(e->node) * sizeof(float) : 0;
}

static qn_status clip_norms(qn_emit *e, const qn_update *update)
{
    const qn_update_attributes *attributes = e->node->attributes;
    qn_env *env = attributes->storage->env;
    qn_buffer *table = qn_emit_input(e, e->node->input_count - 1);
    bool all = attributes->rule.clip == QN_CLIP_GLOBAL_NORM;
    int count = (int)piece_count(e->node);
    qn_piece *pieces = qn_alloc_array(env, (size_t)count, sizeof *pieces);
    qn_status status = QN_ERROR_MEMORY;
    if (pieces && cut(attributes->storage, all, pieces) == count)
        status = qn_buffer_write(table, 0, (size_t)count * sizeof *pieces, pieces);
    qn_free(env, pieces);
    QN_TRY(status);
    return qn_kernel_clip_norm(e->steps, update->gradients, table, qn_emit_scratch(e), count, all,
                               update->count, attributes->rule.limit);
}

qn_status qn_update_begin(qn_emit *e, int slots, qn_update *update, qn_buffer *const **slot)
{
    const qn_update_attributes *attributes = e->node->attributes;
    const qn_storage *storage = attributes->storage;
    if (storage->slot_count < slots)
        return qn_fail(storage->env, QN_ERROR_INTERNAL,
                       "%s: the storage has %d slots where %d are needed", e->node->op->name,
                       storage->slot_count, slots);
    int latch = e->node->input_count - 1 - has_pieces(attributes);
    *slot = storage->slot;
    *update = (qn_update){
        .parameters = storage->segment[QN_ROLE_PARAMETER],
        .gradients = qn_emit_gradients(e),
        .latch = attributes->latched ? qn_emit_input(e, latch) : NULL,
        .count = (int64_t)(storage->bytes[QN_ROLE_PARAMETER] / sizeof(float)),
        .decays = attributes->rule.decays,
    };
    if (has_pieces(attributes))
        return clip_norms(e, update);
    if (attributes->rule.clip == QN_CLIP_VALUE)
        return qn_kernel_clip_value(e->steps, update->gradients, update->count,
                                    attributes->rule.limit);
    return QN_OK;
}

/* ---- building ---- */

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

static qn_value *no_memory(qn_graph *graph, const qn_op *op)
{
    return qn_graph_mistake(graph, QN_ERROR_MEMORY, "%s: host memory ran out", op->name);
}

/* The table of pieces, still empty. */
static qn_value *make_pieces(qn_graph *graph, const qn_op *op, const qn_storage *storage)
{
    int count = cut(storage, false, NULL);
    qn_piece *zeros = count < 1 ? NULL : qn_alloc_array(graph->env, (size_t)count, sizeof *zeros);
    if (!zeros)
        return no_memory(graph, op);
    qn_value *table = qn_graph_constant(graph, qn_i32(zeros, count, 4));
    qn_free(graph->env, zeros);
    return table;
}

static qn_value *apply(const qn_op *op, const qn_update_attributes *attributes, int count,
                       qn_value *const *gradients, qn_value *latch, qn_value **input)
{
    const qn_storage *storage = attributes->storage;
    qn_graph *graph = gradients[0]->graph;
    int filled = 0;
    for (size_t i = 0; i < storage->count; i++) {
        if (storage->variable[i]->role != QN_ROLE_PARAMETER)
            continue;
        if (!(input[filled] = place(gradients[filled], storage->variable[i])))
            return NULL;
        filled++;
    }
    if (latch)
        input[count++] = latch;
    if (has_pieces(attributes))
        input[count++] = make_pieces(graph, op, storage);
    return qn_graph_apply(graph, op, attributes, count, input);
}

qn_value *qn_op_update(const qn_op *op, const void *attributes, qn_storage *storage, int count,
                       qn_value *const *gradients, qn_value *latch)
{
    int wanted = parameters_of(storage, NULL, 0);
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
    qn_value **input = qn_alloc_array(graph->env, (size_t)count + 2, sizeof *input);
    if (!input)
        return no_memory(graph, op);
    qn_value *token = apply(op, attributes, count, gradients, latch, input);
    qn_free(graph->env, input);
    return token;
}
