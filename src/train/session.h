/* SPDX-License-Identifier: Apache-2.0 */
/* What a task (train, evaluate, predict) runs on: a plan, its buffers and its executor, bound to
 * samples on the device. train/plans.h keeps sessions between calls. */
#ifndef TRAIN_SESSION_H
#define TRAIN_SESSION_H

#include "data/convert.h"
#include "data/feed.h"
#include "graph/exec.h"
#include "nn/model.h"

typedef struct qn_session {
    qn_model_graph_request request; /* the task, and what its data are like */
    int64_t batch;
    qn_samples *samples; /* that the plan is bound to; borrowed */
    qn_model_graph graph;
    size_t chunk_rows;   /* most steps in a chunk */
    size_t result_bytes; /* per step */
    qn_buffer *index, *results, *latch;
    qn_plan *plan;
    qn_exec *exec;
    size_t length; /* steps in the next chunk: adapts, and stays between calls */
    bool warm;     /* a chunk has run: its kernels are compiled for their sizes */
    /* of train/plans.c */
    struct qn_session *next;
    bool used;
    uint64_t last_use;
} qn_session;

/* The request for a task on data (QN_SAMPLE_ARRAYS arrays). */
qn_model_graph_request qn_session_request_for(qn_task task, const qn_array *data);
/* For steps of `batch` of the samples, `rows` of which at most are run through. */
qn_status qn_session_create(qn_model *model, const qn_model_graph_request *request, int64_t batch,
                            int64_t rows, qn_samples *samples, qn_session **session);
/* Whether a session made for another call does as well. */
bool qn_session_suits(const qn_session *session, const qn_model_graph_request *request,
                      int64_t batch, int64_t rows, const qn_samples *samples);
/* Frees what the session owns, not itself. */
void qn_session_clear(qn_session *session);
/* Device memory of the plan and its data. */
uint64_t qn_session_bytes(const qn_session *session);

/* ---- pieces, for printing a plan ---- */

/* Makes the graph and the buffers of a session whose request and batch are set. ring_rows 0:
 * resident samples. */
qn_status qn_session_prepare(qn_model *model, qn_session *session, int64_t rows, int64_t ring_rows);
/* The graph's DATA values and the buffers that they are; `data`: those of the samples' arrays.
 * Returns how many. */
#define QN_MAX_BINDS 6
int qn_session_binds(const qn_session *session, qn_buffer *const data[QN_SAMPLE_ARRAYS],
                     struct qn_bind bind[QN_MAX_BINDS]);
/* The plan's request; `bind` must outlive it. */
qn_plan_request qn_session_plan(const qn_model *model, const qn_session *session, int bind_count,
                                const struct qn_bind *bind);

#endif
