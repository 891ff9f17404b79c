/* SPDX-License-Identifier: Apache-2.0 */
/* w <- w - rate * g, the rate from the step table. */
#include "ops/internal.h"

static qn_status emit(qn_emit *e)
{
    const qn_update_attributes *attributes = e->node->attributes;
    const qn_storage *storage = attributes->storage;
    return qn_kernel_sgd(e->steps, storage->segment[QN_ROLE_PARAMETER], qn_emit_gradients(e),
                         qn_update_latch(e),
                         (int64_t)(storage->bytes[QN_ROLE_PARAMETER] / sizeof(float)));
}

const qn_op qn_sgd_op = {
    .name = "sgd",
    .inputs = -1,
    .attributes = sizeof(qn_update_attributes),
    .flags = QN_OP_UPDATES,
    .infer = qn_update_infer,
    .emit = emit,
    .updates = qn_update_variables,
};

qn_value *qn_op_sgd(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch)
{
    qn_update_attributes attributes = {storage, latch != NULL};
    return qn_op_update(&qn_sgd_op, &attributes, storage, count, gradients, latch);
}
