/* SPDX-License-Identifier: Apache-2.0 */
/* Names by kind: found, and what to say of a wrong one. */
#include "nn/names.h"

const char *qn_kind_at(const qn_kind *kind, int index)
{
    if (kind->schema == NULL)
        return kind->word(index);
    const qn_schema *schema = kind->schema(index);
    return schema != NULL ? schema->name : NULL;
}

#define MOST_NAMES 256

static int list_names(const qn_kind *kind, const char *names[MOST_NAMES])
{
    int count = 0;
    for (const char *name; count < MOST_NAMES && (name = qn_kind_at(kind, count)) != NULL;)
        names[count++] = name;
    return count;
}

const char *qn_kind_nearest(const qn_kind *kind, const char *word)
{
    const char *names[MOST_NAMES];
    int count = list_names(kind, names);
    return qn_nearest(word, names, count);
}

const qn_schema *qn_kind_find(const qn_kind *kind, const char *name)
{
    const qn_schema *schema;
    for (int i = 0; (schema = kind->schema(i)) != NULL; i++)
        if (qn_same_name(schema->name, name) || qn_same_name(schema->type, name) ||
            (schema->alias != NULL && qn_same_name(schema->alias, name)))
            return schema;
    return NULL;
}

bool qn_same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_')
            a++;
        while (*b == '_')
            b++;
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b - 'A' + 'a') : *b;
        if (x != y)
            return false;
        if (x == '\0')
            return true;
    }
}

qn_status qn_fail_name(qn_env *env, const qn_kind *kind, const char *word)
{
    const char *names[MOST_NAMES];
    int count = list_names(kind, names);
    return qn_fail_word(env, kind->name, kind->plural, word, names, count);
}

qn_status qn_parse_name(qn_env *env, const qn_kind *kind, const char *text, qn_spec_node **root)
{
    QN_TRY(qn_spec_parse(env, text, root));
    const qn_spec_node *list = *root;
    if (list->count == 1 && list->items[0].key == NULL && !list->items[0].tuple)
        return QN_OK;
    qn_spec_free(env, root);
    return qn_fail(env, QN_ERROR_USAGE, "\"%s\" is not one %s: write a name such as '%s'", text,
                   kind->name, qn_kind_at(kind, 0));
}
