/* SPDX-License-Identifier: Apache-2.0 */
/* The constants that list.c lists. */
#ifndef NN_LAYERS_LIST_H
#define NN_LAYERS_LIST_H

#include "nn/layer.h"

extern const qn_layer_type qn_layer_input;
extern const qn_layer_type qn_layer_flatten;
extern const qn_layer_type qn_layer_dense;
extern const qn_layer_type qn_layer_activation;
extern const qn_layer_type qn_layer_activity_regularization;
extern const qn_layer_type qn_layer_dropout;
extern const qn_layer_type qn_layer_alpha_dropout;
extern const qn_layer_type qn_layer_gaussian_dropout;
extern const qn_layer_type qn_layer_gaussian_noise;
extern const qn_layer_type qn_layer_batch_normalization;
extern const qn_layer_type qn_layer_layer_normalization;
extern const qn_layer_type qn_layer_rms_normalization;
extern const qn_layer_type qn_layer_unit_normalization;
extern const qn_layer_type qn_layer_group_normalization;
extern const qn_layer_type qn_layer_normalization;
extern const qn_layer_type qn_layer_rescaling;

#endif
