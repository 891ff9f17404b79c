/* SPDX-License-Identifier: Apache-2.0 */
/* What fit, evaluate and predict refuse before anything is launched. `task` begins each message. */
#ifndef TRAIN_CHECK_H
#define TRAIN_CHECK_H

#include "nn/model.h"

/* Verbose, and a batch size of 1 or more. */
qn_status qn_check_options(qn_model *model, const char *task, int64_t batch, int verbose);
qn_status qn_check_compiled(qn_model *model, const char *task);
/* Samples as the model takes them. Builds the model from x when no layer gave an input shape. */
qn_status qn_check_samples(qn_model *model, const char *task, const qn_array *x);
/* Targets for those samples as the loss takes them. */
qn_status qn_check_targets(qn_model *model, const char *task, const qn_array *x, const qn_array *y);
/* The batch that plans are made for: no larger than the data needs, but a multiple of 32 at least,
 * so that calls with few and different numbers of rows share a plan. */
int64_t qn_plan_batch(int64_t batch, int64_t rows);
/* The message of a run that qn_stop ended; returns QN_STOPPED. */
qn_status qn_stopped(qn_model *model, const char *task, int64_t step, int64_t steps);

#endif
