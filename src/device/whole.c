/* SPDX-License-Identifier: Apache-2.0 */
/* Writes, fills and copies for a simulator that takes memory for uninitialised unless the whole
 * buffer was written at once (quirks.c): the whole is read, changed on the host, and written. As
 * buffers are zero-filled from the start, this hides no read of what nobody wrote. */
#include "device/internal.h"

/* The buffer's content in the device's scratch memory. */
static cl_int fetch(qn_device *device, cl_command_queue queue, cl_mem buffer, size_t room,
                    size_t *bytes, const cl_event *wait)
{
    cl_int error = clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof *bytes, bytes, NULL);

    if (error != CL_SUCCESS)
        return error;
    if (qn_grow(device->env, &device->scratch, &device->scratch_bytes, *bytes + room, 1) != QN_OK)
        return CL_OUT_OF_HOST_MEMORY;
    return clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, *bytes, device->scratch, wait ? 1 : 0,
                               wait, NULL);
}

static cl_int store(qn_device *device, cl_command_queue queue, cl_mem buffer, size_t bytes)
{
    return clEnqueueWriteBuffer(queue, buffer, CL_TRUE, 0, bytes, device->scratch, 0, NULL, NULL);
}

cl_int qn_whole_write(qn_device *device, cl_command_queue queue, cl_mem buffer, size_t offset,
                      size_t bytes, const void *data, const cl_event *wait)
{
    size_t all;
    cl_int error = fetch(device, queue, buffer, 0, &all, wait);

    if (error != CL_SUCCESS)
        return error;
    memcpy(device->scratch + offset, data, bytes);
    return store(device, queue, buffer, all);
}

cl_int qn_whole_fill(qn_device *device, cl_mem buffer, size_t offset, size_t bytes,
                     uint32_t pattern)
{
    size_t all;
    cl_int error = fetch(device, device->compute, buffer, 0, &all, NULL);

    if (error != CL_SUCCESS)
        return error;
    for (size_t i = 0; i < bytes; i++)
        device->scratch[offset + i] = ((const char *)&pattern)[i % sizeof pattern];
    return store(device, device->compute, buffer, all);
}

cl_int qn_whole_copy(qn_device *device, cl_mem from, size_t from_offset, cl_mem to,
                     size_t to_offset, size_t bytes)
{
    size_t all;
    cl_int error = fetch(device, device->compute, to, bytes, &all, NULL);

    if (error == CL_SUCCESS)
        error = clEnqueueReadBuffer(device->compute, from, CL_TRUE, from_offset, bytes,
                                    device->scratch + all, 0, NULL, NULL);
    if (error != CL_SUCCESS)
        return error;
    memcpy(device->scratch + to_offset, device->scratch + all, bytes);
    return store(device, device->compute, to, all);
}
