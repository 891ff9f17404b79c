/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, their gradients and arithmetic against references in double. */
#include "kernels/fixture.h"

static double identity(double x)
{
    return x;
}
static double negative(double x)
{
    return -x;
}
static double square(double x)
{
    return x * x;
}
static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}
static double relu(double x)
{
    return x > 0 ? x : 0.0;
}
#define SLOPE 0.3
static double leaky_relu(double x)
{
    return x > 0 ? x : SLOPE * x;
}
static double elu(double x)
{
    return x > 0 ? x : SLOPE * expm1(x);
}
/* As in Klambauer et al. 2017. */
static const double selu_scale = 1.0507009873554804934, selu_alpha = 1.6732632423543772848;
static double selu(double x)
{
    return selu_scale * (x > 0 ? x : selu_alpha * expm1(x));
}
static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}
static double gelu(double x)
{
    return x * normal(x);
}
static double tanh_argument(double x)
{
    return sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x);
}
/* Below 0, where 1 + tanh cancels in double as well, by 1 + tanh(u) = 2 / (1 + exp(-2 u)). */
static double gelu_tanh(double x)
{
    return x > 0 ? 0.5 * x * (1.0 + tanh(tanh_argument(x)))
                 : x / (1.0 + exp(-2.0 * tanh_argument(x)));
}
static double silu(double x)
{
    return x * sigmoid(x);
}
static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}
static double softsign(double x)
{
    return x / (1.0 + fabs(x));
}
static double relu6(double x)
{
    return fmin(fmax(x, 0.0), 6.0);
}
static double hard_sigmoid(double x)
{
    return x <= -3 ? 0.0 : x >= 3 ? 1.0 : x / 6.0 + 0.5;
}

/* Derivatives, by what the kernel reads: x or y. */
static double one(double x)
{
    (void)x;
    return 1.0;
}
static double minus_one(double x)
{
    (void)x;
    return -1.0;
}
static double twice(double x)
{
    return 2.0 * x;
}
static double half_inverse(double y)
{
    return 0.5 / y;
}
static double inverse(double x)
{
    return 1.0 / x;
}
static double sign(double x)
{
    return (x > 0) - (x < 0);
}
static double sigmoid_grad(double y)
{
    return y * (1.0 - y);
}
static double tanh_grad(double y)
{
    return 1.0 - y * y;
}
static double relu_grad(double y)
{
    return y > 0 ? 1.0 : 0.0;
}
static double leaky_relu_grad(double y)
{
    return y > 0 ? 1.0 : SLOPE;
}
static double elu_grad(double y)
{
    return y > 0 ? 1.0 : y + SLOPE;
}
static double selu_grad(double y)
{
    return y > 0 ? selu_scale : y + selu_scale * selu_alpha;
}
static double gelu_grad(double x)
{
    return normal(x) + x * exp(-0.5 * x * x) / sqrt(2.0 * acos(-1.0));
}
static double gelu_tanh_grad(double x)
{
    double slope = sqrt(2.0 / acos(-1.0)) * (1.0 + 3.0 * 0.044715 * x * x);
    double s = sigmoid(2.0 * tanh_argument(x));

    return s + x * s * (1.0 - s) * 2.0 * slope;
}
static double silu_grad(double x)
{
    return sigmoid(x) * (1.0 + x * sigmoid(-x));
}
static double softplus_grad(double y)
{
    return -expm1(-y);
}
static double softsign_grad(double y)
{
    return (1.0 - fabs(y)) * (1.0 - fabs(y));
}
static double relu6_grad(double y)
{
    return y > 0 && y < 6;
}
static double hard_sigmoid_grad(double y)
{
    return y > 0 && y < 1 ? 1.0 / 6.0 : 0.0;
}

