/* SPDX-License-Identifier: Apache-2.0 */
/* Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015. The rate of
 * the step table carries the bias correction. */
#include "ops/internal.h"

typedef struct adam_attributes {
    qn_update_attributes update; /* first */
    double beta_1, beta_2, epsilon;
} adam_attributes;

/* Slot 0 holds the first moments, slot 1 the second. */
static qn_status emit(qn_emit *e)
{
    const adam_attributes *a = e->node->attributes;
    const qn_storage *storage = a->update.storage;
    if (storage->slot_count < 2)
        return qn_fail(storage->env, QN_ERROR_INTERNAL,
                       "adam: the storage has %d slots where 2 are needed", storage->slot_count);
    return qn_kernel_adam(e->steps, storage->segment[QN_ROLE_PARAMETER], qn_emit_gradients(e),
                          storage->slot[0], storage->slot[1], qn_update_latch(e),
                          (int64_t)(storage->bytes[QN_ROLE_PARAMETER] / sizeof(float)), a->beta_1,
                          a->beta_2, a->epsilon);
}

static void describe(const qn_node *node, qn_text *text)
{
    const adam_attributes *a = node->attributes;
    qn_text_add(text, "%g, %g, %g", a->beta_1, a->beta_2, a->epsilon);
}

const qn_op qn_adam_op = {
    .name = "adam",
    .inputs = -1,
    .attributes = sizeof(adam_attributes),
    .flags = QN_OP_UPDATES,
    .infer = qn_update_infer,
    .emit = emit,
    .describe = describe,
    .updates = qn_update_variables,
};

qn_value *qn_op_adam(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                     double beta_1, double beta_2, double epsilon)
{
    adam_attributes attributes = {{storage, latch != NULL}, beta_1, beta_2, epsilon};
    return qn_op_update(&qn_adam_op, &attributes, storage, count, gradients, latch);
}
