/* SPDX-License-Identifier: Apache-2.0 */
/* Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015. The rate of
 * the step table carries the bias correction. With its decay it is AdamW. */
#include "ops/internal.h"

typedef struct adam_attributes {
    qn_update_attributes update; /* first */
    double beta_1, beta_2, epsilon;
    bool amsgrad;
} adam_attributes;

/* Slot 0 holds the first moments, slot 1 the second, slot 2 the largest of these for AMSGrad. */
static qn_status emit(qn_emit *e)
{
    const adam_attributes *a = e->node->attributes;
    qn_update update;
    qn_buffer *const *slot;
    QN_TRY(qn_update_begin(e, 2 + a->amsgrad, &update, &slot));
    return qn_kernel_adam(e->steps, &update, slot[0], slot[1], a->amsgrad ? slot[2] : NULL,
                          a->beta_1, a->beta_2, a->epsilon);
}

static void describe(const qn_node *node, qn_text *text)
{
    const adam_attributes *a = node->attributes;
    qn_text_add(text, "%g, %g, %g%s", a->beta_1, a->beta_2, a->epsilon,
                a->amsgrad ? ", amsgrad" : "");
    qn_update_describe(node, text);
}

const qn_op qn_adam_op = {
    .name = "adam",
    .inputs = -1,
    .attributes = sizeof(adam_attributes),
    .flags = QN_OP_UPDATES,
    .infer = qn_update_infer,
    .emit = emit,
    .scratch = qn_update_scratch,
    .describe = describe,
    .updates = qn_update_variables,
};

qn_value *qn_op_adam(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                     qn_update_rule rule, double beta_1, double beta_2, double epsilon,
                     bool amsgrad)
{
    adam_attributes attributes = {{storage, latch != NULL, rule}, beta_1, beta_2, epsilon, amsgrad};
    return qn_op_update(&qn_adam_op, &attributes, storage, count, gradients, latch);
}