static const struct function {
    const char *name;
    double (*value)(double), (*grad)(double);
    double low, high;
    double extreme[4], limit[4]; /* values of their own case */
    double tolerance;            /* there */
    double alpha;
} functions[] = {
    {"linear", identity, one, -3, 3, {0, 1e30, -1e30, INFINITY}, {0, 1e30, -1e30, INFINITY}, 0},
    {"negative",
     negative,
     minus_one,
     -3,
     3,
     {0, 1e30, -1e30, INFINITY},
     {0, -1e30, 1e30, -INFINITY},
     0},
    {"square", square, twice, -3, 3, {0, 1e30, -1e30, -2}, {0, INFINITY, INFINITY, 4}, 0},
    {"sqrt", sqrt, half_inverse, 0.1, 9, {0, 1, 4, INFINITY}, {0, 1, 2, INFINITY}, TOLERANCE},
    {"exp", exp, identity, -3, 3, {0, 1000, -1000, -INFINITY}, {1, INFINITY, 0, 0}, TOLERANCE},
    {"log", log, inverse, 0.1, 9, {1, 0, INFINITY, -1}, {0, -INFINITY, INFINITY, NAN}, TOLERANCE},
    {"absolute", fabs, sign, -3, 3, {0, 1e30, -1e30, -INFINITY}, {0, 1e30, 1e30, INFINITY}, 0},
    {"sigmoid", sigmoid, sigmoid_grad, -9, 9, {0, 1000, -1000, NAN}, {0.5, 1, 0, NAN}, TOLERANCE},
    {"tanh", tanh, tanh_grad, -4, 4, {0, 1000, -1000, NAN}, {0, 1, -1, NAN}, TOLERANCE},
    {"relu", relu, relu_grad, -3, 3, {0, 1e30, -1e30, NAN}, {0, 1e30, 0, NAN}, 0},
    {"leaky_relu",
     leaky_relu,
     leaky_relu_grad,
     -3,
     3,
     {0, 1e30, -1, NAN},
     {0, 1e30, -0.3, NAN},
     0,
     SLOPE},
    {"leaky_relu", relu, relu_grad, -3, 3, {0, 1e30, -1e30, NAN}, {0, 1e30, 0, NAN}, 0, 0},
    {"elu", elu, elu_grad, -3, 3, {0, 1e30, -1e30, NAN}, {0, 1e30, -0.3, NAN}, 0, SLOPE},
    {"selu",
     selu,
     selu_grad,
     -3,
     3,
     {0, 2, -1000, NAN},
     {0, 2.10140197, -1.75809934, NAN},
     TOLERANCE,
     0},
    {"gelu", gelu, gelu_grad, -3, 3, {0, 1e30, -1e30, NAN}, {0, 1e30, 0, NAN}, 0, 0},
    {"gelu", gelu, gelu_grad, -6, -4, {20, INFINITY, -INFINITY, -20}, {20, INFINITY, 0, 0}, 0, 0},
    {"gelu", gelu, gelu_grad, -13, -12, {0}, {0}, 0, 0},
    {"gelu", gelu, gelu_grad, -1e-3, 1e-3, {0}, {0}, 0, 0},
    {"gelu_tanh", gelu_tanh, gelu_tanh_grad, -3, 3, {0, 1e30, -1e30, NAN}, {0, 1e30, 0, NAN}, 0, 0},
    {"gelu_tanh", gelu_tanh, gelu_tanh_grad, -5, -4, {0}, {0}, 0, 0},
    {"silu", silu, silu_grad, -9, 9, {0, 1e30, -1e30, NAN}, {0, 1e30, 0, NAN}, 0, 0},
    {"silu", silu, silu_grad, -30, -20, {0}, {0}, 0, 0},
    {"softplus",
     softplus,
     softplus_grad,
     -9,
     9,
     {0, 1e30, -1e30, NAN},
     {0.693147181, 1e30, 0, NAN},
     TOLERANCE,
     0},
    {"softplus",
     softplus,
     softplus_grad,
     -30,
     -20,
     {0, 20, INFINITY, -INFINITY},
     {0.693147181, 20, INFINITY, 0},
     TOLERANCE,
     0},
    {"softsign", softsign, softsign_grad, -9, 9, {0, 1e30, -1e30, NAN}, {0, 1, -1, NAN}, 0, 0},
    {"relu6", relu6, relu6_grad, -9, 9, {0, INFINITY, -1e30, NAN}, {0, 6, 0, NAN}, 0, 0},
    {"hard_sigmoid",
     hard_sigmoid,
     hard_sigmoid_grad,
     -5,
     5,
     {0, INFINITY, -1e30, NAN},
     {0.5, 1, 0, NAN},
     0,
     0},
    {"hard_sigmoid",
     hard_sigmoid,
     hard_sigmoid_grad,
     -5,
     5,
     {0, 3, -3, 1.5},
     {0.5, 1, 0, 0.75},
     TOLERANCE,
     0},
};

