/* SPDX-License-Identifier: Apache-2.0 */
/* The source lines that a compiler's log names, as "file:12" by our #line marks; or, from compilers
 * that ignore those, as ":12" in the expanded text. */
#include "device/internal.h"
#include <ctype.h>
#include <stdlib.h>

#define MAX_QUOTES 8

typedef struct place {
    const qn_source_file *file;
    long line;
} place;

/* The start of line `line` (from 1), or NULL. */
static const char *line_at(const char *text, long line)
{
    for (long i = 1; text && i < line; i++) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return line > 0 ? text : NULL;
}

/* The file of the expansion whose name ends just before `colon`: the longest such name. */
static const qn_source_file *file_before(const qn_expansion *e, const char *log, const char *colon)
{
    const qn_source_file *best = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < e->count; i++) {
        size_t length = strlen(e->file[i].name);

        if ((size_t)(colon - log) < length || length <= longest ||
            strncmp(colon - length, e->file[i].name, length) != 0)
            continue;
        best = &e->file[i];
        longest = length;
    }
    return best;
}

static const qn_source_file *file_named(const qn_expansion *e, const char *name, size_t length)
{
    for (size_t i = 0; i < e->count; i++)
        if (strlen(e->file[i].name) == length && strncmp(e->file[i].name, name, length) == 0)
            return &e->file[i];
    return NULL;
}

/* Where line `wanted` of the expanded text comes from, by the #line marks before it. */
static place origin_of(const qn_expansion *e, long wanted)
{
    const char *at = qn_text_get(&e->text);
    place here = {NULL, 0};

    for (long line = 1; *at && line <= wanted; line++) {
        const char *end = at + strcspn(at, "\n");

        if (strncmp(at, "#line ", 6) == 0) {
            char *name;

            here.line = strtol(at + 6, &name, 10) - 1;
            name += strspn(name, " \"");
            here.file = file_named(e, name, strcspn(name, "\"\n"));
        } else {
            here.line++;
        }
        at = *end ? end + 1 : end;
    }
    return here;
}

static void quote(place here, qn_text *text)
{
    const char *line = line_at(here.file->text, here.line);

    if (line && *line)
        qn_text_add(text, "\n%s:%ld: %.*s", here.file->name, here.line, (int)strcspn(line, "\n"),
                    line);
}

/* Quotes each place once; the number of places. */
static int quote_all(const qn_expansion *e, const char *log, bool marked, qn_text *text)
{
    place seen[MAX_QUOTES];
    int count = 0;

    for (const char *colon = strchr(log, ':'); colon && count < MAX_QUOTES;
         colon = strchr(colon + 1, ':')) {
        place here = {NULL, 0};
        bool known = false;

        if (!isdigit((unsigned char)colon[1]))
            continue;
        here.line = strtol(colon + 1, NULL, 10);
        if (marked)
            here.file = file_before(e, log, colon);
        else if (colon > log && !isdigit((unsigned char)colon[-1]))
            here = origin_of(e, here.line);
        for (int i = 0; i < count; i++)
            known |= seen[i].file == here.file && seen[i].line == here.line;
        if (!here.file || known)
            continue;
        seen[count++] = here;
        quote(here, text);
    }
    return count;
}

void qn_expansion_quote(const qn_expansion *expansion, const char *log, qn_text *text)
{
    if (quote_all(expansion, log, true, text) == 0)
        quote_all(expansion, log, false, text);
}
