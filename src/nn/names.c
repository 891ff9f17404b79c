/* SPDX-License-Identifier: Apache-2.0 */
/* Every name one can write, by kind, and what to say of a wrong one. */
#include "nn/names.h"
#include "nn/model.h"

static const char *layer_name(int index)
{
    return qn_layer_types[index] != NULL ? qn_layer_types[index]->schema.name : NULL;
}

static const char *optimizer_name(int index)
{
    return qn_optimizer_types[index] != NULL ? qn_optimizer_types[index]->schema.name : NULL;
}

static const char *loss_name(int index)
{
    return qn_loss_types[index].name;
}

static const char *metric_name(int index)
{
    return qn_metric_names[index];
}

static const char *activation_name(int index)
{
    return qn_activation_names[index];
}

static const char *initializer_name(int index)
{
    return qn_initializer_names[index];
}

static const struct {
    const char *kind;
    const char *plural;
    const char *(*name)(int index); /* NULL at the end of the list; not called past it */
} kinds[] = {
    {"layer", "layers", layer_name},
    {"activation", "activations", activation_name},
    {"loss", "losses", loss_name},
    {"metric", "metrics", metric_name},
    {"optimizer", "optimizers", optimizer_name},
    {"initializer", "initializers", initializer_name},
};

static int find_kind(const char *kind)
{
    for (int i = 0; kind != NULL && i < QN_COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return i;
    return -1;
}

const char *qn_names(const char *kind, int index)
{
    int k = find_kind(kind);
    if (k < 0 || index < 0)
        return NULL;
    for (int i = 0; i < index; i++)
        if (kinds[k].name(i) == NULL)
            return NULL;
    return kinds[k].name(index);
}

#define MOST_NAMES 256

const char *qn_nearest_name(const char *kind, const char *word)
{
    const char *names[MOST_NAMES];
    int count = 0;
    if (word == NULL)
        return NULL;
    for (const char *name; count < MOST_NAMES && (name = qn_names(kind, count)) != NULL;)
        names[count++] = name;
    return qn_nearest(word, names, count);
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

qn_status qn_fail_name(qn_env *env, const char *kind, const char *word)
{
    qn_text list = {.env = env};
    const char *name;
    for (int i = 0; (name = qn_names(kind, i)) != NULL; i++)
        qn_text_add(&list, "%s%s", i > 0 ? ", " : "", name);
    const char *nearest = qn_nearest_name(kind, word);
    int k = find_kind(kind);
    (void)qn_fail(env, QN_ERROR_USAGE, "unknown %s '%s'%s%s%s: the %s are %s", kind, word,
                  nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                  nearest != NULL ? "'?)" : "", k < 0 ? "names" : kinds[k].plural,
                  qn_text_get(&list));
    qn_text_free(&list);
    return QN_ERROR_USAGE;
}

qn_status qn_parse_name(qn_env *env, const char *kind, const char *text, qn_spec_node **root)
{
    QN_TRY(qn_spec_parse(env, text, root));
    const qn_spec_node *list = *root;
    if (list->count == 1 && list->items[0].key == NULL && !list->items[0].tuple)
        return QN_OK;
    qn_spec_free(env, root);
    return qn_fail(env, QN_ERROR_USAGE, "\"%s\" is not one %s: write a name such as '%s'", text,
                   kind, qn_names(kind, 0));
}