static qn_elementwise elementwise(const struct function *fn)
{
    return (qn_elementwise){fn->name, fn->alpha};
}

static void check_function(fixture *f, const struct function *fn, int n)
{
    float *x = numbers(f, n, fn->low, fn->high), *dy = numbers(f, n, -2, 2), *y;
    double *expected = calloc((size_t)n, sizeof *expected);
    qn_buffer *bx = put(f, x, n), *by = put(f, NULL, n), *bdy = put(f, dy, n);
    qn_buffer *bdx = put(f, NULL, n);
    bool reads_x, reads_y;

    OK(qn_kernel_unary(&f->steps, elementwise(fn), bx, by, n));
    run(f, (qn_step_row){0});
    for (int i = 0; i < n; i++)
        expected[i] = fn->value(x[i]);
    expect(f, fn->name, by, expected, n, TOLERANCE);

    assert_true(qn_unary_reads(fn->name, &reads_x, &reads_y));
    y = numbers(f, n, 0, 1);
    for (int i = 0; i < n; i++) {
        y[i] = (float)fn->value(x[i]);
        expected[i] = dy[i] * fn->grad(reads_y ? y[i] : x[i]);
    }
    OK(qn_kernel_unary_grad(&f->steps, elementwise(fn), bdy, reads_x ? bx : NULL,
                            reads_y ? put(f, y, n) : NULL, bdx, n));
    run(f, (qn_step_row){0});
    expect(f, fn->name, bdx, expected, n, TOLERANCE);
    free(x);
    free(dy);
    free(y);
    free(expected);
    clear(f);
}

static void functions_case(fixture *f)
{
    for (int i = 0; i < QN_COUNT(functions); i++)
        for (const int *n = test_sizes(); *n; n++)
            check_function(f, &functions[i], *n);
}

static void test_functions(void **state)
{
    each_flavour(*state, functions_case);
}

static void extremes_case(fixture *f)
{
    for (int i = 0; i < QN_COUNT(functions); i++) {
        float x[20];
        double expected[20];
        qn_buffer *by = put(f, NULL, 20);

        for (int k = 0; k < 20; k++) {
            x[k] = (float)functions[i].extreme[k % 4];
            expected[k] = (double)(float)functions[i].limit[k % 4];
        }
        OK(qn_kernel_unary(&f->steps, elementwise(&functions[i]), put(f, x, 20), by, 20));
        run(f, (qn_step_row){0});
        expect(f, functions[i].name, by, expected, 20, functions[i].tolerance);
        clear(f);
    }
}

static void test_extremes(void **state)
{
    each_flavour(*state, extremes_case);
}

