/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise functions (cl/elementwise.cl) and arithmetic (cl/arithmetic.cl). */
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

#define X 1
#define Y 2
#define ALPHA 4

/* The functions of cl/lib/functions.h: what their gradients read (X, Y), whether they have a
 * parameter (ALPHA), and roughly what they cost. */
static const struct function {
    const char *name;
    int uses;
    double flops;
} functions[] = {
    {"linear", 0, 0},
    {"negative", 0, 1},
    {"square", X, 1},
    {"sqrt", Y, 4},
    {"exp", Y, 10},
    {"log", X, 10},
    {"absolute", X, 1},
    {"sigmoid", Y, 15},
    {"tanh", Y, 20},
    {"relu", Y, 1},
    {"leaky_relu", Y | ALPHA, 2},
    {"elu", Y | ALPHA, 15},
    {"selu", Y, 15},
    {"gelu", X, 35},
    {"gelu_tanh", X, 20},
    {"silu", X, 15},
    {"softplus", Y, 25},
    {"softsign", Y, 5},
    {"relu6", Y, 2},
    {"hard_sigmoid", Y, 4},
};

static const struct function *find_function(const char *name)
{
    for (int i = 0; i < QN_COUNT(functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    return NULL;
}

bool qn_unary_reads(const char *function, bool *reads_x, bool *reads_y)
{
    const struct function *found = find_function(function);

    if (!found)
        return false;
    *reads_x = (found->uses & X) != 0;
    *reads_y = (found->uses & Y) != 0;
    return true;
}

bool qn_unary_takes_alpha(const char *function)
{
    const struct function *found = find_function(function);

    return found && (found->uses & ALPHA);
}

void qn_elementwise_options(qn_elementwise function, const char *macro, char *options, size_t size)
{
    const char *name = function.function ? function.function : "linear";
    const float alpha = (float)function.alpha;
    uint32_t bits;

    memcpy(&bits, &alpha, sizeof bits);
    if (qn_unary_takes_alpha(name))
        snprintf(options, size, "-D%s=qn_%s -DQN_ALPHA_BITS=0x%08xu", macro, name, bits);
    else
        snprintf(options, size, "-D%s=qn_%s", macro, name);
}

/* Begins a launch of a kernel that is named after its function: "unary_qn_tanh". */
static qn_status begin_function(qn_launch *launch, qn_steps *steps, const char *kernel,
                                qn_elementwise which, const struct function **function)
{
    const char *name = which.function ? which.function : "linear";
    char options[96], full[64];

    *function = find_function(name);
    if (!*function)
        return qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                       "there is no elementwise function '%s'", name);
    qn_elementwise_options(which, "QN_FUNCTION", options, sizeof options);
    snprintf(full, sizeof full, "%s_qn_%s", kernel, name);
    qn_launch_begin(launch, steps, "elementwise.cl", options, full);
    return QN_OK;
}

qn_status qn_kernel_unary(qn_steps *steps, qn_elementwise function, qn_buffer *x, qn_buffer *y,
                          int64_t count)
{
    const struct function *f;
    qn_launch l;

    QN_TRY(begin_function(&l, steps, "unary", function, &f));
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, f->flops * (double)count, 2.0 * (double)count);
}

qn_status qn_kernel_unary_grad(qn_steps *steps, qn_elementwise function, qn_buffer *dy,
                               qn_buffer *x, qn_buffer *y, qn_buffer *dx, int64_t count)
{
    const struct function *f;
    bool reads_x, reads_y;
    qn_launch l;

    QN_TRY(begin_function(&l, steps, "unary_grad", function, &f));
    reads_x = (f->uses & X) != 0;
    reads_y = (f->uses & Y) != 0;
    if (l.status == QN_OK && ((reads_x && !x) || (reads_y && !y)))
        l.status = qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                           "the gradient of %s reads %s, which was not given", f->name,
                           reads_x ? "x" : "y");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, reads_x ? x : dy);
    qn_launch_buffer(&l, reads_y ? y : dy);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 3.0 * (double)count, (2.0 + reads_x + reads_y) * (double)count);
}

qn_status qn_kernel_bias(qn_steps *steps, qn_elementwise function, qn_buffer *x, qn_buffer *bias,
                         qn_buffer *y, int64_t rows, int64_t columns)
{
    double count = (double)rows * (double)columns;
    const struct function *f;
    qn_launch l;

    QN_TRY(begin_function(&l, steps, "bias", function, &f));
    qn_launch_elements(&l, rows * columns);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, bias);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, rows * columns);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, (1.0 + f->flops) * count, 2.0 * count + (double)columns);
}

qn_status qn_kernel_binary(qn_steps *steps, const char *op, qn_buffer *a, qn_buffer *b,
                           qn_buffer *c, int64_t count, int64_t b_count)
{
    /* in the order of the enum in cl/arithmetic.cl */
    static const char *const ops[] = {"add", "subtract", "multiply", "divide", "divide_grad"};
    int which = 0;
    qn_launch l;

    while (which < QN_COUNT(ops) && strcmp(ops[which], op) != 0)
        which++;
    if (which == QN_COUNT(ops))
        return qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                       "there is no arithmetic op '%s'", op);
    qn_launch_begin(&l, steps, "arithmetic.cl", "", "binary");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, a);
    qn_launch_buffer(&l, b);
    qn_launch_buffer(&l, c);
    qn_launch_i32(&l, count);
    qn_launch_i32(&l, b_count);
    qn_launch_i32(&l, which);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, (double)count, 2.0 * (double)count + (double)b_count);
}

qn_status qn_kernel_affine(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                           double factor, double offset)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "arithmetic.cl", "", "affine");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, factor);
    qn_launch_f32(&l, offset);
    return qn_launch_end(&l, 2.0 * (double)count, 2.0 * (double)count);
}

qn_status qn_kernel_scale_rows(qn_steps *steps, qn_buffer *x, qn_buffer *scale, qn_buffer *y,
                               int64_t rows, int64_t columns)
{
    double count = (double)rows * (double)columns;
    qn_launch l;

    qn_launch_begin(&l, steps, "arithmetic.cl", "", "scale_rows");
    qn_launch_elements(&l, rows * columns);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, scale);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, rows * columns);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, count, 2.0 * count + (double)rows);
}

qn_status qn_kernel_broadcast(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                              double factor)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "arithmetic.cl", "", "broadcast");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, factor);
    return qn_launch_end(&l, 1.0, (double)count + 1.0);
}
