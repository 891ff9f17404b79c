/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel is trusted on a device after a small known answer. Outcomes are remembered in memory and
 * in the cache folder, keyed by device, driver, Quern version and kernel source. */
#ifndef KERNELS_SELFTEST_H
#define KERNELS_SELFTEST_H

#include "device/steps.h"
#include <quern/unstable.h>

typedef struct qn_trial qn_trial;

typedef struct qn_selftest_case {
    const char *kernel; /* name of the kernel or routine that it vouches for: "softmax", "sgemm" */
    /* QN_OK: the outcome is in *passed; `detail` says expected and found when it is false. */
    qn_status (*run)(qn_device *device, bool *passed, char *detail, size_t size);
    /* Where run is NULL: one variant of a family (kernels/trial.h). */
    qn_status (*trial)(qn_trial *trial, int variant);
    int variant;
} qn_selftest_case;

/* One list per family, each ended by a NULL kernel. */
extern const qn_selftest_case qn_selftest_elementwise[], qn_selftest_rows[], qn_selftest_steps[],
    qn_selftest_random[], qn_selftest_update[], qn_selftest_norm[], qn_selftest_gemm[],
    qn_selftest_peak[];

/* All of them, one after the other; NULL after the last. */
const qn_selftest_case *qn_selftest_case_at(int index);
/* Runs a case, remembered or not. A driver's refusal is a failure too. */
qn_status qn_selftest_run(qn_device *device, const qn_selftest_case *test, bool *passed,
                          char *detail, size_t size);

#define QN_SELFTEST_DETAIL 512

/* Runs the case of `kernel` unless it is remembered. A kernel without a case is QN_ERROR_INTERNAL.
 */
qn_status qn_selftest_trust(qn_device *device, const char *kernel, bool *trusted);
/* Every kernel and call of the steps must be trusted, else QN_ERROR_DEVICE: which, expected, found.
 */
qn_status qn_selftest_require(qn_steps *steps);
/* Every case, remembered or not; counts those that failed. */
qn_status qn_selftest_all(qn_device *device, qn_selftest_fn report, void *user, int *failures);

#endif
