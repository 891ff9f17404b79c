/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of layer: one line each. */
#include "nn/layers/list.h"
#include "nn/names.h"

const qn_layer_type *const qn_layer_types[] = {
    &qn_layer_input, &qn_layer_flatten, &qn_layer_dense, &qn_layer_activation, NULL,
};

const qn_layer_type *qn_layer_type_find(const char *name)
{
    for (int i = 0; qn_layer_types[i] != NULL; i++)
        if (qn_same_name(qn_layer_types[i]->schema.name, name) ||
            qn_same_name(qn_layer_types[i]->schema.type, name))
            return qn_layer_types[i];
    return NULL;
}
