/* SPDX-License-Identifier: Apache-2.0 */
/* The flat list of steps: recorded once, replayed for every step of training. */
#include "base/util.h"
#include "device/internal.h"
#include <stdio.h>

const char *qn_step_routine(const qn_step *step)
{
    return step->kind == QN_STEP_KERNEL ? qn_kernel_name(step->kernel)
           : step->kind == QN_STEP_CALL ? step->call.name
                                        : "copy";
}

const char *qn_range_text(const qn_range *range, const size_t *sizes, char *buffer, size_t room)
{
    size_t at = 0;

    buffer[0] = '\0';
    for (int i = 0; i < range->dims && at < room; i++)
        at += (size_t)snprintf(buffer + at, room - at, "%s%zu", i > 0 ? "x" : "", sizes[i]);
    return buffer;
}

void qn_steps_init(qn_steps *steps, qn_device *device)
{
    memset(steps, 0, sizeof *steps);
    steps->device = device;
    steps->gemm = device->context->gemm;
}

static void destroy_step(qn_env *env, qn_step *step)
{
    qn_kernel_destroy(&step->kernel);
    if (step->kind == QN_STEP_CALL && step->call.destroy)
        step->call.destroy(step->call.state);
    qn_free(env, step->label);
}

void qn_steps_free(qn_steps *steps)
{
    qn_env *env = steps->device->env;

    for (size_t i = 0; i < steps->count; i++)
        destroy_step(env, &steps->step[i]);
    qn_free(env, steps->step);
    steps->step = NULL;
    steps->count = steps->capacity = 0;
}

/* Room for one more, with its label; not counted yet, so that a failure leaves the list whole. */
static qn_status next_step(qn_steps *steps, qn_step_kind kind, qn_step **step)
{
    qn_env *env = steps->device->env;
    char *label;

    QN_TRY(qn_grow(env, &steps->step, &steps->capacity, steps->count + 1, sizeof *steps->step));
    label = qn_strdup(env, steps->label ? steps->label : "");
    if (!label)
        return QN_ERROR_MEMORY;
    *step = &steps->step[steps->count];
    memset(*step, 0, sizeof **step);
    (*step)->kind = kind;
    (*step)->label = label;
    (*step)->row_argument = -1;
    return QN_OK;
}

qn_status qn_steps_add_kernel(qn_steps *steps, qn_kernel **kernel, const qn_range *range,
                              int row_argument, qn_cost cost)
{
    qn_step *step = NULL;
    qn_status status = next_step(steps, QN_STEP_KERNEL, &step);

    if (status != QN_OK) {
        qn_kernel_destroy(kernel);
        return status;
    }
    step->kernel = *kernel;
    step->range = *range;
    step->row_argument = row_argument;
    step->cost = cost;
    steps->count++;
    *kernel = NULL;
    return QN_OK;
}

qn_status qn_steps_add_call(qn_steps *steps, const qn_call *call, qn_cost cost)
{
    qn_step *step = NULL;
    qn_status status = next_step(steps, QN_STEP_CALL, &step);

    if (status != QN_OK) {
        if (call->destroy)
            call->destroy(call->state);
        return status;
    }
    step->call = *call;
    step->cost = cost;
    steps->count++;
    return QN_OK;
}

qn_status qn_steps_add_copy(qn_steps *steps, qn_buffer *from, size_t from_offset, qn_buffer *to,
                            size_t to_offset, size_t bytes)
{
    qn_step *step = NULL;

    QN_TRY(next_step(steps, QN_STEP_COPY, &step));
    step->from = from;
    step->from_offset = from_offset;
    step->to = to;
    step->to_offset = to_offset;
    step->bytes = bytes;
    step->cost.bytes = 2.0 * (double)bytes;
    step->launched = true;
    steps->count++;
    return QN_OK;
}

static qn_status enqueue(qn_device *device, qn_step *step, int32_t row, cl_event *event)
{
    switch (step->kind) {
    case QN_STEP_KERNEL:
        if (step->row_argument >= 0)
            QN_TRY(qn_kernel_set_i32(step->kernel, step->row_argument, row));
        return qn_kernel_enqueue(step->kernel, &step->range, event);
    case QN_STEP_CALL:
        qn_device_count_call(device);
        return step->call.enqueue(step->call.state);
    case QN_STEP_COPY:
        return qn_buffer_enqueue_copy(step->from, step->from_offset, step->to, step->to_offset,
                                      step->bytes, event);
    }
    return qn_fail(device->env, QN_ERROR_INTERNAL, "a step of unknown kind %d", (int)step->kind);
}

/* Some drivers compile a kernel for its work sizes when it is enqueued, others (PoCL) when it runs:
 * so a first launch is waited for, and its time holds what was compiled wherever that was. */
static qn_status enqueue_first(qn_device *device, qn_step *step, int32_t row, cl_event *event)
{
    double began = qn_seconds();
    cl_int error;

    QN_TRY(enqueue(device, step, row, event));
    QN_TRY(qn_device_flush(device)); /* it may come after a transfer */
    error = qn_queue_finish(device, device->compute);
    if (error != CL_SUCCESS)
        return qn_cl_fail(device, error, "waiting for a first launch");
    step->launched = true;
    device->counters.first_launches++;
    device->counters.first_launch_seconds += qn_seconds() - began;
    return QN_OK;
}

qn_status qn_step_enqueue(qn_device *device, qn_step *step, int32_t row, cl_event *event)
{
    return step->launched ? enqueue(device, step, row, event)
                          : enqueue_first(device, step, row, event);
}

static qn_status replay_step(qn_steps *steps, size_t index, int32_t row)
{
    qn_device *device = steps->device;
    qn_step *step = &steps->step[index];
    qn_status status = device->profile ? qn_profile_step(steps, index, row)
                                       : qn_step_enqueue(device, step, row, NULL);

    if (status == QN_OK || !*step->label)
        return status;
    return qn_fail_context(device->env, status, "%s", step->label);
}

static qn_status replay_first(qn_steps *steps, int32_t row)
{
    qn_env *env = steps->device->env;
    qn_status status = QN_OK;

    qn_activity_begin(env, (int64_t)steps->count, "compiling kernels");
    for (size_t i = 0; i < steps->count && status == QN_OK; i++) {
        qn_activity_at(env, (int64_t)i);
        status = replay_step(steps, i, row);
    }
    qn_activity_end(env);
    if (status == QN_OK)
        steps->launched = steps->count;
    return status;
}

qn_status qn_steps_replay(qn_steps *steps, int32_t row)
{
    if (steps->launched < steps->count)
        return replay_first(steps, row);
    for (size_t i = 0; i < steps->count; i++)
        QN_TRY(replay_step(steps, i, row));
    return QN_OK;
}
