/* SPDX-License-Identifier: Apache-2.0 */
/* Stochastic gradient descent, with momentum or Nesterov's; the rate is the step table's. */
#include "ops/internal.h"

typedef struct sgd_attributes {
    qn_update_attributes update; /* first */
    double momentum;
    bool nesterov;
} sgd_attributes;

/* Slot 0 holds the velocity, where there is a momentum. */
static qn_status emit(qn_emit *e)
{
    const sgd_attributes *a = e->node->attributes;
    qn_update update;
    qn_buffer *const *slot;
    QN_TRY(qn_update_begin(e, a->momentum != 0, &update, &slot));
    if (a->momentum == 0)
        return qn_kernel_sgd(e->steps, &update);
    return qn_kernel_sgd_momentum(e->steps, &update, slot[0], a->momentum, a->nesterov);
}

static void describe(const qn_node *node, qn_text *text)
{
    const sgd_attributes *a = node->attributes;
    if (a->momentum != 0)
        qn_text_add(text, "momentum %g%s", a->momentum, a->nesterov ? ", nesterov" : "");
    qn_update_describe(node, text);
}

const qn_op qn_sgd_op = {
    .name = "sgd",
    .inputs = -1,
    .attributes = sizeof(sgd_attributes),
    .flags = QN_OP_UPDATES,
    .infer = qn_update_infer,
    .emit = emit,
    .scratch = qn_update_scratch,
    .describe = describe,
    .updates = qn_update_variables,
};

qn_value *qn_op_sgd(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                    qn_update_rule rule, double momentum, bool nesterov)
{
    sgd_attributes attributes = {{storage, latch != NULL, rule}, momentum, nesterov};
    return qn_op_update(&qn_sgd_op, &attributes, storage, count, gradients, latch);
}
