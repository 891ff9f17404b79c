/* SPDX-License-Identifier: Apache-2.0 */
/* Rows out of a dataset (cl/gather.cl) and into one (cl/store_rows.cl). */
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

/* OpenCL C's name of an element type, or NULL. */
static const char *type_name(qn_dtype dtype)
{
    switch (dtype) {
    case QN_U8:
        return "uchar";
    case QN_I32:
        return "int";
    case QN_F32:
        return "float";
    default:
        return NULL;
    }
}

qn_status qn_kernel_gather(qn_steps *steps, qn_dtype dtype, qn_dtype out_dtype, qn_buffer *data,
                           qn_buffer *index, qn_buffer *out, int64_t batch, int64_t columns,
                           float scale)
{
    const char *in = type_name(dtype), *to = type_name(out_dtype);
    double count = (double)batch * (double)columns;
    char options[96], name[64];
    qn_launch l;

    if (!in || (out_dtype != QN_F32 && out_dtype != QN_I32))
        return qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                       "gather does not convert %s to %s", qn_dtype_name(dtype),
                       qn_dtype_name(out_dtype));
    snprintf(options, sizeof options, "-DQN_IN=%s -DQN_OUT=%s -DQN_OUT_INT=%d", in, to,
             out_dtype == QN_I32);
    snprintf(name, sizeof name, "gather_%s_%s", in, to);
    qn_launch_begin(&l, steps, "gather.cl", options, name);
    qn_launch_elements(&l, batch * columns);
    qn_launch_buffer(&l, data);
    qn_launch_buffer(&l, index);
    qn_launch_buffer(&l, out);
    qn_launch_i32(&l, batch * columns);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, (double)scale);
    qn_launch_table(&l);
    return qn_launch_end(&l, count, count * (1.0 + (double)qn_dtype_size(dtype) / 4.0));
}

qn_status qn_kernel_store_rows(qn_steps *steps, qn_buffer *x, qn_buffer *out, int64_t batch,
                               int64_t columns)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "store_rows.cl", "", "store_rows");
    qn_launch_elements(&l, batch * columns);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, out);
    qn_launch_i32(&l, batch * columns);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    qn_launch_table(&l);
    return qn_launch_end(&l, 0.0, 2.0 * (double)batch * (double)columns);
}
