/* SPDX-License-Identifier: Apache-2.0 */
/* Params structs by tables of fields: from text, from structs, back to text, every mistake. */
#include "base/spec.h"
#include "failing_allocator.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct toy_params {
    qn_spec spec;
    int64_t units;
    const char *activation;
    bool use_bias;
    double rate;
    int64_t shape[QN_MAX_RANK];
    const char *name;
} toy_params;

static const toy_params toy_defaults = {
    .spec = {sizeof(toy_params), "Toy"}, .activation = "linear", .use_bias = true, .rate = 0.5};

static const qn_field toy_fields[] = {
    {"units", QN_FIELD_INT, offsetof(toy_params, units), true, true, 1, 1e6},
    {"activation", QN_FIELD_TEXT, offsetof(toy_params, activation), true},
    {"use_bias", QN_FIELD_BOOL, offsetof(toy_params, use_bias)},
    {"rate", QN_FIELD_DOUBLE, offsetof(toy_params, rate), .minimum = 0, .maximum = 1,
     .open_maximum = true},
    {"shape", QN_FIELD_SHAPE, offsetof(toy_params, shape)},
    {"name", QN_FIELD_TEXT, offsetof(toy_params, name)},
};

static const qn_schema toy = {
    "Toy", "toy", &toy_defaults, sizeof(toy_params), toy_fields, QN_COUNT(toy_fields)};

static qn_env env;

static qn_status read_text(qn_env *from, const char *text, toy_params *params)
{
    qn_spec_node *root;
    QN_TRY(qn_spec_parse(from, text, &root));
    assert_int_equal(root->count, 1);
    qn_status status = qn_params_from_spec(from, &toy, &root->items[0], params);
    qn_spec_free(from, &root);
    return status;
}

static void text_fills_the_struct(void **state)
{
    toy_params p;
    (void)state;
    assert_int_equal(
        read_text(&env, "toy(512, relu, rate=1e-4, shape=(28, 28), use_bias=False)", &p), QN_OK);
    assert_int_equal(p.spec.size, sizeof p);
    assert_string_equal(p.spec.type, "Toy");
    assert_int_equal(p.units, 512);
    assert_string_equal(p.activation, "relu");
    assert_false(p.use_bias);
    assert_true(p.rate == 1e-4);
    assert_int_equal(p.shape[0] * 100 + p.shape[1] * 10 + p.shape[2], 28 * 100 + 28 * 10);
    assert_null(p.name);
    qn_params_free(&env, &toy, &p);
    assert_null(p.activation);

    assert_int_equal(
        read_text(&env, "toy(units=3, activation=none, name=l2(x, y=(1,)), shape=784)", &p), QN_OK);
    assert_null(p.activation);
    assert_string_equal(p.name, "l2(x, y=(1,))");
    assert_int_equal(p.shape[0], 784);
    assert_int_equal(p.shape[1], 0);
    assert_true(p.rate == 0.5);
    qn_params_free(&env, &toy, &p);
}

static void zero_is_zero(void **state)
{
    toy_params p;
    (void)state;
    assert_int_equal(read_text(&env, "toy(1, rate=0, use_bias=0)", &p), QN_OK);
    assert_true(p.rate == 0);
    assert_false(p.use_bias);
    qn_params_free(&env, &toy, &p);

    toy_params given = toy_defaults;
    given.units = 1;
    given.rate = 0;
    given.use_bias = false;
    assert_int_equal(qn_params_from_struct(&env, &toy, &given.spec, &p), QN_OK);
    assert_true(p.rate == 0);
    assert_false(p.use_bias);
    qn_params_free(&env, &toy, &p);
}

