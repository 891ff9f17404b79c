/* SPDX-License-Identifier: Apache-2.0 */
/* An OpenCL layer for the tests: counts calls from outside of the library, makes the n-th fail, or
 * delays. Load it with OPENCL_LAYERS=path of this library. Environment:
 *   QUERN_LAYER_LOG=file                at exit, "function calls" a line
 *   QUERN_LAYER_FAIL=function:n:code    the n-th call gives that error ("*": of any function)
 *   QUERN_LAYER_DELAY_US=function:us    each call takes that much longer
 *   QUERN_LAYER_SLOW=kernel:rounds      each launch of that kernel has extra device work (slow.h)
 * Figures of a steady state are the difference of two runs, or of two counts (layer.h). */
#define CL_TARGET_OPENCL_VERSION 120
#include "layer.h"
#include "slow.h"
#include <CL/cl_layer.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define BLOCKING "blocking"

enum {
#define CALL(name, parameters, arguments) AT_##name,
#define FREE CALL
#define WAIT CALL
#define MAKE(type, name, parameters, arguments) AT_##name,
#include "functions.h"
#undef CALL
#undef MAKE
    FUNCTIONS
};

static const char *const names[] = {
#define CALL(name, parameters, arguments) #name,
#define MAKE(type, name, parameters, arguments) #name,
#include "functions.h"
#undef CALL
#undef FREE
#undef WAIT
#undef MAKE
};

static atomic_ullong calls[FUNCTIONS], blocking_calls, failable_calls;
/* The armed failure: function (FUNCTIONS: any, -1: none), calls left until it, code. */
static atomic_int fail_at = -1, fail_code;
static atomic_llong fail_left;
static int delay_at = -1;
static long delay_us;

static const cl_icd_dispatch *target;
static cl_icd_dispatch wrapped;

static int find(const char *name, size_t length)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return i;
    return length == 1 && *name == '*' ? FUNCTIONS : -1;
}

static void wait_us(long us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&time, NULL);
}

/* Counts a call; true when it is to fail with *code. */
static int enter(int at, int failable, int *code)
{
    int wanted = atomic_load(&fail_at);

    atomic_fetch_add(&calls[at], 1);
    if (failable)
        atomic_fetch_add(&failable_calls, 1);
    if (at == delay_at)
        wait_us(delay_us);
    if (wanted != at && !(wanted == FUNCTIONS && failable))
        return 0;
    if (atomic_fetch_sub(&fail_left, 1) != 1)
        return 0;
    *code = atomic_load(&fail_code);
    atomic_fetch_sub(&calls[at], 1); /* it made no object: creations and releases stay even */
    return 1;
}

