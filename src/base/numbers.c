/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text. */
#include "base/numbers.h"
#include "base/spec.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* strtod reads the locale's decimal point; Quern's text always has a dot. */
bool qn_number_parse(const char *word, double *value)
{
    char copy[64], *end;
    const char *dot = strchr(word, '.'), *point = localeconv()->decimal_point;
    int length =
        dot ? snprintf(copy, sizeof copy, "%.*s%s%s", (int)(dot - word), word, point, dot + 1)
            : snprintf(copy, sizeof copy, "%s", word);
    if (length <= 0 || (size_t)length >= sizeof copy)
        return false;
    double parsed = strtod(copy, &end);
    if (end == copy || *end || isnan(parsed))
        return false;
    *value = parsed;
    return true;
}

void qn_number_write(qn_text *text, double value)
{
    char number[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, value);
        if (strtod(number, NULL) == value)
            break;
    }
    const char *point = localeconv()->decimal_point, *found = strstr(number, point);
    if (found)
        qn_text_add(text, "%.*s.%s", (int)(found - number), number, found + strlen(point));
    else
        qn_text_add(text, "%s", number);
}

/* Elements of a list that is written with or without its brackets. */
static const qn_spec_node *elements_of(const qn_spec_node *root)
{
    bool bracketed = root->count == 1 && root->items[0].tuple && !root->items[0].key;
    return bracketed ? &root->items[0] : root;
}

static qn_status read_all(qn_env *env, const char *what, const char *text, const qn_spec_node *list,
                          double *values)
{
    for (int i = 0; i < list->count; i++) {
        const qn_spec_node *item = &list->items[i];
        if (item->key || item->call || !item->word || !qn_number_parse(item->word, &values[i]) ||
            !isfinite(values[i]))
            return qn_fail(env, QN_ERROR_USAGE,
                           "%s is '%s': element %d is not a finite number; write numbers, as in "
                           "(1, 2.5)",
                           what, text, i);
    }
    return QN_OK;
}

qn_status qn_numbers_parse(qn_env *env, const char *what, const char *text, double **values,
                           int *count)
{
    qn_spec_node *root = NULL;
    *values = NULL;
    *count = 0;
    qn_status status = qn_spec_parse(env, text, &root);
    if (status == QN_ERROR_USAGE)
        return qn_fail_context(env, status, "%s is '%s'", what, text);
    if (status != QN_OK)
        return status;
    const qn_spec_node *list = elements_of(root);
    if (list->count < 1)
        status = qn_fail(env, QN_ERROR_USAGE, "%s is '%s': give one number or more", what, text);
    if (status == QN_OK && !(*values = qn_alloc_array(env, (size_t)list->count, sizeof(double))))
        status = QN_ERROR_MEMORY;
    if (status == QN_OK)
        status = read_all(env, what, text, list, *values);
    if (status == QN_OK) {
        *count = list->count;
    } else {
        qn_free(env, *values);
        *values = NULL;
    }
    qn_spec_free(env, &root);
    return status;
}