static void mistakes_say_what_is_right(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"toy(3, activaton=relu)", "toy has no argument \"activaton\" (column 8); did you mean "
                                   "\"activation\"?; it takes units, activation, use_bias, rate, "
                                   "shape, name"},
        {"toy(3, zzzzzzzz=1)", "toy has no argument \"zzzzzzzz\" (column 8); it takes units"},
        {"toy", "toy needs units"},
        {"toy(activation=relu)", "toy needs units"},
        {"toy(0)", "units is 0; it must be from 1 to 1000000"},
        {"toy(2.5)", "units takes a whole number, found 2.5 (column 5)"},
        {"toy(99999999999999999999)", "units takes a whole number"},
        {"toy(x)", "units takes a whole number, found x"},
        {"toy((1, 2))", "units takes a whole number, found (1, 2)"},
        {"toy(3, rate=1)", "rate is 1; it must be from 0 to 1 (excluded)"},
        {"toy(3, rate=-0.1)", "rate is -0.1"},
        {"toy(3, rate=nan)", "rate takes a number, found nan"},
        {"toy(3, rate=0.5x)", "rate takes a number, found 0.5x"},
        {"toy(3, use_bias=maybe)", "use_bias takes true or false, found maybe"},
        {"toy(3, shape=(28, -1))", "shape takes a shape of up to 8 positive whole numbers"},
        {"toy(3, shape=(1,1,1,1,1,1,1,1,1))", "shape takes a shape of up to 8"},
        {"toy(3, shape=(28, 0))", "shape takes a shape"},
        {"toy(3, relu, 4)", "toy takes 2 arguments without a keyword; the one at column 14 is too"},
        {"toy(activation=relu, 3)", "the argument at column 22 has no keyword"},
        {"toy(3, units=4)", "units is given twice (column 8)"},
        {"(1, 2)", "expected toy at column 1, found a tuple"},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        toy_params p;
        assert_int_equal(read_text(&env, cases[i].text, &p), QN_ERROR_USAGE);
        assert_null(p.activation);
        if (!strstr(env.message, cases[i].message))
            fail_msg("%s: %s", cases[i].text, env.message);
    }
}

static void shorter_structs_get_defaults(void **state)
{
    toy_params p, given = {.spec = {offsetof(toy_params, use_bias), "Toy"}, .units = 7};
    given.activation = "tanh";
    given.rate = -5; /* beyond the given size: never read */
    (void)state;
    assert_int_equal(qn_params_from_struct(&env, &toy, &given.spec, &p), QN_OK);
    assert_int_equal(p.spec.size, sizeof p);
    assert_int_equal(p.units, 7);
    assert_string_equal(p.activation, "tanh");
    assert_ptr_not_equal(p.activation, given.activation);
    assert_true(p.use_bias);
    assert_true(p.rate == 0.5);
    qn_params_free(&env, &toy, &p);

    given.spec.size = 4;
    assert_int_equal(qn_params_from_struct(&env, &toy, &given.spec, &p), QN_ERROR_USAGE);
    assert_non_null(strstr(env.message, "4 bytes"));
    qn_params_free(&env, &toy, &p);
}

static void structs_are_checked(void **state)
{
    toy_params p, given = toy_defaults;
    (void)state;
    assert_int_equal(qn_params_from_struct(&env, &toy, &given.spec, &p), QN_ERROR_USAGE);
    assert_non_null(strstr(env.message, "units is 0"));
    given.units = 1;
    given.rate = NAN;
    assert_int_equal(qn_params_from_struct(&env, &toy, &given.spec, &p), QN_ERROR_USAGE);
    assert_non_null(strstr(env.message, "rate is nan"));
    given.rate = 0.25;
    given.shape[0] = 4;
    given.shape[1] = -2;
    assert_int_equal(qn_params_from_struct(&env, &toy, &given.spec, &p), QN_ERROR_USAGE);
    assert_non_null(strstr(env.message, "shape has dimension -2 at position 1"));
    qn_params_free(&env, &toy, &p);
}

