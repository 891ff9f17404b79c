/* SPDX-License-Identifier: Apache-2.0 */
/* The fuse pass: what it replaces and what it must leave alone (counted in the list of nodes), and
 * that fused and unfused plans give the same numbers. */
#include "graph/passes.h"
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FEATURES = 11, UNITS = 7, CLASSES = 5, MAX_ROOTS = 12 };

/* A network of two dense layers, its loss and what training takes from it. */
typedef struct net {
    qn_graph *graph;
    qn_value *x, *y, *w1, *b1, *w2, *b2;
    qn_value *hidden_sum, *hidden, *logits, *probabilities, *rows, *accuracy, *loss;
    qn_value *gradient[5]; /* of w1, b1, w2, b2, x */
} net;

typedef struct net_options {
    const char *activation;
    bool sparse, no_bias;
    qn_value *(*total)(qn_value *loss); /* what the gradient is taken of; NULL: the loss */
} net_options;

static qn_value *input(net *n, qn_dtype dtype, qn_shape shape)
{
    return qn_graph_add_input(n->graph, "input", dtype, shape);
}

static void forward(net *n, const net_options *o)
{
    n->x = input(n, QN_F32, (qn_shape)SHAPE(B, FEATURES));
    n->y = o->sparse ? input(n, QN_I32, (qn_shape)SHAPE(B))
                     : input(n, QN_F32, (qn_shape)SHAPE(B, CLASSES));
    n->w1 = input(n, QN_F32, (qn_shape)SHAPE(FEATURES, UNITS));
    n->b1 = input(n, QN_F32, (qn_shape)SHAPE(UNITS));
    n->w2 = input(n, QN_F32, (qn_shape)SHAPE(UNITS, CLASSES));
    n->b2 = input(n, QN_F32, (qn_shape)SHAPE(CLASSES));
    n->hidden_sum = qn_ops_matmul(n->x, n->w1, false, false);
    if (!o->no_bias)
        n->hidden_sum = qn_op_bias_add(n->hidden_sum, n->b1);
    n->hidden = qn_op_activation(n->hidden_sum, o->activation);
    n->logits = qn_ops_matmul(n->hidden, n->w2, false, false);
    n->logits = qn_op_bias_add(n->logits, n->b2);
    n->probabilities = qn_ops_softmax(n->logits);
    n->rows = qn_op_loss(o->sparse ? QN_LOSS_SPARSE : QN_LOSS_CATEGORICAL, n->y, n->probabilities);
    n->accuracy = qn_op_accuracy(o->sparse ? QN_ACCURACY_SPARSE : QN_ACCURACY_CATEGORICAL, 0, 0,
                                 n->y, n->probabilities);
    n->loss = qn_op_batch_mean(n->rows);
    assert_non_null(n->loss);
}

static net make(qn_context *ctx, const net_options *o)
{
    net n = {0};
    assert_int_equal(qn_graph_create(ctx, &n.graph), QN_OK);
    forward(&n, o);
    qn_value *wanted[5] = {n.w1, o->no_bias ? n.x : n.b1, n.w2, n.b2, n.x};
    assert_int_equal(qn_gradients(o->total ? o->total(n.loss) : n.loss, 5, wanted, n.gradient),
                     QN_OK);
    return n;
}

/* ---- the list of nodes ---- */

static int count_ops(const qn_work *work, const char *name)
{
    int count = 0;
    for (size_t i = 0; i < work->count; i++)
        count += strcmp(work->node[i]->op->name, name) == 0;
    return count;
}

static qn_work fused(qn_context *ctx, qn_graph *graph, int root_count, qn_value *const *roots)
{
    qn_work work;
    qn_plan_request request = {
        .graph = graph, .batch = RIG_BATCH, .root_count = root_count, .root = roots};
    if (qn_work_run(&request, &work) != QN_OK)
        fail_msg("%s", qn_error(ctx));
    return work;
}

static void training(void **state)
{
    static const net_options options = {.activation = "sigmoid"};
    net n = make(*state, &options);
    qn_value *roots[] = {n.loss,        n.accuracy,    n.gradient[0],
                         n.gradient[1], n.gradient[2], n.gradient[3]};
    qn_work work = fused(*state, n.graph, 6, roots);
    assert_int_equal(count_ops(&work, "dense"), 2);
    assert_int_equal(count_ops(&work, "softmax_loss"), 1);
    assert_int_equal(count_ops(&work, "matmul_sums"), 2); /* dw1 and db1, dw2 and db2 */
    assert_int_equal(count_ops(&work, "dense_grad"), 1);  /* dhidden, behind sigmoid */
    assert_int_equal(count_ops(&work, "accuracy"), 1);
    assert_int_equal(count_ops(&work, "batch_mean"), 1);
    assert_int_equal(work.count, 8); /* and nothing else */
    qn_work_free(&work);
    /* The graph keeps what was built: the pass works on copies. */
    assert_string_equal(n.hidden->node->op->name, "sigmoid");
    assert_string_equal(n.probabilities->node->op->name, "softmax");
    qn_graph_destroy(&n.graph);
}

