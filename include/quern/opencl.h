/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * For programs that use OpenCL themselves: Quern's own objects, borrowed. */
#ifndef QUERN_OPENCL_H
#define QUERN_OPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>
#include <quern/context.h>

QN_HEADER_BEGIN

/** The context's OpenCL objects for its device `index`; borrowed, NULL when out of range. */
QN_API cl_device_id qn_context_cl_device(const qn_context *ctx, int index);
QN_API cl_context qn_context_cl_context(const qn_context *ctx, int index);
QN_API cl_command_queue qn_context_cl_queue(const qn_context *ctx, int index);

QN_HEADER_END

#endif
