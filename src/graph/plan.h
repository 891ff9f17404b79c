/* SPDX-License-Identifier: Apache-2.0 */
/* From a graph to a plan: passes over a list of nodes, memory by lifetime, a flat array of steps.
 */
#ifndef GRAPH_PLAN_H
#define GRAPH_PLAN_H

#include "graph/op.h"
#include "graph/storage.h"

typedef struct qn_plan qn_plan;

/* What a pass may change: the order and choice of nodes. The nodes are copies, so that the graph
 * itself stays as it was built; the values are the graph's own, and a value's `node` is the node
 * that made it in the graph: passes look up makers and readers here. */
typedef struct qn_work {
    qn_graph *graph;
    qn_env *env;
    int64_t batch;
    int root_count;
    qn_value **root; /* values that must exist at the end */
    int update_count;
    qn_value **update; /* outputs of update nodes that must run */
    qn_node **node;    /* in order of execution after `schedule` */
    size_t count, capacity;
    unsigned disabled; /* fusion patterns switched off, by bit */
} qn_work;

void qn_work_free(qn_work *work);
/* The node of the list that makes `value`; NULL for leaves. */
qn_node *qn_work_maker(const qn_work *work, const qn_value *value);
/* Its place in the list; -1 for leaves. */
int qn_work_maker_index(const qn_work *work, const qn_value *value);
/* Nodes that read `value`, each once: their number; at most `room` are written to `reader`. */
int qn_work_readers(const qn_work *work, const qn_value *value, qn_node **reader, int room);
bool qn_work_is_root(const qn_work *work, const qn_value *value);
/* A new node that makes existing values: those of the nodes that it replaces. */
qn_node *qn_work_add(qn_work *work, const qn_op *op, const void *attributes, int input_count,
                     qn_value *const *inputs, int output_count, qn_value *const *outputs);
void qn_work_remove(qn_work *work, qn_node *node);
/* The value whose memory `value` shares, through alias ops: itself when there is none. */
const qn_value *qn_work_base(const qn_work *work, const qn_value *value);

/* src/ops/fuse.c: the patterns, by bit of `disabled`. */
qn_status qn_fuse(qn_work *work);

typedef struct qn_pass {
    const char *name;
    qn_status (*run)(qn_work *work);
} qn_pass;
/* In order: "build", "prune", "fuse", "schedule"; memory follows inside qn_plan_create. */
extern const qn_pass qn_pass_list[];

typedef struct qn_plan_request {
    qn_graph *graph;
    qn_device *device;
    int64_t batch;
    int root_count;
    qn_value *const *root;
    int update_count;
    qn_value *const *update;
    qn_storage *storage;    /* of the variables; NULL when there are none */
    size_t table_rows;      /* step-table rows */
    const char *stop_after; /* for printing: stop after this pass; NULL: whole */
    bool no_fuse;           /* tests: the unfused graph */
    int bind_count;         /* DATA values and the buffers that they are */
    const struct qn_bind {
        qn_value *value;
        qn_buffer *buffer;
    } * bind;
} qn_plan_request;

/* Plans and builds every kernel. Memory that does not fit is QN_ERROR_MEMORY: how much the plan
 * needs, how much there is, which batch would fit. */
qn_status qn_plan_create(const qn_plan_request *request, qn_plan **plan);
void qn_plan_destroy(qn_plan **plan);
qn_steps *qn_plan_steps(qn_plan *plan);
qn_buffer *qn_plan_table(qn_plan *plan);
/* The buffer of a root, input or variable; NULL when the plan does not hold it. */
qn_buffer *qn_plan_buffer(qn_plan *plan, const qn_value *value);
uint64_t qn_plan_bytes(const qn_plan *plan);
/* True the first time that it is asked with this number. */
bool qn_plan_is_new(qn_plan *plan, uint64_t number);
/* Step table and plan as text; the graph after a pass as Graphviz text. */
qn_status qn_plan_table_print(qn_plan *plan, bool json, qn_text *text);
qn_status qn_work_dot(const qn_work *work, qn_text *text);
/* Runs the passes up to `stop_after` and writes Graphviz; no device memory is taken. */
qn_status qn_plan_dot(const qn_plan_request *request, qn_text *text);

#endif
