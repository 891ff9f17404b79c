/* SPDX-License-Identifier: Apache-2.0 */
/* A small piece of everything that src/device does, for tests that make something fail in it. */
#ifndef DEVICE_SCENARIO_H
#define DEVICE_SCENARIO_H

#include "support.h"

static const char scenario_source[] =
    "__kernel void add(__global int *x, const int row) { x[get_global_id(0)] += row + 1; }\n";

static inline qn_status scenario_transfers(qn_device *device, qn_buffer *x, int32_t *data,
                                           size_t bytes)
{
    qn_event *written = NULL, *mark = NULL, *done = NULL;
    qn_status status = qn_transfer_write(x, 0, bytes, data, NULL, &written);

    if (status == QN_OK)
        status = qn_compute_after(device, written);
    if (status == QN_OK)
        status = qn_compute_mark(device, &mark);
    if (status == QN_OK)
        status = qn_transfer_read(x, 0, bytes, data, mark, &done);
    if (status == QN_OK)
        status = qn_event_wait(done);
    /* Whatever failed: nothing may still be under way to memory of ours. */
    if (status != QN_OK && qn_device_finish(device) != QN_OK && qn_device_finish(device) != QN_OK)
        status = QN_ERROR_DEVICE;
    qn_event_destroy(&written);
    qn_event_destroy(&mark);
    qn_event_destroy(&done);
    return status;
}

static inline qn_status scenario_steps(qn_device *device, qn_steps *steps, qn_buffer *x,
                                       qn_buffer *y)
{
    qn_kernel *kernel = NULL;
    qn_status status;

    QN_TRY(qn_kernel_create_source(device, "scenario.cl", scenario_source, NULL, "add", &kernel));
    status = qn_kernel_set_buffer(kernel, 0, x);
    if (status != QN_OK) {
        qn_kernel_destroy(&kernel);
        return status;
    }
    steps->label = "add";
    QN_TRY(qn_steps_add_kernel(steps, &kernel, &(qn_range){1, {16, 1, 1}, {4, 1, 1}}, 1,
                               (qn_cost){16, 128}));
    QN_TRY(qn_steps_add_copy(steps, x, 0, y, 0, 64));
    for (int row = 0; row < 4; row++)
        QN_TRY(qn_steps_replay(steps, row));
    return QN_OK;
}

/* QN_OK only when everything went well and the numbers are right; frees all it made but the
 * context, which is left in *ctx with its error. */
static inline qn_status run_scenario(qn_context **ctx, const qn_context_create_params *params)
{
    qn_buffer *x = NULL, *y = NULL, *slice = NULL;
    qn_staging *staging = NULL;
    qn_device *device;
    qn_steps steps;
    int32_t data[16];
    qn_status status = qn_context_create_with(ctx, params);

    if (status != QN_OK)
        return status;
    device = (*ctx)->device[0];
    qn_steps_init(&steps, device);
    status = qn_buffer_create(device, 4096, &x);
    if (status == QN_OK)
        status = qn_buffer_create(device, 64, &y);
    if (status == QN_OK)
        status = qn_buffer_slice(x, 2048, 64, &slice);
    if (status == QN_OK)
        status = qn_buffer_fill(slice, 0, 64, 5);
    if (status == QN_OK)
        status = qn_staging_create(device, 64, &staging);
    if (status == QN_OK)
        status = scenario_steps(device, &steps, slice, y);
    if (status == QN_OK)
        status = qn_buffer_read(y, 0, 64, qn_staging_data(staging));
    if (status == QN_OK)
        status = scenario_transfers(device, y, qn_staging_data(staging), 64);
    if (status == QN_OK) {
        memcpy(data, qn_staging_data(staging), sizeof data);
        for (int i = 0; i < 16; i++)
            assert_int_equal(data[i], 5 + 1 + 2 + 3 + 4);
    }
    qn_steps_free(&steps);
    qn_buffer_destroy(&slice);
    qn_staging_destroy(&staging);
    qn_buffer_destroy(&y);
    qn_buffer_destroy(&x);
    return status;
}

#endif
