/* SPDX-License-Identifier: Apache-2.0 */
/* Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015. Both bias
 * corrections are in the rate. */
#include "nn/optimizers/list.h"

#include <math.h>

static const qn_adam_params defaults = {.spec = {sizeof(qn_adam_params), "Adam"},
                                        QN_ADAM_DEFAULTS(QN_DEFAULT_)};

#define MEMBER(member)                                                                             \
    .name = #member, .kind = QN_FIELD_DOUBLE, .offset = offsetof(qn_adam_params, member),          \
    .positional = true

static const qn_field fields[] = {
    {MEMBER(learning_rate), .minimum = 0, .maximum = INFINITY, .open_maximum = true},
    {MEMBER(beta_1), .minimum = 0, .maximum = 1, .open_maximum = true},
    {MEMBER(beta_2), .minimum = 0, .maximum = 1, .open_maximum = true},
    {MEMBER(epsilon), .minimum = 0, .maximum = INFINITY, .open_maximum = true},
};

static qn_value *update(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch)
{
    const qn_adam_params *p = params;
    return qn_op_adam(storage, count, gradients, latch, p->beta_1, p->beta_2, p->epsilon);
}

static double rate(const void *params, uint32_t iteration)
{
    const qn_adam_params *p = params;
    double t = (double)iteration + 1.0;
    return p->learning_rate * sqrt(1.0 - pow(p->beta_2, t)) / (1.0 - pow(p->beta_1, t));
}

const qn_optimizer_type qn_optimizer_adam = {
    .schema = {.type = "Adam",
               .name = "adam",
               .defaults = &defaults,
               .size = sizeof defaults,
               .fields = fields,
               .field_count = QN_COUNT(fields)},
    .slots = 2,
    .update = update,
    .rate = rate,
};
