/* SPDX-License-Identifier: Apache-2.0 */
/* RMSprop as Keras has it: plain or centered, with or without momentum; epsilon is under the root.
 */
#include "ops/internal.h"

typedef struct rmsprop_attributes {
    qn_update_attributes update; /* first */
    double rho, momentum, epsilon;
    bool centered;
} rmsprop_attributes;

/* Slots: velocity; momentum, where there is one; average gradient, where centered. */
static qn_status emit(qn_emit *e)
{
    const rmsprop_attributes *a = e->node->attributes;
    bool moves = a->momentum > 0;
    qn_update update;
    qn_buffer *const *slot;
    QN_TRY(qn_update_begin(e, 1 + moves + a->centered, &update, &slot));
    return qn_kernel_rmsprop(e->steps, &update, slot[0], moves ? slot[1] : NULL,
                             a->centered ? slot[1 + moves] : NULL, a->rho, a->momentum, a->epsilon);
}

static void describe(const qn_node *node, qn_text *text)
{
    const rmsprop_attributes *a = node->attributes;
    qn_text_add(text, "%g, %g, %g%s", a->rho, a->momentum, a->epsilon,
                a->centered ? ", centered" : "");
    qn_update_describe(node, text);
}

const qn_op qn_rmsprop_op = {
    .name = "rmsprop",
    .inputs = -1,
    .attributes = sizeof(rmsprop_attributes),
    .flags = QN_OP_UPDATES,
    .infer = qn_update_infer,
    .emit = emit,
    .scratch = qn_update_scratch,
    .describe = describe,
    .updates = qn_update_variables,
};

qn_value *qn_op_rmsprop(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                        qn_update_rule rule, double rho, double momentum, double epsilon,
                        bool centered)
{
    rmsprop_attributes attributes = {
        {storage, latch != NULL, rule}, rho, momentum, epsilon, centered};
    return qn_op_update(&qn_rmsprop_op, &attributes, storage, count, gradients, latch);
}
