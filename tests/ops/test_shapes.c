/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules and mistakes of every op; no device. */
#include "graph/op.h"
#include "ops/internal.h"

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#define B QN_BATCH

/* A graph in a context without a device. */
typedef struct fixture {
    qn_context ctx;
    qn_graph *graph;
} fixture;

static int open_graph(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    qn_env_init(&f.ctx.env, NULL);
    f.ctx.seed = 11;
    *state = &f;
    return qn_graph_create(&f.ctx, &f.graph) == QN_OK ? 0 : -1;
}

static int close_graph(void **state)
{
    fixture *f = *state;
    qn_graph_destroy(&f->graph);
    return 0;
}

#define DIMS(...)                                                                                  \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static qn_shape shape_of(int rank, const int64_t *dim)
{
    qn_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    return shape;
}

static qn_value *typed(fixture *f, qn_dtype dtype, int rank, const int64_t *dim)
{
    return qn_graph_add_input(f->graph, "x", dtype, shape_of(rank, dim));
}

static qn_value *data(fixture *f, qn_dtype dtype, int rank, const int64_t *dim)
{
    return qn_graph_add_data(f->graph, "data", dtype, shape_of(rank, dim));
}

#define X(...) typed(f, QN_F32, DIMS(__VA_ARGS__))
#define SCALAR typed(f, QN_F32, 0, NULL)

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

static void elementwise(void **state)
{
    fixture *f = *state;
    assert_shape(qn_ops_sigmoid(X(B, 3)), "(None, 3)");
    assert_shape(qn_ops_affine(SCALAR, 2, 1), "()");
    assert_shape(qn_ops_add(X(2, 3), X(2, 3)), "(2, 3)");
    assert_shape(qn_ops_add(X(2, 3), X(3)), "(2, 3)");
    assert_shape(qn_ops_multiply(X(B, 3), X(3)), "(None, 3)");
    assert_shape(qn_ops_multiply(X(B, 3), X(B, 3)), "(None, 3)");
    assert_shape(qn_ops_divide(X(2), SCALAR), "(2,)");
    assert_shape(qn_ops_subtract(SCALAR, X(1, 1)), "()");
    assert_null(qn_ops_add(NULL, X(2)));
    assert_null(qn_ops_relu(NULL));
    assert_int_equal(f->graph->status, QN_OK);
    assert_mistake(f, qn_ops_add(X(2, 3), X(2)), "shapes (2, 3) and (2,): the second shape is not");
    assert_mistake(f, qn_ops_divide(X(3), X(2, 3)), "swap the two");
    assert_mistake(f, qn_ops_add(X(2, 3), X(B)), "not a tail");
    assert_mistake(f, qn_ops_add(X(5), X(B)), "not a tail");
    assert_mistake(f, qn_ops_exp(typed(f, QN_I32, DIMS(2))), "int32 where float32 is needed");
    assert_mistake(f, qn_ops_exp(data(f, QN_F32, DIMS(4, 2))), "gather its rows first");
}

static void products(void **state)
{
    fixture *f = *state;
    assert_shape(qn_ops_matmul(X(2, 3), X(3, 4), false, false), "(2, 4)");
    assert_shape(qn_ops_matmul(X(2, 3), X(4, 3), false, true), "(2, 4)");
    assert_shape(qn_ops_matmul(X(3, 2), X(3, 4), true, false), "(2, 4)");
    assert_shape(qn_ops_matmul(X(B, 7, 3), X(3, 4), false, false), "(None, 7, 4)");
    assert_shape(qn_ops_matmul(X(B, 7, 3), X(B, 7, 4), true, false), "(3, 4)");
    assert_mistake(f, qn_ops_matmul(X(2, 3), X(4, 5), false, false),
                   "shapes (2, 3) and (4, 5): the inner dimensions are 3 and 4");
    assert_mistake(f, qn_ops_matmul(X(2, 3), X(4, 5), false, true), "are 3 and 5");
    assert_mistake(f, qn_ops_matmul(X(2, 3), X(4, 5), true, false), "all dimensions but the last");
    assert_mistake(f, qn_ops_matmul(X(3, 2), X(4, 3), true, true), "both operands are transposed");
    assert_mistake(f, qn_ops_matmul(X(3), X(3, 4), false, false), "operand 0 has fewer than two");
    assert_mistake(f, qn_ops_matmul(X(2, 3), X(2, 3, 4), false, false), "must be a matrix [k, n]");
    assert_mistake(f, qn_ops_matmul(X(2, 3), X(B, 3), false, true), "must be a matrix [n, k]");
    assert_shape(qn_op_bias_add(X(B, 3), X(3)), "(None, 3)");
    assert_mistake(f, qn_op_bias_add(X(B, 3), X(4)), "shapes (None, 3) and (4,): the bias must be");
    assert_mistake(f, qn_op_bias_add(X(B), X(B)), "the bias must be");
}

