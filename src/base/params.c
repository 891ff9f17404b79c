/* SPDX-License-Identifier: Apache-2.0 */
/* Params structs by their tables of fields: from text, from a caller's struct, and back to text. */
#include "base/numbers.h"
#include "base/spec.h"
#include "base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading and writing one field ---- */

static int64_t *int_at(void *params, const qn_field *field)
{
    return (int64_t *)((char *)params + field->offset);
}

static double *double_at(void *params, const qn_field *field)
{
    return (double *)((char *)params + field->offset);
}

static bool *bool_at(void *params, const qn_field *field)
{
    return (bool *)((char *)params + field->offset);
}

static char **text_at(void *params, const qn_field *field)
{
    return (char **)((char *)params + field->offset);
}

static const char *text_of(const void *params, const qn_field *field)
{
    return *(const char *const *)((const char *)params + field->offset);
}

/* The text that the params own for this field: its value, or the call in place of a number. NULL:
 * the field has none. */
static char **own_text_at(void *params, const qn_field *field)
{
    if (field->kind == QN_FIELD_TEXT)
        return text_at(params, field);
    return field->call_text ? (char **)((char *)params + field->call_text - 1) : NULL;
}

static bool parse_int(const char *word, int64_t *value)
{
    char *end;
    errno = 0;
    long long parsed = strtoll(word, &end, 10);
    if (end == word || *end || errno)
        return false;
    *value = parsed;
    return true;
}

static bool parse_bool(const char *word, bool *value)
{
    *value = qn_equal_nocase(word, "true") || strcmp(word, "1") == 0;
    return *value || qn_equal_nocase(word, "false") || strcmp(word, "0") == 0;
}

/* A number may be left out where its default says so by being NaN. */
static bool may_be_none(const qn_schema *schema, const qn_field *field)
{
    double usual;
    if (field->kind != QN_FIELD_DOUBLE)
        return false;
    memcpy(&usual, (const char *)schema->defaults + field->offset, sizeof usual);
    return isnan(usual);
}

/* A number that stands alone is a shape of rank one. */
static bool parse_shape(const qn_spec_node *node, int64_t *shape)
{
    const qn_spec_node *items = node->tuple ? node->items : node;
    int rank = node->tuple ? node->count : 1;
    if (rank > QN_MAX_RANK)
        return false;
    for (int i = 0; i < QN_MAX_RANK; i++)
        shape[i] = 0;
    for (int i = 0; i < rank; i++)
        if (!items[i].word || items[i].call || (node->tuple && items[i].key) ||
            !parse_int(items[i].word, &shape[i]) || shape[i] < 1)
            return false;
    return true;
}

static qn_status read_text(qn_env *env, const qn_spec_node *node, char **value)
{
    qn_free(env, *value);
    *value = NULL;
    if (node->word && !node->call) {
        if (qn_equal_nocase(node->word, "none"))
            return QN_OK;
        *value = qn_strdup(env, node->word);
        return *value ? QN_OK : QN_ERROR_MEMORY;
    }
    qn_text text = {.env = env};
    qn_spec_node bare = *node;
    bare.key = NULL;
    qn_spec_write(&text, &bare);
    if (text.failed) {
        qn_text_free(&text);
        return QN_ERROR_MEMORY;
    }
    *value = text.data; /* ours to free from now on */
    return QN_OK;
}

static const char *kind_name(qn_field_kind kind)
{
    switch (kind) {
    case QN_FIELD_INT:
        return "a whole number";
    case QN_FIELD_DOUBLE:
        return "a number";
    case QN_FIELD_BOOL:
        return "true or false";
    case QN_FIELD_TEXT:
        return "a name";
    case QN_FIELD_SHAPE:
        return "a shape of up to 8 positive whole numbers, such as (28, 28)";
    }
    return "a value";
}

static qn_status read_value(qn_env *env, const qn_schema *schema, const qn_field *field,
                            const qn_spec_node *node, void *params)
{
    const char *word = node->call || node->tuple ? NULL : node->word;
    bool read = false;
    switch (field->kind) {
    case QN_FIELD_INT:
        read = word && parse_int(word, int_at(params, field));
        break;
    case QN_FIELD_DOUBLE:
        if (field->call_text && node->call)
            return read_text(env, node, own_text_at(params, field));
        read = word && qn_number_parse(word, double_at(params, field));
        if (!read && word && may_be_none(schema, field) && qn_equal_nocase(word, "none")) {
            *double_at(params, field) = NAN;
            read = true;
        }
        break;
    case QN_FIELD_BOOL:
        read = word && parse_bool(word, bool_at(params, field));
        break;
    case QN_FIELD_SHAPE:
        read = parse_shape(node, int_at(params, field));
        break;
    case QN_FIELD_TEXT:
        return read_text(env, node, text_at(params, field));
    }
    if (read)
        return QN_OK;
    qn_text found = {.env = env};
    qn_spec_node bare = *node;
    bare.key = NULL;
    qn_spec_write(&found, &bare);
    qn_status status = qn_fail(
        env, QN_ERROR_USAGE, "%s: %s takes %s, found %s (column %d)", schema->name, field->name,
        field->call_text ? "a number or a name with arguments" : kind_name(field->kind),
        qn_text_get(&found), node->column);
    qn_text_free(&found);
    return status;
}

