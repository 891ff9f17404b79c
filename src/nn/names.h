/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a user writes, by kind. Each kind is a constant beside its list; the public qn_names
 * (src/train/names.c) knows them all. */
#ifndef NN_NAMES_H
#define NN_NAMES_H

#include "base/spec.h"

typedef struct qn_kind {
    const char *name;   /* "optimizer" */
    const char *plural; /* "optimizers" */
    /* The index-th of its parts (nn/part.h), NULL past the end. NULL where its names are no parts:
     * then `word` gives them. */
    const qn_schema *(*schema)(int index);
    const char *(*word)(int index);
} qn_kind;

extern const qn_kind qn_kind_layer, qn_kind_activation, qn_kind_loss, qn_kind_metric,
    qn_kind_optimizer, qn_kind_initializer, qn_kind_regularizer, qn_kind_constraint,
    qn_kind_schedule;

/* The index-th name; NULL past the end. */
const char *qn_kind_at(const qn_kind *kind, int index);
/* The nearest name, or NULL when none is near. */
const char *qn_kind_nearest(const qn_kind *kind, const char *word);
/* The schema of that name: text form, class name or alias. NULL: none. */
const qn_schema *qn_kind_find(const qn_kind *kind, const char *name);

/* Equal but for case and underscores: Keras's function names and class names
 * ("mean_squared_error", "MeanSquaredError") are the same names. */
bool qn_same_name(const char *a, const char *b);

/* Fails: names the word, the nearest right one and the list. */
qn_status qn_fail_name(qn_env *env, const qn_kind *kind, const char *word);

/* Parses a text that must be one name, with or without arguments; *root is to be freed and its
 * item 0 is the name. */
qn_status qn_parse_name(qn_env *env, const qn_kind *kind, const char *text, qn_spec_node **root);

#endif
