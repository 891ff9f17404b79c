/* SPDX-License-Identifier: Apache-2.0 */
/* A flat list of steps for one device: what kernels record into and the executor replays. */
#ifndef DEVICE_STEPS_H
#define DEVICE_STEPS_H

#include "device/device.h"

typedef enum qn_step_kind { QN_STEP_KERNEL, QN_STEP_CALL, QN_STEP_COPY } qn_step_kind;

/* What one execution costs: the basis of every estimate and of the profile. */
typedef struct qn_cost {
    double flops; /* multiply-add counts 2 */
    double bytes; /* read and written, each operand once */
} qn_cost;

/* A foreign routine that enqueues its own work on the device's compute queue. */
typedef struct qn_call {
    const char *name;
    qn_status (*enqueue)(void *state);
    void (*destroy)(void *state); /* frees state */
    void *state;
} qn_call;

typedef struct qn_step {
    qn_step_kind kind;
    bool launched; /* once at least; a copy has nothing that a first time would compile */
    char *label;   /* the op it does, owned: "dense_1/matmul" */
    qn_cost cost;
    /* KERNEL */
    qn_kernel *kernel; /* owned, arguments preset */
    qn_range range;
    int row_argument; /* index of the argument that takes the step-table row, -1: none */
    /* CALL */
    qn_call call;
    /* COPY, on the device */
    qn_buffer *from, *to;
    size_t from_offset, to_offset, bytes;
} qn_step;

/* What a step runs: the kernel's or the call's name, or "copy". */
const char *qn_step_routine(const qn_step *step);
/* "2x2", of a range's global or local sizes; "" without sizes. Returns `buffer`. */
const char *qn_range_text(const qn_range *range, const size_t *sizes, char *buffer, size_t room);

/* Which flavour of a kernel to record: the device's own unless a test asks for the other one. */
typedef enum qn_flavour { QN_FLAVOUR_AUTO, QN_FLAVOUR_CPU, QN_FLAVOUR_GPU } qn_flavour;

typedef struct qn_steps {
    qn_device *device;
    qn_step *step;
    size_t count, capacity;
    size_t launched; /* of the first so many all have been */
    /* Set by the recorder's user before recording: */
    const char *label; /* label of the next steps; copied */
    qn_buffer *table;  /* step table (qn_step_row[]), for kernels that read it */
    qn_gemm_choice gemm;
    qn_flavour flavour; /* QN_FLAVOUR_AUTO (0) but in tests */
    /* Of the profiled region that knows these steps: its number, its entry of the first one, how
     * many it knows. */
    uint64_t profile;
    size_t profile_first, profile_count;
} qn_steps;

void qn_steps_init(qn_steps *steps, qn_device *device);
void qn_steps_free(qn_steps *steps);

/* Appends a launch and takes ownership of `*kernel` (also on failure; *kernel becomes NULL).
 * row_argument: -1, or the index of the int argument that names the step-table row. */
qn_status qn_steps_add_kernel(qn_steps *steps, qn_kernel **kernel, const qn_range *range,
                              int row_argument, qn_cost cost);
/* Takes ownership of the call's state, also on failure. Replay counts the call. */
qn_status qn_steps_add_call(qn_steps *steps, const qn_call *call, qn_cost cost);
qn_status qn_steps_add_copy(qn_steps *steps, qn_buffer *from, size_t from_offset, qn_buffer *to,
                            size_t to_offset, size_t bytes);

/* Enqueues every step with step-table row `row`. No wait, no allocation, no flush; but the first
 * time, each launch and call is waited for. */
qn_status qn_steps_replay(qn_steps *steps, int32_t row);

/* One row of the step table: all that changes from step to step. cl/lib/step.h is the same. */
typedef struct qn_step_row {
    uint32_t step;    /* counts from 0 over the life of the model: keys random ops */
    int32_t index_at; /* where this step's sample numbers begin in the index buffer */
    int32_t rows;     /* valid rows of the batch; the rest is padding */
    int32_t out_at;   /* row of the results (training) or first output row (prediction) */
    float rate;       /* learning rate, bias correction included where the optimizer has one */
    float decay;      /* learning rate times weight decay; 0: none */
    float reserved[2];
} qn_step_row;

#endif
