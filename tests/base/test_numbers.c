/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of numbers as text. */
#include "base/numbers.h"
#include "failing_allocator.h"

#include <setjmp.h>

#include <cmocka.h>

static void expect_numbers(const char *text, int wanted, const double *numbers)
{
    failing_allocator counting = {0};
    qn_allocator allocator = failing_allocator_of(&counting);
    double *values = NULL;
    int count = -1;
    qn_env env;
    qn_env_init(&env, &allocator);
    if (qn_numbers_parse(&env, "mean", text, &values, &count) != QN_OK)
        fail_msg("%s: %s", text, env.message);
    assert_int_equal(count, wanted);
    for (int i = 0; i < wanted; i++)
        assert_true(values[i] == numbers[i]);
    qn_free(&env, values);
    assert_int_equal(counting.live, 0);
}

static void lists_are_read(void **state)
{
    (void)state;
    expect_numbers("2.5", 1, (double[]){2.5});
    expect_numbers("-1e-3", 1, (double[]){-1e-3});
    expect_numbers("1, 2.5, 3", 3, (double[]){1, 2.5, 3});
    expect_numbers("(1, 2.5)", 2, (double[]){1, 2.5});
    expect_numbers("[0.1,0.2]", 2, (double[]){0.1, 0.2});
    expect_numbers(" ( 7 ) ", 1, (double[]){7});
}

static void others_are_refused(void **state)
{
    static const char *const wrong[] = {"",        "()",   "(1, x)",   "1, (2, 3)", "(1, 2), 3",
                                        "mean=1",  "f(1)", "(1",       "1 2",       "nan",
                                        "1, -inf", "none", "(1, a=2)", "1e999",     "0.1.2"};
    (void)state;
    for (int i = 0; i < QN_COUNT(wrong); i++) {
        failing_allocator counting = {0};
        qn_allocator allocator = failing_allocator_of(&counting);
        double *values = (double *)&counting;
        int count = -1;
        qn_env env;
        qn_env_init(&env, &allocator);
        if (qn_numbers_parse(&env, "mean", wrong[i], &values, &count) != QN_ERROR_USAGE)
            fail_msg("'%s' was taken", wrong[i]);
        assert_null(values);
        assert_int_equal(count, 0);
        assert_non_null(strstr(env.message, "mean is '"));
        assert_int_equal(counting.live, 0);
    }
}

static void a_word_is_a_number_or_not(void **state)
{
    double value = 4;
    (void)state;
    assert_true(qn_number_parse("1e400", &value) && value > 1e308);
    value = 4;
    assert_false(qn_number_parse("1x", &value));
    assert_false(qn_number_parse("", &value));
    assert_false(qn_number_parse("nan", &value));
    assert_true(value == 4);
}

/* Every allocation fails once: an error, and nothing is lost. */
static void memory_may_run_out(void **state)
{
    (void)state;
    for (int at = 1;; at++) {
        failing_allocator failing = {.fail_at = at};
        qn_allocator allocator = failing_allocator_of(&failing);
        double *values = NULL;
        int count;
        qn_env env;
        qn_env_init(&env, &allocator);
        qn_status status = qn_numbers_parse(&env, "mean", "(1, 2, 3)", &values, &count);
        qn_free(&env, values);
        assert_int_equal(failing.live, 0);
        if (failing.count < at) {
            assert_int_equal(status, QN_OK);
            assert_true(at > 2);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(a_word_is_a_number_or_not),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
