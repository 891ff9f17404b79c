/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a plan for many steps, a chunk at a time: uploads the chunk's step-table rows and sample
 * numbers, enqueues its steps, reads its results; at most two chunks in flight. */
#ifndef GRAPH_EXEC_H
#define GRAPH_EXEC_H

#include "graph/plan.h"

typedef struct qn_exec qn_exec;

/* What flows through a chunk of steps besides the plan itself. */
typedef struct qn_exec_request {
    qn_plan *plan;     /* made with table_rows = 2 * chunk_rows */
    size_t chunk_rows; /* most steps in a chunk */
    int64_t batch;
    qn_buffer *index;    /* uint32 [2 * chunk_rows * batch], bound as the gathers' index */
    qn_buffer *results;  /* what is read back after each chunk: two halves, one a chunk */
    size_t result_bytes; /* read back per step (half = chunk_rows * result_bytes) */
    size_t out_stride;   /* step i of a half has out_at = (half * chunk_rows + i) * out_stride:
                            1 for results, the batch for predictions; 0 means 1 */
    qn_buffer *latch;    /* two int32, read back with the results; NULL: none */
} qn_exec_request;

qn_status qn_exec_create(const qn_exec_request *request, qn_exec **exec);
void qn_exec_destroy(qn_exec **exec);

/* One chunk as the host sees it. Before qn_exec_submit fill rows[0..steps) (step, rows, rate; the
 * offsets are set by submit) and index; after qn_exec_collect results are there. */
typedef struct qn_chunk {
    size_t steps;
    int64_t first_step;
    qn_step_row *rows; /* chunk_rows, pinned */
    uint32_t *index;   /* chunk_rows * batch, pinned */
    const void *results;
    int32_t latch[2]; /* latched? and the row of `results` where */
} qn_chunk;

/* Which half of the rings the chunk is: 0 or 1. */
int qn_exec_half(const qn_exec *exec, const qn_chunk *chunk);
/* A free chunk to fill; when both are in flight, collect first (NULL then). */
qn_chunk *qn_exec_next(qn_exec *exec);
qn_status qn_exec_submit(qn_exec *exec, qn_chunk *chunk);
/* Waits for the oldest chunk in flight; NULL in *chunk when there is none. It is free for
 * qn_exec_next after the caller has read it. */
qn_status qn_exec_collect(qn_exec *exec, qn_chunk **chunk);

#endif
