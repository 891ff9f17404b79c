/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, nearest words, messages, and the allocation helpers. */
#include "base/text.h"
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

static void text_grows(void **state)
{
    qn_env env;
    qn_env_init(&env, NULL);
    qn_text text = {.env = &env};
    (void)state;
    assert_string_equal(qn_text_get(&text), "");
    for (int i = 0; i < 1000; i++)
        qn_text_add(&text, "%d,", i);
    assert_false(text.failed);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_memory_equal(qn_text_get(&text), "0,1,2,", 6);
    assert_string_equal(qn_text_get(&text) + text.length - 8, "998,999,");
    qn_text_add_bytes(&text, "\0x", 2);
    assert_int_equal(text.data[text.length - 1], 'x');
    qn_text_free(&text);
    assert_null(text.data);
}

static void failed_text_stays_as_it_was(void **state)
{
    failing_allocator failing = {.fail_at = 2};
    qn_allocator allocator = failing_allocator_of(&failing);
    qn_env env;
    qn_env_init(&env, &allocator);
    qn_text text = {.env = &env};
    (void)state;
    qn_text_add(&text, "abc");
    qn_text_add(&text, "%200d", 1);
    assert_true(text.failed);
    qn_text_add(&text, "d");
    assert_string_equal(qn_text_get(&text), "abc");
    qn_text_free(&text);
    assert_int_equal(failing.live, 0);
}

static void comparison_ignores_case(void **state)
{
    (void)state;
    assert_true(qn_equal_nocase("ReLU", "relu"));
    assert_false(qn_equal_nocase("relu", "relu6"));
    assert_true(qn_contains_nocase("AMD Radeon Pro", "radeon"));
    assert_true(qn_contains_nocase("abc", ""));
    assert_false(qn_contains_nocase("rade", "radeon"));
}

