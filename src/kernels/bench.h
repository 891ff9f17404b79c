/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do at most, measured and kept in the cache folder by device and driver. */
#ifndef KERNELS_BENCH_H
#define KERNELS_BENCH_H

#include "device/device.h"
#include <quern/unstable.h>

/* What an earlier qn_bench_device found on this device and driver; false when nothing is kept. */
bool qn_roofline_known(qn_device *device, qn_bench_results *results);

/* ---- bench_sample.c ---- */

#define QN_BENCH_SAMPLES 15

/* Something whose time is taken by samples of many repeats each. */
typedef struct qn_bench_sampler {
    qn_status (*run)(void *user, int repeats); /* waits for the end, once */
    void *user;
    double sample_seconds; /* that a sample takes, about */
    double item_seconds;   /* of all samples, once there are the least */
    double slow_seconds;   /* one that takes longer is the last; 0: none is */
    bool slow;             /* there was one */
    int repeats, count;
    double spent;
    double seconds[QN_BENCH_SAMPLES]; /* of a repeat */
} qn_bench_sampler;

/* So many repeats at once, which are no sample. */
qn_status qn_bench_time(const qn_bench_sampler *s, int repeats, double *seconds);
/* Runs until it takes a while, and finds how many repeats a sample has. */
qn_status qn_bench_warm_up(qn_bench_sampler *s);
/* One sample, while there are not enough. */
qn_status qn_bench_take(qn_bench_sampler *s);
bool qn_bench_enough(const qn_bench_sampler *s);
/* `amount` is what one repeat does, and rates are wanted; 0: its seconds. */
void qn_bench_summary(const qn_bench_sampler *s, double amount, double *median, double *best,
                      double *spread);

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
