/* SPDX-License-Identifier: Apache-2.0 */
/* Where training stands, in a model's description: counters, learning rate, the optimizer's state,
 * the last fit's arguments, callbacks. Weights of state are tensors of their own. */
#ifndef IO_TRAINING_JSON_H
#define IO_TRAINING_JSON_H

#include "io/json_fields.h"

/* Adds its fields to the description; 0, or -1 when memory ran out or a text is not UTF-8. */
int qn_training_to_json(const qn_model *model, json_t *whole);
/* The model is built and compiled as the description says. `state` has the tensors that
 * io/model_tensors.h names. */
qn_status qn_training_from_json(qn_model *model, const json_t *whole, const qn_value_source *state);

#endif
