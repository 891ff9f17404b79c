/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line options: parsing and --help from one table. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <quern/unstable.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMNS 100
#define MAX_OPTIONS 64
#define OPERAND_BIT ((uint64_t)1 << 63)

/* ---- mistakes ---- */

static parsed wrong(const subcommand *command, const char *format, const char *a, const char *b)
{
    fprintf(stderr, "quern %s: ", command->name);
    fprintf(stderr, format, a, b);
    fprintf(stderr, "; see quern %s --help\n", command->name);
    return PARSED_WRONG;
}

static parsed unknown(const subcommand *command, const char *word, size_t length)
{
    const char *names[MAX_OPTIONS];
    char name[64];
    int count = 0;
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    for (const option *o = command->options; o->name && count < MAX_OPTIONS - 2; o++) {
        names[count++] = o->name;
        if (o->alias)
            names[count++] = o->alias;
    }
    const char *nearest = qn_nearest_word(name, names, count);
    fprintf(stderr, "quern %s: unknown %s \"%s\"", command->name,
            word[0] == '-' ? "option" : "argument", name);
    if (nearest)
        fprintf(stderr, "; did you mean %s?", nearest);
    fprintf(stderr, "\noptions:");
    for (int i = 0; i < count; i++)
        fprintf(stderr, " %s", names[i]);
    fprintf(stderr, "\n");
    return PARSED_WRONG;
}

static parsed not_a_choice(const subcommand *command, const option *o, const char *value)
{
    int count = 0;
    while (o->choice[count])
        count++;
    const char *nearest = qn_nearest_word(value, o->choice, count);
    fprintf(stderr, "quern %s: %s is \"%s\"", command->name, o->name, value);
    if (nearest)
        fprintf(stderr, "; did you mean %s?", nearest);
    fprintf(stderr, nearest ? " It is one of" : "; it is one of");
    for (int i = 0; i < count; i++)
        fprintf(stderr, "%s %s", i ? "," : "", o->choice[i]);
    fprintf(stderr, "\n");
    return PARSED_WRONG;
}

static parsed not_a_number(const subcommand *command, const option *o, const char *value)
{
    fprintf(stderr, "quern %s: %s takes a %snumber of at least %.15g", command->name, o->name,
            o->kind == OPTION_INT ? "whole " : "", o->minimum);
    if (o->below != 0)
        fprintf(stderr, " and below %.15g", o->below);
    fprintf(stderr, ", found \"%s\"\n", value);
    return PARSED_WRONG;
}

/* ---- parsing ---- */

static bool in_range(const option *o, double value)
{
    return value >= o->minimum && (o->below == 0 || value < o->below);
}

static parsed set_value(const subcommand *command, const option *o, const char *value, arguments *a)
{
    char *place = (char *)a + o->offset, *end = NULL;
    errno = 0;
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        break;
    case OPTION_TEXT:
        for (const char *const *choice = o->choice; choice && strcmp(*choice, value) != 0;)
            if (!*++choice)
                return not_a_choice(command, o, value);
        *(const char **)place = value;
        break;
    case OPTION_INT: {
        long long number = strtoll(value, &end, 10);
        if (end == value || *end || errno || !in_range(o, (double)number))
            return not_a_number(command, o, value);
        *(int64_t *)place = number;
        break;
    }
    case OPTION_NUMBER: {
        double number = strtod(value, &end);
        if (end == value || *end || !isfinite(number) || !in_range(o, number))
            return not_a_number(command, o, value);
        *(double *)place = number;
        break;
    }
    }
    return PARSED_RUN;
}

static bool is_named(const char *name, const char *word, size_t length)
{
    return name && strlen(name) == length && strncmp(name, word, length) == 0;
}

static const option *find(const subcommand *command, const char *word, size_t length)
{
    for (const option *o = command->options; o->name; o++)
        if (is_named(o->name, word, length) || is_named(o->alias, word, length))
            return o;
    return NULL;
}