static void reductions(void **state)
{
    fixture *f = *state;
    assert_shape(qn_ops_sum(X(2, 3)), "()");
    assert_shape(qn_ops_mean(SCALAR), "()");
    assert_shape(qn_op_batch_mean(X(B, 3)), "()");
    assert_shape(qn_op_column_sum(X(B, 2, 3), 2), "(2, 3)");
    assert_shape(qn_op_column_sum(X(2, 3), 0), "()");
    assert_mistake(f, qn_ops_sum(X(B, 3)), "sum: the first dimension is the batch");
    assert_mistake(f, qn_ops_mean(X(B)), "mean: the first dimension is the batch");
    assert_mistake(f, qn_op_batch_mean(X(2, 3)), "not the batch: use mean");
    assert_mistake(f, qn_op_column_sum(X(2, 3), 3), "cannot stay");
    assert_mistake(f, qn_op_column_sum(X(B, 3), 2), "cannot stay");
}

static void reshapes(void **state)
{
    fixture *f = *state;
    assert_shape(qn_ops_reshape(X(2, 6), DIMS(3, 4)), "(3, 4)");
    assert_shape(qn_ops_reshape(X(2, 6), DIMS(3, -1, 2)), "(3, 2, 2)");
    assert_shape(qn_ops_reshape(X(1), 0, NULL), "()");
    assert_shape(qn_ops_reshape(X(B, 2, 6), DIMS(-1, 12)), "(None, 12)");
    assert_shape(qn_op_flatten(X(B, 2, 6)), "(None, 12)");
    assert_shape(qn_op_flatten(X(B)), "(None, 1)");
    assert_shape(qn_op_flatten(X(4, 2, 6)), "(4, 12)");
    assert_shape(qn_op_flatten(typed(f, QN_I32, DIMS(4, 2, 6))), "(4, 12)");
    assert_mistake(f, qn_ops_reshape(X(2, 6), DIMS(5, 2)),
                   "shape (2, 6): the elements do not fit "
                   "shape (5, 2)");
    assert_mistake(f, qn_ops_reshape(X(2, 6), DIMS(5, -1)), "do not fit");
    assert_mistake(f, qn_ops_reshape(X(2, 6), DIMS(24, -1)), "do not fit");
    assert_mistake(f, qn_ops_reshape(X(2, 6), DIMS(-1, -1)), "dimensions 0 and 1 are both -1");
    assert_mistake(f, qn_ops_reshape(X(2, 6), DIMS(0, 12)), "dimension 0 of the shape is 0");
    assert_mistake(f, qn_ops_reshape(X(2, 6), DIMS(INT64_MAX, INT64_MAX)), "too many elements");
    assert_mistake(f, qn_ops_reshape(X(2, 6), 9, (int64_t[9]){1}), "rank 9 is not between 0 and 8");
    assert_mistake(f, qn_ops_reshape(X(B, 2, 6), DIMS(12, -1)), "must begin with -1, the batch");
    assert_mistake(f, qn_ops_reshape(X(B, 2, 6), DIMS(-1, 6)), "do not fit");
}

