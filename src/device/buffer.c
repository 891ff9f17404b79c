/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory: segments, their slices, transfers on the compute queue, and pinned staging. */
#include "device/internal.h"

/* A slice is addressed through its segment in transfers: a plain buffer and an offset is what every
 * driver does best. */
static bool outside(const qn_buffer *buffer, size_t offset, size_t bytes)
{
    return offset > buffer->bytes || bytes > buffer->bytes - offset;
}

static qn_status fail_range(const qn_buffer *buffer, size_t offset, size_t bytes, const char *what)
{
    return qn_fail(buffer->device->env, QN_ERROR_INTERNAL,
                   "%s of %zu bytes at offset %zu lies outside a buffer of %zu bytes", what, bytes,
                   offset, buffer->bytes);
}

static qn_status fail_size(qn_device *device, size_t bytes, const char *reason)
{
    char want[32], has[32], most[32], held[32];

    return qn_fail(device->env, QN_ERROR_MEMORY,
                   "a buffer of %s was wanted on %s (%s), which has %s in all, %s at most in one "
                   "buffer, %s taken so far: %s",
                   qn_bytes_text(bytes, want, sizeof want), device->info.selector,
                   device->info.name, qn_bytes_text(device->info.memory, has, sizeof has),
                   qn_bytes_text(device->info.max_allocation, most, sizeof most),
                   qn_bytes_text(device->counters.bytes, held, sizeof held), reason);
}

/* Waits: a driver that allocates lazily says here, and not later, that memory ran out; and no
 * transfer on the other queue can be overtaken by these zeros. */
static cl_int fill_zero(qn_buffer *buffer)
{
    static const unsigned char zero[16] = {0};
    size_t pattern = buffer->bytes % 16 == 0 ? 16 : buffer->bytes % 4 == 0 ? 4 : 1;
    qn_device *device = buffer->device;
    cl_int error;

    device->counters.waits++;
    if (qn_device_quirk(device, QN_QUIRK_WHOLE_WRITES))
        return qn_whole_fill(device, buffer->cl, 0, buffer->bytes, 0);
    error = clEnqueueFillBuffer(device->compute, buffer->cl, zero, pattern, 0, buffer->bytes, 0,
                                NULL, NULL);
    return error == CL_SUCCESS ? qn_queue_finish(device, device->compute) : error;
}

const char *const qn_use_names[QN_USES] = {
    [QN_USE_OTHER] = "other",
    [QN_USE_PARAMETERS] = "parameters",
    [QN_USE_STATE] = "state",
    [QN_USE_SLOTS] = "optimizer slots",
    [QN_USE_GRADIENTS] = "gradients",
    [QN_USE_TEMPORARIES] = "temporaries",
    [QN_USE_CONSTANTS] = "inputs and constants",
    [QN_USE_SAMPLES] = "samples",
    [QN_USE_STEPS] = "step table and results",
    [QN_USE_STAGING] = "staging (host)",
};

/* Counts memory that was taken, or, with `taken` false, given back. */
static void count(qn_device *device, qn_use use, size_t bytes, bool taken)
{
    uint64_t change = taken ? (uint64_t)bytes : -(uint64_t)bytes;

    device->counters.held[use] += change;
    if (use != QN_USE_STAGING)
        device->counters.bytes += change;
    if (device->profile)
        qn_profile_memory(device, use);
}

qn_status qn_buffer_create(qn_device *device, size_t bytes, qn_buffer **buffer)
{
    return qn_buffer_create_for(device, QN_USE_OTHER, bytes, buffer);
}

qn_status qn_buffer_create_for(qn_device *device, qn_use use, size_t bytes, qn_buffer **buffer)
{
    qn_buffer *made;
    cl_int error;

    *buffer = NULL;
    if (bytes == 0)
        return qn_fail(device->env, QN_ERROR_INTERNAL, "a buffer of 0 bytes was asked for");
    if (bytes > device->info.max_allocation)
        return fail_size(device, bytes, "that is more than one buffer can be");
    if (bytes > device->info.memory - device->counters.bytes)
        return fail_size(device, bytes, "that is more than is left");
    made = qn_alloc(device->env, sizeof *made);
    if (!made)
        return QN_ERROR_MEMORY;
    made->device = device;
    made->bytes = bytes;
    made->use = use;
    made->cl = clCreateBuffer(device->cl, CL_MEM_READ_WRITE, bytes, NULL, &error);
    made->root = made->cl;
    if (error == CL_SUCCESS)
        error = fill_zero(made);
    if (error != CL_SUCCESS) {
        if (made->cl)
            clReleaseMemObject(made->cl);
        qn_free(device->env, made);
        if (qn_cl_fail(device, error, "making a buffer") == QN_ERROR_MEMORY)
            return fail_size(device, bytes, qn_cl_error_name(error));
        return QN_ERROR_DEVICE;
    }
    device->counters.buffers++;
    count(device, use, bytes, true);
    *buffer = made;
    return QN_OK;
}

