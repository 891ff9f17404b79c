/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that the layer wraps: OpenCL 1.2's core without images and samplers. A list read in
 * several ways. CALL: gives an error code. FREE: the same, a release or retain, which '*' does not
 * make fail (a release that fails leaks by its nature). MAKE: gives an object, and the code in
 * `*error`. WAIT: as CALL, and waits for the device when the third argument is true. */

/* clang-format off */
CALL(clGetPlatformIDs, (cl_uint a, cl_platform_id *b, cl_uint *c), (a, b, c))
CALL(clGetPlatformInfo, (cl_platform_id a, cl_platform_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clGetDeviceIDs,
     (cl_platform_id a, cl_device_type b, cl_uint c, cl_device_id *d, cl_uint *e), (a, b, c, d, e))
CALL(clGetDeviceInfo, (cl_device_id a, cl_device_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clCreateSubDevices,
     (cl_device_id a, const cl_device_partition_property *b, cl_uint c, cl_device_id *d,
      cl_uint *e),
     (a, b, c, d, e))
FREE(clRetainDevice, (cl_device_id a), (a))
FREE(clReleaseDevice, (cl_device_id a), (a))

MAKE(cl_context, clCreateContext,
     (const cl_context_properties *a, cl_uint b, const cl_device_id *c,
      void(CL_CALLBACK *d)(const char *, const void *, size_t, void *), void *e, cl_int *error),
     (a, b, c, d, e, error))
FREE(clRetainContext, (cl_context a), (a))
FREE(clReleaseContext, (cl_context a), (a))
CALL(clGetContextInfo, (cl_context a, cl_context_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))

MAKE(cl_command_queue, clCreateCommandQueue,
     (cl_context a, cl_device_id b, cl_command_queue_properties c, cl_int *error),
     (a, b, c, error))
FREE(clRetainCommandQueue, (cl_command_queue a), (a))
FREE(clReleaseCommandQueue, (cl_command_queue a), (a))
CALL(clGetCommandQueueInfo,
     (cl_command_queue a, cl_command_queue_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))

MAKE(cl_mem, clCreateBuffer, (cl_context a, cl_mem_flags b, size_t c, void *d, cl_int *error),
     (a, b, c, d, error))
MAKE(cl_mem, clCreateSubBuffer,
     (cl_mem a, cl_mem_flags b, cl_buffer_create_type c, const void *d, cl_int *error),
     (a, b, c, d, error))
FREE(clRetainMemObject, (cl_mem a), (a))
FREE(clReleaseMemObject, (cl_mem a), (a))
CALL(clGetMemObjectInfo, (cl_mem a, cl_mem_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))

MAKE(cl_program, clCreateProgramWithSource,
     (cl_context a, cl_uint b, const char **c, const size_t *d, cl_int *error), (a, b, c, d, error))
MAKE(cl_program, clCreateProgramWithBinary,
     (cl_context a, cl_uint b, const cl_device_id *c, const size_t *d, const unsigned char **e,
      cl_int *f, cl_int *error),
     (a, b, c, d, e, f, error))
FREE(clRetainProgram, (cl_program a), (a))
FREE(clReleaseProgram, (cl_program a), (a))
CALL(clBuildProgram,
     (cl_program a, cl_uint b, const cl_device_id *c, const char *d,
      void(CL_CALLBACK *e)(cl_program, void *), void *f),
     (a, b, c, d, e, f))
CALL(clGetProgramInfo, (cl_program a, cl_program_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clGetProgramBuildInfo,
     (cl_program a, cl_device_id b, cl_program_build_info c, size_t d, void *e, size_t *f),
     (a, b, c, d, e, f))

MAKE(cl_kernel, clCreateKernel, (cl_program a, const char *b, cl_int *error), (a, b, error))
CALL(clCreateKernelsInProgram, (cl_program a, cl_uint b, cl_kernel *c, cl_uint *d), (a, b, c, d))
FREE(clRetainKernel, (cl_kernel a), (a))
FREE(clReleaseKernel, (cl_kernel a), (a))
CALL(clSetKernelArg, (cl_kernel a, cl_uint b, size_t c, const void *d), (a, b, c, d))
CALL(clGetKernelInfo, (cl_kernel a, cl_kernel_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clGetKernelWorkGroupInfo,
     (cl_kernel a, cl_device_id b, cl_kernel_work_group_info c, size_t d, void *e, size_t *f),
     (a, b, c, d, e, f))

CALL(clWaitForEvents, (cl_uint a, const cl_event *b), (a, b))
CALL(clGetEventInfo, (cl_event a, cl_event_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
FREE(clRetainEvent, (cl_event a), (a))
FREE(clReleaseEvent, (cl_event a), (a))
CALL(clGetEventProfilingInfo, (cl_event a, cl_profiling_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clSetEventCallback,
     (cl_event a, cl_int b, void(CL_CALLBACK *c)(cl_event, cl_int, void *), void *d), (a, b, c, d))
CALL(clFlush, (cl_command_queue a), (a))
CALL(clFinish, (cl_command_queue a), (a))

WAIT(clEnqueueReadBuffer,
     (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, void *f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
WAIT(clEnqueueWriteBuffer,
     (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, const void *f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueCopyBuffer,
     (cl_command_queue a, cl_mem b, cl_mem c, size_t d, size_t e, size_t f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueFillBuffer,
     (cl_command_queue a, cl_mem b, const void *c, size_t d, size_t e, size_t f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
MAKE(void *, clEnqueueMapBuffer,
     (cl_command_queue a, cl_mem b, cl_bool c, cl_map_flags d, size_t e, size_t f, cl_uint g,
      const cl_event *h, cl_event *i, cl_int *error),
     (a, b, c, d, e, f, g, h, i, error))
FREE(clEnqueueUnmapMemObject,
     (cl_command_queue a, cl_mem b, void *c, cl_uint d, const cl_event *e, cl_event *f),
     (a, b, c, d, e, f))
CALL(clEnqueueNDRangeKernel,
     (cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d, const size_t *e,
      const size_t *f, cl_uint g, const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueMarkerWithWaitList,
     (cl_command_queue a, cl_uint b, const cl_event *c, cl_event *d), (a, b, c, d))
CALL(clEnqueueBarrierWithWaitList,
     (cl_command_queue a, cl_uint b, const cl_event *c, cl_event *d), (a, b, c, d))