static void losses(void **state)
{
    fixture *f = *state;
    qn_value *labels = typed(f, QN_I32, DIMS(B));
    assert_shape(qn_ops_softmax(X(B, 3)), "(None, 3)");
    assert_shape(qn_op_loss(QN_LOSS_CATEGORICAL, X(B, 3), X(B, 3)), "(None,)");
    assert_shape(qn_op_loss(QN_LOSS_SQUARED, X(B, 2, 3), X(B, 2, 3)), "(None, 2)");
    assert_shape(qn_op_loss(QN_LOSS_SPARSE, labels, X(B, 3)), "(None,)");
    assert_shape(qn_op_loss(QN_LOSS_SPARSE, typed(f, QN_I32, DIMS(B, 1)), X(B, 3)), "(None,)");
    assert_shape(qn_op_accuracy(QN_ACCURACY_TOP_K, 0, 5, X(B, 3), X(B, 3)), "(None,)");
    assert_mistake(f, qn_ops_softmax(SCALAR), "no axis of classes");
    assert_mistake(f, qn_ops_softmax(X(B)), "no axis of classes");
    assert_mistake(f, qn_op_loss(QN_LOSS_BINARY, X(B, 4), X(B, 3)),
                   "shapes (None, 4) and (None, 3): targets and predictions");
    assert_mistake(f, qn_op_loss(QN_LOSS_SPARSE, X(B), X(B, 3)), "float32 where int32 labels");
    assert_mistake(f, qn_op_loss(QN_LOSS_SPARSE, typed(f, QN_I32, DIMS(B, 2)), X(B, 3)),
                   "one label for each row");
    assert_mistake(f, qn_op_loss(QN_LOSS_SQUARED, X(B), X(B)), "no axis of classes");
    assert_mistake(f, qn_op_accuracy(QN_ACCURACY_TOP_K, 0, 0, X(B, 3), X(B, 3)), "k is 0");
}

static void activations(void **state)
{
    fixture *f = *state;
    qn_value *x = X(B, 3);
    assert_ptr_equal(qn_op_activation(x, NULL), x);
    assert_ptr_equal(qn_op_activation(x, "linear"), x);
    const char *name;
    for (int i = 1; (name = qn_activation_name(i)); i++)
        if (strcmp(name, "exponential") != 0)
            assert_string_equal(qn_op_activation(x, name)->node->op->name, name);
    assert_string_equal(qn_op_activation(x, "exponential")->node->op->name, "exp");
    assert_string_equal(qn_op_activation(x, "swish")->node->op->name, "silu");
    assert_string_equal(qn_op_activation(x, "gelu(approximate=false)")->node->op->name, "gelu");
    assert_string_equal(qn_op_activation(x, "gelu(true)")->node->op->name, "gelu_tanh");
    assert_mistake(f, qn_op_activation(X(2), "sigmod"),
                   "unknown activation 'sigmod' (did you mean 'sigmoid'?): the activations are "
                   "linear, sigmoid, ");
    assert_mistake(f, qn_op_activation(X(2), "zzzzzz"),
                   "unknown activation 'zzzzzz': the activations are");
    assert_mistake(f, qn_op_activation(X(2), "elu(alpha=-1)"), "elu: alpha is -1; it must be from");
    assert_mistake(f, qn_ops_leaky_relu(X(2), -0.5), "leaky_relu: negative_slope is -0.5; it must");
    assert_mistake(f, qn_ops_elu(X(2), 1e300), "elu: alpha is 1e+300; it must be from 0 to 1e+30");
    assert_null(qn_ops_elu(NULL, 1));
    assert_null(qn_ops_gelu(NULL, true));
}

static void slope_of(fixture *f, const char *text, double slope)
{
    qn_elementwise function;
    assert_true(qn_node_elementwise(qn_op_activation(X(2), text)->node, &function));
    assert_string_equal(function.function, "leaky_relu");
    assert_true(function.alpha == slope);
}

