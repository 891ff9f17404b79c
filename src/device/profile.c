/* SPDX-License-Identifier: Apache-2.0 */
/* Profiled regions: events of the commands in flight, and the times that drivers tell of them. */
#include "base/util.h"
#include "device/internal.h"
#include <math.h>

/* Commands in flight before the finished ones among them are read. */
#define READ_AT 4096

/* A command whose event is not read yet. */
typedef struct pending {
    size_t entry;
    cl_event first; /* of a call: the marker before it; otherwise NULL */
    cl_event last;  /* the command's, or the marker after a call */
    double host_begin, host_end, bytes;
} pending;

/* Of one in-order queue, in its order. */
typedef struct line {
    pending *item;
    size_t count, capacity, read_at;
    bool started;
    double origin, latest; /* begin of the first and the last measured command */
} line;

struct qn_profile_run {
    qn_profile_sink sink;
    cl_command_queue plain[2]; /* compute and transfer, while the profiling ones are in use */
    bool exchanged;
    line line[2];
    pending move; /* the transfer that is being enqueued */
    size_t entries;
    uint64_t serial; /* differs from region to region */
    double begun;
    qn_status status; /* the first failure of the profile itself */
};

/* ---- times ---- */

static bool ask_time(cl_event event, cl_profiling_info what, double *seconds)
{
    const cl_ulong untouched = ~(cl_ulong)0;
    cl_ulong time = untouched;

    if (clGetEventProfilingInfo(event, what, sizeof time, &time, NULL) != CL_SUCCESS)
        return false;
    *seconds = (double)time * 1e-9;
    return time != 0 && time != untouched;
}

/* CLBlast gives the event of its last kernel only, so a call lasts from marker to marker. */
static bool ask_times(const pending *p, qn_profile_record *record)
{
    if (p->first)
        return ask_time(p->first, CL_PROFILING_COMMAND_END, &record->begin) &&
               ask_time(p->last, CL_PROFILING_COMMAND_START, &record->end);
    return ask_time(p->last, CL_PROFILING_COMMAND_START, &record->begin) &&
           ask_time(p->last, CL_PROFILING_COMMAND_END, &record->end);
}

/* Whether the times can be true: forward, in the queue's order, within the region's length. */
static bool plausible(line *l, const qn_profile_record *record, double region)
{
    if (record->end < record->begin || (l->started && record->begin < l->latest))
        return false;
    if (l->started && record->end - l->origin > 1.1 * region + 1)
        return false;
    if (record->end - record->begin > 1.1 * region + 1)
        return false;
    if (!l->started)
        l->origin = record->begin;
    l->started = true;
    l->latest = record->begin;
    return true;
}

/* ---- reading ---- */

static bool is_done(const pending *p)
{
    cl_int status = CL_QUEUED;

    return clGetEventInfo(p->last, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status,
                          NULL) == CL_SUCCESS &&
           status <= CL_COMPLETE;
}

/* The queue is in order: what is done comes before what is not. */
static size_t count_done(const line *l)
{
    size_t low = 0, high = l->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (is_done(&l->item[middle]))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void release(pending *p)
{
    if (p->first)
        clReleaseEvent(p->first);
    if (p->last)
        clReleaseEvent(p->last);
}

static void read_line(qn_device *device, line *l, size_t done)
{
    const qn_profile_run *run = device->profile;
    bool told = !qn_device_quirk(device, QN_QUIRK_NO_EVENT_TIMES);
    double region = qn_seconds() - run->begun;

    for (size_t i = 0; i < done; i++) {
        pending *p = &l->item[i];
        qn_profile_record record = {.entry = p->entry,
                                    .host_begin = p->host_begin,
                                    .host_end = p->host_end,
                                    .bytes = p->bytes};

        record.measured = told && ask_times(p, &record) && plausible(l, &record, region);
        if (!record.measured)
            record.begin = record.end = 0;
        run->sink.record(run->sink.user, &record);
        release(p);
    }
    if (done > 0)
        memmove(l->item, l->item + done, (l->count - done) * sizeof *l->item);
    l->count -= done;
    l->read_at = l->count < READ_AT / 2 ? READ_AT : 2 * l->count;
}

void qn_profile_read(qn_device *device)
{
    for (int i = 0; i < 2; i++) {
        line *l = &device->profile->line[i];

        read_line(device, l, count_done(l));
    }
}

/* ---- recording ---- */

static pending begin_pending(size_t entry, double bytes)
{
    return (pending){.entry = entry, .bytes = bytes, .host_begin = qn_seconds()};
}

/* Takes over the events. What left none, as it failed, is not recorded. */
static qn_status keep(qn_device *device, line *l, pending *p)
{
    qn_status status = QN_OK;

    p->host_end = qn_seconds();
    if (p->last && l->count >= l->read_at)
        read_line(device, l, count_done(l));
    if (p->last)
        status = qn_grow(device->env, &l->item, &l->capacity, l->count + 1, sizeof *l->item);
    if (p->last && status == QN_OK)
        l->item[l->count++] = *p;
    else
        release(p);
    return status;
}

cl_event *qn_profile_move_begin(qn_device *device, cl_command_queue queue, qn_move move,
                                size_t bytes)
{
    size_t entry = (size_t)move + (queue == device->transfer ? QN_MOVES : 0);

    device->profile->move = begin_pending(entry, (double)bytes * (move == QN_MOVE_COPY ? 2 : 1));
    return &device->profile->move.last;
}

void qn_profile_move_end(qn_device *device, cl_command_queue queue)
{
    qn_profile_run *run = device->profile;
    qn_status status = keep(device, &run->line[queue == device->transfer], &run->move);

    run->status = status != QN_OK ? status : run->status;
}

/* Tells the sink of a list's steps, once a region and again when the list grew. */
static qn_status announce(qn_steps *steps)
{
    qn_profile_run *run = steps->device->profile;

    if (steps->profile == run->serial && steps->profile_count == steps->count)
        return QN_OK;
    steps->profile_first = run->entries;
    for (size_t i = 0; i < steps->count; i++) {
        QN_TRY(run->sink.step(run->sink.user, &steps->step[i], i));
        run->entries++;
    }
    steps->profile = run->serial;
    steps->profile_count = steps->count;
    return QN_OK;
}

void qn_profile_memory(qn_device *device, qn_use use)
{
    const qn_profile_sink *sink = &device->profile->sink;

    sink->memory(sink->user, use, device->counters.held[use], qn_seconds());
}

static qn_status enqueue(qn_device *device, qn_step *step, int32_t row, pending *p)
{
    cl_int error;

    if (step->kind != QN_STEP_CALL)
        return qn_step_enqueue(device, step, row, &p->last);
    error = clEnqueueMarkerWithWaitList(device->compute, 0, NULL, &p->first);
    if (error == CL_SUCCESS) {
        QN_TRY(qn_step_enqueue(device, step, row, NULL));
        error = clEnqueueMarkerWithWaitList(device->compute, 0, NULL, &p->last);
    }
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "marking a call's begin or end");
}

