/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of Normalization, for qn_adapt. */
#ifndef NN_LAYERS_NORMALIZATION_H
#define NN_LAYERS_NORMALIZATION_H

#include "nn/layers/list.h"

/* The input as [batch, outer, kept, inner]: mean and variance are for each of `kept`. */
typedef struct qn_kept {
    int64_t outer, kept, inner;
    qn_shape shape; /* of mean and variance: the dimensions that are kept */
} qn_kept;
qn_status qn_normalization_kept(qn_env *env, const qn_layer *layer, const qn_shape *input,
                                qn_kept *kept);

/* Its weights are mean and variance; false where the params give both. */
bool qn_normalization_adapts(const qn_layer *layer);
/* mean and variance, `count` of each: those given, or the weights' now. */
qn_status qn_normalization_read(qn_env *env, const qn_layer *layer, int64_t count, double *mean,
                                double *variance);
/* Sets the weights. */
qn_status qn_normalization_write(qn_env *env, const qn_layer *layer, int64_t count,
                                 const double *mean, const double *variance);
/* What becomes of x: x * factor + offset, for each of `count`. */
void qn_normalization_affine(const qn_layer *layer, int64_t count, const double *mean,
                             const double *variance, double *factor, double *offset);

#endif