#define WRAP(name, parameters, arguments, failable, before)                                        \
    static cl_int CL_API_CALL wrap_##name parameters                                               \
    {                                                                                              \
        int code;                                                                                  \
                                                                                                   \
        before;                                                                                    \
        return enter(AT_##name, failable, &code) ? code : target->name arguments;                  \
    }
#define CALL(name, parameters, arguments) WRAP(name, parameters, arguments, 1, (void)0)
#define FREE(name, parameters, arguments) WRAP(name, parameters, arguments, 0, (void)0)
#define WAIT(name, parameters, arguments)                                                          \
    WRAP(name, parameters, arguments, 1, c ? (void)atomic_fetch_add(&blocking_calls, 1) : (void)0)
#define MAKE(type, name, parameters, arguments)                                                    \
    static type CL_API_CALL wrap_##name parameters                                                 \
    {                                                                                              \
        int code;                                                                                  \
                                                                                                   \
        if (!enter(AT_##name, 1, &code))                                                           \
            return target->name arguments;                                                         \
        if (error)                                                                                 \
            *error = code;                                                                         \
        return NULL;                                                                               \
    }
#include "functions.h"
#undef CALL
#undef FREE
#undef WAIT
#undef MAKE

static atomic_int times; /* qn_layer_times */

static cl_int CL_API_CALL wrap_times(cl_event event, cl_profiling_info what, size_t size,
                                     void *value, size_t *size_ret)
{
    cl_ulong time = 0;
    int how = atomic_load(&times);
    cl_int error;

    if (what == CL_PROFILING_COMMAND_START)
        event = slow_begin_of(event);
    if (how == QN_LAYER_TIMES_TRUE || !value || size != sizeof time)
        return wrap_clGetEventProfilingInfo(event, what, size, value, size_ret);
    error = wrap_clGetEventProfilingInfo(event, what, sizeof time, &time, size_ret);
    if (how == QN_LAYER_TIMES_ZERO)
        time = 0;
    else if (what == CL_PROFILING_COMMAND_END)
        time -= 1000000000; /* a second */
    if (how != QN_LAYER_TIMES_UNTOUCHED)
        memcpy(value, &time, sizeof time);
    return error;
}

static cl_int CL_API_CALL wrap_launch(cl_command_queue queue, cl_kernel kernel, cl_uint dims,
                                      const size_t *offset, const size_t *global,
                                      const size_t *local, cl_uint count, const cl_event *wait,
                                      cl_event *event)
{
    cl_event extra;
    cl_int error = slow_before(target, queue, kernel, &extra);

    if (error == CL_SUCCESS)
        error = wrap_clEnqueueNDRangeKernel(queue, kernel, dims, offset, global, local, count, wait,
                                            event);
    slow_keep(target, extra, error == CL_SUCCESS && event ? *event : NULL);
    return error;
}

static cl_int CL_API_CALL wrap_release(cl_event event)
{
    slow_forget(target, event);
    return wrap_clReleaseEvent(event);
}

static void wrap_all(void)
{
#define CALL(name, parameters, arguments) wrapped.name = wrap_##name;
#define FREE CALL
#define WAIT CALL
#define MAKE(type, name, parameters, arguments) wrapped.name = wrap_##name;
#include "functions.h"
#undef CALL
#undef FREE
#undef WAIT
#undef MAKE
    wrapped.clGetEventProfilingInfo = wrap_times;
    wrapped.clEnqueueNDRangeKernel = wrap_launch;
    wrapped.clReleaseEvent = wrap_release;
}

extern EXPORT qn_layer_count_fn qn_layer_count;
extern EXPORT qn_layer_reset_fn qn_layer_reset;
extern EXPORT qn_layer_fail_fn qn_layer_fail;
extern EXPORT qn_layer_time_fn qn_layer_time;

unsigned long long qn_layer_count(const char *function)
{
    int at = find(function, strlen(function));

    if (strcmp(function, BLOCKING) == 0)
        return atomic_load(&blocking_calls);
    if (at < 0)
        return 0;
    return atomic_load(at == FUNCTIONS ? &failable_calls : &calls[at]);
}

void qn_layer_reset(void)
{
    for (int i = 0; i < FUNCTIONS; i++)
        atomic_store(&calls[i], 0);
    atomic_store(&blocking_calls, 0);
    atomic_store(&failable_calls, 0);
}

void qn_layer_fail(const char *function, unsigned long long n, int code)
{
    atomic_store(&fail_at, -1);
    if (!function)
        return;
    atomic_store(&fail_left, (long long)n);
    atomic_store(&fail_code, code);
    atomic_store(&fail_at, find(function, strlen(function)));
}

void qn_layer_time(qn_layer_times how)
{
    atomic_store(&times, (int)how);
}

static void read_environment(void)
{
    const char *fail = getenv("QUERN_LAYER_FAIL"), *delay = getenv("QUERN_LAYER_DELAY_US");
    char name[64];
    unsigned long long n;
    int code;

    slow_read(getenv("QUERN_LAYER_SLOW"));
    if (fail && sscanf(fail, "%63[^:]:%llu:%d", name, &n, &code) == 3)
        qn_layer_fail(name, n, code);
    if (delay && strchr(delay, ':')) {
        delay_at = find(delay, strcspn(delay, ":"));
        delay_us = atol(strchr(delay, ':') + 1);
    }
}

__attribute__((destructor)) static void write_log(void)
{
    const char *path = getenv("QUERN_LAYER_LOG");
    FILE *log = path && target ? fopen(path, "w") : NULL;

    if (!log)
        return;
    for (int i = 0; i < FUNCTIONS; i++)
        fprintf(log, "%s %llu\n", names[i], atomic_load(&calls[i]));
    fprintf(log, "%s %llu\n", BLOCKING, atomic_load(&blocking_calls));
    fclose(log);
}

EXPORT cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value,
                                         size_t *size_ret)
{
    static const char name[] = "quern-tests";
    cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    const void *from = what == CL_LAYER_NAME ? (const void *)name : &version;
    size_t bytes = what == CL_LAYER_NAME ? sizeof name : sizeof version;

    if (what != CL_LAYER_NAME && what != CL_LAYER_API_VERSION)
        return CL_INVALID_VALUE;
    if (value && size < bytes)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, from, bytes);
    if (size_ret)
        *size_ret = bytes;
    return CL_SUCCESS;
}

EXPORT cl_int CL_API_CALL clInitLayer(cl_uint count, const cl_icd_dispatch *next,
                                      cl_uint *count_ret, const cl_icd_dispatch **dispatch)
{
    size_t entries = sizeof wrapped / sizeof(void *);

    if (!next || !count_ret || !dispatch)
        return CL_INVALID_VALUE;
    memcpy(&wrapped, next, (count < entries ? count : entries) * sizeof(void *));
    target = next;
    wrap_all();
    read_environment();
    *count_ret = (cl_uint)entries;
    *dispatch = &wrapped;
    return CL_SUCCESS;
}
