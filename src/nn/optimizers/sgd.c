/* SPDX-License-Identifier: Apache-2.0 */
/* Stochastic gradient descent: w <- w - learning_rate * g. */
#include "nn/optimizers/list.h"

#include <math.h>

static const qn_sgd_params defaults = {.spec = {sizeof(qn_sgd_params), "SGD"},
                                       QN_SGD_DEFAULTS(QN_DEFAULT_)};

static const qn_field fields[] = {
    {.name = "learning_rate",
     .kind = QN_FIELD_DOUBLE,
     .offset = offsetof(qn_sgd_params, learning_rate),
     .positional = true,
     .minimum = 0,
     .maximum = INFINITY,
     .open_maximum = true},
};

static qn_value *update(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch)
{
    (void)params;
    return qn_op_sgd(storage, count, gradients, latch);
}

static double rate(const void *params, uint32_t iteration)
{
    (void)iteration;
    return ((const qn_sgd_params *)params)->learning_rate;
}

const qn_optimizer_type qn_optimizer_sgd = {
    .schema = {.type = "SGD",
               .name = "sgd",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .slots = 0,
    .update = update,
    .rate = rate,
};
