/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a user writes, by kind: "layer", "activation", "loss", "metric", "optimizer",
 * "initializer". */
#ifndef NN_NAMES_H
#define NN_NAMES_H

#include "base/spec.h"

/* Equal but for case and underscores: Keras's function names and class names
 * ("mean_squared_error", "MeanSquaredError") are the same names. */
bool qn_same_name(const char *a, const char *b);

/* Fails: names the word, the nearest right one and the list. */
qn_status qn_fail_name(qn_env *env, const char *kind, const char *word);

/* Parses a text that must be one name, with or without arguments; *root is to be freed and its
 * item 0 is the name. */
qn_status qn_parse_name(qn_env *env, const char *kind, const char *text, qn_spec_node **root);

#endif
