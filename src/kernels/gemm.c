/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: which candidate computes one. */
#include "kernels/gemm.h"
#include "kernels/launch.h"

/* The first one to try, by what was asked for and the class of device, and the other one. */
static void order(const qn_steps *steps, const qn_gemm_candidate *candidates[2])
{
    bool quern = steps->gemm == QN_GEMM_QUERN ||
                 (steps->gemm == QN_GEMM_AUTO && qn_device_kind(steps->device) == QN_CLASS_CPU);

    candidates[!quern] = &qn_gemm_candidate_quern;
    candidates[quern] = &qn_gemm_candidate_clblast;
}

static qn_status usable(qn_steps *steps, const qn_gemm *gemm, const qn_gemm_candidate *candidate,
                        bool *yes)
{
    qn_env *env = qn_device_env(steps->device);
    const char *why = "the product is too large for it";

    *yes = candidate->suits(gemm);
    if (*yes) {
        QN_TRY(qn_selftest_trust(steps->device, candidate->kernel(steps), yes));
        why = "it failed its self-test";
    }
    if (!*yes)
        qn_log(env, QN_LOG_WARNING, "%s: matrix product [%lld, %lld] x [%lld, %lld] without %s: %s",
               qn_device_description(steps->device)->selector, (long long)gemm->m,
               (long long)gemm->k, (long long)gemm->k, (long long)gemm->n, candidate->title, why);
    return QN_OK;
}

qn_status qn_kernel_gemm(qn_steps *steps, const qn_gemm *gemm)
{
    const qn_gemm_candidate *candidates[2];

    order(steps, candidates);
    for (int i = 0; i < QN_COUNT(candidates); i++) {
        bool yes;

        QN_TRY(usable(steps, gemm, candidates[i], &yes));
        if (yes)
            return candidates[i]->record(steps, gemm);
    }
    return qn_fail(
        qn_device_env(steps->device), QN_ERROR_DEVICE,
        "no implementation of the matrix product [%lld, %lld] x [%lld, %lld] can be used "
        "on %s (%s): take another device or driver",
        (long long)gemm->m, (long long)gemm->k, (long long)gemm->k, (long long)gemm->n,
        qn_device_description(steps->device)->selector, qn_device_description(steps->device)->name);
}
