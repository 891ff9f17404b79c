/* SPDX-License-Identifier: Apache-2.0 */
/* Losses by name, and the activations' names. */
#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/names.h"

const qn_loss_type qn_loss_types[] = {
    {"categorical_crossentropy", NULL, QN_LOSS_CATEGORICAL, false},
    {"sparse_categorical_crossentropy", NULL, QN_LOSS_SPARSE, true},
    {"binary_crossentropy", "bce", QN_LOSS_BINARY, false},
    {"mean_squared_error", "mse", QN_LOSS_SQUARED, false},
    {"mean_absolute_error", "mae", QN_LOSS_ABSOLUTE, false},
    {NULL, NULL, 0, false},
};

const qn_loss_type *qn_loss_type_find(const char *name)
{
    for (const qn_loss_type *type = qn_loss_types; type->name != NULL; type++)
        if (qn_same_name(type->name, name) ||
            (type->alias != NULL && qn_same_name(type->alias, name)))
            return type;
    return NULL;
}

qn_status qn_check_activation(qn_env *env, const char *name)
{
    if (name == NULL)
        return QN_OK;
    for (int i = 0; qn_activation_names[i] != NULL; i++)
        if (strcmp(qn_activation_names[i], name) == 0)
            return QN_OK;
    return qn_fail_name(env, "activation", name);
}
