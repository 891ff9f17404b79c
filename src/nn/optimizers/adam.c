/* SPDX-License-Identifier: Apache-2.0 */
/* Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015; AdamW is the
 * same with a weight decay. */
#include "nn/optimizers/list.h"

static const qn_adam_params adam = {.spec = {sizeof(qn_adam_params), "Adam"},
                                    QN_ADAM_DEFAULTS(QN_DEFAULT_)};
static const qn_adamw_params adamw = {.spec = {sizeof(qn_adamw_params), "AdamW"},
                                      QN_ADAMW_DEFAULTS(QN_DEFAULT_)};

#define RATE QN_OPTIMIZER_RATE(qn_adam_params)
#define DECAY QN_OPTIMIZER_DECAY(qn_adam_params)
#define MOMENTS                                                                                    \
    QN_OPTIMIZER_SHARE(qn_adam_params, beta_1), QN_OPTIMIZER_SHARE(qn_adam_params, beta_2),        \
        QN_OPTIMIZER_SIZE(qn_adam_params, epsilon), QN_OPTIMIZER_FLAG(qn_adam_params, amsgrad)
#define CLIPS QN_OPTIMIZER_CLIPS(qn_adam_params)

/* Positional arguments in Keras's order. */
static const qn_field adam_fields[] = {RATE, MOMENTS, DECAY, CLIPS};
static const qn_field adamw_fields[] = {RATE, DECAY, MOMENTS, CLIPS};

static int slots(const void *params)
{
    return 2 + ((const qn_adam_params *)params)->amsgrad;
}

static const char *slot_name(const void *params, int slot)
{
    static const char *const names[] = {"momentum", "velocity", "velocity_max"};
    (void)params;
    return names[slot];
}

static qn_value *update(const void *params, qn_storage *storage, int count,
                        qn_value *const *gradients, qn_value *latch)
{
    const qn_adam_params *p = params;
    return qn_op_adam(storage, count, gradients, latch, qn_optimizer_rule(p), p->beta_1, p->beta_2,
                      p->epsilon, p->amsgrad);
}

/* Both bias corrections. */
static double factor(const void *params, uint32_t iteration)
{
    const qn_adam_params *p = params;
    double t = (double)iteration + 1.0;
    return sqrt(1.0 - pow(p->beta_2, t)) / (1.0 - pow(p->beta_1, t));
}

#define ADAM(class, text, usual, table)                                                            \
    {                                                                                              \
        .schema = {.type = class,                                                                  \
                   .name = text,                                                                   \
                   .defaults = &usual,                                                             \
                   .size = sizeof usual,                                                           \
                   .fields = table,                                                                \
                   .field_count = QN_COUNT(table),                                                 \
                   .check = qn_optimizer_check},                                                   \
        .slots = slots, .slot_name = slot_name, .update = update, .factor = factor                 \
    }

const qn_optimizer_type qn_optimizer_adam = ADAM("Adam", "adam", adam, adam_fields);
const qn_optimizer_type qn_optimizer_adamw = ADAM("AdamW", "adamw", adamw, adamw_fields);