/* Texts with arguments, without a graph. */
static void activation_texts(void **state)
{
    static const struct {
        const char *text, *message; /* NULL: right */
    } texts[] = {
        {NULL, NULL},
        {"linear", NULL},
        {"gelu(approximate=true)", NULL},
        {"leaky_relu(negative_slope=0)", NULL},
        {"elu(2)", NULL},
        {"swish()", NULL},
        {"Sigmoid", NULL},
        {"reluu", "unknown activation 'reluu' (did you mean 'relu'?): the activations are"},
        {"leaky_relu(slope=1)", "leaky_relu has no argument \"slope\""},
        {"leaky_relu(negative_slop=1)", "did you mean \"negative_slope\""},
        {"leaky_relu(negative_slope=-0.1)", "negative_slope is -0.1; it must be from 0 to 1e+30"},
        {"leaky_relu(negative_slope=inf)", "negative_slope is inf; it must be from 0"},
        {"elu(alpha=x)", "elu: alpha takes a number, found x"},
        {"elu(1, 2)", "elu takes 1 argument without a keyword"},
        {"gelu(approximate=2)", "approximate takes true or false, found 2"},
        {"tanh(1)", "the activation tanh takes no arguments: write 'tanh'"},
        {"relu, tanh", "is not one activation: write a name such as 'relu'"},
        {"", "is not one activation"},
        {"(relu)", "is not one activation"},
        {"elu(", "expected"},
    };
    fixture *f = *state;
    qn_env *env = f->graph->env;
    for (int i = 0; i < QN_COUNT(texts); i++) {
        qn_status status = qn_activation_check(env, texts[i].text);
        assert_int_equal(status, texts[i].message ? QN_ERROR_USAGE : QN_OK);
        if (texts[i].message && !strstr(env->message, texts[i].message))
            fail_msg("%s: \"%s\"", texts[i].text, env->message);
    }
    for (int i = 0; qn_activation_name(i); i++)
        assert_int_equal(qn_activation_check(env, qn_activation_name(i)), QN_OK);
    slope_of(f, "leaky_relu", 0.2);
    slope_of(f, "leaky_relu(0.25)", 0.25);
    slope_of(f, "leaky_relu(negative_slope=1e-3)", 1e-3);
}

static void datasets(void **state)
{
    fixture *f = *state;
    qn_value *images = data(f, QN_U8, DIMS(10, 28, 28)), *index = data(f, QN_I32, DIMS(64));
    qn_value *labels = data(f, QN_U8, DIMS(10)), *wide = data(f, QN_F32, DIMS(10, 4));
    assert_shape(qn_op_gather(images, index, QN_F32, 1.0f / 255), "(None, 28, 28)");
    qn_value *gathered = qn_op_gather(labels, index, QN_I32, 1);
    assert_shape(gathered, "(None,)");
    assert_int_equal(gathered->dtype, QN_I32);
    assert_shape(qn_op_store_rows(X(B, 4), wide), "()");
    assert_mistake(f, qn_op_gather(X(10, 4), data(f, QN_I32, DIMS(64)), QN_F32, 1), "bound data");
    assert_mistake(f, qn_op_gather(data(f, QN_F32, DIMS(10)), data(f, QN_I32, DIMS(64)), QN_I32, 1),
                   "convert it before");
    assert_mistake(f, qn_op_gather(data(f, QN_I64, DIMS(10)), data(f, QN_I32, DIMS(64)), QN_I32, 1),
                   "the data is int64");
    assert_mistake(f, qn_op_gather(data(f, QN_U8, DIMS(10)), data(f, QN_F32, DIMS(6)), QN_F32, 1),
                   "the index must be an int32 vector");
    assert_mistake(f, qn_op_gather(data(f, QN_U8, DIMS(10)), data(f, QN_I32, DIMS(6)), QN_U8, 1),
                   "rows cannot become uint8");
    assert_mistake(f, qn_op_store_rows(X(B, 3), data(f, QN_F32, DIMS(10, 4))),
                   "shapes (None, 3) and (10, 4): the data's rows have another shape");
    assert_mistake(f, qn_op_store_rows(X(B, 3), X(10, 3)), "bound float32 data");
    assert_mistake(f, qn_op_store_rows(X(5, 3), data(f, QN_F32, DIMS(10, 3))), "must be a batch");
}