static void evaluation(void **state)
{
    static const net_options options = {.activation = "relu", .sparse = true};
    net n = make(*state, &options);
    qn_value *roots[] = {n.rows, n.accuracy, n.probabilities};
    qn_work work = fused(*state, n.graph, 3, roots);
    assert_int_equal(count_ops(&work, "dense"), 2);
    assert_int_equal(count_ops(&work, "softmax_loss"), 1);
    assert_int_equal(work.count, 4);
    for (size_t i = 0; i < work.count; i++)
        if (work.node[i]->op == &qn_softmax_loss_op)
            assert_int_equal(work.node[i]->output_count, 2); /* no gradient */
    qn_work_free(&work);
    /* prediction: no loss at all */
    work = fused(*state, n.graph, 1, &n.probabilities);
    assert_int_equal(count_ops(&work, "softmax"), 1);
    assert_int_equal(work.count, 3);
    qn_work_free(&work);
    qn_graph_destroy(&n.graph);
}

/* A value between the fused ones that is an output, or that two nodes read, must still be made. */
static void values_that_are_needed(void **state)
{
    static const net_options options = {.activation = "tanh"};
    net n = make(*state, &options);
    qn_value *roots[] = {n.hidden, n.hidden_sum};
    qn_work work = fused(*state, n.graph, 2, roots);
    assert_int_equal(count_ops(&work, "dense"), 1); /* without tanh */
    assert_int_equal(count_ops(&work, "tanh"), 1);
    qn_work_free(&work);
    qn_value *product = qn_ops_matmul(n.x, n.w1, false, false);
    qn_value *twice = qn_ops_add(qn_op_bias_add(product, n.b1), product);
    work = fused(*state, n.graph, 1, &twice);
    assert_int_equal(count_ops(&work, "dense"), 0);
    assert_int_equal(work.count, 3);
    qn_work_free(&work);
    /* square's gradient reads what square read: the sum with the bias stays, as dense's output */
    qn_value *square = qn_ops_square(qn_op_bias_add(product, n.b1)), *dx = NULL;
    qn_value *total = qn_op_batch_mean(square);
    assert_int_equal(qn_gradients(total, 1, &n.x, &dx), QN_OK);
    qn_value *both[] = {total, dx};
    work = fused(*state, n.graph, 2, both);
    assert_int_equal(count_ops(&work, "dense"), 1);
    assert_int_equal(count_ops(&work, "square"), 1);
    qn_work_free(&work);
    qn_graph_destroy(&n.graph);
}

/* The parameter goes along: into the dense node and the gradient, which reads y alone. */
static void functions_with_a_parameter(void **state)
{
    static const net_options options = {.activation = "leaky_relu(negative_slope=0.1)"};
    net n = make(*state, &options);
    qn_value *roots[] = {n.loss, n.gradient[0], n.gradient[1]};
    qn_work work = fused(*state, n.graph, 3, roots);
    int carried = 0;
    assert_int_equal(count_ops(&work, "dense"), 2);
    assert_int_equal(count_ops(&work, "leaky_relu"), 0);
    assert_int_equal(count_ops(&work, "unary_grad"), 0);
    for (size_t i = 0; i < work.count; i++) {
        qn_text text = {.env = n.graph->env};
        if (work.node[i]->op->describe)
            work.node[i]->op->describe(work.node[i], &text);
        if (work.node[i]->op == &qn_dense_grad_op)
            assert_string_equal(qn_text_get(&text), "transpose_b, leaky_relu(0.1)");
        carried += strcmp(qn_text_get(&text), "bias, leaky_relu(0.1)") == 0;
        qn_text_free(&text);
    }
    assert_int_equal(carried, 1);
    qn_work_free(&work);
    qn_graph_destroy(&n.graph);
}

/* gelu's gradient reads x: in training the function is a launch of its own, behind the product with
 * its bias; in prediction nothing else reads x. */
static void functions_whose_gradient_reads_x(void **state)
{
    static const char *const names[] = {"gelu", "gelu(approximate=true)", "silu"};
    static const char *const ops[] = {"gelu", "gelu_tanh", "silu"};
    for (int i = 0; i < QN_COUNT(names); i++) {
        const net_options options = {.activation = names[i]};
        net n = make(*state, &options);
        qn_value *roots[] = {n.loss, n.gradient[0], n.gradient[1]};
        qn_work work = fused(*state, n.graph, 3, roots);
        assert_int_equal(count_ops(&work, "dense"), 2);
        assert_int_equal(count_ops(&work, "bias_add"), 0);
        assert_int_equal(count_ops(&work, ops[i]), 1);
        assert_int_equal(count_ops(&work, "unary_grad"), 1);
        qn_work_free(&work);
        work = fused(*state, n.graph, 1, &n.logits);
        assert_int_equal(work.count, 2); /* dense, dense */
        qn_work_free(&work);
        qn_graph_destroy(&n.graph);
    }
}

static qn_value *half(qn_value *loss)
{
    return qn_ops_affine(loss, 0.5, 0);
}

