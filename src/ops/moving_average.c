/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that follow values: variable = variable * momentum + value * (1 - momentum). */
#include "ops/internal.h"

/* Inputs: the values, then the latch when there is one. */
typedef struct moving_average_attributes {
    int count;
    bool latched;
    double momentum;
    qn_variable *variable[QN_MAX_AVERAGES];
} moving_average_attributes;

static qn_status infer(qn_infer *io)
{
    const moving_average_attributes *a = io->attributes;
    char text[128];
    for (int i = 0; i < a->count; i++) {
        const qn_shape *shape = &a->variable[i]->shape;
        QN_TRY(qn_infer_float(io, i));
        if (!qn_shape_equal(&io->input[i]->shape, shape) ||
            a->variable[i]->count != a->variable[0]->count)
            return qn_infer_misfit(io,
                                   "variable '%s' has shape %s: value and variable must be "
                                   "alike, and all of one length",
                                   a->variable[i]->name ? a->variable[i]->name : "",
                                   qn_shape_print(shape, text, sizeof text));
    }
    if (a->latched)
        QN_TRY(qn_infer_latch(io, a->count));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

static qn_status emit(qn_emit *e)
{
    const moving_average_attributes *a = e->node->attributes;
    qn_buffer *averages[QN_MAX_AVERAGES], *values[QN_MAX_AVERAGES];
    for (int i = 0; i < a->count; i++) {
        averages[i] = a->variable[i]->buffer;
        values[i] = qn_emit_input(e, i);
    }
    return qn_kernel_moving_average(e->steps, a->count, averages, values,
                                    a->latched ? qn_emit_input(e, a->count) : NULL,
                                    a->variable[0]->count, a->momentum);
}

static void describe(const qn_node *node, qn_text *text)
{
    const moving_average_attributes *a = node->attributes;
    qn_text_add(text, "momentum %g%s", a->momentum, a->latched ? ", latch" : "");
}

static int updates(const qn_node *node, qn_variable **variables, int room)
{
    const moving_average_attributes *a = node->attributes;
    for (int i = 0; i < a->count && i < room; i++)
        variables[i] = a->variable[i];
    return a->count;
}

const qn_op qn_moving_average_op = {
    .name = "moving_average",
    .inputs = -1,
    .attributes = sizeof(moving_average_attributes),
    .flags = QN_OP_UPDATES,
    .infer = infer,
    .emit = emit,
    .describe = describe,
    .updates = updates,
};

qn_value *qn_op_moving_average(int count, qn_variable *const *variables, qn_value *const *values,
                               double momentum, qn_value *latch)
{
    moving_average_attributes attributes = {
        .count = count, .latched = latch != NULL, .momentum = momentum};
    qn_value *input[QN_MAX_AVERAGES + 1];
    for (int i = 0; i < count && i < QN_MAX_AVERAGES; i++) {
        if (!(input[i] = values[i]))
            return NULL;
        attributes.variable[i] = variables[i];
    }
    if (count < 1 || count > QN_MAX_AVERAGES)
        return count < 1 ? NULL
                         : qn_graph_mistake(input[0]->graph, QN_ERROR_USAGE,
                                            "moving_average: %d values were given: give 1 to %d",
                                            count, QN_MAX_AVERAGES);
    input[count] = latch;
    return qn_graph_apply(input[0]->graph, &qn_moving_average_op, &attributes,
                          count + (latch != NULL), input);
}