static void written_text_reads_back(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"toy(100, sigmoid)", "toy(100, activation=sigmoid)"},
        {"toy(1, linear, use_bias=true)", "toy(1)"},
        {"toy(1, none)", "toy(1, activation=none)"},
        {"toy(1, rate=0.1)", "toy(1, rate=0.1)"},
        {"toy(1, rate=0.33333333333333331)", "toy(1, rate=0.3333333333333333)"},
        {"toy(1, shape=(784,))", "toy(1, shape=(784,))"},
        {"toy(1, shape=(28, 28))", "toy(1, shape=(28, 28))"},
        {"toy(1, name='my layer')", "toy(1, name=\"my layer\")"},
        {"toy(1, name=l2(1e-4, k=a))", "toy(1, name=l2(1e-4, k=a))"},
        {"toy(1, name='a(')", "toy(1, name=\"a(\")"},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        toy_params p, again;
        qn_text text = {.env = &env};
        assert_int_equal(read_text(&env, cases[i].text, &p), QN_OK);
        qn_params_write(&text, &toy, &p);
        assert_string_equal(qn_text_get(&text), cases[i].written);
        assert_int_equal(read_text(&env, qn_text_get(&text), &again), QN_OK);
        assert_true(again.rate == p.rate);
        assert_memory_equal(again.shape, p.shape, sizeof p.shape);
        if (p.name)
            assert_string_equal(again.name, p.name);
        qn_params_free(&env, &toy, &p);
        qn_params_free(&env, &toy, &again);
        qn_text_free(&text);
    }
}

/* ---- a number that may be a call ---- */

typedef struct rated_params {
    qn_spec spec;
    double rate;
    const char *rate_call;
    double rest;
} rated_params;

static const rated_params rated_defaults = {.spec = {sizeof(rated_params), "Rated"}, .rate = 0.5};

static const qn_field rated_fields[] = {
    {"rate", QN_FIELD_DOUBLE, offsetof(rated_params, rate), true, .maximum = 1,
     .call_text = offsetof(rated_params, rate_call) + 1},
    {"rest", QN_FIELD_DOUBLE, offsetof(rated_params, rest), true},
};

static const qn_schema rated = {
    "Rated", "rated", &rated_defaults, sizeof(rated_params), rated_fields, QN_COUNT(rated_fields)};

static qn_status read_rated(qn_env *from, const char *text, rated_params *params)
{
    qn_spec_node *root;
    QN_TRY(qn_spec_parse(from, text, &root));
    qn_status status = qn_params_from_spec(from, &rated, &root->items[0], params);
    qn_spec_free(from, &root);
    return status;
}

static void a_call_stands_for_a_number(void **state)
{
    static const struct {
        const char *text, *call, *written;
        double rate, rest;
    } cases[] = {
        {"rated", NULL, "rated", 0.5, 0},
        {"rated(0.25)", NULL, "rated(rate=0.25)", 0.25, 0},
        {"rated(rate=falling(0.1, steps=(1, 2)), rest=3)", "falling(0.1, steps=(1, 2))",
         "rated(rate=falling(0.1, steps=(1, 2)), rest=3)", 0.5, 3},
        {"rated(falling(), 2)", "falling()", "rated(rate=falling(), rest=2)", 0.5, 2},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        rated_params p, copy;
        qn_text text = {.env = &env};
        assert_int_equal(read_rated(&env, cases[i].text, &p), QN_OK);
        assert_true(p.rate == cases[i].rate && p.rest == cases[i].rest);
        assert_int_equal(p.rate_call == NULL, cases[i].call == NULL);
        if (p.rate_call)
            assert_string_equal(p.rate_call, cases[i].call);
        qn_params_write(&text, &rated, &p);
        assert_string_equal(qn_text_get(&text), cases[i].written);
        qn_text_free(&text);
        assert_int_equal(qn_params_from_struct(&env, &rated, &p.spec, &copy), QN_OK);
        assert_true(copy.rate_call ? copy.rate_call != p.rate_call : !p.rate_call);
        qn_params_free(&env, &rated, &copy);
        qn_params_free(&env, &rated, &p);
        assert_null(p.rate_call);
    }
}