qn_status qn_profile_step(qn_steps *steps, size_t index, int32_t row)
{
    qn_device *device = steps->device;
    qn_status status, kept;
    pending p;

    QN_TRY(announce(steps));
    p = begin_pending(steps->profile_first + index, 0);
    status = enqueue(device, &steps->step[index], row, &p);
    kept = keep(device, &device->profile->line[0], &p);
    return status != QN_OK ? status : kept;
}

/* ---- the region ---- */

static qn_status exchange(qn_device *device, qn_profile_run *run)
{
    cl_command_queue made[2] = {NULL, NULL};
    cl_int error = CL_SUCCESS;

    if (device->context->profile)
        return QN_OK; /* they profile already */
    for (int i = 0; i < 2 && error == CL_SUCCESS; i++)
        made[i] = clCreateCommandQueue(device->cl, device->id, CL_QUEUE_PROFILING_ENABLE, &error);
    if (error != CL_SUCCESS) {
        if (made[0])
            clReleaseCommandQueue(made[0]);
        return qn_cl_fail(device, error, "making a profiling queue");
    }
    run->plain[0] = device->compute;
    run->plain[1] = device->transfer;
    device->compute = made[0];
    device->transfer = made[1];
    run->exchanged = true;
    return QN_OK;
}

qn_status qn_device_profile_begin(qn_device *device, const qn_profile_sink *sink)
{
    qn_profile_run *run;
    qn_status status;

    if (device->profile)
        return qn_fail(device->env, QN_ERROR_USAGE,
                       "a profile was to begin, but %s is being profiled: end that one first",
                       device->info.selector);
    QN_TRY(qn_device_finish(device));
    run = qn_alloc(device->env, sizeof *run);
    if (!run)
        return QN_ERROR_MEMORY;
    status = exchange(device, run);
    if (status != QN_OK) {
        qn_free(device->env, run);
        return status;
    }
    run->sink = *sink;
    run->entries = QN_PROFILE_FIRST_STEP;
    run->serial = ++device->context->profiles;
    run->line[0].read_at = run->line[1].read_at = READ_AT;
    run->begun = qn_seconds();
    device->profile = run;
    for (int use = 0; use < QN_USES; use++)
        qn_profile_memory(device, (qn_use)use);
    return QN_OK;
}

qn_status qn_device_profile_end(qn_device *device)
{
    qn_profile_run *run = device->profile;
    qn_status status;

    if (!run)
        return QN_OK;
    status = qn_device_finish(device);
    for (int i = 0; i < 2; i++) {
        read_line(device, &run->line[i], run->line[i].count);
        qn_free(device->env, run->line[i].item);
    }
    if (run->exchanged) {
        clReleaseCommandQueue(device->transfer);
        clReleaseCommandQueue(device->compute);
        device->compute = run->plain[0];
        device->transfer = run->plain[1];
    }
    if (status == QN_OK)
        status = run->status;
    device->profile = NULL;
    qn_free(device->env, run);
    return status;
}
