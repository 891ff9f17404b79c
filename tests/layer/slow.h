/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one kernel slow: extra device work in front of each of its launches, inside the interval
 * that the launch's event tells. */
#ifndef LAYER_SLOW_H
#define LAYER_SLOW_H

#include <CL/cl_icd.h>

/* "kernel:rounds": rounds of a loop by one work-item. */
void slow_read(const char *text);
/* Before a launch: enqueues the work where the kernel is the slow one; its event is in *extra, to
 * be kept for the launch's own by slow_keep. */
cl_int slow_before(const cl_icd_dispatch *cl, cl_command_queue queue, cl_kernel kernel,
                   cl_event *extra);
/* `event` may be NULL. */
void slow_keep(const cl_icd_dispatch *cl, cl_event extra, cl_event event);
/* The event whose begin is that of `event`. */
cl_event slow_begin_of(cl_event event);
/* Once `event` is about to be released. */
void slow_forget(const cl_icd_dispatch *cl, cl_event event);

#endif
