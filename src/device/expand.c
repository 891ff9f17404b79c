/* SPDX-License-Identifier: Apache-2.0 */
/* A program's source with its includes in place, each once, and #line marks, so that a compiler
 * names our files and lines. Includes are plain lines of their own, outside of #if. */
#include "base/file.h"
#include "device/internal.h"
#include "device/sources.h"
#include <stdlib.h>

#define MAX_DEPTH 16
#define MAX_SOURCE (16u << 20)

/* The text of a file of cl/, owned: from $QUERN_CL_DIR when it is set, else as embedded. */
static qn_status read_source(qn_env *env, const char *name, char **text)
{
    const char *folder = getenv("QUERN_CL_DIR");
    size_t bytes;
    char *path;
    qn_status status;

    *text = NULL;
    if (folder && *folder) {
        path = qn_format(env, "%s/%s", folder, name);
        if (!path)
            return QN_ERROR_MEMORY;
        status = qn_file_read(env, path, MAX_SOURCE, text, &bytes);
        qn_free(env, path);
        return status;
    }
    for (const qn_source *source = qn_sources; source->name; source++) {
        if (strcmp(source->name, name) == 0) {
            *text = qn_strndup(env, source->text, source->length);
            return *text ? QN_OK : QN_ERROR_MEMORY;
        }
    }
    return qn_fail(env, QN_ERROR_INTERNAL, "there is no kernel source '%s' in the library", name);
}

/* Takes ownership of `text`. */
static qn_status add_file(qn_expansion *e, const char *name, char *text)
{
    qn_status status = qn_grow(e->env, &e->file, &e->capacity, e->count + 1, sizeof *e->file);
    char *copy = status == QN_OK ? qn_strdup(e->env, name) : NULL;

    if (!copy) {
        qn_free(e->env, text);
        return QN_ERROR_MEMORY;
    }
    e->file[e->count].name = copy;
    e->file[e->count].text = text;
    e->count++;
    return QN_OK;
}

static bool has_file(const qn_expansion *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->file[i].name, name) == 0)
            return true;
    return false;
}

/* The name in `#include "name"`, or NULL when the line is something else. */
static const char *include_name(const char *line, const char *end, size_t *length)
{
    static const char word[] = "include";
    const char *at = line, *close;

    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (at == end || *at++ != '#')
        return NULL;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if ((size_t)(end - at) < sizeof word - 1 || strncmp(at, word, sizeof word - 1) != 0)
        return NULL;
    at += sizeof word - 1;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (at == end || *at++ != '"')
        return NULL;
    close = memchr(at, '"', (size_t)(end - at));
    if (!close)
        return NULL;
    *length = (size_t)(close - at);
    return at;
}

static qn_status expand_text(qn_expansion *e, const char *name, const char *text, int depth);

static qn_status expand_include(qn_expansion *e, const char *from, int line, const char *name,
                                size_t length, int depth)
{
    char *copy = qn_strndup(e->env, name, length), *text;
    qn_status status = copy ? QN_OK : QN_ERROR_MEMORY;

    if (status == QN_OK && !has_file(e, copy)) {
        status = read_source(e->env, copy, &text);
        if (status == QN_OK)
            status = add_file(e, copy, text);
        if (status == QN_OK)
            status = expand_text(e, copy, text, depth + 1);
        else if (status != QN_ERROR_MEMORY)
            qn_fail_context(e->env, status, "%s:%d", from, line);
        qn_text_add(&e->text, "#line %d \"%s\"\n", line + 1, from);
    } else {
        qn_text_add(&e->text, "\n");
    }
    qn_free(e->env, copy);
    return status;
}

static qn_status expand_text(qn_expansion *e, const char *name, const char *text, int depth)
{
    int line = 1;

    if (depth > MAX_DEPTH)
        return qn_fail(e->env, QN_ERROR_INTERNAL, "%s: includes are nested deeper than %d", name,
                       MAX_DEPTH);
    qn_text_add(&e->text, "#line 1 \"%s\"\n", name);
    while (*text) {
        const char *end = strchr(text, '\n'), *included;
        size_t length;

        if (!end)
            end = text + strlen(text);
        included = include_name(text, end, &length);
        if (included) {
            QN_TRY(expand_include(e, name, line, included, length, depth));
        } else {
            qn_text_add_bytes(&e->text, text, (size_t)(end - text));
            qn_text_add(&e->text, "\n");
        }
        text = *end ? end + 1 : end;
        line++;
    }
    return e->text.failed ? QN_ERROR_MEMORY : QN_OK;
}

qn_status qn_expand(qn_env *env, const char *title, const char *source, qn_expansion *expansion)
{
    char *text = NULL;

    memset(expansion, 0, sizeof *expansion);
    expansion->env = env;
    expansion->text.env = env;
    if (!source)
        QN_TRY(read_source(env, title, &text));
    else if (!(text = qn_strdup(env, source)))
        return QN_ERROR_MEMORY;
    QN_TRY(add_file(expansion, title, text));
    return expand_text(expansion, title, text, 0);
}

void qn_expansion_free(qn_expansion *expansion)
{
    for (size_t i = 0; i < expansion->count; i++) {
        qn_free(expansion->env, expansion->file[i].name);
        qn_free(expansion->env, expansion->file[i].text);
    }
    qn_free(expansion->env, expansion->file);
    qn_text_free(&expansion->text);
}