static void a_call_only_where_it_may_be(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"rated(falling)", "rate takes a number or a name with arguments, found falling"},
        {"rated((1, 2))", "rate takes a number or a name with arguments, found (1, 2)"},
        {"rated(2)", "rate is 2; it must be from 0 to 1"},
        {"rated(falling(1), rate=0.1)", "rate is given twice"},
        {"rated(rest=falling(1))", "rest takes a number, found falling(1)"},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        rated_params p;
        assert_int_equal(read_rated(&env, cases[i].text, &p), QN_ERROR_USAGE);
        assert_null(p.rate_call);
        if (!strstr(env.message, cases[i].message))
            fail_msg("%s: %s", cases[i].text, env.message);
    }
}

static void a_failed_allocation_of_a_call(void **state)
{
    (void)state;
    for (int n = 1;; n++) {
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_env own;
        qn_env_init(&own, &allocator);
        rated_params p = {.rate = 0}, copy = {.rate = 0};
        qn_status status = read_rated(&own, "rated(falling(0.1, 3))", &p);
        if (status == QN_OK)
            status = qn_params_from_struct(&own, &rated, &p.spec, &copy);
        qn_params_free(&own, &rated, &p);
        qn_params_free(&own, &rated, &copy);
        assert_int_equal(failing.live, 0);
        if (status == QN_OK) {
            assert_true(n > 5);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
    }
}

typedef struct limit_params {
    qn_spec spec;
    double limit, rate;
} limit_params;

/* A number whose default is NaN may be left out, and put back to that. */
static void a_number_may_be_none(void **state)
{
    static const limit_params usual = {{sizeof usual, "Limit"}, NAN, 1};
    static const qn_field limit_fields[] = {
        {"limit", QN_FIELD_DOUBLE, offsetof(limit_params, limit), true},
        {"rate", QN_FIELD_DOUBLE, offsetof(limit_params, rate)},
    };
    static const qn_schema limit = {"Limit", "limit", &usual, sizeof usual, limit_fields, 2};
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"limit", "limit"},         {"limit(2)", "limit(limit=2)"},
        {"limit(none)", "limit"},   {"limit(limit=None)", "limit"},
        {"limit(rate=none)", NULL}, {"limit(nan)", NULL},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        limit_params params;
        qn_text text = {.env = &env};
        qn_spec_node *root;
        assert_int_equal(qn_spec_parse(&env, cases[i].text, &root), QN_OK);
        qn_status status = qn_params_from_spec(&env, &limit, &root->items[0], &params);
        assert_int_equal(status, cases[i].written ? QN_OK : QN_ERROR_USAGE);
        qn_spec_free(&env, &root);
        if (status != QN_OK)
            continue;
        qn_params_write(&text, &limit, &params);
        assert_string_equal(qn_text_get(&text), cases[i].written);
        qn_text_free(&text);
    }
}

static void every_failed_allocation_is_clean(void **state)
{
    (void)state;
    for (int n = 1;; n++) {
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_env own;
        qn_env_init(&own, &allocator);
        toy_params p = {.units = 0}, copy = {.units = 0};
        qn_status status = read_text(&own, "toy(3, relu, name=l2(x), shape=(2, 2))", &p);
        if (status == QN_OK)
            status = qn_params_from_struct(&own, &toy, &p.spec, &copy);
        qn_params_free(&own, &toy, &p);
        qn_params_free(&own, &toy, &copy);
        assert_int_equal(failing.live, 0);
        if (status == QN_OK) {
            assert_true(n > 10);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
        assert_non_null(strstr(own.message, "memory"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_fills_the_struct),
        cmocka_unit_test(zero_is_zero),
        cmocka_unit_test(mistakes_say_what_is_right),
        cmocka_unit_test(shorter_structs_get_defaults),
        cmocka_unit_test(structs_are_checked),
        cmocka_unit_test(written_text_reads_back),
        cmocka_unit_test(a_number_may_be_none),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(a_call_stands_for_a_number),
        cmocka_unit_test(a_call_only_where_it_may_be),
        cmocka_unit_test(a_failed_allocation_of_a_call),
    };
    qn_env_init(&env, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
