/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints after an update, along every axis; against double. */
#include "trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static qn_value *make(qn_storage *storage, qn_value *const *gradients, qn_value *latch,
                      const void *options)
{
    (void)options;
    return qn_op_sgd(storage, 2, gradients, latch, (qn_update_rule){0}, 0, false);
}

/* a [3, 4] projected in double. */
static void project(const qn_constraint_rule *rule, double *a)
{
    int axis = rule->axis < 0 ? rule->axis + 2 : rule->axis;
    int lines = axis == 0 ? 4 : 3, count = axis == 0 ? 3 : 4;
    int next = axis == 0 ? 1 : 4, stride = axis == 0 ? 4 : 1;
    if (rule->more_axes) {
        lines = stride = 1;
        count = A;
    }
    for (int i = 0; rule->non_neg && i < A; i++)
        a[i] = fmax(a[i], 0);
    for (int line = 0; !rule->non_neg && line < lines; line++) {
        double *x = a + line * next, square = 0, length;
        for (int k = 0; k < count; k++)
            square += x[k * stride] * x[k * stride];
        length = sqrt(square);
        for (int k = 0; k < count; k++)
            x[k * stride] *= (rule->rate * fmin(fmax(length, rule->low), rule->high) +
                              (1 - rule->rate) * length) /
                             (1e-7 + length);
    }
}

/* a after each update, c (non_neg) after a; then a latched step. */
static void constrain(qn_context *ctx, const qn_constraint_rule *rule)
{
    trainer t = trainer_begin(ctx, 0, make, NULL);
    t.update = qn_op_constrain(t.update, t.a, *rule, t.latch_value);
    t.update = qn_op_constrain(t.update, t.c, (qn_constraint_rule){.non_neg = true}, t.latch_value);
    if (!t.update)
        fail_msg("%s", qn_error(ctx));
    trainer_plan(&t);
    for (int i = 0; i < 3; i++) {
        qn_step_row row = {.rate = 0.0625f};
        trainer_step(&t, row);
        for (int k = 0; k < ALL; k++)
            t.expected[k] -= (double)row.rate * (k < A ? 2 * t.expected[k] : 1);
        project(rule, t.expected);
        for (int k = A; k < ALL; k++)
            t.expected[k] = fmax(t.expected[k], 0);
    }
    trainer_assert(&t);
    float beyond[A];
    rig_fill(beyond, A, -9, -8, 5);
    trainer_succeed(ctx, qn_variable_write(t.a, beyond));
    for (int i = 0; i < A; i++)
        t.expected[i] = beyond[i];
    trainer_latch(&t);
    trainer_step(&t, (qn_step_row){.rate = 1});
    trainer_assert(&t);
    trainer_finish(&t);
}

static void constraints(void **state)
{
    static const qn_constraint_rule rules[] = {
        {.non_neg = true},
        {.low = 0, .high = 0.5, .rate = 1, .axis = 0},
        {.low = 1, .high = 1, .rate = 1, .axis = 1},
        {.low = 1, .high = 1, .rate = 1, .axis = -2},
        {.low = 0.75, .high = 1, .rate = 0.5, .axis = -1},
        {.low = 0, .high = 0.5, .rate = 1, .axis = 0, .more_axes = 1},
        {.low = 1, .high = 1, .rate = 1, .axis = -2, .more_axes = 1},
    };
    for (int i = 0; i < QN_COUNT(rules); i++)
        constrain(*state, &rules[i]);
}

static void constraint_mistakes(void **state)
{
    static const int axes[] = {2, -3, 1}, more[] = {0, 0, 1}, told[] = {2, -3, 2};
    for (int i = 0; i < QN_COUNT(axes); i++) {
        trainer t = trainer_begin(*state, 0, make, NULL);
        qn_constraint_rule rule = {.high = 1, .rate = 1, .axis = axes[i], .more_axes = more[i]};
        char expected[64];
        snprintf(expected, sizeof expected, "'a' has shape (3, 4), which has no axis %d", told[i]);
        assert_null(qn_op_constrain(t.update, t.a, rule, t.latch_value));
        if (!strstr(qn_error(t.ctx), expected))
            fail_msg("the mistake reads '%s', without '%s'", qn_error(t.ctx), expected);
        trainer_finish(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constraints),
        cmocka_unit_test(constraint_mistakes),
    };
    return cmocka_run_group_tests(tests, rig_open, rig_close);
}
