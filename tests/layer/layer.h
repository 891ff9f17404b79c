/* SPDX-License-Identifier: Apache-2.0 */
/* What a test can ask of the layer when it is loaded: the addresses come from dlsym. */
#ifndef LAYER_LAYER_H
#define LAYER_LAYER_H

/* Calls of a function since the start or the last reset; "*": of all that can be made to fail,
 * "blocking": reads and writes that waited. A call that was made to fail counts in "*" only. */
typedef unsigned long long qn_layer_count_fn(const char *function);
typedef void qn_layer_reset_fn(void);
/* From now on the n-th call (from 1; counted anew) of `function`, or of any ("*"), gives `code`.
 * NULL ends it. */
typedef void qn_layer_fail_fn(const char *function, unsigned long long n, int code);

/* What clGetEventProfilingInfo says from now on, always with success: what the driver says, nothing
 * (the caller's memory stays as it was), zero, or ends before begins. */
typedef enum qn_layer_times {
    QN_LAYER_TIMES_TRUE,
    QN_LAYER_TIMES_UNTOUCHED,
    QN_LAYER_TIMES_ZERO,
    QN_LAYER_TIMES_BACKWARD
} qn_layer_times;
typedef void qn_layer_time_fn(qn_layer_times times);

#define QN_LAYER_TIME "qn_layer_time"
#define QN_LAYER_COUNT "qn_layer_count"
#define QN_LAYER_RESET "qn_layer_reset"
#define QN_LAYER_FAIL "qn_layer_fail"

#endif
