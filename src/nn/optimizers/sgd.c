/* SPDX-License-Identifier: Apache-2.0 */
/* Stochastic gradient descent, with momentum (Polyak 1964) or Nesterov's. */
#include "nn/optimizers/list.h"

static const qn_sgd_params defaults = {.spec = {sizeof(qn_sgd_params), "SGD"},
                                       QN_SGD_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    QN_OPTIMIZER_RATE(qn_sgd_params),
    {QN_OPTIMIZER_MEMBER(qn_sgd_params, momentum), .kind = QN_FIELD_DOUBLE, .minimum = 0,
     .maximum = 1},
    QN_OPTIMIZER_FLAG(qn_sgd_params, nesterov),
    QN_OPTIMIZER_DECAY(qn_sgd_params),
    QN_OPTIMIZER_CLIPS(qn_sgd_params),
};

static int slots(const void *params)
{
    return ((const qn_sgd_params *)params)->momentum > 0;
}

static const char *slot_name(const void *params, int slot)
{
    (void)params, (void)slot;
    return "momentum";
}

static qn_value *update(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch)
{
    const qn_sgd_params *p = params;
    return qn_op_sgd(storage, count, gradients, latch, qn_optimizer_rule(p), p->momentum,
                     p->nesterov);
}

const qn_optimizer_type qn_optimizer_sgd = {
    .schema = {.type = "SGD",
               .name = "sgd",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields),
               .check = qn_optimizer_check},
    .slots = slots,
    .slot_name = slot_name,
    .update = update,
};