/* The fused gradient is that of the mean: another one stays as it is. */
static void another_gradient(void **state)
{
    static const net_options options = {.activation = "tanh", .total = half};
    net n = make(*state, &options);
    qn_value *roots[] = {n.loss, n.gradient[0]};
    qn_work work = fused(*state, n.graph, 2, roots);
    assert_int_equal(count_ops(&work, "softmax_loss"), 1);
    assert_int_equal(count_ops(&work, "loss_grad"), 1);
    assert_int_equal(count_ops(&work, "softmax_grad"), 1);
    qn_work_free(&work);
    qn_graph_destroy(&n.graph);
}

/* Targets that are computed might depend on the probabilities: never fused. */
static void computed_targets(void **state)
{
    static const net_options options = {.activation = "relu"};
    net n = make(*state, &options);
    qn_value *rows =
        qn_op_loss(QN_LOSS_CATEGORICAL, qn_ops_square(n.probabilities), n.probabilities);
    qn_work work = fused(*state, n.graph, 1, &rows);
    assert_int_equal(count_ops(&work, "softmax_loss"), 0);
    assert_int_equal(count_ops(&work, "loss"), 1);
    qn_work_free(&work);
    qn_graph_destroy(&n.graph);
}

/* ---- the same numbers ---- */

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    assert_non_null(memory);
    return memory;
}

static void run(const net *n, int count, qn_value *const *roots, bool no_fuse, float **out)
{
    qn_value *inputs[6] = {n->x, n->y, n->w1, n->b1, n->w2, n->b2};
    rig_feed feeds[6];
    qn_step_row row = {.rows = RIG_ROWS};
    for (int i = 0; i < 6; i++) {
        int64_t elements = qn_shape_count(&inputs[i]->shape, RIG_BATCH);
        float *values = take((size_t)elements, sizeof *values);
        rig_fill(values, elements, i == 1 ? 0 : -1, 1, (uint32_t)i);
        if (inputs[i]->dtype == QN_I32)
            for (int64_t k = 0; k < elements; k++)
                ((int32_t *)values)[k] = (int32_t)(values[k] * CLASSES) % CLASSES;
        feeds[i] = (rig_feed){inputs[i], values};
    }
    qn_plan_request request = {
        .graph = n->graph, .root_count = count, .root = roots, .no_fuse = no_fuse};
    rig_run(&request, &row, 6, feeds, out);
    for (int i = 0; i < 6; i++)
        free((void *)feeds[i].data);
}

/* The first `valid` of the elements count; of a batch, the valid rows. */
static void compare(const qn_value *value, const float *a, const float *b, const char *what)
{
    int64_t count = qn_shape_count(&value->shape, RIG_BATCH);
    double *expected = take((size_t)count, sizeof *expected);
    if (qn_shape_batched(&value->shape))
        count = count / RIG_BATCH * RIG_ROWS;
    for (int64_t i = 0; i < count; i++)
        expected[i] = b[i];
    rig_assert_close(what, a, expected, count, 1e-6);
    free(expected);
}

static void check_same(qn_context *ctx, const net_options *o)
{
    net n = make(ctx, o);
    qn_value *roots[MAX_ROOTS] = {n.probabilities, n.rows,        n.accuracy,    n.loss,
                                  n.gradient[0],   n.gradient[1], n.gradient[2], n.gradient[3],
                                  n.gradient[4],   n.hidden};
    int count = 10;
    float *a[MAX_ROOTS], *b[MAX_ROOTS];
    char what[96];
    for (int i = 0; i < count; i++) {
        a[i] = take((size_t)qn_shape_count(&roots[i]->shape, RIG_BATCH), sizeof(float));
        b[i] = take((size_t)qn_shape_count(&roots[i]->shape, RIG_BATCH), sizeof(float));
    }
    run(&n, count, roots, false, a);
    run(&n, count, roots, true, b);
    for (int i = 0; i < count; i++) {
        snprintf(what, sizeof what, "%s%s%s: root %d", o->activation, o->sparse ? ", sparse" : "",
                 o->no_bias ? ", no bias" : "", i);
        compare(roots[i], a[i], b[i], what);
        free(a[i]);
        free(b[i]);
    }
    qn_graph_destroy(&n.graph);
}

static void same_numbers(void **state)
{
    static const net_options options[] = {
        {.activation = "sigmoid"},
        {.activation = "relu", .sparse = true, .no_bias = true},
        {.activation = "leaky_relu(negative_slope=0.1)"},
        {.activation = "elu(alpha=0.5)", .no_bias = true},
        {.activation = "gelu"},
        {.activation = "silu", .no_bias = true},
        {.activation = "hard_sigmoid"},
    };
    for (int i = 0; i < QN_COUNT(options); i++)
        check_same(*state, &options[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training),
        cmocka_unit_test(evaluation),
        cmocka_unit_test(values_that_are_needed),
        cmocka_unit_test(functions_with_a_parameter),
        cmocka_unit_test(functions_whose_gradient_reads_x),
        cmocka_unit_test(another_gradient),
        cmocka_unit_test(computed_targets),
        cmocka_unit_test(same_numbers),
    };
    return cmocka_run_group_tests(tests, rig_open, rig_close);
}
