/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the kernels that measure a device: small integers, whose sums are exact. */
#include "kernels/launch.h"
#include "kernels/peak.h"
#include "kernels/selftest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 2
#define ROUNDS 3
#define COUNT 4096 /* elements of a buffer: GROUPS * ROUNDS blocks of either flavour and more */

typedef struct rig {
    qn_steps steps;
    qn_buffer *x, *y;
    float value[COUNT];    /* of x; then what y holds */
    float expected[COUNT]; /* of y, which begins with zeros */
} rig;

typedef qn_status (*record_fn)(rig *r);

static qn_status prepare(rig *r, qn_device *device)
{
    qn_steps_init(&r->steps, device);
    for (int i = 0; i < COUNT; i++)
        r->value[i] = (float)((i * 5) % 11 - 4);
    QN_TRY(qn_buffer_create(device, sizeof r->value, &r->x));
    QN_TRY(qn_buffer_create(device, sizeof r->value, &r->y));
    return qn_buffer_write(r->x, 0, sizeof r->value, r->value);
}

static void judge(const rig *r, bool *passed, char *detail, size_t size)
{
    *passed = true;
    for (int i = 0; i < COUNT && *passed; i++) {
        *passed = r->value[i] == r->expected[i];
        if (!*passed)
            snprintf(detail, size, "element %d of %d should be %.9g and is %.9g", i, COUNT,
                     (double)r->expected[i], (double)r->value[i]);
    }
}

static qn_status run(qn_device *device, record_fn record, bool *passed, char *detail, size_t size)
{
    qn_env *env = qn_device_env(device);
    rig *r = qn_alloc(env, sizeof *r);
    qn_status status;

    if (!r)
        return QN_ERROR_MEMORY;
    status = prepare(r, device);
    if (status == QN_OK)
        status = record(r);
    if (status == QN_OK)
        status = qn_steps_replay(&r->steps, 0);
    if (status == QN_OK)
        status = qn_buffer_read(r->y, 0, sizeof r->value, r->value);
    if (status == QN_OK)
        judge(r, passed, detail, size);
    qn_steps_free(&r->steps);
    qn_buffer_destroy(&r->x);
    qn_buffer_destroy(&r->y);
    qn_free(env, r);
    return status;
}

/* ROUNDS times s + 1, from x[lane] + work-item + chain. */
static qn_status record_fma(rig *r, int width)
{
    for (int group = 0; group < GROUPS; group++)
        for (int item = 0; item < (int)qn_flavour_local(&r->steps); item++)
            for (int chain = 0; chain < 12; chain++)
                for (int lane = 0; lane < width; lane++)
                    r->expected[group] += r->value[lane] + (float)(item + chain + ROUNDS);
    return qn_kernel_peak_fma(&r->steps, width, r->x, r->y, 1.0, 1.0, GROUPS, ROUNDS);
}

static qn_status record_fma_1(rig *r)
{
    return record_fma(r, 1);
}

static qn_status record_fma_4(rig *r)
{
    return record_fma(r, 4);
}

static qn_status record_fma_8(rig *r)
{
    return record_fma(r, 8);
}

static qn_status record_fma_16(rig *r)
{
    return record_fma(r, 16);
}

/* Four blocks: the second group begins at the third one and comes around. */
static qn_status record_read(rig *r)
{
    const int block = (int)qn_peak_block(&r->steps), elements = 4 * block;

    for (int group = 0; group < GROUPS; group++)
        for (int i = 0; i < ROUNDS * block; i++)
            r->expected[group] += r->value[(group * elements / GROUPS + i) % elements];
    return qn_kernel_peak_read(&r->steps, r->x, r->y, elements, GROUPS, ROUNDS);
}

static qn_status record_write(rig *r)
{
    for (int i = 0; i < GROUPS * ROUNDS * (int)qn_peak_block(&r->steps); i++)
        r->expected[i] = 5.0f;
    return qn_kernel_peak_write(&r->steps, r->y, 5.0, GROUPS, ROUNDS);
}

static qn_status record_copy(rig *r)
{
    memcpy(r->expected, r->value,
           GROUPS * ROUNDS * (size_t)qn_peak_block(&r->steps) * sizeof(float));
    return qn_kernel_peak_copy(&r->steps, r->x, r->y, GROUPS, ROUNDS);
}

static qn_status record_local(rig *r)
{
    const int items = (int)qn_flavour_local(&r->steps), stride = 3;

    for (int group = 0; group < GROUPS; group++)
        for (int item = 0; item < items; item++)
            for (int k = 0; k < ROUNDS * 8; k++)
                r->expected[group] += (float)((item + k / 8 * stride + k % 8 * items) % 8);
    return qn_kernel_peak_local(&r->steps, r->y, stride, GROUPS, ROUNDS);
}

static qn_status record_launch(rig *r)
{
    r->expected[0] = 5.0f;
    return qn_kernel_peak_launch(&r->steps, r->y, 5.0);
}

#define TRY(name)                                                                                  \
    static qn_status try_##name(qn_device *device, bool *passed, char *detail, size_t size)        \
    {                                                                                              \
        return run(device, record_##name, passed, detail, size);                                   \
    }
TRY(fma_1)
TRY(fma_4)
TRY(fma_8)
TRY(fma_16)
TRY(read)
TRY(write)
TRY(copy)
TRY(local)
TRY(launch)

const qn_selftest_case qn_selftest_peak[] = {
    {"peak_fma_1", try_fma_1, NULL, 0},   {"peak_fma_4", try_fma_4, NULL, 0},
    {"peak_fma_8", try_fma_8, NULL, 0},   {"peak_fma_16", try_fma_16, NULL, 0},
    {"peak_read", try_read, NULL, 0},     {"peak_write", try_write, NULL, 0},
    {"peak_copy", try_copy, NULL, 0},     {"peak_local", try_local, NULL, 0},
    {"peak_launch", try_launch, NULL, 0}, {NULL, NULL, NULL, 0},
};