static void edit_distance_is_levenshtein(void **state)
{
    (void)state;
    assert_int_equal(qn_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(qn_edit_distance("", "abc"), 3);
    assert_int_equal(qn_edit_distance("abc", ""), 3);
    assert_int_equal(qn_edit_distance("Sigmoid", "sigmoid"), 0);
    assert_int_equal(qn_edit_distance("sigmiod", "sigmoid"), 2);
    assert_int_equal(qn_edit_distance("flaw", "lawn"), 2);
}

static void nearest_word(void **state)
{
    static const char *const words[] = {"sigmoid", "tanh", "relu", "softmax"};
    (void)state;
    assert_string_equal(qn_nearest("sigmod", words, 4), "sigmoid");
    assert_string_equal(qn_nearest("RELUU", words, 4), "relu");
    assert_string_equal(qn_nearest("tnh", words, 4), "tanh");
    assert_null(qn_nearest("convolution", words, 4));
    assert_null(qn_nearest("sigmoid", words, 0));
}

static void numbers_with_units(void **state)
{
    char buffer[64];
    (void)state;
    assert_string_equal(qn_bytes_text(0, buffer, sizeof buffer), "0 B");
    assert_string_equal(qn_bytes_text(1023, buffer, sizeof buffer), "1023 B");
    assert_string_equal(qn_bytes_text(1536, buffer, sizeof buffer), "1.5 KiB");
    assert_string_equal(qn_bytes_text(12897485, buffer, sizeof buffer), "12.3 MiB");
    assert_string_equal(qn_bytes_text(UINT64_MAX, buffer, sizeof buffer), "16.0 EiB");
    assert_string_equal(qn_shape_text(2, (int64_t[]){28, 28}, buffer, sizeof buffer), "(28, 28)");
    assert_string_equal(qn_shape_text(1, (int64_t[]){784}, buffer, sizeof buffer), "(784,)");
    assert_string_equal(qn_shape_text(2, (int64_t[]){-1, 10}, buffer, sizeof buffer), "(None, 10)");
    assert_string_equal(qn_shape_text(0, NULL, buffer, sizeof buffer), "()");
    assert_string_equal(qn_shape_text(2, (int64_t[]){123456, 7}, buffer, 6), "(1234");
}

static void messages_are_chained(void **state)
{
    qn_env env;
    qn_env_init(&env, NULL);
    (void)state;
    assert_int_equal(qn_fail(&env, QN_ERROR_DATA, "%s is %d", "x", 3), QN_ERROR_DATA);
    assert_int_equal(qn_fail(&env, QN_ERROR_IO, "again: %s", env.message), QN_ERROR_IO);
    assert_string_equal(env.message, "again: x is 3");
    assert_int_equal(qn_fail_context(&env, QN_ERROR_IO, "%s", "file.npy"), QN_ERROR_IO);
    assert_string_equal(env.message, "file.npy: again: x is 3");

    char *large = malloc(3 * QN_MESSAGE_MAX);
    memset(large, 'a', 3 * QN_MESSAGE_MAX - 1);
    large[3 * QN_MESSAGE_MAX - 1] = '\0';
    assert_int_equal(qn_fail(&env, QN_ERROR_IO, "%s", large), QN_ERROR_IO);
    assert_int_equal(strlen(env.message), QN_MESSAGE_MAX - 1);
    assert_int_equal(qn_fail_context(&env, QN_ERROR_IO, "prefix"), QN_ERROR_IO);
    assert_int_equal(strlen(env.message), QN_MESSAGE_MAX - 1);
    assert_memory_equal(env.message, "prefix: aaa", 11);
    assert_int_equal(qn_fail_context(&env, QN_ERROR_IO, "%s", large), QN_ERROR_IO);
    assert_int_equal(strlen(env.message), QN_MESSAGE_MAX - 1);
    free(large);
}

static char logged[64];

static void keep_line(void *user, qn_log_level level, const char *line)
{
    (void)level;
    ++*(int *)user;
    snprintf(logged, sizeof logged, "%s", line);
}

static void log_has_levels(void **state)
{
    qn_env env;
    int lines = 0;
    qn_env_init(&env, NULL);
    (void)state;
    qn_log(&env, QN_LOG_WARNING, "nobody listens");
    env.log = keep_line;
    env.log_user = &lines;
    env.log_level = QN_LOG_INFO;
    qn_log(&env, QN_LOG_DEBUG, "too fine");
    assert_int_equal(lines, 0);
    qn_log(&env, QN_LOG_INFO, "%d of %d", 1, 2);
    assert_int_equal(lines, 1);
    assert_string_equal(logged, "1 of 2");
}

static void allocation_helpers(void **state)
{
    qn_env env;
    qn_env_init(&env, NULL);
    (void)state;
    void *nothing = qn_alloc(&env, 0);
    assert_non_null(nothing);
    qn_free(&env, nothing);
    qn_free(&env, NULL);
    assert_null(qn_alloc_array(&env, SIZE_MAX / 2, 3));
    assert_non_null(strstr(env.message, "host memory ran out"));

    int *numbers = NULL;
    size_t capacity = 0;
    assert_int_equal(qn_grow(&env, &numbers, &capacity, 3, sizeof *numbers), QN_OK);
    numbers[2] = 5;
    size_t before = capacity;
    assert_int_equal(qn_grow(&env, &numbers, &capacity, before + 1, sizeof *numbers), QN_OK);
    assert_true(capacity > before);
    assert_int_equal(numbers[2], 5);
    for (size_t i = 3; i < capacity; i++)
        assert_int_equal(numbers[i], 0);
    assert_int_equal(qn_grow(&env, &numbers, &capacity, SIZE_MAX / 2, sizeof *numbers),
                     QN_ERROR_MEMORY);
    assert_int_equal(numbers[2], 5);
    qn_free(&env, numbers);
    assert_int_equal(env.allocations, 3);

    char *text = qn_format(&env, "%s-%d", "a", 7);
    assert_string_equal(text, "a-7");
    qn_free(&env, text);
    text = qn_strndup(&env, "abcdef", 3);
    assert_string_equal(text, "abc");
    qn_free(&env, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(failed_text_stays_as_it_was),
        cmocka_unit_test(comparison_ignores_case),
        cmocka_unit_test(edit_distance_is_levenshtein),
        cmocka_unit_test(nearest_word),
        cmocka_unit_test(numbers_with_units),
        cmocka_unit_test(messages_are_chained),
        cmocka_unit_test(log_has_levels),
        cmocka_unit_test(allocation_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
