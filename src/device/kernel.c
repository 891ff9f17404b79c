/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: made from a program, given arguments, launched on the compute queue. */
#include "device/internal.h"
#include <stdio.h>

static qn_status fail_name(qn_device *device, cl_program program, const char *title,
                           const char *name, cl_int error)
{
    char names[512] = "";

    if (error != CL_INVALID_KERNEL_NAME)
        return qn_cl_fail(device, error, "making a kernel");
    if (clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof names, names, NULL) != CL_SUCCESS)
        strcpy(names, "too many to list");
    return qn_fail(device->env, QN_ERROR_INTERNAL, "%s has no kernel '%s'; it has: %s", title, name,
                   names);
}

qn_status qn_kernel_create_source(qn_device *device, const char *title, const char *source,
                                  const char *options, const char *name, qn_kernel **kernel)
{
    qn_env *env = device->env;
    cl_program program;
    qn_kernel *made;
    cl_int error;

    *kernel = NULL;
    QN_TRY(qn_program_get(device, title, source, options, &program));
    made = qn_alloc(env, sizeof *made);
    if (!made)
        return QN_ERROR_MEMORY;
    made->device = device;
    made->name = qn_strdup(env, name);
    if (!made->name) {
        qn_free(env, made);
        return QN_ERROR_MEMORY;
    }
    made->cl = clCreateKernel(program, name, &error);
    if (error != CL_SUCCESS) {
        qn_free(env, made->name);
        qn_free(env, made);
        return fail_name(device, program, title, name, error);
    }
    *kernel = made;
    return QN_OK;
}

qn_status qn_kernel_create(qn_device *device, const char *file, const char *options,
                           const char *name, qn_kernel **kernel)
{
    return qn_kernel_create_source(device, file, NULL, options, name, kernel);
}

void qn_kernel_destroy(qn_kernel **kernel)
{
    qn_kernel *old = *kernel;

    *kernel = NULL;
    if (!old)
        return;
    clReleaseKernel(old->cl);
    qn_free(old->device->env, old->name);
    qn_free(old->device->env, old);
}

const char *qn_kernel_name(const qn_kernel *kernel)
{
    return kernel->name;
}

static qn_status set(qn_kernel *kernel, int index, size_t bytes, const void *value)
{
    cl_int error = clSetKernelArg(kernel->cl, (cl_uint)index, bytes, value);
    char what[128];

    if (error == CL_SUCCESS)
        return QN_OK;
    snprintf(what, sizeof what, "setting argument %d of kernel %.64s", index, kernel->name);
    return qn_cl_fail(kernel->device, error, what);
}

qn_status qn_kernel_set_buffer(qn_kernel *kernel, int index, const qn_buffer *buffer)
{
    return set(kernel, index, sizeof buffer->cl, &buffer->cl);
}

qn_status qn_kernel_set_i32(qn_kernel *kernel, int index, int32_t value)
{
    return set(kernel, index, sizeof value, &value);
}

qn_status qn_kernel_set_u32(qn_kernel *kernel, int index, uint32_t value)
{
    return set(kernel, index, sizeof value, &value);
}

qn_status qn_kernel_set_f32(qn_kernel *kernel, int index, float value)
{
    return set(kernel, index, sizeof value, &value);
}

qn_status qn_kernel_set_local(qn_kernel *kernel, int index, size_t bytes)
{
    return set(kernel, index, bytes, NULL);
}

static qn_status fail_launch(qn_kernel *kernel, const qn_range *range, cl_int error)
{
    char what[256];

    snprintf(what, sizeof what,
             "launching kernel %.64s over %zux%zux%zu work-items in groups of %zux%zux%zu",
             kernel->name, range->global[0], range->dims > 1 ? range->global[1] : 1,
             range->dims > 2 ? range->global[2] : 1, range->local[0],
             range->dims > 1 ? range->local[1] : 1, range->dims > 2 ? range->local[2] : 1);
    return qn_cl_fail(kernel->device, error, what);
}

qn_status qn_kernel_enqueue(qn_kernel *kernel, const qn_range *range, cl_event *event)
{
    qn_device *device = kernel->device;
    cl_int error = clEnqueueNDRangeKernel(device->compute, kernel->cl, (cl_uint)range->dims, NULL,
                                          range->global, range->local, 0, NULL, event);

    if (error != CL_SUCCESS)
        return fail_launch(kernel, range, error);
    device->counters.launches++;
    return QN_OK;
}

qn_status qn_kernel_launch(qn_kernel *kernel, const qn_range *range)
{
    return qn_kernel_enqueue(kernel, range, NULL);
}

qn_status qn_kernel_launch_timed(qn_kernel *kernel, const qn_range *range, qn_event **done)
{
    qn_event *event;
    qn_status status;

    *done = NULL;
    QN_TRY(qn_event_new(kernel->device, &event));
    status = qn_kernel_enqueue(kernel, range, &event->cl);
    if (status != QN_OK)
        qn_event_destroy(&event);
    *done = event;
    return status;
}
