/* SPDX-License-Identifier: Apache-2.0 */
/* File names with fields. */
#include "train/callbacks/path.h"
#include "base/numbers.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_WIDTH 64

/* One field: {name:[0][width][.precision][type]}. */
typedef struct placeholder {
    char name[64];
    bool zeros;
    int width, precision; /* precision -1: not given */
    char type;            /* '\0': not given */
} placeholder;

typedef struct filling {
    qn_env *env;
    const char *pattern, *at;
    int64_t epoch;
    const qn_logs *results;
    bool open;
    qn_text path;
} filling;

static qn_status malformed(const filling *f, const char *field_at)
{
    return qn_fail(f->env, QN_ERROR_USAGE,
                   "the file name \"%s\" has no right field at \"%.20s\": write {epoch:02d} or "
                   "{val_loss:.2f}; a brace itself is {{ or }}",
                   f->pattern, field_at);
}

/* Digits up to MOST_WIDTH; false: more. */
static bool parse_number(const char **at, int *number)
{
    *number = 0;
    while (**at >= '0' && **at <= '9' && *number <= MOST_WIDTH)
        *number = *number * 10 + (*(*at)++ - '0');
    return *number <= MOST_WIDTH;
}

/* What follows the colon, to the closing brace. */
static bool parse_format(const char **at, placeholder *field)
{
    if (**at == '0') {
        field->zeros = true;
        ++*at;
    }
    if (!parse_number(at, &field->width))
        return false;
    if (**at == '.') {
        ++*at;
        if (**at < '0' || **at > '9' || !parse_number(at, &field->precision))
            return false;
    }
    if (**at != '\0' && strchr("defgEFG", **at))
        field->type = *(*at)++;
    /* Python means something of its own by a precision without a type. */
    return field->precision < 0 || (field->type != '\0' && field->type != 'd');
}

static bool parse_field(const char **at, placeholder *field)
{
    size_t length = strcspn(*at, ":}{");

    *field = (placeholder){.precision = -1};
    if (length == 0 || length >= sizeof field->name)
        return false;
    memcpy(field->name, *at, length);
    *at += length;
    if (**at == ':') {
        ++*at;
        if (!parse_format(at, field))
            return false;
    }
    return *(*at)++ == '}';
}

/* Pads a number: zeros come after its sign. */
static void add_padded(qn_text *path, const placeholder *field, const char *number)
{
    int missing = field->width - (int)strlen(number);

    if (field->zeros && number[0] == '-') {
        qn_text_add(path, "-");
        number++;
    }
    for (; missing > 0; missing--)
        qn_text_add(path, field->zeros ? "0" : " ");
    qn_text_add(path, "%s", number);
}

static void add_real(filling *f, const placeholder *field, double value)
{
    qn_text number = {.env = f->env};
    const char *point = localeconv()->decimal_point;
    char format[] = "%.*?", text[512], *found;

    if (field->type == '\0') {
        qn_number_write(&number, value);
        add_padded(&f->path, field, qn_text_get(&number));
        f->path.failed = f->path.failed || number.failed;
        qn_text_free(&number);
        return;
    }
    format[3] = field->type;
    snprintf(text, sizeof text, format, field->precision < 0 ? 6 : field->precision, value);
    found = strcmp(point, ".") == 0 ? NULL : strstr(text, point);
    if (found) {
        *found = '.';
        memmove(found + 1, found + strlen(point), strlen(found + strlen(point)) + 1);
    }
    add_padded(&f->path, field, text);
}

static qn_status add_field(filling *f)
{
    const char *begin = f->at - 1;
    char number[32];
    placeholder field;
    double value = 0;

    if (!parse_field(&f->at, &field))
        return malformed(f, begin);
    if (strcmp(field.name, "epoch") == 0 && (field.type == '\0' || field.type == 'd')) {
        snprintf(number, sizeof number, "%lld", (long long)f->epoch + 1);
        add_padded(&f->path, &field, number);
        return QN_OK;
    }
    if (field.type == 'd')
        return qn_fail(f->env, QN_ERROR_USAGE,
                       "the file name \"%s\" has %s as a whole number (d): write {%s:.4f}",
                       f->pattern, field.name, field.name);
    if (strcmp(field.name, "epoch") == 0)
        value = (double)f->epoch + 1;
    else if (!qn_logs_get(f->results, field.name, &value) && !f->open)
        return qn_fail(f->env, QN_ERROR_USAGE,
                       "the file name \"%s\" has {%s}, but there is no such result", f->pattern,
                       field.name);
    add_real(f, &field, value);
    return QN_OK;
}

static qn_status fill(filling *f)
{
    while (*f->at != '\0') {
        char c = *f->at++;

        if ((c == '{' || c == '}') && *f->at == c)
            f->at++;
        else if (c == '}')
            return malformed(f, f->at - 1);
        else if (c == '{') {
            QN_TRY(add_field(f));
            continue;
        }
        qn_text_add_bytes(&f->path, &c, 1);
    }
    return f->path.failed ? QN_ERROR_MEMORY : QN_OK;
}

qn_status qn_path_fill(qn_env *env, const char *pattern, int64_t epoch, const qn_logs *results,
                       bool open, char **path)
{
    filling f = {env, pattern, pattern, epoch, results, open, {.env = env}};
    qn_status status = fill(&f);

    if (status != QN_OK) {
        qn_text_free(&f.path);
        *path = NULL;
        return status;
    }
    *path = f.path.data; /* not empty: neither is the pattern; the caller's from now on */
    return QN_OK;
}
