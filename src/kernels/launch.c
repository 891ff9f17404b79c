/* SPDX-License-Identifier: Apache-2.0 */
/* Launches: arguments, flavours and work sizes. */
#include "kernels/launch.h"
#include "base/util.h"
#include <stdio.h>

#define GPU_LOCAL 64      /* QN_LOCAL of lib/vector.h */
#define GPU_GROUPS 32     /* most groups a compute unit is given at once */
#define CPU_WIDTH 16      /* QN_WIDTH */
#define CPU_ROW_GRAIN 256 /* ... the same where each takes an exponential */
#define CPU_GRAIN 1024    /* fewer elements are not worth another work-item */
#define CPU_ITEMS 4       /* work-items a compute unit: evens out what else the cores do */

bool qn_flavour_cpu(const qn_steps *steps)
{
    if (steps->flavour != QN_FLAVOUR_AUTO)
        return steps->flavour == QN_FLAVOUR_CPU;
    return qn_device_kind(steps->device) == QN_CLASS_CPU;
}

size_t qn_flavour_local(const qn_steps *steps)
{
    return qn_flavour_cpu(steps) ? 1 : GPU_LOCAL;
}

void qn_launch_begin(qn_launch *launch, qn_steps *steps, const char *file, const char *options,
                     const char *name)
{
    char all[320];

    memset(launch, 0, sizeof *launch);
    launch->steps = steps;
    launch->row_argument = -1;
    launch->chunk = 1;
    snprintf(all, sizeof all, "-DQN_CPU=%d%s%s", qn_flavour_cpu(steps), *options ? " " : "",
             options);
    launch->status = qn_kernel_create(steps->device, file, all, name, &launch->kernel);
}

static int64_t units(const qn_launch *launch)
{
    uint32_t count = qn_device_description(launch->steps->device)->compute_units;

    return count ? count : 1;
}

void qn_launch_groups(qn_launch *launch, int64_t groups)
{
    launch->range.dims = 1;
    launch->range.local[0] = qn_flavour_local(launch->steps);
    launch->range.global[0] = (size_t)groups * launch->range.local[0];
}

static bool fits(qn_launch *launch, int64_t count)
{
    qn_env *env = qn_device_env(launch->steps->device);

    if (launch->status != QN_OK)
        return false;
    if (count >= 1 && count <= QN_MAX_ELEMENTS)
        return true;
    launch->status =
        qn_fail(env, QN_ERROR_USAGE,
                "kernel %s was asked for %lld elements; it takes 1 to %lld: make the "
                "batch or the layer smaller",
                qn_kernel_name(launch->kernel), (long long)count, (long long)QN_MAX_ELEMENTS);
    return false;
}

/* Into how many work-items `count` elements are split on a CPU. */
static int64_t cpu_items(const qn_launch *launch, int64_t count, int64_t grain)
{
    int64_t items = qn_divide_up(count, grain), most = units(launch) * CPU_ITEMS;

    return items < most ? items : most;
}

void qn_launch_elements(qn_launch *launch, int64_t count)
{
    int64_t groups, most = units(launch) * GPU_GROUPS, chunk;

    if (!fits(launch, count))
        return;
    if (qn_flavour_cpu(launch->steps)) {
        chunk = qn_divide_up(count, cpu_items(launch, count, CPU_GRAIN));
        chunk = qn_divide_up(chunk, CPU_WIDTH) * CPU_WIDTH;
        launch->chunk = (int32_t)chunk;
        qn_launch_groups(launch, qn_divide_up(count, chunk));
        return;
    }
    groups = qn_divide_up(count, GPU_LOCAL);
    qn_launch_groups(launch, groups < most ? groups : most);
}

void qn_launch_rows(qn_launch *launch, int64_t rows, int64_t columns)
{
    if (!fits(launch, rows * columns))
        return;
    if (qn_flavour_cpu(launch->steps))
        launch->chunk =
            (int32_t)qn_divide_up(rows, cpu_items(launch, rows * columns, CPU_ROW_GRAIN));
    qn_launch_groups(launch, qn_divide_up(rows, launch->chunk));
}

void qn_launch_buffer(qn_launch *launch, const qn_buffer *buffer)
{
    if (launch->status == QN_OK)
        launch->status = qn_kernel_set_buffer(launch->kernel, launch->argument++, buffer);
}

void qn_launch_i32(qn_launch *launch, int64_t value)
{
    if (launch->status == QN_OK)
        launch->status = qn_kernel_set_i32(launch->kernel, launch->argument++, (int32_t)value);
}

void qn_launch_u32(qn_launch *launch, uint32_t value)
{
    if (launch->status == QN_OK)
        launch->status = qn_kernel_set_u32(launch->kernel, launch->argument++, value);
}

void qn_launch_f32(qn_launch *launch, double value)
{
    if (launch->status == QN_OK)
        launch->status = qn_kernel_set_f32(launch->kernel, launch->argument++, (float)value);
}

void qn_launch_chunk(qn_launch *launch)
{
    qn_launch_i32(launch, launch->chunk);
}

void qn_launch_table(qn_launch *launch)
{
    if (launch->status != QN_OK)
        return;
    if (!launch->steps->table) {
        launch->status = qn_fail(qn_device_env(launch->steps->device), QN_ERROR_INTERNAL,
                                 "kernel %s reads the step table, but the steps have none",
                                 qn_kernel_name(launch->kernel));
        return;
    }
    qn_launch_buffer(launch, launch->steps->table);
    launch->row_argument = launch->argument;
    qn_launch_i32(launch, 0);
}

void qn_launch_optional(qn_launch *launch, const qn_buffer *buffer, const qn_buffer *instead)
{
    qn_launch_buffer(launch, buffer ? buffer : instead);
    qn_launch_i32(launch, buffer != NULL);
}

qn_status qn_launch_end(qn_launch *launch, double flops, double elements_moved)
{
    const qn_cost cost = {.flops = flops, .bytes = 4.0 * elements_moved};

    if (launch->status != QN_OK) {
        qn_kernel_destroy(&launch->kernel);
        return launch->status;
    }
    return qn_steps_add_kernel(launch->steps, &launch->kernel, &launch->range, launch->row_argument,
                               cost);
}