/* Gradients where the arguments end: finite, but for NaN's. */
static void limits_case(fixture *f)
{
    static const struct limit {
        qn_elementwise function;
        double at[4], slope[4];
    } limits[] = {
        {{"leaky_relu", 0}, {1e30, -1e30, -1, 0}, {1, 0, 0, 0}},
        {{"leaky_relu", 0.5}, {1e30, -1e30, -1, 0}, {1, 0.5, 0.5, 1}},
        {{"elu", 0.5}, {1e30, -1e30, INFINITY, 0}, {1, 0, 1, 0.5}},
        {{"elu", 0}, {1e30, -1e30, -1, 0}, {1, 0, 0, 0}},
        {{"gelu", 0}, {1e30, -1e30, INFINITY, -INFINITY}, {1, 0, 1, 0}},
        {{"gelu_tanh", 0}, {1e30, -1e30, INFINITY, -INFINITY}, {1, 0, 1, 0}},
        {{"silu", 0}, {1e30, -1e30, INFINITY, -INFINITY}, {1, 0, 1, 0}},
        {{"gelu", 0}, {NAN, 0, 20, -20}, {NAN, 0.5, 1, 0}},
        {{"gelu_tanh", 0}, {NAN, 0, 20, -20}, {NAN, 0.5, 1, 0}},
        {{"silu", 0}, {NAN, 0, 200, -200}, {NAN, 0.5, 1, 0}},
        {{"softplus", 0}, {1e30, -1e30, INFINITY, -INFINITY}, {1, 0, 1, 0}},
        {{"softsign", 0}, {1e30, -1e30, 0, NAN}, {0, 0, 1, NAN}},
        {{"hard_sigmoid", 0}, {1e30, -1e30, 3.5, -3.5}, {0, 0, 0, 0}},
    };

    for (int i = 0; i < QN_COUNT(limits); i++) {
        float x[20], ones[20];
        double expected[20];
        qn_buffer *bx, *by = put(f, NULL, 20), *bdx = put(f, NULL, 20);

        for (int k = 0; k < 20; k++) {
            x[k] = (float)limits[i].at[k % 4];
            ones[k] = 1;
            expected[k] = limits[i].slope[k % 4];
        }
        bx = put(f, x, 20);
        OK(qn_kernel_unary(&f->steps, limits[i].function, bx, by, 20));
        OK(qn_kernel_unary_grad(&f->steps, limits[i].function, put(f, ones, 20), bx, by, bdx, 20));
        run(f, (qn_step_row){0});
        expect(f, limits[i].function.function, bdx, expected, 20, 1e-6);
        clear(f);
    }
}

static void test_limits(void **state)
{
    each_flavour(*state, limits_case);
}

/* A parameter reaches the program as the nearest float, bit for bit; other functions' options name
 * none, so that no second program is built. */
static void test_options(void **state)
{
    char options[96];

    (void)state;
    qn_elementwise_options((qn_elementwise){"elu", 0.1}, "QN_F", options, sizeof options);
    assert_string_equal(options, "-DQN_F=qn_elu -DQN_ALPHA_BITS=0x3dcccccdu");
    qn_elementwise_options((qn_elementwise){"tanh", 0.1}, "QN_F", options, sizeof options);
    assert_string_equal(options, "-DQN_F=qn_tanh");
    qn_elementwise_options(qn_plain(NULL), "QN_F", options, sizeof options);
    assert_string_equal(options, "-DQN_F=qn_linear");
}

static void test_unknown_function(void **state)
{
    fixture *f = *state;
    bool x, y;

    assert_false(qn_unary_reads("sigmoi", &x, &y));
    assert_false(qn_unary_takes_alpha("sigmoi"));
    assert_int_equal(qn_kernel_unary(&f->steps, qn_plain("sigmoi"), NULL, NULL, 1),
                     QN_ERROR_INTERNAL);
    assert_non_null(strstr(qn_error(f->ctx), "sigmoi"));
    assert_int_equal(qn_kernel_binary(&f->steps, "plus", NULL, NULL, NULL, 1, 1),
                     QN_ERROR_INTERNAL);
    assert_non_null(strstr(qn_error(f->ctx), "plus"));
}

/* Where a planner may let the output take the input's memory. */
static void in_place_case(fixture *f)
{
    int n = 100;
    float *x = numbers(f, n, -3, 3);
    double *expected = calloc((size_t)n, sizeof *expected);
    qn_buffer *b = put(f, x, n);

    OK(qn_kernel_unary(&f->steps, qn_plain("tanh"), b, b, n));
    OK(qn_kernel_affine(&f->steps, b, b, n, 2.0, 1.0));
    run(f, (qn_step_row){0});
    for (int i = 0; i < n; i++)
        expected[i] = 2.0 * tanh(x[i]) + 1.0;
    expect(f, "in place", b, expected, n, TOLERANCE);
    free(x);
    free(expected);
}

static void test_in_place(void **state)
{
    each_flavour(*state, in_place_case);
}

static double combine(int op, double a, double b)
{
    double result[] = {a + b, a - b, a * b, a / b, -a / (b * b)};

    return result[op];
}

