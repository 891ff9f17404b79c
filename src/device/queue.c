/* SPDX-License-Identifier: Apache-2.0 */
/* Events, the transfer queue, and the order between it and the compute queue. */
#include "device/internal.h"

/* Events come back to a list of spare ones, so that a steady state allocates none. */
qn_status qn_event_new(qn_device *device, qn_event **event)
{
    qn_event *made = device->spare_events;

    if (made) {
        device->spare_events = made->next;
    } else {
        made = qn_alloc(device->env, sizeof *made);
        if (!made)
            return QN_ERROR_MEMORY;
    }
    made->device = device;
    made->cl = NULL;
    made->next = NULL;
    *event = made;
    return QN_OK;
}

void qn_event_destroy(qn_event **event)
{
    qn_event *old = *event;

    *event = NULL;
    if (!old)
        return;
    if (old->cl)
        clReleaseEvent(old->cl);
    old->cl = NULL;
    old->next = old->device->spare_events;
    old->device->spare_events = old;
}

qn_status qn_compute_mark(qn_device *device, qn_event **event)
{
    qn_event *made;
    cl_int error;

    *event = NULL;
    QN_TRY(qn_event_new(device, &made));
    error = clEnqueueMarkerWithWaitList(device->compute, 0, NULL, &made->cl);
    /* Another queue may wait for it only after a flush. */
    if (error == CL_SUCCESS)
        error = clFlush(device->compute);
    if (error != CL_SUCCESS) {
        qn_event_destroy(&made);
        return qn_cl_fail(device, error, "marking the compute queue");
    }
    *event = made;
    return QN_OK;
}

qn_status qn_compute_after(qn_device *device, const qn_event *event)
{
    cl_int error;

    if (!event)
        return QN_OK;
    error = clEnqueueBarrierWithWaitList(device->compute, 1, &event->cl, NULL);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "ordering the compute queue");
}

/* What both transfers do around their one call. */
typedef struct transfer {
    qn_device *device;
    cl_command_queue queue;
    cl_uint wait_count;
    const cl_event *wait;
    qn_event *done;
    cl_event *event; /* where its event goes; NULL: nowhere */
} transfer;

static qn_status transfer_begin(transfer *t, cl_command_queue queue, qn_move move,
                                qn_buffer *buffer, size_t offset, size_t bytes,
                                const qn_event *after, bool wanted)
{
    t->device = buffer->device;
    t->queue = queue;
    t->wait_count = after ? 1 : 0;
    t->wait = after ? &after->cl : NULL;
    t->done = NULL;
    t->event = NULL;
    if (bytes == 0 || offset > buffer->bytes || bytes > buffer->bytes - offset)
        return qn_fail(t->device->env, QN_ERROR_INTERNAL,
                       "a transfer of %zu bytes at offset %zu does not fit a buffer of %zu bytes",
                       bytes, offset, buffer->bytes);
    if (wanted)
        QN_TRY(qn_event_new(t->device, &t->done));
    t->event = t->done ? &t->done->cl : NULL;
    if (t->device->profile)
        t->event = qn_profile_move_begin(t->device, queue, move, bytes);
    return QN_OK;
}

static qn_status transfer_end(transfer *t, cl_int error, qn_event **done, const char *what)
{
    t->device->counters.copies++;
    if (t->device->profile) {
        if (error == CL_SUCCESS && t->done) {
            error = clRetainEvent(*t->event);
            t->done->cl = error == CL_SUCCESS ? *t->event : NULL;
        }
        qn_profile_move_end(t->device, t->queue);
    }
    if (error == CL_SUCCESS)
        error = clFlush(t->queue);
    if (error != CL_SUCCESS) {
        qn_event_destroy(&t->done);
        return qn_cl_fail(t->device, error, what);
    }
    if (done)
        *done = t->done;
    return QN_OK;
}

