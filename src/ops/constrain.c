/* SPDX-License-Identifier: Apache-2.0 */
/* A variable is projected in place after its update: not below 0, or norms into a range. */
#include "ops/internal.h"

typedef struct constrain_attributes {
    qn_variable *variable;
    qn_constraint_rule rule; /* axis from 0 on */
    bool latched;
} constrain_attributes;

/* Inputs: what it comes after, the latch when there is one. */
static qn_status infer(qn_infer *io)
{
    const constrain_attributes *attributes = io->attributes;
    QN_TRY(qn_infer_float(io, 0));
    if (attributes->latched)
        QN_TRY(qn_infer_latch(io, 1));
    io->shape[0] = (qn_shape){.rank = 0};
    return QN_OK;
}

/* Of dimensions first to end - 1. */
static int64_t product(const qn_shape *shape, int first, int end)
{
    int64_t count = 1;
    for (int i = first; i < end; i++)
        count *= shape->dim[i];
    return count;
}

static qn_status emit(qn_emit *e)
{
    const constrain_attributes *a = e->node->attributes;
    const qn_shape *shape = &a->variable->shape;
    qn_buffer *w = a->variable->buffer, *latch = a->latched ? qn_emit_input(e, 1) : NULL;
    int last = a->rule.axis + a->rule.more_axes;
    if (a->rule.non_neg)
        return qn_kernel_constrain_non_neg(e->steps, w, latch, a->variable->count);
    return qn_kernel_constrain_norm(
        e->steps, w, latch, product(shape, 0, a->rule.axis), product(shape, a->rule.axis, last + 1),
        product(shape, last + 1, shape->rank), a->rule.low, a->rule.high, a->rule.rate);
}

static void describe(const qn_node *node, qn_text *text)
{
    const constrain_attributes *a = node->attributes;
    qn_text_add(text, "%s ", a->variable->name ? a->variable->name : "");
    if (a->rule.non_neg)
        qn_text_add(text, "not below 0");
    else
        qn_text_add(text, "norm from %g to %g along %d to %d", a->rule.low, a->rule.high,
                    a->rule.axis, a->rule.axis + a->rule.more_axes);
}

static int updates(const qn_node *node, qn_variable **variables, int room)
{
    const constrain_attributes *attributes = node->attributes;
    if (room > 0)
        variables[0] = attributes->variable;
    return 1;
}

const qn_op qn_constrain_op = {
    .name = "constrain",
    .inputs = -1,
    .attributes = sizeof(constrain_attributes),
    .flags = QN_OP_UPDATES,
    .infer = infer,
    .emit = emit,
    .describe = describe,
    .updates = updates,
};

bool qn_constraint_rule_fits(const qn_constraint_rule *rule, const qn_shape *shape)
{
    int axis = rule->axis < 0 ? rule->axis + shape->rank : rule->axis;
    return rule->non_neg || (axis >= 0 && axis + rule->more_axes < shape->rank);
}

qn_value *qn_op_constrain(qn_value *after, qn_variable *variable, qn_constraint_rule rule,
                          qn_value *latch)
{
    char shape[128];
    if (!after)
        return NULL;
    if (!qn_constraint_rule_fits(&rule, &variable->shape))
        return qn_graph_mistake(
            after->graph, QN_ERROR_USAGE, "constrain: '%s' has shape %s, which has no axis %d",
            variable->name ? variable->name : "",
            qn_shape_print(&variable->shape, shape, sizeof shape), rule.axis + rule.more_axes);
    if (rule.axis < 0)
        rule.axis += variable->shape.rank;
    constrain_attributes attributes = {variable, rule, latch != NULL};
    qn_value *input[2] = {after, latch};
    return qn_graph_apply(after->graph, &qn_constrain_op, &attributes, 1 + (latch != NULL), input);
}
