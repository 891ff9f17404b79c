/* SPDX-License-Identifier: Apache-2.0 */
/* One kernel made slow. Of one thread and one context at a time. */
#define CL_TARGET_OPENCL_VERSION 120
#include "slow.h"
#include <stdio.h>
#include <string.h>

#define KEPT 65536 /* events of the slow kernel that are not released yet */

static const char source[] = "__kernel void extra_work(__global float *x, const int rounds)\n"
                             "{\n"
                             "    float y = x[0];\n"
                             "    for (int i = 0; i < rounds; i++)\n"
                             "        y = y * 0.999f + 0.5f;\n"
                             "    x[0] = y;\n"
                             "}\n";

static char slow_name[128];
static cl_int slow_rounds;

/* Made at the first launch in a context, and left to it. */
static cl_context made_for;
static cl_kernel work;
static cl_mem memory;

static struct pair {
    cl_event launch, extra;
} pairs[KEPT];
static int pair_count;

void slow_read(const char *text)
{
    int rounds = 0;

    if (text && sscanf(text, "%127[^:]:%d", slow_name, &rounds) == 2)
        slow_rounds = rounds;
}

static cl_int make_work(const cl_icd_dispatch *cl, cl_command_queue queue)
{
    const char *text = source;
    cl_context context;
    cl_program program;
    cl_int error;

    cl->clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    if (context == made_for)
        return CL_SUCCESS;
    program = cl->clCreateProgramWithSource(context, 1, &text, NULL, &error);
    if (error == CL_SUCCESS)
        error = cl->clBuildProgram(program, 0, NULL, "", NULL, NULL);
    if (error == CL_SUCCESS)
        work = cl->clCreateKernel(program, "extra_work", &error);
    if (error == CL_SUCCESS)
        memory = cl->clCreateBuffer(context, CL_MEM_READ_WRITE, 64, NULL, &error);
    if (error == CL_SUCCESS)
        error = cl->clSetKernelArg(work, 0, sizeof memory, &memory);
    if (error == CL_SUCCESS)
        error = cl->clSetKernelArg(work, 1, sizeof slow_rounds, &slow_rounds);
    if (error == CL_SUCCESS)
        made_for = context;
    return error;
}

cl_int slow_before(const cl_icd_dispatch *cl, cl_command_queue queue, cl_kernel kernel,
                   cl_event *extra)
{
    const size_t one = 1;
    char name[128] = "";
    cl_int error;

    *extra = NULL;
    if (slow_rounds == 0 ||
        cl->clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL) !=
            CL_SUCCESS ||
        strcmp(name, slow_name) != 0)
        return CL_SUCCESS;
    error = make_work(cl, queue);
    if (error == CL_SUCCESS)
        error = cl->clEnqueueNDRangeKernel(queue, work, 1, NULL, &one, &one, 0, NULL, extra);
    return error;
}

void slow_keep(const cl_icd_dispatch *cl, cl_event extra, cl_event event)
{
    if (extra && event && pair_count < KEPT)
        pairs[pair_count++] = (struct pair){event, extra};
    else if (extra)
        cl->clReleaseEvent(extra);
}

static int find(cl_event event)
{
    for (int i = 0; i < pair_count; i++)
        if (pairs[i].launch == event)
            return i;
    return -1;
}

cl_event slow_begin_of(cl_event event)
{
    int at = find(event);

    return at < 0 ? event : pairs[at].extra;
}

void slow_forget(const cl_icd_dispatch *cl, cl_event event)
{
    int at = find(event);

    if (at < 0)
        return;
    cl->clReleaseEvent(pairs[at].extra);
    pairs[at] = pairs[--pair_count];
}
