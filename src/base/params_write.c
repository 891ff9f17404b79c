/* SPDX-License-Identifier: Apache-2.0 */
/* Params structs to text: `dense(100, activation=sigmoid)`, only what differs from the defaults. */
#include "base/numbers.h"
#include "base/spec.h"

#include <inttypes.h>
#include <math.h>

static const void *at(const void *params, const qn_field *field)
{
    return (const char *)params + field->offset;
}

static const char *text_of(const void *params, const qn_field *field)
{
    return *(const char *const *)at(params, field);
}

/* The call that stands in place of a number; NULL: none does. */
static const char *call_of(const void *params, const qn_field *field)
{
    if (field->kind != QN_FIELD_DOUBLE || !field->call_text)
        return NULL;
    return *(const char *const *)((const char *)params + field->call_text - 1);
}

static int rank_of(const int64_t *shape)
{
    int rank = 0;
    while (rank < QN_MAX_RANK && shape[rank] != 0)
        rank++;
    return rank;
}

static bool is_default(const qn_schema *schema, const qn_field *field, const void *params)
{
    const void *value = at(params, field), *usual = at(schema->defaults, field);
    switch (field->kind) {
    case QN_FIELD_INT:
        return *(const int64_t *)value == *(const int64_t *)usual;
    case QN_FIELD_DOUBLE:
        if (call_of(params, field))
            return false;
        return *(const double *)value == *(const double *)usual ||
               (isnan(*(const double *)value) && isnan(*(const double *)usual));
    case QN_FIELD_BOOL:
        return *(const bool *)value == *(const bool *)usual;
    case QN_FIELD_TEXT: {
        const char *a = text_of(params, field), *b = text_of(schema->defaults, field);
        return a && b ? strcmp(a, b) == 0 : a == b;
    }
    case QN_FIELD_SHAPE: {
        int rank = rank_of(value);
        return rank == rank_of(usual) && memcmp(value, usual, (size_t)rank * sizeof(int64_t)) == 0;
    }
    }
    return false;
}

/* NaN is a number that is not given. */
static void write_number(qn_text *text, double value)
{
    if (isnan(value))
        qn_text_add(text, "none");
    else
        qn_number_write(text, value);
}

/* A nested call or a tuple stays one; any other text is a word, in quotes where it must be. */
static void write_text(qn_text *text, const char *value)
{
    qn_spec_node *root = NULL, word = {.word = (char *)(uintptr_t)value};
    if (strchr(value, '(') && qn_spec_parse(text->env, value, &root) == QN_OK && root->count == 1 &&
        (root->items[0].call || root->items[0].tuple) && !root->items[0].key)
        qn_spec_write(text, &root->items[0]);
    else
        qn_spec_write(text, &word);
    qn_spec_free(text->env, &root);
}

static void write_value(qn_text *text, const qn_field *field, const void *params)
{
    const void *value = at(params, field);
    switch (field->kind) {
    case QN_FIELD_INT:
        qn_text_add(text, "%" PRId64, *(const int64_t *)value);
        break;
    case QN_FIELD_DOUBLE:
        if (call_of(params, field))
            write_text(text, call_of(params, field));
        else
            write_number(text, *(const double *)value);
        break;
    case QN_FIELD_BOOL:
        qn_text_add(text, *(const bool *)value ? "true" : "false");
        break;
    case QN_FIELD_TEXT:
        if (text_of(params, field))
            write_text(text, text_of(params, field));
        else
            qn_text_add(text, "none");
        break;
    case QN_FIELD_SHAPE: {
        char shape[QN_MAX_RANK * 24];
        qn_text_add(text, "%s", qn_shape_text(rank_of(value), value, shape, sizeof shape));
        break;
    }
    }
}

void qn_params_write(qn_text *text, const qn_schema *schema, const void *params)
{
    bool positional = true; /* still: required ones come first, without a keyword */
    int written = 0;
    qn_text_add(text, "%s", schema->name);
    for (int i = 0; i < schema->field_count; i++) {
        const qn_field *field = &schema->fields[i];
        positional = positional && field->positional && field->required;
        if (!field->required && is_default(schema, field, params))
            continue;
        qn_text_add(text, written++ ? ", " : "(");
        if (!positional)
            qn_text_add(text, "%s=", field->name);
        write_value(text, field, params);
    }
    if (written)
        qn_text_add(text, ")");
}
