/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL's side of device/device.h: for src/device and src/kernels/gemm_clblast.c only. */
#ifndef DEVICE_OPENCL_H
#define DEVICE_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "device/device.h"

cl_device_id qn_device_cl_id(const qn_device *device);
cl_command_queue qn_device_cl_queue(const qn_device *device);
cl_mem qn_buffer_cl_mem(const qn_buffer *buffer);

/* "CL_OUT_OF_RESOURCES (-5)"-like name; never NULL. */
const char *qn_cl_error_name(cl_int error);
/* Fails with QN_ERROR_DEVICE (QN_ERROR_MEMORY for the out-of-memory codes): what, on which device,
 * the code's name. */
qn_status qn_cl_fail(qn_device *device, cl_int error, const char *what);

#endif
