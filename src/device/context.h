/* SPDX-License-Identifier: Apache-2.0 */
/* The context behind the public handle. */
#ifndef DEVICE_CONTEXT_H
#define DEVICE_CONTEXT_H

#include "base/env.h"
#include <quern/device.h>

typedef struct qn_device qn_device;

typedef enum qn_gemm_choice { QN_GEMM_AUTO, QN_GEMM_QUERN, QN_GEMM_CLBLAST } qn_gemm_choice;

#define QN_MAX_DEVICES 16

/* What was learnt in a context, such as the outcome of a self-test, by a key. Each is one block of
 * memory; qn_context_destroy frees the list with qn_free. */
typedef struct qn_fact {
    struct qn_fact *next;
    uint64_t key;
    bool holds;
    char detail[]; /* why not, when it does not hold */
} qn_fact;

struct qn_context {
    qn_env env; /* first: also valid in a context that only carries an error */
    uint64_t seed;
    qn_gemm_choice gemm;
    char *cache_dir; /* NULL: nothing on disk */
    bool profile;
    qn_device_list *list;
    qn_device *device[QN_MAX_DEVICES];
    int device_count;
    qn_fact *facts;
    struct qn_profile *profiling;          /* of src/profile: a region under way, or NULL */
    uint32_t profiles;                     /* how many regions there were */
    void (*drop_profile)(qn_context *ctx); /* frees it */
};

/* The device of a context that has one. With several it fails and names them: one plan runs on one
 * device, and leaving the others out would be a silent fallback. */
qn_status qn_context_only_device(qn_context *ctx, qn_device **device);

#endif