/* ---- checks ---- */

static void describe_range(const qn_field *field, char *buffer, size_t size)
{
    double low = field->minimum, high = field->maximum;
    if (isinf(high))
        snprintf(buffer, size, "%s %.15g", field->open_minimum ? "above" : "at least", low);
    else if (isinf(low))
        snprintf(buffer, size, "%s %.15g", field->open_maximum ? "below" : "at most", high);
    else
        snprintf(buffer, size, "from %.15g%s to %.15g%s", low,
                 field->open_minimum ? " (excluded)" : "", high,
                 field->open_maximum ? " (excluded)" : "");
}

static qn_status check_number(qn_env *env, const qn_schema *schema, const qn_field *field,
                              double value)
{
    bool any = field->minimum == 0 && field->maximum == 0;
    bool above = field->open_minimum ? value > field->minimum : value >= field->minimum;
    bool below = field->open_maximum ? value < field->maximum : value <= field->maximum;
    if (any ? !isnan(value) : above && below)
        return QN_OK;
    if (isnan(value) && may_be_none(schema, field))
        return QN_OK;
    char range[96] = "a number";
    if (!any)
        describe_range(field, range, sizeof range);
    return qn_fail(env, QN_ERROR_USAGE, "%s: %s is %.15g; it must be %s", schema->name, field->name,
                   value, range);
}

static qn_status missing(qn_env *env, const qn_schema *schema, const qn_field *field)
{
    return qn_fail(env, QN_ERROR_USAGE, "%s needs %s, %s: write %s(%s=...)", schema->name,
                   field->name, kind_name(field->kind), schema->name, field->name);
}

static qn_status check_field(qn_env *env, const qn_schema *schema, const qn_field *field,
                             void *params)
{
    switch (field->kind) {
    case QN_FIELD_INT:
        return check_number(env, schema, field, (double)*int_at(params, field));
    case QN_FIELD_DOUBLE:
        return check_number(env, schema, field, *double_at(params, field));
    case QN_FIELD_BOOL:
        return QN_OK;
    case QN_FIELD_TEXT:
        return field->required && !text_of(params, field) ? missing(env, schema, field) : QN_OK;
    case QN_FIELD_SHAPE: {
        const int64_t *shape = int_at(params, field);
        if (field->required && shape[0] == 0)
            return missing(env, schema, field);
        for (int i = 0; i < QN_MAX_RANK && shape[i] != 0; i++)
            if (shape[i] < 0)
                return qn_fail(env, QN_ERROR_USAGE,
                               "%s: %s has dimension %" PRId64
                               " at position %d; it must be positive",
                               schema->name, field->name, shape[i], i);
        return QN_OK;
    }
    }
    return QN_OK;
}

static qn_status check_all(qn_env *env, const qn_schema *schema, void *params)
{
    for (int i = 0; i < schema->field_count; i++)
        QN_TRY(check_field(env, schema, &schema->fields[i], params));
    if (schema->check == NULL)
        return QN_OK;
    qn_status status = schema->check(env, params);
    return status == QN_OK ? QN_OK : qn_fail_context(env, status, "%s", schema->name);
}

/* Replaces borrowed texts by copies. On failure those not yet copied are NULL. */
static qn_status own_texts(qn_env *env, const qn_schema *schema, void *params)
{
    qn_status status = QN_OK;
    for (int i = 0; i < schema->field_count; i++) {
        char **text = own_text_at(params, &schema->fields[i]);
        if (!text || !*text)
            continue;
        char *copy = status == QN_OK ? qn_strdup(env, *text) : NULL;
        if (!copy)
            status = QN_ERROR_MEMORY;
        *text = copy;
    }
    return status;
}

/* ---- from text ---- */

