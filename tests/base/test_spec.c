/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar: trees, positions of mistakes, round trips, mutations, and every failed allocation.
 */
#include "base/spec.h"
#include "base/util.h"
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

static qn_env env;

static qn_spec_node *parsed(const char *text)
{
    qn_spec_node *root;
    if (qn_spec_parse(&env, text, &root) != QN_OK)
        fail_msg("%s", env.message);
    return root;
}

static void nested_lists(void **state)
{
    (void)state;
    qn_spec_node *root =
        parsed("dense(512, relu, kernel_regularizer=l2(1e-4)), dropout( 0.2 ),end");
    assert_true(root->tuple);
    assert_int_equal(root->count, 3);
    const qn_spec_node *dense = &root->items[0];
    assert_string_equal(dense->word, "dense");
    assert_true(dense->call);
    assert_int_equal(dense->count, 3);
    assert_string_equal(dense->items[0].word, "512");
    assert_null(dense->items[0].key);
    assert_int_equal(dense->items[0].column, 7);
    assert_string_equal(dense->items[2].key, "kernel_regularizer");
    assert_string_equal(dense->items[2].word, "l2");
    assert_string_equal(dense->items[2].items[0].word, "1e-4");
    assert_int_equal(root->items[1].column, 48);
    assert_string_equal(root->items[1].items[0].word, "0.2");
    assert_false(root->items[2].call);
    qn_spec_free(&env, &root);
    assert_null(root);
}

static void quotes_and_tuples(void **state)
{
    (void)state;
    qn_spec_node *root = parsed("a(\"x, (y)\", 'it\\'s', shape=(28, 28), one=[784,], empty=())");
    const qn_spec_node *a = &root->items[0];
    assert_int_equal(a->count, 5);
    assert_string_equal(a->items[0].word, "x, (y)");
    assert_string_equal(a->items[1].word, "it's");
    assert_true(a->items[2].tuple);
    assert_int_equal(a->items[2].count, 2);
    assert_string_equal(a->items[2].items[1].word, "28");
    assert_int_equal(a->items[3].count, 1);
    assert_int_equal(a->items[4].count, 0);
    qn_spec_free(&env, &root);

    root = parsed("");
    assert_int_equal(root->count, 0);
    qn_spec_free(&env, &root);
    root = parsed("  \n flatten\t() ");
    assert_true(root->items[0].call);
    assert_int_equal(root->items[0].count, 0);
    assert_int_equal(root->items[0].column, 5);
    qn_spec_free(&env, &root);
}

static void mistakes_name_the_column(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"dense(10", "expected ',' or ')' at column 9, found the end"},
        {"dense(10]", "expected ',' or ')' at column 9, found ']'"},
        {"dense 10", "expected ',' at column 7, found '1'"},
        {"a,,b", "expected a name or a value at column 3, found ','"},
        {"a, ", "expected a name after ',' at column 4, found the end"},
        {",a", "expected a name or a value at column 1, found ','"},
        {"a(b=)", "expected a name or a value at column 5, found ')'"},
        {"a(b(1)=2)", "expected ',' after a value at column 7, found '='"},
        {"a(b=c=d)", "expected ',' or ')' at column 6, found '='"},
        {"a('x", "expected a closing \"'\" at column 5, found the end"},
        {"a)", "expected ',' at column 2, found ')'"},
        {"\"a\"\xc3\xa9", "expected ',' at column 4, found '\xc3\xa9'"},
        {"a(1)(2)", "expected ',' at column 5, found '('"},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_spec_node *root;
        assert_int_equal(qn_spec_parse(&env, cases[i].text, &root), QN_ERROR_USAGE);
        assert_null(root);
        if (!strstr(env.message, cases[i].message))
            fail_msg("%s: %s", cases[i].text, env.message);
    }
    char deep[200];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    qn_spec_node *root;
    assert_int_equal(qn_spec_parse(&env, deep, &root), QN_ERROR_USAGE);
    assert_non_null(strstr(env.message, "32 levels"));
}

static bool same(const qn_spec_node *a, const qn_spec_node *b)
{
    bool equal = a->call == b->call && a->tuple == b->tuple && a->count == b->count &&
                 !a->key == !b->key && !a->word == !b->word;
    equal = equal && (!a->key || strcmp(a->key, b->key) == 0);
    equal = equal && (!a->word || strcmp(a->word, b->word) == 0);
    for (int i = 0; equal && i < a->count; i++)
        equal = same(&a->items[i], &b->items[i]);
    return equal;
}

static void check_round_trip(const qn_spec_node *root)
{
    qn_text text = {.env = &env};
    qn_spec_write(&text, root);
    qn_spec_node *again = parsed(qn_text_get(&text));
    assert_int_equal(again->count, 1);
    if (!same(root, &again->items[0]))
        fail_msg("does not read back: %s", qn_text_get(&text));
    qn_spec_free(&env, &again);
    qn_text_free(&text);
}

static void written_text_reads_back(void **state)
{
    static const char *const texts[] = {
        "a",         "a()",       "a(1,b=2)", "(1,)", "()", "a(b=(c(d), 'e f'), g=\"\\\"\\\\\")",
        "'', \"(\"", "a('k y'=3)"};
    (void)state;
    for (int i = 0; i < QN_COUNT(texts); i++) {
        qn_spec_node *root = parsed(texts[i]);
        check_round_trip(root);
        qn_spec_free(&env, &root);
    }
}

/* Seeded mutations of good text: each parses and reads back, or is refused with a message. */
static void mutations_are_survived(void **state)
{
    static const char good[] = "dense(512, relu, k=l2(1e-4)), x('a\\'b', (28, [28]), \"q\"), y";
    static const char bytes[] = "()[],='\"\\ ab1.\xc3\xff";
    int accepted = 0, refused = 0;
    (void)state;
    for (uint32_t round = 0; round < 5000; round++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        uint32_t changes = 1 + qn_random_word(1, 9, 0, round, 0) % 4;
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t where = qn_random_word(1, 9, 1, round, i) % (sizeof good - 1);
            text[where] = bytes[qn_random_word(1, 9, 2, round, i) % (sizeof bytes - 1)];
        }
        qn_spec_node *root;
        env.message[0] = '\0';
        if (qn_spec_parse(&env, text, &root) == QN_OK) {
            check_round_trip(root);
            accepted++;
        } else {
            assert_null(root);
            assert_non_null(strstr(env.message, "column"));
            refused++;
        }
        qn_spec_free(&env, &root);
    }
    assert_true(accepted > 100 && refused > 100);
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    for (int n = 1;; n++) {
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_env own;
        qn_env_init(&own, &allocator);
        qn_spec_node *root;
        qn_status status = qn_spec_parse(&own, "dense(512, k=l2('x'), s=(1, 2)), b", &root);
        if (status == QN_OK) {
            qn_spec_free(&own, &root);
            assert_int_equal(failing.live, 0);
            assert_true(n > 10);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
        assert_null(root);
        assert_int_equal(failing.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_lists),
        cmocka_unit_test(quotes_and_tuples),
        cmocka_unit_test(mistakes_name_the_column),
        cmocka_unit_test(written_text_reads_back),
        cmocka_unit_test(mutations_are_survived),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    qn_env_init(&env, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
