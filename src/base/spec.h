/* SPDX-License-Identifier: Apache-2.0 */
/* The one text grammar: `name`, `name(positional, key=value)`, lists by comma, nesting:
 *   dense(512, relu, kernel_regularizer=l2(1e-4)), dropout(0.2)
 * parsed to a tree, and read into params structs through tables of fields, so that text and struct
 * come from the same table. Values: words, numbers, quoted strings, true/false/none, nested calls,
 * tuples in parentheses or brackets: (28, 28). */
#ifndef BASE_SPEC_H
#define BASE_SPEC_H

#include "base/env.h"
#include "base/text.h"

typedef struct qn_spec_node qn_spec_node;
struct qn_spec_node {
    char *key;           /* argument's keyword, or NULL when positional */
    char *word;          /* name or literal as written (quotes removed); NULL for a tuple */
    bool call;           /* has parentheses: name(...) */
    bool tuple;          /* (a, b) or [a, b] */
    int count;           /* arguments or elements */
    int column;          /* of the first character, from 1 */
    qn_spec_node *items; /* array of `count` */
};

/* Parses a list of specs. On success `*root` is a tuple node to free; on failure QN_ERROR_USAGE
 * names the column and what was expected there. */
qn_status qn_spec_parse(qn_env *env, const char *text, qn_spec_node **root);
void qn_spec_free(qn_env *env, qn_spec_node **root);
/* Writes a node back as text that parses to the same tree. */
void qn_spec_write(qn_text *text, const qn_spec_node *node);

typedef enum qn_field_kind {
    QN_FIELD_INT,    /* int64_t */
    QN_FIELD_DOUBLE, /* double; where the default is NaN, "none" is NaN: not given */
    QN_FIELD_BOOL,   /* bool */
    QN_FIELD_TEXT,   /* const char *: a word, or a nested spec kept as text; owned copy */
    QN_FIELD_SHAPE   /* int64_t[QN_MAX_RANK], ends at the first 0 */
} qn_field_kind;

/* One field of a params struct. Positional arguments fill the fields in the table's order while
 * `positional`. */
typedef struct qn_field {
    const char *name; /* Keras's */
    qn_field_kind kind;
    size_t offset;
    bool positional;
    bool required;
    double minimum, maximum; /* numbers: inclusive range; both 0: any */
    bool open_minimum, open_maximum;
    size_t call_text; /* DOUBLE: offset + 1 of the `const char *` that a call goes to in place of a
                         number, as a schedule does for a learning rate; the params own it */
} qn_field;

/* What layers, optimizers, ... have in common: a name, a params struct and its fields. */
typedef struct qn_schema {
    const char *type;     /* Keras's class name, "Dense" */
    const char *name;     /* text form, "dense" */
    const void *defaults; /* a params struct with every default */
    size_t size;
    const qn_field *fields;
    int field_count;
    /* What the table cannot say: names, fields that exclude each other. NULL: nothing to check. */
    qn_status (*check)(qn_env *env, const void *params);
    const char *alias; /* another name for it, or NULL */
} qn_schema;

/* Fills `params` (schema->size bytes) from a spec node: defaults first, then its arguments; unknown
 * keys name the nearest right one and the list. Texts are copies that qn_params_free frees. */
qn_status qn_params_from_spec(qn_env *env, const qn_schema *schema, const qn_spec_node *node,
                              void *params);
/* The same from a caller's struct, which may be shorter (spec->size): texts are copied. Checks
 * every range either way. */
qn_status qn_params_from_struct(qn_env *env, const qn_schema *schema, const qn_spec *spec,
                                void *params);
void qn_params_free(qn_env *env, const qn_schema *schema, void *params);
/* Writes `dense(100, activation=sigmoid)`: only what differs from the defaults. */
void qn_params_write(qn_text *text, const qn_schema *schema, const void *params);

#endif
