/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do at most, measured and kept in the cache folder by device and driver. */
#ifndef KERNELS_BENCH_H
#define KERNELS_BENCH_H

#include "device/device.h"
#include <quern/unstable.h>

/* What an earlier qn_bench_device found on this device and driver; false when nothing is kept. */
bool qn_roofline_known(qn_device *device, qn_bench_results *results);

/* ---- bench_measure.c ---- */

#define QN_BENCH_TOTAL 22 /* items of a device with every level and local memory: for progress */

typedef struct qn_bench {
    qn_device *device;
    qn_bench_results *results;
    qn_bench_fn report;
    void *user;
    qn_buffer *data, *out; /* the largest working set; a result for each group */
    bool simulated;        /* executed for its faults: small sets only */
} qn_bench;

qn_status qn_bench_measure(qn_bench *bench);

/* ---- bench_store.c ---- */

/* The name that stands for a kind, as in "fma", and its unit. */
const char *qn_bench_name(qn_bench_kind kind);
const char *qn_bench_unit(qn_bench_kind kind);
/* Adds an item; false when there is no room. */
bool qn_bench_add(qn_bench_results *results, const qn_bench_item *item);
/* Sets what follows from the items. */
void qn_bench_conclude(qn_bench_results *results);
/* A folder that cannot be written is logged and otherwise ignored. */
void qn_bench_keep(qn_device *device, const qn_bench_results *results);

#endif