static const qn_field *find_field(const qn_schema *schema, const char *name)
{
    for (int i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

static const qn_field *positional_field(const qn_schema *schema, int position)
{
    for (int i = 0; i < schema->field_count; i++)
        if (schema->fields[i].positional && position-- == 0)
            return &schema->fields[i];
    return NULL;
}

#define MAX_FIELDS 64

static qn_status unknown_key(qn_env *env, const qn_schema *schema, const qn_spec_node *node)
{
    const char *names[MAX_FIELDS];
    qn_text list = {.env = env};
    int count = 0;
    for (; count < schema->field_count && count < MAX_FIELDS; count++) {
        names[count] = schema->fields[count].name;
        qn_text_add(&list, "%s%s", count ? ", " : "", names[count]);
    }
    const char *nearest = qn_nearest(node->key, names, count);
    qn_status status =
        qn_fail(env, QN_ERROR_USAGE, "%s has no argument \"%s\" (column %d)%s%s%s; it takes %s",
                schema->name, node->key, node->column, nearest ? "; did you mean \"" : "",
                nearest ? nearest : "", nearest ? "\"?" : "", count ? qn_text_get(&list) : "none");
    if (list.failed)
        status = qn_fail_memory(env, list.length);
    qn_text_free(&list);
    return status;
}

static qn_status field_of(qn_env *env, const qn_schema *schema, const qn_spec_node *node,
                          int position, const qn_field **field)
{
    const qn_spec_node *item = &node->items[position];
    if (item->key) {
        *field = find_field(schema, item->key);
        return *field ? QN_OK : unknown_key(env, schema, item);
    }
    if (position > 0 && node->items[position - 1].key)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: the argument at column %d has no keyword, but follows one that has; "
                       "write it as key=value",
                       schema->name, item->column);
    *field = positional_field(schema, position);
    if (!*field && schema->field_count == 0)
        return qn_fail(env, QN_ERROR_USAGE, "%s takes no arguments, found one at column %d",
                       schema->name, item->column);
    if (!*field)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s takes %d argument%s without a keyword; the one at column %d is too many",
                       schema->name, position, position == 1 ? "" : "s", item->column);
    return QN_OK;
}

static qn_status read_arguments(qn_env *env, const qn_schema *schema, const qn_spec_node *node,
                                void *params)
{
    bool given[MAX_FIELDS] = {false};
    for (int i = 0; i < node->count; i++) {
        const qn_field *field;
        QN_TRY(field_of(env, schema, node, i, &field));
        bool *seen = &given[field - schema->fields];
        if (*seen)
            return qn_fail(env, QN_ERROR_USAGE, "%s: %s is given twice (column %d)", schema->name,
                           field->name, node->items[i].column);
        *seen = true;
        QN_TRY(read_value(env, schema, field, &node->items[i], params));
    }
    for (int i = 0; i < schema->field_count; i++)
        if (schema->fields[i].required && !given[i])
            return missing(env, schema, &schema->fields[i]);
    return check_all(env, schema, params);
}

qn_status qn_params_from_spec(qn_env *env, const qn_schema *schema, const qn_spec_node *node,
                              void *params)
{
    memcpy(params, schema->defaults, schema->size);
    qn_status status = own_texts(env, schema, params);
    if (status == QN_OK && schema->field_count > MAX_FIELDS)
        status =
            qn_fail(env, QN_ERROR_INTERNAL, "%s has more than %d fields", schema->name, MAX_FIELDS);
    if (status == QN_OK && (node->tuple || !node->word))
        status = qn_fail(env, QN_ERROR_USAGE, "expected %s at column %d, found a tuple",
                         schema->name, node->column);
    if (status == QN_OK)
        status = read_arguments(env, schema, node, params);
    if (status != QN_OK)
        qn_params_free(env, schema, params);
    return status;
}

/* ---- from a struct ---- */

qn_status qn_params_from_struct(qn_env *env, const qn_schema *schema, const qn_spec *spec,
                                void *params)
{
    if (spec->size < sizeof *spec) {
        memset(params, 0, schema->size);
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s: its struct says that it has %zu bytes, fewer than its head; start from "
                       "its macro or its _defaults() function",
                       schema->name, spec->size);
    }
    qn_params_take(params, schema->defaults, schema->size, spec, spec->size);
    memcpy(params, schema->defaults, sizeof *spec);
    qn_status status = own_texts(env, schema, params);
    if (status == QN_OK)
        status = check_all(env, schema, params);
    if (status != QN_OK)
        qn_params_free(env, schema, params);
    return status;
}

void qn_params_free(qn_env *env, const qn_schema *schema, void *params)
{
    for (int i = 0; i < schema->field_count; i++) {
        char **text = own_text_at(params, &schema->fields[i]);
        if (!text)
            continue;
        qn_free(env, *text);
        *text = NULL;
    }
}
