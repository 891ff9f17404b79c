/* SPDX-License-Identifier: Apache-2.0 */
/* One opened device: its OpenCL context and queues, and what it says of itself. */
#include "device/internal.h"

#define MIN_ALIGNMENT 128

/* Driver and platform both: one of them changes with every update that matters. */
char *qn_device_entry_fingerprint(qn_env *env, const qn_device_entry *entry)
{
    const qn_device_info *info = &entry->info;

    return qn_format(env, "%s|%s|%s|%s|%s|%s|%u", info->platform_name, entry->platform_version,
                     info->vendor, info->name, info->version, info->driver,
                     (unsigned)info->compute_units);
}

/* Asked before a split: rusticl of Mesa 22.3 crashes in clCreateSubDevices instead of refusing. */
static bool can_split(cl_device_id id)
{
    cl_device_partition_property how[16] = {0};
    size_t bytes = 0;

    if (clGetDeviceInfo(id, CL_DEVICE_PARTITION_PROPERTIES, sizeof how, how, &bytes) != CL_SUCCESS)
        return false;
    for (size_t i = 0; i < bytes / sizeof how[0]; i++)
        if (how[i] == CL_DEVICE_PARTITION_EQUALLY)
            return true;
    return false;
}

/* The `sub`-th of the device's single compute units. */
static qn_status open_sub(qn_device *device, const qn_device_entry *entry, int sub)
{
    cl_device_partition_property how[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    cl_uint units = entry->info.compute_units, count = 0;
    cl_device_id *part;
    cl_int error;

    if (sub >= (int)units)
        return qn_fail(device->env, QN_ERROR_USAGE,
                       "device %s.%d was asked for, but %s (%s) has %u compute units: 0 to %u",
                       entry->info.selector, sub, entry->info.selector, entry->info.name,
                       (unsigned)units, (unsigned)units - 1);
    part = qn_alloc_array(device->env, units, sizeof *part);
    if (!part)
        return QN_ERROR_MEMORY;
    error = can_split(entry->id) ? clCreateSubDevices(entry->id, how, units, part, &count)
                                 : CL_INVALID_VALUE;
    if (error != CL_SUCCESS) {
        qn_free(device->env, part);
        return qn_fail(device->env, QN_ERROR_DEVICE,
                       "%s (%s) cannot be split into single compute units: %s (%d)",
                       entry->info.selector, entry->info.name, qn_cl_error_name(error), (int)error);
    }
    for (cl_uint i = 0; i < count; i++)
        if ((int)i != sub)
            clReleaseDevice(part[i]);
    device->id = (int)count > sub ? part[sub] : NULL;
    device->is_sub = device->id != NULL;
    qn_free(device->env, part);
    if (!device->is_sub)
        return qn_fail(device->env, QN_ERROR_DEVICE, "%s (%s) was split into %u parts only",
                       entry->info.selector, entry->info.name, (unsigned)count);
    device->sub_selector = qn_format(device->env, "%s.%d", entry->info.selector, sub);
    if (!device->sub_selector)
        return QN_ERROR_MEMORY;
    device->info.selector = device->sub_selector;
    device->info.compute_units = 1;
    return QN_OK;
}

static qn_status open_queues(qn_device *device, cl_platform_id platform)
{
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    cl_command_queue_properties how = device->context->profile ? CL_QUEUE_PROFILING_ENABLE : 0;
    cl_int error;

    device->cl = clCreateContext(properties, 1, &device->id, NULL, NULL, &error);
    if (error != CL_SUCCESS)
        return qn_cl_fail(device, error, "opening the device");
    device->compute = clCreateCommandQueue(device->cl, device->id, how, &error);
    if (error == CL_SUCCESS)
        device->transfer = clCreateCommandQueue(device->cl, device->id, how, &error);
    return error == CL_SUCCESS ? QN_OK : qn_cl_fail(device, error, "making a command queue");
}

static qn_status open_all(qn_device *device, const qn_device_entry *entry, int sub)
{
    cl_uint bits = 0;

    if (entry->unusable)
        return qn_fail(device->env, QN_ERROR_DEVICE, "device %s (%s) cannot be used: %s",
                       entry->info.selector, entry->info.name, entry->info.skipped);
    if (sub >= 0)
        QN_TRY(open_sub(device, entry, sub));
    device->fingerprint = qn_device_entry_fingerprint(device->env, entry);
    if (!device->fingerprint)
        return QN_ERROR_MEMORY;
    if (clGetDeviceInfo(device->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof bits, &bits, NULL) !=
        CL_SUCCESS)
        bits = 0;
    device->alignment = bits / 8 > MIN_ALIGNMENT ? bits / 8 : MIN_ALIGNMENT;
    return open_queues(device, entry->platform);
}

qn_status qn_device_open(qn_context *ctx, int entry, int sub, qn_device **device)
{
    const qn_device_entry *found = &ctx->list->entry[entry];
    qn_device *made = qn_alloc(&ctx->env, sizeof *made);
    qn_status status;

    *device = NULL;
    if (!made)
        return QN_ERROR_MEMORY;
    made->context = ctx;
    made->env = &ctx->env;
    made->info = found->info;
    made->id = found->id;
    made->quirks = found->quirks;
    status = open_all(made, found, sub);
    if (status != QN_OK)
        qn_device_close(&made);
    *device = made;
    return status;
}

void qn_device_close(qn_device **device)
{
    qn_device *old = *device;

    *device = NULL;
    if (!old)
        return;
    if (old->profile)
        (void)qn_device_profile_end(old);
    /* Transfers may still be writing to host memory; a failure here has nobody to tell. */
    if (old->compute)
        qn_queue_finish(old, old->compute);
    if (old->transfer)
        qn_queue_finish(old, old->transfer);
    while (old->programs) {
        qn_program *program = old->programs;

        old->programs = program->next;
        clReleaseProgram(program->cl);
        qn_free(old->env, program);
    }
    while (old->spare_events) {
        qn_event *event = old->spare_events;

        old->spare_events = event->next;
        qn_free(old->env, event);
    }
    if (old->transfer)
        clReleaseCommandQueue(old->transfer);
    if (old->compute)
        clReleaseCommandQueue(old->compute);
    if (old->cl)
        clReleaseContext(old->cl);
    if (old->is_sub)
        clReleaseDevice(old->id);
    qn_free(old->env, old->scratch);
    qn_free(old->env, old->sub_selector);
    qn_free(old->env, old->fingerprint);
    qn_free(old->env, old);
}

qn_env *qn_device_env(const qn_device *device)
{
    return device->env;
}

qn_context *qn_device_context(const qn_device *device)
{
    return device->context;
}

const qn_device_info *qn_device_description(const qn_device *device)
{
    return &device->info;
}

qn_device_class qn_device_kind(const qn_device *device)

{
    if (strcmp(device->info.type, "cpu") != 0 || qn_device_quirk(device, QN_QUIRK_LOOP_LIMIT))
        return QN_CLASS_GPU;
    return QN_CLASS_CPU;
}

size_t qn_device_alignment(const qn_device *device)
{
    return device->alignment;
}

int qn_device_vector_width(const qn_device *device)
{
    cl_uint width = 0;

    if (clGetDeviceInfo(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width,
                        NULL) != CL_SUCCESS)
        return 1;
    return width > 0 ? (int)width : 1;
}

const char *qn_device_fingerprint(const qn_device *device)
{
    return device->fingerprint;
}

const qn_device_counters *qn_device_count_of(const qn_device *device)
{
    return &device->counters;
}

void qn_device_count_call(qn_device *device)
{
    device->counters.calls++;
}

cl_device_id qn_device_cl_id(const qn_device *device)
{
    return device->id;
}

cl_command_queue qn_device_cl_queue(const qn_device *device)
{
    return device->compute;
}