qn_status qn_buffer_slice(qn_buffer *parent, size_t offset, size_t bytes, qn_buffer **buffer)
{
    qn_device *device = parent->device;
    cl_buffer_region region = {parent->offset + offset, bytes};
    qn_buffer *made;
    cl_int error;

    *buffer = NULL;
    if (bytes == 0 || outside(parent, offset, bytes))
        return fail_range(parent, offset, bytes, "a slice");
    if (region.origin % device->alignment)
        return qn_fail(device->env, QN_ERROR_INTERNAL,
                       "a slice at offset %zu: offsets on %s are multiples of %zu", region.origin,
                       device->info.selector, device->alignment);
    made = qn_alloc(device->env, sizeof *made);
    if (!made)
        return QN_ERROR_MEMORY;
    made->cl = clCreateSubBuffer(parent->root, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
                                 &region, &error);
    if (error != CL_SUCCESS) {
        qn_free(device->env, made);
        return qn_cl_fail(device, error, "slicing a buffer");
    }
    made->device = device;
    made->root = parent->root;
    made->offset = region.origin;
    made->bytes = bytes;
    *buffer = made;
    return QN_OK;
}

void qn_buffer_destroy(qn_buffer **buffer)
{
    qn_buffer *old = *buffer;

    *buffer = NULL;
    if (!old)
        return;
    if (old->cl == old->root)
        count(old->device, old->use, old->bytes, false);
    clReleaseMemObject(old->cl);
    qn_free(old->device->env, old);
}

size_t qn_buffer_bytes(const qn_buffer *buffer)
{
    return buffer->bytes;
}

qn_device *qn_buffer_device(const qn_buffer *buffer)
{
    return buffer->device;
}

cl_mem qn_buffer_cl_mem(const qn_buffer *buffer)
{
    return buffer->cl;
}

/* Around a command on the compute queue, for profiles: where its event goes, or NULL. */
static cl_event *move_begin(qn_device *device, qn_move move, size_t bytes)
{
    return device->profile ? qn_profile_move_begin(device, device->compute, move, bytes) : NULL;
}

static void move_end(qn_device *device, const cl_event *event)
{
    if (event)
        qn_profile_move_end(device, device->compute);
}

qn_status qn_buffer_write(qn_buffer *buffer, size_t offset, size_t bytes, const void *data)
{
    qn_device *device = buffer->device;
    cl_event *event;
    cl_int error;

    if (outside(buffer, offset, bytes))
        return fail_range(buffer, offset, bytes, "a write");
    if (bytes == 0)
        return QN_OK;
    device->counters.waits++;
    device->counters.copies++;
    event = move_begin(device, QN_MOVE_WRITE, bytes);
    if (qn_device_quirk(device, QN_QUIRK_WHOLE_WRITES))
        error = qn_whole_write(device, device->compute, buffer->root, buffer->offset + offset,
                               bytes, data, NULL);
    else
        error = clEnqueueWriteBuffer(device->compute, buffer->root, CL_TRUE,
                                     buffer->offset + offset, bytes, data, 0, NULL, event);
    move_end(device, event);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "writing a buffer");
}

qn_status qn_buffer_read(qn_buffer *buffer, size_t offset, size_t bytes, void *data)
{
    qn_device *device = buffer->device;
    cl_event *event;
    cl_int error;

    if (outside(buffer, offset, bytes))
        return fail_range(buffer, offset, bytes, "a read");
    if (bytes == 0)
        return QN_OK;
    device->counters.waits++;
    device->counters.copies++;
    event = move_begin(device, QN_MOVE_READ, bytes);
    error = clEnqueueReadBuffer(device->compute, buffer->root, CL_TRUE, buffer->offset + offset,
                                bytes, data, 0, NULL, event);
    move_end(device, event);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "reading a buffer");
}

