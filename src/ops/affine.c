/* SPDX-License-Identifier: Apache-2.0 */
/* y = x * factor + offset, with numbers. */
#include "ops/internal.h"

typedef struct affine_attributes {
    double factor, offset;
} affine_attributes;

static qn_status infer(qn_infer *io)
{
    QN_TRY(qn_infer_floats(io));
    return qn_infer_same_shape(io, 0);
}

static qn_status grad(qn_grad *g)
{
    const affine_attributes *attributes = g->node->attributes;
    g->in[0] = qn_ops_affine(g->out[0], attributes->factor, 0);
    return g->graph->status;
}

static qn_status emit(qn_emit *e)
{
    const affine_attributes *attributes = e->node->attributes;
    return qn_kernel_affine(e->steps, qn_emit_input(e, 0), qn_emit_output(e, 0),
                            qn_emit_count(e, e->node->output[0]), attributes->factor,
                            attributes->offset);
}

static void describe(const qn_node *node, qn_text *text)
{
    const affine_attributes *attributes = node->attributes;
    qn_text_add(text, "%g, %g", attributes->factor, attributes->offset);
}

const qn_op qn_affine_op = {
    .name = "affine",
    .inputs = 1,
    .attributes = sizeof(affine_attributes),
    .flags = QN_OP_IN_PLACE,
    .infer = infer,
    .grad = grad,
    .emit = emit,
    .describe = describe,
};

qn_value *qn_ops_affine(qn_value *a, double factor, double offset)
{
    affine_attributes attributes = {factor, offset};
    return a ? qn_graph_apply(a->graph, &qn_affine_op, &attributes, 1, &a) : NULL;
}
