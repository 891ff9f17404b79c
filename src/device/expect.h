/* SPDX-License-Identifier: Apache-2.0 */
/* What a device should reach, from what its driver says of it and rules of thumb. */
#ifndef DEVICE_EXPECT_H
#define DEVICE_EXPECT_H

#include "device/device.h"
#include <quern/unstable.h>

/* What is asked of drivers and of the host; 0: not known. */
typedef struct qn_expect_facts {
    const char *type; /* of qn_device_info */
    uint32_t units;
    double clock;                      /* Hz */
    int lanes;                         /* CPU: floats of a vector register */
    bool fuses;                        /* CPU: has multiply-add */
    int nv_major, nv_minor;            /* NVIDIA's compute capability */
    int amd_simds, amd_width, amd_ops; /* AMD: SIMDs a unit, lanes of one, operations of a lane */
    bool intel;                        /* an Intel GPU: its units are execution units */
} qn_expect_facts;

/* Fills all but `simulated` and `software`. */
void qn_expect_from(const qn_expect_facts *facts, qn_expectation *expectation);

#endif