static void check_binary(fixture *f, int op, int count, int b_count)
{
    static const char *const names[] = {"add", "subtract", "multiply", "divide", "divide_grad"};
    bool exact = op <= 2;
    float *a = integers(f, count, -50, 50);
    float *b = exact ? integers(f, b_count, -50, 50) : numbers(f, b_count, 0.5, 4);
    double *expected = calloc((size_t)count, sizeof *expected);
    qn_buffer *c = put(f, NULL, count);

    for (int i = 0; i < count; i++)
        expected[i] = combine(op, a[i], b[i % b_count]);
    OK(qn_kernel_binary(&f->steps, names[op], put(f, a, count), put(f, b, b_count), c, count,
                        b_count));
    run(f, (qn_step_row){0});
    expect(f, names[op], c, expected, count, exact ? 0 : TOLERANCE);
    free(a);
    free(b);
    free(expected);
    clear(f);
}

static void binary_case(fixture *f)
{
    for (int op = 0; op < 5; op++) {
        for (const int *n = test_sizes(); *n; n++) {
            check_binary(f, op, *n, *n);
            check_binary(f, op, *n, 1);
            check_binary(f, op, *n * 7, *n);
        }
        check_binary(f, op, 6, 4); /* not even a whole row */
    }
}

static void test_binary(void **state)
{
    each_flavour(*state, binary_case);
}

static void affine_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        float *x = integers(f, *n, -50, 50);
        double *expected = calloc((size_t)*n, sizeof *expected);
        qn_buffer *bx = put(f, x, *n), *y = put(f, NULL, *n), *z = put(f, NULL, *n);

        OK(qn_kernel_affine(&f->steps, bx, y, *n, 0.5, -3.0));
        OK(qn_kernel_broadcast(&f->steps, bx, z, *n, 0.25));
        run(f, (qn_step_row){0});
        for (int i = 0; i < *n; i++)
            expected[i] = x[i] * 0.5 - 3.0;
        expect(f, "affine", y, expected, *n, 0);
        for (int i = 0; i < *n; i++)
            expected[i] = x[0] * 0.25;
        expect(f, "broadcast", z, expected, *n, 0);
        free(x);
        free(expected);
        clear(f);
    }
}

static void test_affine(void **state)
{
    each_flavour(*state, affine_case);
}

static void check_bias(fixture *f, qn_elementwise function, double (*value)(double), int rows,
                       int columns)
{
    int count = rows * columns;
    float *x = numbers(f, count, -3, 3), *bias = numbers(f, columns, -2, 2);
    double *expected = calloc((size_t)count, sizeof *expected);
    qn_buffer *y = put(f, x, count);

    for (int i = 0; i < count; i++)
        expected[i] = value(x[i] + (double)bias[i % columns]);
    OK(qn_kernel_bias(&f->steps, function, y, put(f, bias, columns), y, rows, columns));
    run(f, (qn_step_row){0});
    expect(f, "bias", y, expected, count, TOLERANCE);
    free(x);
    free(bias);
    free(expected);
    clear(f);
}

static void bias_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_bias(f, qn_plain(NULL), identity, 3, *n);
        check_bias(f, qn_plain("linear"), identity, *n, 5);
        check_bias(f, qn_plain("sigmoid"), sigmoid, 17, *n);
        check_bias(f, qn_plain("relu"), relu, *n, 16);
        check_bias(f, qn_plain("gelu"), gelu, *n, 7);
        check_bias(f, (qn_elementwise){"leaky_relu", SLOPE}, leaky_relu, 3, *n);
    }
}

static void test_bias(void **state)
{
    each_flavour(*state, bias_case);
}

static void test_too_many(void **state)
{
    fixture *f = *state;
    qn_buffer *b = put(f, NULL, 1);

    assert_int_equal(qn_kernel_affine(&f->steps, b, b, (int64_t)1 << 31, 1, 0), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(f->ctx), "2147483648"));
    clear(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_in_place),  cmocka_unit_test(test_binary),
        cmocka_unit_test(test_affine),    cmocka_unit_test(test_bias),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_unknown_function),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
