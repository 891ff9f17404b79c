/* SPDX-License-Identifier: Apache-2.0 */
/* Text: a growing buffer, comparison without case, nearest words, numbers with units. */
#include "base/text.h"

#include <inttypes.h>
#include <quern/unstable.h>
#include <stdio.h>

static bool make_room(qn_text *text, size_t length)
{
    if (text->failed)
        return false;
    if (length >= SIZE_MAX - text->length ||
        qn_grow(text->env, &text->data, &text->capacity, text->length + length + 1, 1) != QN_OK)
        text->failed = true;
    return !text->failed;
}

void qn_text_add(qn_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if (!make_room(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void qn_text_add_bytes(qn_text *text, const char *bytes, size_t length)
{
    if (!make_room(text, length))
        return;
    if (length)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

const char *qn_text_get(const qn_text *text)
{
    return text->data ? text->data : "";
}

void qn_text_free(qn_text *text)
{
    if (text->env)
        qn_free(text->env, text->data);
    text->data = NULL;
    text->length = text->capacity = 0;
    text->failed = false;
}

/* ASCII only, so that the locale changes nothing. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool qn_equal_nocase(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool qn_contains_nocase(const char *text, const char *piece)
{
    for (;; text++) {
        size_t i = 0;
        while (piece[i] && lower(text[i]) == lower(piece[i]))
            i++;
        if (!piece[i])
            return true;
        if (!*text)
            return false;
    }
}

/* Levenshtein's distance by rows. Words longer than the row differ by more than any use here asks,
 * so only the lengths and the part that fits are compared. */
#define LONGEST_WORD 127

int qn_edit_distance(const char *a, const char *b)
{
    int row[LONGEST_WORD + 1];
    size_t length_a = strlen(a), length_b = strlen(b);
    int m = length_a < LONGEST_WORD ? (int)length_a : LONGEST_WORD;
    int n = length_b < LONGEST_WORD ? (int)length_b : LONGEST_WORD;
    int beyond = (int)((length_a - (size_t)m) + (length_b - (size_t)n));

    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n] + beyond;
}

const char *qn_nearest(const char *word, const char *const *words, int count)
{
    int limit = (int)(strlen(word) / 3);
    const char *nearest = NULL;
    int best = (limit < 2 ? 2 : limit) + 1;
    for (int i = 0; i < count; i++) {
        int distance = qn_edit_distance(word, words[i]);
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

qn_status qn_fail_word(qn_env *env, const char *what, const char *plural, const char *word,
                       const char *const *words, int count)
{
    const char *nearest = qn_nearest(word, words, count);
    qn_text list = {.env = env};
    for (int i = 0; i < count; i++)
        qn_text_add(&list, "%s%s", i > 0 ? ", " : "", words[i]);
    (void)qn_fail(env, QN_ERROR_USAGE, "unknown %s '%s'%s%s%s: the %s are %s", what, word,
                  nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "",
                  plural, qn_text_get(&list));
    qn_text_free(&list);
    return QN_ERROR_USAGE;
}

const char *qn_nearest_word(const char *word, const char *const *words, int count)
{
    return qn_nearest(word, words, count);
}

const char *qn_bytes_text(uint64_t bytes, char *buffer, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    int unit = 0;
    double value = (double)bytes;
    while (value >= 1024 && unit < QN_COUNT(units) - 1) {
        value /= 1024;
        unit++;
    }
    if (unit == 0)
        snprintf(buffer, size, "%" PRIu64 " B", bytes);
    else
        snprintf(buffer, size, "%.1f %s", value, units[unit]);
    return buffer;
}

const char *qn_shape_text(int rank, const int64_t *shape, char *buffer, size_t size)
{
    size_t used = 0;
    for (int i = 0; i <= rank + 1; i++) {
        char piece[32];
        if (i == 0)
            snprintf(piece, sizeof piece, "(");
        else if (i == rank + 1)
            snprintf(piece, sizeof piece, rank == 1 ? ",)" : ")");
        else if (shape[i - 1] < 0)
            snprintf(piece, sizeof piece, i > 1 ? ", None" : "None");
        else
            snprintf(piece, sizeof piece, "%s%" PRId64, i > 1 ? ", " : "", shape[i - 1]);
        if (used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s", piece);
    }
    return buffer;
}
