/* SPDX-License-Identifier: Apache-2.0 */
/* RMSprop (Hinton 2012), as Keras has it: epsilon is added under the root. */
#include "nn/optimizers/list.h"

static const qn_rmsprop_params defaults = {.spec = {sizeof(qn_rmsprop_params), "RMSprop"},
                                           QN_RMSPROP_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_OPTIMIZER_RATE(qn_rmsprop_params),
    QN_OPTIMIZER_SHARE(qn_rmsprop_params, rho),
    {QN_OPTIMIZER_MEMBER(qn_rmsprop_params, momentum), .kind = QN_FIELD_DOUBLE, .minimum = 0,
     .maximum = 1},
    QN_OPTIMIZER_SIZE(qn_rmsprop_params, epsilon),
    QN_OPTIMIZER_FLAG(qn_rmsprop_params, centered),
    QN_OPTIMIZER_DECAY(qn_rmsprop_params),
    QN_OPTIMIZER_CLIPS(qn_rmsprop_params),
};

static int slots(const void *params)
{
    const qn_rmsprop_params *p = params;
    return 1 + (p->momentum > 0) + p->centered;
}

static const char *slot_name(const void *params, int slot)
{
    const qn_rmsprop_params *p = params;
    if (slot == 0)
        return "velocity";
    return slot == 1 && p->momentum > 0 ? "momentum" : "average";
}

static qn_value *update(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch)
{
    const qn_rmsprop_params *p = params;
    return qn_op_rmsprop(storage, count, gradients, latch, qn_optimizer_rule(p), p->rho,
                         p->momentum, p->epsilon, p->centered);
}

const qn_optimizer_type qn_optimizer_rmsprop = {
    .schema = {.type = "RMSprop",
               .name = "rmsprop",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = qn_optimizer_check},
    .slots = slots,
    .slot_name = slot_name,
    .update = update,
};
