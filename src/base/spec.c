/* SPDX-License-Identifier: Apache-2.0 */
/* The text grammar: a recursive-descent parser to a tree, and back to text.
 *
 *   list  = [ item { "," item } ]
 *   item  = [ word "=" ] value
 *   value = ( word | quoted ) [ "(" list ")" ] | "(" list ")" | "[" list "]"
 */
#include "base/spec.h"

/* Deeper nesting than any use has is refused before it exhausts the stack. */
#define MAX_DEPTH 32

typedef struct parser {
    qn_env *env;
    const char *text, *at;
    int depth;
} parser;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Letters, digits and what numbers, file names and versions contain; bytes above ASCII too. */
static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_.+-/:%@*", c)) || (unsigned char)c >= 0x80;
}

static void skip_space(parser *p)
{
    while (is_space(*p->at))
        p->at++;
}

static int column(const parser *p)
{
    return (int)(p->at - p->text) + 1;
}

static qn_status expected(parser *p, const char *what)
{
    if (!*p->at)
        return qn_fail(p->env, QN_ERROR_USAGE, "\"%s\": expected %s at column %d, found the end",
                       p->text, what, column(p));
    int bytes = 1; /* of the character, which UTF-8 may continue */
    while (bytes < 4 && ((unsigned char)p->at[bytes] & 0xc0) == 0x80)
        bytes++;
    return qn_fail(p->env, QN_ERROR_USAGE, "\"%s\": expected %s at column %d, found '%.*s'",
                   p->text, what, column(p), bytes, p->at);
}

static qn_status parse_quoted(parser *p, char **word)
{
    char quote = *p->at;
    const char *start = p->at + 1, *end = start;
    size_t length = 0;
    while (*end && *end != quote) {
        if (*end == '\\' && end[1])
            end++;
        end++;
        length++;
    }
    if (!*end) {
        p->at = end;
        return expected(p, quote == '"' ? "a closing '\"'" : "a closing \"'\"");
    }
    char *copy = qn_strndup(p->env, start, length);
    if (!copy)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < length; i++) {
        if (*start == '\\')
            start++;
        copy[i] = *start++;
    }
    p->at = end + 1;
    *word = copy;
    return QN_OK;
}

static qn_status parse_word(parser *p, char **word)
{
    if (*p->at == '"' || *p->at == '\'')
        return parse_quoted(p, word);
    const char *start = p->at;
    while (is_word(*p->at))
        p->at++;
    if (p->at == start)
        return expected(p, "a name or a value");
    *word = qn_strndup(p->env, start, (size_t)(p->at - start));
    return *word ? QN_OK : QN_ERROR_MEMORY;
}

static qn_status parse_list(parser *p, char close, qn_spec_node *list);

/* "(" list ")" at the parser; `close` is the bracket that ends it. */
static qn_status parse_bracketed(parser *p, qn_spec_node *node)
{
    char close = *p->at == '(' ? ')' : ']';
    if (p->depth == MAX_DEPTH)
        return expected(p, "at most 32 levels of brackets");
    p->depth++;
    p->at++;
    QN_TRY(parse_list(p, close, node));
    if (*p->at != close)
        return expected(p, close == ')' ? "',' or ')'" : "',' or ']'");
    p->at++;
    p->depth--;
    return QN_OK;
}

static qn_status parse_value(parser *p, qn_spec_node *node)
{
    node->column = column(p);
    if (*p->at == '(' || *p->at == '[') {
        node->tuple = true;
        return parse_bracketed(p, node);
    }
    QN_TRY(parse_word(p, &node->word));
    skip_space(p);
    if (*p->at != '(')
        return QN_OK;
    node->call = true;
    return parse_bracketed(p, node);
}

static qn_status parse_item(parser *p, qn_spec_node *node)
{
    QN_TRY(parse_value(p, node));
    skip_space(p);
    if (*p->at != '=')
        return QN_OK;
    if (node->call || node->tuple)
        return expected(p, "',' after a value");
    int start = node->column;
    p->at++;
    skip_space(p);
    node->key = node->word;
    node->word = NULL;
    QN_TRY(parse_value(p, node));
    node->column = start;
    skip_space(p);
    return QN_OK;
}

/* Items up to `close` (NUL at the outermost level). A comma may follow the last one in brackets:
 * "(784,)" is a tuple of one, as Python writes it. */
static qn_status parse_list(parser *p, char close, qn_spec_node *list)
{
    size_t capacity = 0;
    skip_space(p);
    while (*p->at != close) {
        QN_TRY(
            qn_grow(p->env, &list->items, &capacity, (size_t)list->count + 1, sizeof *list->items));
        /* Counted before it is parsed: what a failure leaves half-made is freed with the rest. */
        QN_TRY(parse_item(p, &list->items[list->count++]));
        skip_space(p);
        if (*p->at != ',')
            break;
        p->at++;
        skip_space(p);
        if (close == '\0' && *p->at == '\0')
            return expected(p, "a name after ','");
    }
    return QN_OK;
}

qn_status qn_spec_parse(qn_env *env, const char *text, qn_spec_node **root)
{
    *root = NULL;
    qn_spec_node *node = qn_alloc(env, sizeof *node);
    if (!node)
        return QN_ERROR_MEMORY;
    node->tuple = true;
    node->column = 1;
    parser p = {.env = env, .text = text, .at = text};
    qn_status status = parse_list(&p, '\0', node);
    if (status == QN_OK && *p.at)
        status = expected(&p, "','");
    if (status != QN_OK)
        qn_spec_free(env, &node);
    *root = node;
    return status;
}

static void free_node(qn_env *env, qn_spec_node *node)
{
    for (int i = 0; i < node->count; i++)
        free_node(env, &node->items[i]);
    qn_free(env, node->items);
    qn_free(env, node->key);
    qn_free(env, node->word);
}

void qn_spec_free(qn_env *env, qn_spec_node **root)
{
    if (!*root)
        return;
    free_node(env, *root);
    qn_free(env, *root);
    *root = NULL;
}

static void write_word(qn_text *text, const char *word)
{
    bool plain = *word != '\0';
    for (const char *at = word; *at; at++)
        plain = plain && is_word(*at);
    if (plain) {
        qn_text_add_bytes(text, word, strlen(word));
        return;
    }
    qn_text_add_bytes(text, "\"", 1);
    for (const char *at = word; *at; at++) {
        if (*at == '"' || *at == '\\')
            qn_text_add_bytes(text, "\\", 1);
        qn_text_add_bytes(text, at, 1);
    }
    qn_text_add_bytes(text, "\"", 1);
}

void qn_spec_write(qn_text *text, const qn_spec_node *node)
{
    if (node->key) {
        write_word(text, node->key);
        qn_text_add_bytes(text, "=", 1);
    }
    if (node->word)
        write_word(text, node->word);
    if (!node->call && !node->tuple)
        return;
    qn_text_add_bytes(text, "(", 1);
    for (int i = 0; i < node->count; i++) {
        if (i)
            qn_text_add_bytes(text, ", ", 2);
        qn_spec_write(text, &node->items[i]);
    }
    if (node->tuple && node->count == 1)
        qn_text_add_bytes(text, ",", 1);
    qn_text_add_bytes(text, ")", 1);
}