qn_status qn_transfer_write(qn_buffer *buffer, size_t offset, size_t bytes, const void *data,
                            const qn_event *after, qn_event **done)
{
    transfer t = {0};
    cl_int error;

    if (done)
        *done = NULL;
    QN_TRY(transfer_begin(&t, buffer->device->transfer, QN_MOVE_WRITE, buffer, offset, bytes, after,
                          done != NULL));
    if (qn_device_quirk(t.device, QN_QUIRK_WHOLE_WRITES)) {
        error = qn_whole_write(t.device, t.device->transfer, buffer->root, buffer->offset + offset,
                               bytes, data, t.wait);
        if (error == CL_SUCCESS && t.event)
            error = clEnqueueMarkerWithWaitList(t.device->transfer, 0, NULL, t.event);
    } else {
        error = clEnqueueWriteBuffer(t.device->transfer, buffer->root, CL_FALSE,
                                     buffer->offset + offset, bytes, data, t.wait_count, t.wait,
                                     t.event);
    }
    return transfer_end(&t, error, done, "writing to the device");
}

static qn_status enqueue_read(cl_command_queue queue, qn_buffer *buffer, size_t offset,
                              size_t bytes, void *data, const qn_event *after, qn_event **done)
{
    transfer t = {0};
    cl_int error;

    if (done)
        *done = NULL;
    QN_TRY(transfer_begin(&t, queue, QN_MOVE_READ, buffer, offset, bytes, after, done != NULL));
    error = clEnqueueReadBuffer(queue, buffer->root, CL_FALSE, buffer->offset + offset, bytes, data,
                                t.wait_count, t.wait, t.event);
    return transfer_end(&t, error, done, "reading from the device");
}

qn_status qn_transfer_read(qn_buffer *buffer, size_t offset, size_t bytes, void *data,
                           const qn_event *after, qn_event **done)
{
    return enqueue_read(buffer->device->transfer, buffer, offset, bytes, data, after, done);
}

qn_status qn_compute_read(qn_buffer *buffer, size_t offset, size_t bytes, void *data,
                          qn_event **done)
{
    return enqueue_read(buffer->device->compute, buffer, offset, bytes, data, NULL, done);
}

qn_status qn_device_flush(qn_device *device)
{
    cl_int error = clFlush(device->compute);

    if (error == CL_SUCCESS)
        error = clFlush(device->transfer);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "flushing the queues");
}

static cl_int event_status(const qn_event *event)
{
    cl_int status = CL_QUEUED;
    cl_int error =
        clGetEventInfo(event->cl, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);

    return error == CL_SUCCESS ? status : error;
}

qn_status qn_event_wait(qn_event *event)
{
    cl_int error, status;

    event->device->counters.waits++;
    error = clWaitForEvents(1, &event->cl);
    if (event->device->profile)
        qn_profile_read(event->device);
    status = event_status(event);
    /* The command's own code says more than "an event in the list failed". */
    if (status < 0)
        return qn_cl_fail(event->device, status, "a command in a queue");
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(event->device, error, "waiting for an event");
}

bool qn_event_done(const qn_event *event)
{
    return event_status(event) <= CL_COMPLETE;
}

qn_status qn_event_times(const qn_event *event, double *begin, double *end)
{
    cl_ulong from = 0, to = 0;
    cl_int error;

    if (qn_device_quirk(event->device, QN_QUIRK_NO_EVENT_TIMES))
        return qn_fail(event->device->env, QN_ERROR_DEVICE,
                       "the driver of %s (%s) does not tell when a command ran: profile on another "
                       "device",
                       event->device->info.selector, event->device->info.name);
    error =
        clGetEventProfilingInfo(event->cl, CL_PROFILING_COMMAND_START, sizeof from, &from, NULL);
    if (error == CL_SUCCESS)
        error = clGetEventProfilingInfo(event->cl, CL_PROFILING_COMMAND_END, sizeof to, &to, NULL);
    if (error != CL_SUCCESS)
        return qn_cl_fail(event->device, error, "asking when a command ran");
    *begin = (double)from * 1e-9;
    *end = (double)to * 1e-9;
    return QN_OK;
}

cl_int qn_queue_finish(qn_device *device, cl_command_queue queue)
{
    cl_int error = CL_SUCCESS;

    if (qn_device_quirk(device, QN_QUIRK_FINISH_NEEDS_MARK))
        error = clEnqueueMarkerWithWaitList(queue, 0, NULL, NULL);
    return error == CL_SUCCESS ? clFinish(queue) : error;
}

qn_status qn_device_finish(qn_device *device)
{
    cl_int error;

    device->counters.waits++;
    error = qn_queue_finish(device, device->compute);
    if (error == CL_SUCCESS)
        error = qn_queue_finish(device, device->transfer);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "waiting for the device");
}
