/* SPDX-License-Identifier: Apache-2.0 */
/* Launches that reach what a device can do at most: cl/peak.cl. Counts are rounds of a work-item.
 */
#ifndef KERNELS_PEAK_H
#define KERNELS_PEAK_H

#include "device/steps.h"

/* Groups that keep the whole device busy. */
int64_t qn_peak_groups(const qn_steps *steps);
/* Most rounds of one work-item: some drivers stop a long loop. */
int64_t qn_peak_most(const qn_steps *steps);
/* Elements of the block that a work-group moves in a round; a power of two. */
int64_t qn_peak_block(const qn_steps *steps);

/* y[group] = sum of 12 chains of `count` multiply-adds s = a * s + b, `width` lanes each (1, 4, 8
 * or 16), which begin at x[lane] + work-item + chain. */
qn_status qn_kernel_peak_fma(qn_steps *steps, int width, qn_buffer *x, qn_buffer *y, double a,
                             double b, int64_t groups, int64_t count);
/* y[group] = sum of `count` blocks of x, around in its first `elements` (a power of two, whole
 * blocks); the groups begin evenly spread. */
qn_status qn_kernel_peak_read(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t elements,
                              int64_t groups, int64_t count);
/* `count` blocks a group, one group after the other: y = value, y = x. */
qn_status qn_kernel_peak_write(qn_steps *steps, qn_buffer *y, double value, int64_t groups,
                               int64_t count);
qn_status qn_kernel_peak_copy(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t groups,
                              int64_t count);
/* y[group] = sum over work-items of 8 * count elements of local memory, of which i is i modulo 8;
 * each round begins `stride` elements further. */
qn_status qn_kernel_peak_local(qn_steps *steps, qn_buffer *y, int64_t stride, int64_t groups,
                               int64_t count);
/* y[0] = value, by one group. */
qn_status qn_kernel_peak_launch(qn_steps *steps, qn_buffer *y, double value);

#endif