qn_status qn_buffer_fill(qn_buffer *buffer, size_t offset, size_t bytes, uint32_t pattern)
{
    qn_device *device = buffer->device;
    cl_event *event;
    cl_int error;

    if (outside(buffer, offset, bytes))
        return fail_range(buffer, offset, bytes, "a fill");
    if (offset % 4 || bytes % 4)
        return qn_fail(device->env, QN_ERROR_INTERNAL,
                       "a fill of %zu bytes at offset %zu: both are multiples of 4", bytes, offset);
    if (bytes == 0)
        return QN_OK;
    event = move_begin(device, QN_MOVE_FILL, bytes);
    if (qn_device_quirk(device, QN_QUIRK_WHOLE_WRITES))
        error = qn_whole_fill(device, buffer->root, buffer->offset + offset, bytes, pattern);
    else
        error = clEnqueueFillBuffer(device->compute, buffer->root, &pattern, sizeof pattern,
                                    buffer->offset + offset, bytes, 0, NULL, event);
    move_end(device, event);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "filling a buffer");
}

qn_status qn_buffer_enqueue_copy(qn_buffer *from, size_t from_offset, qn_buffer *to,
                                 size_t to_offset, size_t bytes, cl_event *event)
{
    qn_device *device = from->device;
    cl_int error;

    if (outside(from, from_offset, bytes))
        return fail_range(from, from_offset, bytes, "a copy");
    if (outside(to, to_offset, bytes))
        return fail_range(to, to_offset, bytes, "a copy");
    if (bytes == 0)
        return QN_OK;
    device->counters.copies++;
    if (qn_device_quirk(device, QN_QUIRK_WHOLE_WRITES))
        error = qn_whole_copy(device, from->root, from->offset + from_offset, to->root,
                              to->offset + to_offset, bytes);
    else
        error =
            clEnqueueCopyBuffer(device->compute, from->root, to->root, from->offset + from_offset,
                                to->offset + to_offset, bytes, 0, NULL, event);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "copying a buffer");
}

qn_status qn_buffer_copy(qn_buffer *from, size_t from_offset, qn_buffer *to, size_t to_offset,
                         size_t bytes)
{
    cl_event *event = move_begin(from->device, QN_MOVE_COPY, bytes);
    qn_status status = qn_buffer_enqueue_copy(from, from_offset, to, to_offset, bytes, event);

    move_end(from->device, event);
    return status;
}

qn_status qn_staging_create(qn_device *device, size_t bytes, qn_staging **staging)
{
    qn_staging *made = qn_alloc(device->env, sizeof *made);
    cl_int error;

    *staging = NULL;
    if (!made)
        return QN_ERROR_MEMORY;
    made->device = device;
    made->bytes = bytes;
    made->cl =
        clCreateBuffer(device->cl, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &error);
    if (error != CL_SUCCESS) {
        qn_free(device->env, made);
        return qn_cl_fail(device, error, "making a staging buffer");
    }
    device->counters.waits++;
    made->data = clEnqueueMapBuffer(device->transfer, made->cl, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE,
                                    0, bytes, 0, NULL, NULL, &error);
    if (error != CL_SUCCESS) {
        clReleaseMemObject(made->cl);
        qn_free(device->env, made);
        return qn_cl_fail(device, error, "mapping a staging buffer");
    }
    count(device, QN_USE_STAGING, bytes, true);
    *staging = made;
    return QN_OK;
}

void qn_staging_destroy(qn_staging **staging)
{
    qn_staging *old = *staging;

    *staging = NULL;
    if (!old)
        return;
    /* Transfers that use it are done when the queue is; a failure here has nobody to tell. */
    clEnqueueUnmapMemObject(old->device->transfer, old->cl, old->data, 0, NULL, NULL);
    qn_queue_finish(old->device, old->device->transfer);
    clReleaseMemObject(old->cl);
    count(old->device, QN_USE_STAGING, old->bytes, false);
    qn_free(old->device->env, old);
}

void *qn_staging_data(qn_staging *staging)
{
    return staging->data;
}
