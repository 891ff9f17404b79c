/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products by CLBlast, in the state in which its known faults do not show (1.5.3):
 * - its caches race between threads: one lock of the process around every call;
 * - its indirect path allocates on every call and transposes C through a temporary: the direct
 * path, one kernel, takes every product;
 * - kernel GEMMK=1 is wrong for MWG != NWG, and its database selects such sets for some devices:
 *   a set with GEMMK=0 replaces them before the first use;
 * - offsets and sizes become int: fewer than 2^31 elements. */
#include "device/opencl.h"
#include "kernels/gemm.h"
#include <clblast_c.h>
#include <pthread.h>
#include <string.h>

typedef struct call_state {
    qn_device *device;
    qn_gemm gemm;
} call_state;

/* CLBlast's state is the process's, and so is what Quern set in it. */
#define MAX_PREPARED 64
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static cl_device_id prepared[MAX_PREPARED];
static int prepared_count;

static const char *status_name(CLBlastStatusCode status)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {CLBlastNotImplemented, "CLBlastNotImplemented"},
        {CLBlastInvalidMatrixA, "CLBlastInvalidMatrixA"},
        {CLBlastInvalidMatrixB, "CLBlastInvalidMatrixB"},
        {CLBlastInvalidMatrixC, "CLBlastInvalidMatrixC"},
        {CLBlastInvalidDimension, "CLBlastInvalidDimension"},
        {CLBlastInvalidLeadDimA, "CLBlastInvalidLeadDimA"},
        {CLBlastInvalidLeadDimB, "CLBlastInvalidLeadDimB"},
        {CLBlastInvalidLeadDimC, "CLBlastInvalidLeadDimC"},
        {CLBlastInsufficientMemoryA, "CLBlastInsufficientMemoryA"},
        {CLBlastInsufficientMemoryB, "CLBlastInsufficientMemoryB"},
        {CLBlastInsufficientMemoryC, "CLBlastInsufficientMemoryC"},
        {CLBlastInsufficientMemoryTemp, "CLBlastInsufficientMemoryTemp"},
        {CLBlastInvalidOverrideKernel, "CLBlastInvalidOverrideKernel"},
        {CLBlastMissingOverrideParameter, "CLBlastMissingOverrideParameter"},
        {CLBlastInvalidLocalMemUsage, "CLBlastInvalidLocalMemUsage"},
        {CLBlastDatabaseError, "CLBlastDatabaseError"},
        {CLBlastUnknownError, "CLBlastUnknownError"},
        {CLBlastUnexpectedError, "CLBlastUnexpectedError"},
    };

    for (int i = 0; i < QN_COUNT(names); i++)
        if (names[i].code == (int)status)
            return names[i].name;
    return qn_cl_error_name((cl_int)status); /* the others are OpenCL's own */
}

static qn_status fail(qn_device *device, CLBlastStatusCode status, const char *what)
{
    bool memory = status == CLBlastTempBufferAllocFailure || status == CLBlastOpenCLOutOfHostMemory;

    return qn_fail(qn_device_env(device), memory ? QN_ERROR_MEMORY : QN_ERROR_DEVICE,
                   "CLBlast failed at %s on %s: %s (%d); choose Quern's own products (gemm "
                   "\"quern\") or another device",
                   what, qn_device_description(device)->selector, status_name(status), (int)status);
}

/* Replaces parameters of one of CLBlast's kernels. It demands all that the kernel has. */
static CLBlastStatusCode override(cl_device_id id, const char *kernel, size_t count,
                                  const char *const *names, const size_t *values)
{
    return CLBlastOverrideParameters(id, kernel, CLBlastPrecisionSingle, count,
                                     (const char **)(uintptr_t)names, values);
}

/* Held lock. Once per device of the process: a change makes CLBlast compile anew. */
static CLBlastStatusCode prepare(cl_device_id id)
{
    static const char *const names[] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                        "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                        "STRM",  "STRN",  "VWM",   "VWN"};
    static const size_t values[] = {0, 1, 32, 2, 16, 16, 64, 8, 8, 64, 1, 1, 0, 0, 4, 4};
    static const char *const routine_names[] = {"XGEMM_MIN_INDIRECT_SIZE"};
    /* Products of m n k below the cube of this are direct: 2^60 > any that is let through. */
    static const size_t routine_values[] = {1 << 20};
    CLBlastStatusCode status;

    for (int i = 0; i < prepared_count; i++)
        if (prepared[i] == id)
            return CLBlastSuccess;
    status = override(id, "Xgemm", sizeof values / sizeof values[0], names, values);
    if (status == CLBlastSuccess)
        status = override(id, "GemmRoutine", 1, routine_names, routine_values);
    if (status == CLBlastSuccess && prepared_count < MAX_PREPARED)
        prepared[prepared_count++] = id;
    return status;
}

