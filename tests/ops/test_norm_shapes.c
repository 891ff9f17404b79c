/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules and mistakes of the normalizations and of moving averages; no device. */
#include "graph/op.h"
#include "ops/internal.h"

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#define B QN_BATCH

typedef struct fixture {
    qn_context ctx;
    qn_graph *graph;
} fixture;

static int open_graph(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    qn_env_init(&f.ctx.env, NULL);
    *state = &f;
    return qn_graph_create(&f.ctx, &f.graph) == QN_OK ? 0 : -1;
}

static int close_graph(void **state)
{
    fixture *f = *state;
    qn_graph_destroy(&f->graph);
    return 0;
}

#define SHAPE(...)                                                                                 \
    ((qn_shape){(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})
#define X(...) qn_graph_add_input(f->graph, "x", QN_F32, SHAPE(__VA_ARGS__))

static void assert_shape(const qn_value *value, const char *expected)
{
    char text[128];
    assert_non_null(value);
    assert_string_equal(qn_shape_print(&value->shape, text, sizeof text), expected);
}

/* The graph keeps the first mistake: each is made in a graph of its own. */
static void assert_mistake(fixture *f, const qn_value *value, const char *expected)
{
    assert_null(value);
    assert_int_equal(f->graph->status, QN_ERROR_USAGE);
    if (!strstr(f->graph->mistake, expected))
        fail_msg("the mistake reads '%s', without '%s'", f->graph->mistake, expected);
    qn_graph_destroy(&f->graph);
    assert_int_equal(qn_graph_create(&f->ctx, &f->graph), QN_OK);
}

static void batch_norms(void **state)
{
    fixture *f = *state;
    qn_value *mean = NULL, *variance = NULL, *x = X(B, 3, 4);
    assert_shape(qn_op_batch_norm(x, -2, X(3), X(3), 1e-3, &mean, &variance), "(None, 3, 4)");
    assert_shape(mean, "(3,)");
    assert_shape(variance, "(3,)");
    assert_shape(qn_op_batch_norm(x, 2, NULL, X(4), 1e-3, NULL, NULL), "(None, 3, 4)");
    assert_shape(qn_op_batch_norm_inference(x, 1, mean, variance, NULL, NULL, 0), "(None, 3, 4)");
    assert_shape(qn_op_standardize(x, 1, mean, variance), "(None, 3, 4)");
    assert_null(qn_op_batch_norm(NULL, 1, NULL, NULL, 0, &mean, &variance));
    assert_null(mean);
    assert_null(variance);
    assert_null(qn_op_standardize(x, 1, NULL, X(3)));
    assert_int_equal(f->graph->status, QN_OK);
    assert_mistake(f, qn_op_batch_norm(X(B, 3), 2, NULL, NULL, 0, NULL, NULL), "no axis 2");
    assert_mistake(f, qn_op_batch_norm(X(B, 3), 0, NULL, NULL, 0, NULL, NULL), "no axis 0");
    assert_mistake(f, qn_op_batch_norm(X(5, 3), 1, NULL, NULL, 0, NULL, NULL), "must be a batch");
    assert_mistake(f, qn_op_batch_norm(X(B, 3), 1, X(4), NULL, 0, NULL, NULL),
                   "input 1 must be a vector of the 3 channels of axis 1");
    assert_mistake(f, qn_op_batch_norm_inference(X(B, 3), 1, X(3), X(3, 1), NULL, NULL, 0),
                   "input 2 must be a vector");
}

static void norms(void **state)
{
    fixture *f = *state;
    qn_value *x = X(B, 4, 6);
    assert_shape(qn_op_layer_norm(x, -1, -1, X(6), X(6), 1e-3), "(None, 4, 6)");
    assert_shape(qn_op_layer_norm(x, 1, 2, X(4, 6), NULL, 1e-3), "(None, 4, 6)");
    assert_shape(qn_op_rms_norm(x, 1, 1, X(4), 0), "(None, 4, 6)");
    assert_shape(qn_op_unit_norm(X(4, 6), 0), "(4, 6)");
    assert_shape(qn_op_unit_norm(X(4, 6), -1), "(4, 6)");
    assert_shape(qn_op_group_norm(x, 3, 2, X(6), X(6), 1e-3), "(None, 4, 6)");
    assert_null(qn_op_unit_norm(NULL, 0));
    assert_int_equal(f->graph->status, QN_OK);
    assert_mistake(f, qn_op_layer_norm(X(B, 4), 2, 2, NULL, NULL, 0), "no axes 2 to 2");
    assert_mistake(f, qn_op_layer_norm(X(B, 4, 5), 2, 1, NULL, NULL, 0), "no axes 2 to 1");
    assert_mistake(f, qn_op_unit_norm(X(B, 4), 0), "axis 0 is the batch's");
    assert_mistake(f, qn_op_group_norm(X(5, 4), 1, 0, NULL, NULL, 0), "axis 0 is the batch's");
    assert_mistake(f, qn_op_group_norm(X(B, 4), 3, 1, NULL, NULL, 0),
                   "the 4 channels of axis 1 cannot be 3 equal groups");
    assert_mistake(f, qn_op_group_norm(X(B, 4), 0, 1, NULL, NULL, 0), "0 groups were asked for");
    assert_mistake(f, qn_op_layer_norm(X(B, 4, 6), 1, 2, X(6), NULL, 0),
                   "input 1 must have the shape (4, 6)");
}

/* Statistics are no way for a gradient. */
static void gradients(void **state)
{
    fixture *f = *state;
    qn_value *x = X(B, 3), *mean = NULL, *dx = NULL;
    qn_op_batch_norm(x, 1, NULL, NULL, 1e-3, &mean, NULL);
    assert_int_equal(qn_gradients(qn_ops_sum(mean), 1, &x, &dx), QN_ERROR_USAGE);
    assert_non_null(strstr(f->ctx.env.message, "no gradient flows through"));
}

static void moving_averages(void **state)
{
    fixture *f = *state;
    char names[2][2] = {"a", "b"};
    qn_variable a = {.name = names[0], .shape = SHAPE(3), .count = 3};
    qn_variable b = {.name = names[1], .shape = SHAPE(2), .count = 2};
    qn_variable *both[] = {&a, &a}, *mixed[] = {&a, &b};
    qn_value *latch = qn_graph_add_data(f->graph, "latch", QN_I32, SHAPE(2));
    qn_value *values[] = {X(3), X(3), X(3)};
    assert_shape(qn_op_moving_average(2, both, values, 0.5, latch), "()");
    assert_shape(qn_op_moving_average(1, both, values, 0.5, NULL), "()");
    assert_null(qn_op_moving_average(1, both, (qn_value *[]){NULL}, 0.5, NULL));
    assert_int_equal(f->graph->status, QN_OK);
    assert_mistake(f, qn_op_moving_average(3, both, values, 0.5, NULL), "3 values were given");
    assert_mistake(f, qn_op_moving_average(1, mixed + 1, (qn_value *[]){X(3)}, 0.5, NULL),
                   "variable 'b' has shape (2,)");
    assert_mistake(f, qn_op_moving_average(2, mixed, (qn_value *[]){X(3), X(2)}, 0.5, NULL),
                   "all of one length");
    assert_mistake(f, qn_op_moving_average(1, both, (qn_value *[]){X(3)}, 0.5, X(2)),
                   "the latch must be bound");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(batch_norms, open_graph, close_graph),
        cmocka_unit_test_setup_teardown(norms, open_graph, close_graph),
        cmocka_unit_test_setup_teardown(gradients, open_graph, close_graph),
        cmocka_unit_test_setup_teardown(moving_averages, open_graph, close_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
