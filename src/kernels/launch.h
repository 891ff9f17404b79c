/* SPDX-License-Identifier: Apache-2.0 */
/* What the families share: arguments one after the other with one status at the end, and the work
 * sizes of both flavours. */
#ifndef KERNELS_LAUNCH_H
#define KERNELS_LAUNCH_H

#include "device/steps.h"

/* Elements of one buffer that a kernel can count: its int arithmetic has room to overshoot. */
#define QN_MAX_ELEMENTS ((int64_t)1 << 30)

/* Whether the steps want the CPU flavour (cl/lib/vector.h), and the local size of their flavour. */
bool qn_flavour_cpu(const qn_steps *steps);
size_t qn_flavour_local(const qn_steps *steps);

/* One launch in the making. After the first failure the rest does nothing. */
typedef struct qn_launch {
    qn_steps *steps;
    qn_kernel *kernel;
    int argument; /* index of the next one */
    int row_argument;
    qn_range range;
    int32_t chunk; /* what one work-item or group takes, for the kernel */
    qn_status status;
} qn_launch;

/* Kernel `name` of `file`, built for the steps' flavour with more options ("" for none). */
void qn_launch_begin(qn_launch *launch, qn_steps *steps, const char *file, const char *options,
                     const char *name);

/* Work sizes, before the arguments: they set `chunk`. Elements for QN_EACH; rows of so many
 * elements for QN_ROWS; groups as they are. */
void qn_launch_elements(qn_launch *launch, int64_t count);
void qn_launch_rows(qn_launch *launch, int64_t rows, int64_t columns);
void qn_launch_groups(qn_launch *launch, int64_t groups);

void qn_launch_buffer(qn_launch *launch, const qn_buffer *buffer);
void qn_launch_i32(qn_launch *launch, int64_t value);
void qn_launch_u32(qn_launch *launch, uint32_t value);
void qn_launch_f32(qn_launch *launch, double value);
void qn_launch_chunk(qn_launch *launch);
void qn_launch_table(qn_launch *launch); /* step table and row: two arguments */
/* An optional buffer and whether it is there: two arguments. `instead` fills the gap. */
void qn_launch_optional(qn_launch *launch, const qn_buffer *buffer, const qn_buffer *instead);

/* Adds the step; `elements_moved` are of 4 bytes. */
qn_status qn_launch_end(qn_launch *launch, double flops, double elements_moved);

#endif
