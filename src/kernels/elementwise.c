/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise functions (cl/elementwise.cl) and arithmetic (cl/arithmetic.cl). */
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

/* The functions of cl/lib/functions.h, what their gradients read, and roughly what they cost. */
static const struct function {
    const char *name;
    bool reads_x, reads_y;
    double flops;
} functions[] = {
    {"linear", false, false, 0},  {"negative", false, false, 1}, {"square", true, false, 1},
    {"sqrt", false, true, 4},     {"exp", false, true, 10},      {"log", true, false, 10},
    {"absolute", true, false, 1}, {"sigmoid", false, true, 15},  {"tanh", false, true, 20},
    {"relu", false, true, 1},
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
    *reads_x = found->reads_x;
    *reads_y = found->reads_y;
    return true;
}

/* Begins a launch of a kernel that is named after its function: "unary_qn_tanh". */
static qn_status begin_function(qn_launch *launch, qn_steps *steps, const char *kernel,
                                const char *name, const struct function **function)
{
    char options[64], full[64];

    *function = find_function(name);
    if (!*function)
        return qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                       "there is no elementwise function '%s'", name);
    snprintf(options, sizeof options, "-DQN_FUNCTION=qn_%s", name);
    snprintf(full, sizeof full, "%s_qn_%s", kernel, name);
    qn_launch_begin(launch, steps, "elementwise.cl", options, full);
    return QN_OK;
}

qn_status qn_kernel_unary(qn_steps *steps, const char *function, qn_buffer *x, qn_buffer *y,
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

qn_status qn_kernel_unary_grad(qn_steps *steps, const char *function, qn_buffer *dy, qn_buffer *x,
                               qn_buffer *y, qn_buffer *dx, int64_t count)
{
    const struct function *f;
    qn_launch l;

    QN_TRY(begin_function(&l, steps, "unary_grad", function, &f));
    if (l.status == QN_OK && ((f->reads_x && !x) || (f->reads_y && !y)))
        l.status = qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                           "the gradient of %s reads %s, which was not given", function,
                           f->reads_x ? "x" : "y");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, f->reads_x ? x : dy);
    qn_launch_buffer(&l, f->reads_y ? y : dy);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 3.0 * (double)count, (2.0 + f->reads_x + f->reads_y) * (double)count);
}

qn_status qn_kernel_bias(qn_steps *steps, const char *function, qn_buffer *x, qn_buffer *bias,
                         qn_buffer *y, int64_t rows, int64_t columns)
{
    double count = (double)rows * (double)columns;
    const struct function *f;
    qn_launch l;

    QN_TRY(begin_function(&l, steps, "bias", function ? function : "linear", &f));
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
