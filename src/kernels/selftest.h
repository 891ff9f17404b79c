/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel is trusted on a device after a small known answer. Outcomes are remembered in memory and
 * in the cache folder, keyed by device, driver, Quern version and kernel source. */
#ifndef KERNELS_SELFTEST_H
#define KERNELS_SELFTEST_H

#include "device/steps.h"

typedef struct qn_selftest_case {
    const char *kernel; /* name of the kernel or routine that it vouches for: "softmax", "sgemm" */
    /* QN_OK: the outcome is in *passed; `detail` says expected and found when it is false. */
    qn_status (*run)(qn_device *device, bool *passed, char *detail, size_t size);
} qn_selftest_case;

/* All of them, in one list; ended by a NULL kernel. */
extern const qn_selftest_case qn_selftest_cases[];

/* Runs the case of `kernel` unless it is remembered. A kernel without a case is QN_ERROR_INTERNAL. */
qn_status qn_selftest_trust(qn_device *device, const char *kernel, bool *trusted);
/* Every kernel and call of the steps must be trusted, else QN_ERROR_DEVICE: which, expected, found. */
qn_status qn_selftest_require(qn_steps *steps);

#endif
