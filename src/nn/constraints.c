/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's constraints by name: each is a rule for norms along an axis, or for signs. */
#include "nn/constraints.h"
#include "base/numbers.h"
#include "nn/layer.h"

#include <math.h>

/* The arguments of all together; each one's table lists those that it takes. */
typedef struct constraint_params {
    qn_spec spec;
    double min_value, max_value, rate;
    const char *axis; /* "0", or neighbours, "(0, 1)" */
} constraint_params;

/* ---- axes ---- */

/* The first axis, and how many more follow; false for what are no neighbours in order. */
static bool read_axes(const char *text, int *first, int *more)
{
    double value, last = 0;
    int count = 0;
    char word[16];
    for (text += strspn(text, " ,([])"); *text != '\0'; text += strspn(text, " ,([])")) {
        size_t length = strcspn(text, " ,([])");
        if (length >= sizeof word)
            return false;
        memcpy(word, text, length);
        word[length] = '\0';
        if (!qn_number_parse(word, &value) || value != floor(value) || fabs(value) > QN_MAX_RANK ||
            (count > 0 && (value != last + 1 || value == 0)))
            return false;
        if (count++ == 0)
            *first = (int)value;
        last = value;
        text += length;
    }
    *more = count - 1;
    return count > 0;
}

static qn_status check_axes(qn_env *env, const void *params)
{
    const constraint_params *p = params;
    int first, more;
    if (p->axis != NULL && read_axes(p->axis, &first, &more))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "axis is '%s': write a whole number, or neighbours in order, as in (0, 1)",
                   p->axis != NULL ? p->axis : "none");
}

/* ---- rules ---- */

static qn_constraint_rule norm_rule(const constraint_params *p, double low, double high,
                                    double rate)
{
    qn_constraint_rule rule = {.low = low, .high = high, .rate = rate};
    (void)read_axes(p->axis, &rule.axis, &rule.more_axes); /* checked */
    return rule;
}

static qn_constraint_rule non_neg(const void *params)
{
    (void)params;
    return (qn_constraint_rule){.non_neg = true};
}

static qn_constraint_rule max_norm(const void *params)
{
    const constraint_params *p = params;
    return norm_rule(p, 0, p->max_value, 1);
}

static qn_constraint_rule min_max_norm(const void *params)
{
    const constraint_params *p = params;
    return norm_rule(p, p->min_value, p->max_value, p->rate);
}

static qn_constraint_rule unit_norm(const void *params)
{
    return norm_rule(params, 1, 1, 1);
}

static qn_status check_min_max(qn_env *env, const void *params)
{
    const constraint_params *p = params;
    QN_TRY(check_axes(env, params));
    if (p->min_value <= p->max_value)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE, "min_value is %g: it must be at most max_value, %g",
                   p->min_value, p->max_value);
}

/* ---- the table ---- */

#define MEMBER(member)                                                                             \
    .name = #member, .offset = offsetof(constraint_params, member), .positional = true
#define NORM(member)                                                                               \
    {                                                                                              \
        MEMBER(member), .kind = QN_FIELD_DOUBLE, .minimum = 0, .maximum = INFINITY,                \
                        .open_maximum = true                                                       \
    }
#define AXIS                                                                                       \
    {                                                                                              \
        MEMBER(axis), .kind = QN_FIELD_TEXT                                                        \
    }

static const qn_field of_max_norm[] = {NORM(max_value), AXIS}, of_unit_norm[] = {AXIS};
static const qn_field of_min_max_norm[] = {
    NORM(min_value),
    NORM(max_value),
    {MEMBER(rate), .kind = QN_FIELD_DOUBLE, .minimum = 0, .maximum = 1},
    AXIS,
};

static const constraint_params none, unit_defaults = {.axis = "0"},
                                     max_defaults = {.max_value = 2, .axis = "0"},
                                     min_max_defaults = {.max_value = 1, .rate = 1, .axis = "0"};

#define CONSTRAINT(text, class, usual, function, ...)                                              \
    {                                                                                              \
        .schema = {.type = class,                                                                  \
                   .name = text,                                                                   \
                   .defaults = &usual,                                                             \
                   .size = sizeof usual,                                                           \
                   __VA_ARGS__},                                                                   \
        .rule = function                                                                           \
    }
#define FIELDS(table) .fields = table, .field_count = QN_COUNT(table)

static const qn_constraint_type types[] = {
    CONSTRAINT("max_norm", "MaxNorm", max_defaults, max_norm, FIELDS(of_max_norm),
               .check = check_axes),
    CONSTRAINT("non_neg", "NonNeg", none, non_neg, .field_count = 0),
    CONSTRAINT("unit_norm", "UnitNorm", unit_defaults, unit_norm, FIELDS(of_unit_norm),
               .check = check_axes),
    CONSTRAINT("min_max_norm", "MinMaxNorm", min_max_defaults, min_max_norm,
               FIELDS(of_min_max_norm), .check = check_min_max),
};

static const qn_schema *schema(int index)
{
    return index < QN_COUNT(types) ? &types[index].schema : NULL;
}

const qn_kind qn_kind_constraint = {
    .name = "constraint", .plural = "constraints", .schema = schema};

/* ---- */

static qn_constraint_rule rule_of(const qn_part *constraint)
{
    return ((const qn_constraint_type *)constraint->schema)->rule(constraint->params);
}

qn_value *qn_constrain(const qn_part *constraint, qn_value *after, qn_variable *variable,
                       qn_value *latch)
{
    return qn_op_constrain(after, variable, rule_of(constraint), latch);
}

qn_status qn_constraint_fits(qn_env *env, const qn_part *constraint, const char *what,
                             const qn_shape *shape)
{
    qn_constraint_rule rule = rule_of(constraint);
    char text[128];
    if (qn_constraint_rule_fits(&rule, shape))
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "%s has the shape %s: there is no axis %d for the constraint %s", what,
                   qn_shape_print(shape, text, sizeof text), rule.axis + rule.more_axes,
                   constraint->schema->name);
}

qn_status qn_check_constraint(qn_env *env, const char *text)
{
    return qn_part_check(env, &qn_kind_constraint, text);
}
