/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and sessions of a model, kept between calls so that repeated calls build nothing anew.
 * The uploaded samples themselves are not kept: only the memory, when it is small (KEEP_BYTES in
 * plans.c); what is larger is let go when the call ends. */
#ifndef TRAIN_PLANS_H
#define TRAIN_PLANS_H

#include "train/session.h"

/* fit, evaluate and predict bracket their work with these; nested calls (from a progress callback)
 * are fine. After a failure everything is let go, as the device may be in any state. */
qn_status qn_plans_begin(qn_model *model);
void qn_plans_end(qn_model *model, qn_status status);
/* QN_ERROR_USAGE when the model was changed (layers, compile) while this call runs. */
qn_status qn_plans_check(const qn_model *model);

/* The samples of `data` (QN_SAMPLE_ARRAYS arrays) for batches of `batch`; the upload has begun.
 * Borrowed until qn_plans_end of the outermost call, as are the arrays. */
qn_status qn_plans_samples(qn_model *model, const qn_array *data, int64_t batch,
                           qn_samples **samples);
/* A session on those samples; borrowed as they are. */
qn_status qn_plans_session(qn_model *model, qn_task task, int64_t batch, int64_t rows,
                           const qn_array *data, qn_samples *samples, qn_session **session);

/* The graph of the training that runs now, as built; borrowed until it ends. NULL: none runs. */
const qn_graph *qn_plans_training_graph(const qn_model *model);

#endif
