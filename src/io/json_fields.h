/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a model's description, each checked as it is read. */
#ifndef IO_JSON_FIELDS_H
#define IO_JSON_FIELDS_H

#include "nn/model.h"

#include <jansson.h>

/* The description is damaged: `key` should be `expected`. */
qn_status qn_json_wrong(const qn_model *model, const char *key, const char *expected);
/* A whole number of 0 to `most`. */
qn_status qn_json_read_count(const qn_model *model, const json_t *object, const char *key,
                             int64_t most, int64_t *value);
qn_status qn_json_read_u32(const qn_model *model, const json_t *object, const char *key,
                           uint32_t *value);

/* Every double comes back as it was: those that JSON has no number for are texts. */
json_t *qn_json_double(double value);
/* False when it is neither a number nor such a text. */
bool qn_json_get_double(const json_t *json, double *value);

#endif
