/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of optimizer: one line each. */
#include "nn/optimizers/list.h"
#include "nn/names.h"

static const qn_optimizer_type *const types[] = {
    &qn_optimizer_sgd, &qn_optimizer_rmsprop, &qn_optimizer_adam, &qn_optimizer_adamw, NULL,
};

static const qn_schema *schema(int index)
{
    return types[index] != NULL ? &types[index]->schema : NULL;
}

const qn_kind qn_kind_optimizer = {.name = "optimizer", .plural = "optimizers", .schema = schema};
