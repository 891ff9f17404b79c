/* SPDX-License-Identifier: Apache-2.0 */
/* How layers, build and compile hand a model on to each other. */
#ifndef NN_BUILD_H
#define NN_BUILD_H

#include "nn/model.h"

/* The input shape that a layer's params give: rank 0 when none. Begins with QN_BATCH. */
qn_shape qn_layer_given_shape(const qn_layer *layer);

/* Builds the layers that are not built yet, if the input shape is known. After a failure they are
 * as before. */
qn_status qn_model_advance(qn_model *model, const qn_value_source *source);
/* Drops what was built of a layer that leaves the model. */
void qn_model_unbuild(qn_model *model, qn_layer *layer);

/* Reads metrics again when the output shape is known. */
qn_status qn_model_resolve_metrics(qn_model *model);
void qn_model_forget_compile(qn_model *model);

#endif
