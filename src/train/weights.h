/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of samples: given, or made of weights of classes. */
#ifndef TRAIN_WEIGHTS_H
#define TRAIN_WEIGHTS_H

#include "nn/model.h"

/* Weights for `rows` samples, as floats; checked before anything is launched. `name` is the
 * argument's, for messages. Integers are converted to *owned, which the caller frees. Without data
 * *weights has none. */
qn_status qn_sample_weights(qn_model *model, const char *task, const char *name,
                            const qn_array *given, int64_t rows, float **owned, qn_array *weights);
/* A weight for each row of y (which was checked) by its class, from "0=1, 3=2.5". */
qn_status qn_class_weights(qn_model *model, const char *task, const char *text, const qn_array *y,
                           float **owned, qn_array *weights);
/* One of the two, or neither: both are an error, as in Keras. */
qn_status qn_training_weights(qn_model *model, const char *task, const qn_array *sample_weight,
                              const char *class_weight, const qn_array *y, float **owned,
                              qn_array *weights);

#endif