/* CLBlast counts in columns: a row-major c = a b is c' = b' a' there, without any transposition. */
static qn_status enqueue(void *state)
{
    const call_state *call = state;
    const qn_gemm *gemm = &call->gemm;
    const size_t m = (size_t)gemm->m, n = (size_t)gemm->n, k = (size_t)gemm->k;
    cl_command_queue queue = qn_device_cl_queue(call->device);
    CLBlastStatusCode status;

    pthread_mutex_lock(&guard);
    status = CLBlastSgemm(
        CLBlastLayoutColMajor, gemm->trans_b ? CLBlastTransposeYes : CLBlastTransposeNo,
        gemm->trans_a ? CLBlastTransposeYes : CLBlastTransposeNo, n, m, k, 1.0f,
        qn_buffer_cl_mem(gemm->b), 0, gemm->trans_b ? k : n, qn_buffer_cl_mem(gemm->a), 0,
        gemm->trans_a ? m : k, 0.0f, qn_buffer_cl_mem(gemm->c), 0, n, &queue, NULL);
    pthread_mutex_unlock(&guard);
    return status == CLBlastSuccess ? QN_OK : fail(call->device, status, "a matrix product");
}

static void destroy(void *state)
{
    call_state *call = state;

    qn_free(qn_device_env(call->device), call);
}

static bool suits(const qn_gemm *gemm)
{
    const double most = 2147483647.0;

    return (double)gemm->m * (double)gemm->k < most && (double)gemm->k * (double)gemm->n < most &&
           (double)gemm->m * (double)gemm->n < most;
}

static qn_status record_product(qn_steps *steps, const qn_gemm *gemm)
{
    qn_env *env = qn_device_env(steps->device);
    const qn_cost cost = {.flops = qn_gemm_flops(gemm), .bytes = 4.0 * qn_gemm_elements(gemm)};
    CLBlastStatusCode status;
    qn_call call = {.name = "sgemm", .enqueue = enqueue, .destroy = destroy};
    call_state *state;

    pthread_mutex_lock(&guard);
    status = prepare(qn_device_cl_id(steps->device));
    pthread_mutex_unlock(&guard);
    if (status != CLBlastSuccess)
        return fail(steps->device, status, "setting its parameters");
    state = qn_alloc(env, sizeof *state);
    if (!state)
        return QN_ERROR_MEMORY;
    state->device = steps->device;
    state->gemm = *gemm;
    call.state = state;
    return qn_steps_add_call(steps, &call, cost);
}

qn_status qn_gemm_clblast(qn_steps *steps, const qn_gemm *gemm)
{
    if (!suits(gemm))
        return qn_fail(qn_device_env(steps->device), QN_ERROR_USAGE,
                       "a matrix product of [%lld, %lld] by [%lld, %lld]: CLBlast takes fewer than "
                       "2^31 elements a matrix; choose Quern's own products (gemm \"quern\")",
                       (long long)gemm->m, (long long)gemm->k, (long long)gemm->k,
                       (long long)gemm->n);
    QN_TRY(record_product(steps, gemm));
    if (gemm->sums)
        QN_TRY(qn_kernel_column_sum(steps, gemm->b, gemm->sums, gemm->k, gemm->n));
    if (gemm->y)
        return qn_kernel_unary_grad(steps, gemm->activation, gemm->c, NULL, gemm->y, gemm->c,
                                    gemm->m * gemm->n);
    if (gemm->bias)
        return qn_kernel_bias(steps, gemm->activation, gemm->c, gemm->bias, gemm->c, gemm->m,
                              gemm->n);
    if (gemm->activation.function && strcmp(gemm->activation.function, "linear") != 0)
        return qn_kernel_unary(steps, gemm->activation, gemm->c, gemm->c, gemm->m * gemm->n);
    return QN_OK;
}

static const char *kernel(const qn_steps *steps)
{
    (void)steps;
    return "sgemm";
}

const qn_gemm_candidate qn_gemm_candidate_clblast = {
    .title = "CLBlast", .kernel = kernel, .suits = suits, .record = qn_gemm_clblast};