static void records(void **state)
{
    fixture *f = *state;
    qn_value *rows[QN_MAX_RECORDS + 1];
    for (int i = 0; i <= QN_MAX_RECORDS; i++)
        rows[i] = X(B);
    assert_shape(qn_op_record(2, rows, data(f, QN_F32, DIMS(8, 2)), NULL), "()");
    assert_shape(qn_op_record(1, rows, data(f, QN_F32, DIMS(8, 1)), data(f, QN_I32, DIMS(2))),
                 "()");
    assert_mistake(f, qn_op_record(17, rows, data(f, QN_F32, DIMS(8, 17)), NULL),
                   "17 values were given: give 1 to 16");
    rows[0] = X(B);
    assert_mistake(f, qn_op_record(1, rows, data(f, QN_F32, DIMS(8, 2)), NULL),
                   "bound float32 data of [steps, 1]");
    rows[0] = X(5);
    assert_mistake(f, qn_op_record(1, rows, data(f, QN_F32, DIMS(8, 1)), NULL),
                   "value 0 is not a batch of rows");
    rows[0] = X(B);
    assert_mistake(f, qn_op_record(1, rows, data(f, QN_F32, DIMS(8, 1)), data(f, QN_I32, DIMS(3))),
                   "int32 data of two elements");
}

static void random_numbers(void **state)
{
    fixture *f = *state;
    assert_shape(qn_ops_random_uniform(f->graph, DIMS(2, 3), 0, 1, 4), "(2, 3)");
    assert_shape(qn_ops_random_normal(f->graph, 0, NULL, 0, 1, 4), "()");
    assert_mistake(f, qn_ops_random_uniform(f->graph, DIMS(2, 0), 0, 1, 4),
                   "random_uniform: dimension 1 of the shape is 0: give 1 or more");
    assert_mistake(f, qn_ops_random_uniform(f->graph, DIMS(2), 1, 0, 4), "low 1 is not at most");
    assert_mistake(f, qn_ops_random_normal(f->graph, DIMS(2), 0, -1, 4), "deviation -1 is below 0");
    assert_null(qn_ops_random_uniform(NULL, DIMS(2), 0, 1, 4));
}

static void gradients_that_are_not(void **state)
{
    fixture *f = *state;
    qn_value *x = X(3), *dx = NULL, *y;
    y = qn_ops_sum(qn_ops_sigmoid(x));
    assert_int_equal(qn_gradients(y, 1, &x, &dx), QN_OK);
    y = qn_ops_sum(qn_ops_square(dx));
    assert_int_equal(qn_gradients(y, 1, &x, &dx), QN_ERROR_USAGE);
    assert_non_null(strstr(f->ctx.env.message, "unary_grad is not differentiable"));
}

static void op_list(void **state)
{
    (void)state;
    for (int i = 0; qn_op_list[i]; i++) {
        const qn_op *op = qn_op_list[i];
        assert_ptr_equal(qn_op_find(op->name), op); /* names are unique */
        assert_non_null(op->infer);
        assert_true(op->emit || op->flags & QN_OP_ALIAS);
    }
    assert_null(qn_op_find("convolution"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elementwise),
        cmocka_unit_test(products),
        cmocka_unit_test(reductions),
        cmocka_unit_test(reshapes),
        cmocka_unit_test(losses),
        cmocka_unit_test(activations),
        cmocka_unit_test(activation_texts),
        cmocka_unit_test(datasets),
        cmocka_unit_test(records),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(gradients_that_are_not),
        cmocka_unit_test(op_list),
    };
    return cmocka_run_group_tests(tests, open_graph, close_graph);
}
