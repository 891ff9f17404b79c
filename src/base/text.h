/* SPDX-License-Identifier: Apache-2.0 */
/* Text: a growing buffer, comparison without case, nearest words, numbers with units. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/env.h"

/* A growing NUL-terminated string. Zero-initialize with the env set; free with qn_text_free.
 * After an allocation failed it stays as it was and `failed` is set: check once at the end. */
typedef struct qn_text {
    qn_env *env;
    char *data; /* NULL until something was added */
    size_t length, capacity;
    bool failed;
} qn_text;

void qn_text_add(qn_text *text, const char *format, ...) QN_PRINTF(2, 3);
void qn_text_add_bytes(qn_text *text, const char *bytes, size_t length);
const char *qn_text_get(const qn_text *text); /* "" when empty */
void qn_text_free(qn_text *text);

bool qn_equal_nocase(const char *a, const char *b);
bool qn_contains_nocase(const char *text, const char *piece);

/* Levenshtein distance without case, and the nearest of `count` words: NULL when none is within a
 * third of the word's length (at least 2). */
int qn_edit_distance(const char *a, const char *b);
const char *qn_nearest(const char *word, const char *const *words, int count);

/* Fails with QN_ERROR_USAGE: names the unknown word, the nearest right one and the list. `plural`
 * is of `what`: "optimizer", "optimizers". */
qn_status qn_fail_word(qn_env *env, const char *what, const char *plural, const char *word,
                       const char *const *words, int count);

/* "12.3 MiB"; returns `buffer`. */
const char *qn_bytes_text(uint64_t bytes, char *buffer, size_t size);
/* "(28, 28)" ; "(784,)" ; negative dimensions read "None", as Keras prints a shape. */
const char *qn_shape_text(int rank, const int64_t *shape, char *buffer, size_t size);

#endif