/* Takes the option at words[*at] and its value: the next word, or what follows "=". */
static parsed take_option(const subcommand *command, int count, char **words, int *at, arguments *a)
{
    const char *word = words[*at];
    const char *equal = word[0] == '-' ? strchr(word, '=') : NULL;
    size_t length = equal ? (size_t)(equal - word) : strlen(word);
    const option *o = find(command, word, length);
    if (!o && command->operand && word[0] != '-' && !(a->given & OPERAND_BIT)) {
        a->given |= OPERAND_BIT;
        return set_value(command, command->operand, word, a);
    }
    if (!o)
        return unknown(command, word, length);
    const char *value = equal ? equal + 1 : NULL;
    if (o->kind == OPTION_FLAG) {
        if (value)
            return wrong(command, "%s takes no value, found \"%s\"", o->name, value);
    } else if (!value) {
        if (*at + 1 >= count)
            return wrong(command, "%s needs a value, %s", o->name, o->value);
        value = words[++*at];
    }
    uint64_t bit = (uint64_t)1 << (o - command->options);
    if (a->given & bit)
        return wrong(command, "%s is given twice%s", o->name, "");
    a->given |= bit;
    return set_value(command, o, value, a);
}

parsed options_parse(const subcommand *command, int count, char **words, arguments *a)
{
    memset(a, 0, sizeof *a);
    a->seed = -1; /* drawn at random */
    for (const option *o = command->options; o->name; o++)
        if (o->standard && set_value(command, o, o->standard, a) != PARSED_RUN)
            return PARSED_WRONG;
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
            return PARSED_HELP;
    for (int i = 0; i < count; i++) {
        parsed result = take_option(command, count, words, &i, a);
        if (result != PARSED_RUN)
            return result;
    }
    for (const option *o = command->options; o->name; o++)
        if (o->required && !options_given(command, a, o->name))
            return wrong(command, "%s %s is needed", o->name, o->value);
    if (command->operand && command->operand->required && !(a->given & OPERAND_BIT))
        return wrong(command, "%s is needed: %s", command->operand->name, command->operand->help);
    return PARSED_RUN;
}

bool options_given(const subcommand *command, const arguments *a, const char *name)
{
    const option *o = find(command, name, strlen(name));
    return o && (a->given >> (o - command->options) & 1);
}

/* ---- help ---- */

static int option_text(const option *o, char *buffer, size_t size)
{
    return snprintf(buffer, size, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
}

static void print_usage(const subcommand *command)
{
    int indent = printf("usage: quern %s", command->name), column = indent;
    if (command->operand)
        column += printf(command->operand->required ? " %s" : " [%s]", command->operand->name);
    for (const option *o = command->options; o->name; o++) {
        char text[128];
        int length = option_text(o, text, sizeof text) + (o->required ? 1 : 3);
        if (column + length > HELP_COLUMNS) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf(o->required ? " %s" : " [%s]", text);
        column += length;
    }
    printf("\n");
}

/* Words of `text` in lines that begin at `indent`; the cursor is there already. */
static void print_wrapped(const char *text, int indent)
{
    int column = indent;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_COLUMNS) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        column += printf("%s%.*s", column > indent ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
    printf("\n");
}

static void print_option(const option *o, int indent)
{
    char text[128], help[512];
    option_text(o, text, sizeof text);
    int length = snprintf(help, sizeof help, "%s", o->help);
    if (o->standard && length > 0 && (size_t)length < sizeof help)
        length +=
            snprintf(help + length, sizeof help - (size_t)length, " (default: %s)", o->standard);
    if (o->alias && length > 0 && (size_t)length < sizeof help)
        snprintf(help + length, sizeof help - (size_t)length, " (also %s)", o->alias);
    printf("  %-*s", indent - 2, text);
    if ((int)strlen(text) + 2 >= indent)
        printf("\n%*s", indent, "");
    print_wrapped(help, indent);
}

void options_help(const subcommand *command)
{
    const int indent = 30;
    print_usage(command);
    printf("\n%s\n\n", command->summary);
    if (command->operand) {
        print_option(command->operand, indent);
        printf("\n");
    }
    printf("options:\n");
    for (const option *o = command->options; o->name; o++)
        print_option(o, indent);
    printf("  %-*sshow this help\n\nexample:\n  %s\n", indent - 2, "--help", command->example);
}
