/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of optimizer: one line each. */
#include "nn/optimizers/list.h"
#include "nn/names.h"

const qn_optimizer_type *const qn_optimizer_types[] = {
    &qn_optimizer_sgd,
    &qn_optimizer_adam,
    NULL,
};

const qn_optimizer_type *qn_optimizer_type_find(const char *name)
{
    for (int i = 0; qn_optimizer_types[i] != NULL; i++)
        if (qn_same_name(qn_optimizer_types[i]->schema.name, name) ||
            qn_same_name(qn_optimizer_types[i]->schema.type, name))
            return qn_optimizer_types[i];
    return NULL;
}
