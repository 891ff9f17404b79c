/* SPDX-License-Identifier: Apache-2.0 */
/* Doing what a record says through the public API, and comparing with what Keras did. */
#ifndef GOLDEN_REPLAY_H
#define GOLDEN_REPLAY_H

#include "golden.h"

/* A model with the record's layers and weights, compiled as it says, for samples like those of x;
 * a normalization adapts to x where the record says so. */
qn_model *replay_model(qn_context *ctx, const json_t *record, const qn_array *x);
/* Fits as the record says, without shuffling. */
void replay_fit(qn_model *model, const json_t *record, qn_array x, qn_array y,
                qn_array sample_weight);

/* Every result of every epoch, and no others. */
void replay_check_history(const qn_model *model, const json_t *wanted, double tolerance);
/* Logs, and no others. */
void replay_check_logs(const qn_logs *logs, const json_t *wanted, double tolerance);
void replay_check_predictions(qn_model *model, const json_t *wanted, qn_array x, double tolerance);
/* A weight of the model, as a new array of `count` floats; to be freed. */
float *replay_weight(qn_model *model, int index, size_t *count);
/* Weights as lists of {"shape", "sum", "sum_absolute", "every_97th"}. */
void replay_check_samples(qn_model *model, const json_t *list);

/* The first `count` samples from sample `first` on. */
qn_array replay_rows(qn_array array, int64_t first, int64_t count);

#endif
