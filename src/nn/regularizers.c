/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's regularizers by name. */
#include "nn/regularizers.h"
#include "nn/layer.h"

#include <math.h>

/* The arguments of all together; each one's table lists those that it takes. */
typedef struct regularizer_params {
    qn_spec spec;
    double l1, l2;
    double factor;
    const char *mode; /* "rows" or "columns": which vectors should be orthogonal */
} regularizer_params;

/* ---- l1 and l2 ---- */

static qn_value *sizes(const void *params, qn_value *x)
{
    const regularizer_params *p = params;
    return qn_op_penalty(x, p->l1, p->l2);
}

/* ---- orthogonal ---- */

static bool by_columns(const regularizer_params *p)
{
    return qn_equal_nocase(p->mode, "columns");
}

static qn_value *orthogonal(const void *params, qn_value *x)
{
    const regularizer_params *p = params;
    return qn_op_orthogonal_penalty(x, p->factor, by_columns(p));
}

static qn_status check_mode(qn_env *env, const void *params)
{
    const regularizer_params *p = params;
    if (p->mode != NULL && (by_columns(p) || qn_equal_nocase(p->mode, "rows")))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE, "mode is '%s': it must be rows or columns",
                   p->mode != NULL ? p->mode : "none");
}

/* ---- the table ---- */

#define SIZE(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = QN_FIELD_DOUBLE, .offset = offsetof(regularizer_params, member),  \
        .positional = true, .minimum = 0, .maximum = INFINITY, .open_maximum = true                \
    }
static const qn_field of_l1[] = {SIZE(l1)}, of_l2[] = {SIZE(l2)}, of_both[] = {SIZE(l1), SIZE(l2)};
static const qn_field of_orthogonal[] = {
    SIZE(factor),
    {.name = "mode",
     .kind = QN_FIELD_TEXT,
     .offset = offsetof(regularizer_params, mode),
     .positional = true},
};

static const regularizer_params l1_defaults = {.l1 = 0.01}, l2_defaults = {.l2 = 0.01},
                                both_defaults,
                                orthogonal_defaults = {.factor = 0.01, .mode = "rows"};

#define REGULARIZER(text, class, usual, table, checked, function)                                  \
    {                                                                                              \
        .schema = {.type = class,                                                                  \
                   .name = text,                                                                   \
                   .defaults = &usual,                                                             \
                   .size = sizeof usual,                                                           \
                   .fields = table,                                                                \
                   .field_count = QN_COUNT(table),                                                 \
                   .check = checked},                                                              \
        .penalty = function                                                                        \
    }

static const qn_regularizer_type types[] = {
    REGULARIZER("l1", "L1", l1_defaults, of_l1, NULL, sizes),
    REGULARIZER("l2", "L2", l2_defaults, of_l2, NULL, sizes),
    REGULARIZER("l1_l2", "L1L2", both_defaults, of_both, NULL, sizes),
    REGULARIZER("orthogonal", "OrthogonalRegularizer", orthogonal_defaults, of_orthogonal,
                check_mode, orthogonal),
};

static const qn_schema *schema(int index)
{
    return index < QN_COUNT(types) ? &types[index].schema : NULL;
}

const qn_kind qn_kind_regularizer = {
    .name = "regularizer", .plural = "regularizers", .schema = schema};

/* ---- */

qn_value *qn_regularize(const qn_part *regularizer, qn_value *x)
{
    const qn_regularizer_type *type = (const qn_regularizer_type *)regularizer->schema;
    return type->penalty(regularizer->params, x);
}

static qn_status misfit(qn_env *env, const char *what, const qn_shape *shape, const char *why)
{
    char text[128];
    return qn_fail(env, QN_ERROR_USAGE, "%s has the shape %s: the regularizer orthogonal %s", what,
                   qn_shape_print(shape, text, sizeof text), why);
}

qn_status qn_regularizer_fits(qn_env *env, const qn_part *regularizer, const char *what,
                              const qn_shape *shape)
{
    const regularizer_params *p = regularizer->params;
    const qn_regularizer_type *type = (const qn_regularizer_type *)regularizer->schema;
    if (type->penalty != orthogonal)
        return QN_OK;
    if (shape->rank != 2)
        return misfit(env, what, shape, "takes matrices only");
    if (shape->dim[0] == QN_BATCH && !by_columns(p))
        return misfit(env, what, shape,
                      "of a batch compares columns: write orthogonal(mode=columns)");
    if (shape->dim[by_columns(p) ? 1 : 0] < 2)
        return misfit(env, what, shape, "needs two vectors at least");
    return QN_OK;
}

qn_status qn_check_regularizer(qn_env *env, const char *text)
{
    return qn_part_check(env, &qn_kind_regularizer, text);
}
