/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text, always with a dot, whatever the locale. */
#ifndef BASE_NUMBERS_H
#define BASE_NUMBERS_H

#include "base/text.h"

/* The whole word is a number (infinities as well, never NaN); false leaves *value. */
bool qn_number_parse(const char *word, double *value);

/* Adds the shortest of 15 to 17 digits that reads back as the same number. */
void qn_number_write(qn_text *text, double value);

/* A list of finite numbers: "2.5", "1, 2.5, 3", "(1, 2.5)" or "[1, 2.5]". `what` names it in
 * messages ("mean"). On success `*values` has `*count` of 1 or more, to free with qn_free; on
 * failure it is NULL. */
qn_status qn_numbers_parse(qn_env *env, const char *what, const char *text, double **values,
                           int *count);

#endif
