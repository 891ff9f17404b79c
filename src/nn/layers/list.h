/* SPDX-License-Identifier: Apache-2.0 */
/* The constants that list.c lists. */
#ifndef NN_LAYERS_LIST_H
#define NN_LAYERS_LIST_H

#include "nn/layer.h"

extern const qn_layer_type qn_layer_input;
extern const qn_layer_type qn_layer_flatten;
extern const qn_layer_type qn_layer_dense;
extern const qn_layer_type qn_layer_activation;

#endif
