/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of layer: one line each. */
#include "nn/layers/list.h"
#include "nn/names.h"

static const qn_layer_type *const types[] = {
    &qn_layer_input,
    &qn_layer_flatten,
    &qn_layer_dense,
    &qn_layer_activation,
    &qn_layer_activity_regularization,
    &qn_layer_dropout,
    &qn_layer_alpha_dropout,
    &qn_layer_gaussian_dropout,
    &qn_layer_gaussian_noise,
    &qn_layer_batch_normalization,
    &qn_layer_layer_normalization,
    &qn_layer_rms_normalization,
    &qn_layer_unit_normalization,
    &qn_layer_group_normalization,
    &qn_layer_normalization,
    &qn_layer_rescaling,
    NULL,
};

static const qn_schema *schema(int index)
{
    return types[index] != NULL ? &types[index]->schema : NULL;
}

const qn_kind qn_kind_layer = {.name = "layer", .plural = "layers", .schema = schema};
