/* SPDX-License-Identifier: Apache-2.0 */
/* What an op is: one constant in one file of src/ops, shape rule, gradient, launch and cost side by
 * side, registered by one line in src/ops/list.c. */
#ifndef GRAPH_OP_H
#define GRAPH_OP_H

#include "base/text.h"
#include "graph/graph.h"

/* Shape inference: read inputs, set outputs. */
typedef struct qn_infer {
    qn_graph *graph;
    const qn_op *op;
    int count;
    qn_value *const *input;
    const void *attributes;
    /* To set: */
    int output_count; /* 1 unless changed */
    qn_shape shape[QN_MAX_OUTPUTS];
    qn_dtype dtype[QN_MAX_OUTPUTS]; /* QN_F32 unless changed */
} qn_infer;
/* A wrong use: the message names op and shapes. Returns QN_ERROR_USAGE. */
qn_status qn_infer_fail(qn_infer *io, const char *format, ...) QN_PRINTF(2, 3);
qn_status qn_infer_same_shape(qn_infer *io, int input); /* output 0 is like that input */

/* Gradient: given the node and the gradient of each output (NULL: that output is not used), set
 * the gradient of each input (NULL stays: none flows). Built with ordinary ops. */
typedef struct qn_grad {
    qn_graph *graph;
    qn_node *node;
    qn_value *const *out; /* d loss / d output[i] */
    qn_value **in;        /* to set: d loss / d input[i] */
} qn_grad;

/* Launch: the node's buffers in a plan, where to record. */
typedef struct qn_emit {
    const qn_node *node;
    qn_steps *steps;
    qn_device *device;
    struct qn_plan *plan;
    int64_t batch;
} qn_emit;
qn_buffer *qn_emit_input(qn_emit *e, int index);
qn_buffer *qn_emit_output(qn_emit *e, int index); /* NULL: nothing reads it */
qn_buffer *qn_emit_scratch(qn_emit *e);           /* op->scratch bytes; NULL when 0 */
qn_buffer *qn_emit_gradients(qn_emit *e); /* the gradient segment, laid out as the parameters' */
int64_t qn_emit_count(qn_emit *e, const qn_value *value); /* elements with the batch put in */

typedef enum qn_op_flags {
    QN_OP_ALIAS = 1,      /* output 0 is input 0's memory; emit may be NULL: nothing to launch */
    QN_OP_IN_PLACE = 2,   /* output 0 may take input 0's memory when nothing else needs it */
    QN_OP_UPDATES = 4,    /* writes variables: kept by prune, after all readers of the old value */
    QN_OP_WRITES_DATA = 8 /* writes its DATA inputs: before every other node that reads them */
} qn_op_flags;

struct qn_op {
    const char *name;
    int inputs; /* number of inputs, -1: any */
    size_t attributes;
    unsigned flags;
    qn_status (*infer)(qn_infer *io);
    qn_status (*grad)(qn_grad *g); /* NULL: not differentiable */
    qn_status (*emit)(qn_emit *e); /* records launches; each kernel states its own cost */
    size_t (*scratch)(const qn_emit *e);
    /* Writes attributes for plans and pictures: "transpose_a, sigmoid"; NULL: none. */
    void (*describe)(const qn_node *node, qn_text *text);
    /* For QN_OP_UPDATES: the variables it writes. Returns their count; fills at most `room`. */
    int (*updates)(const qn_node *node, qn_variable **variables, int room);
};

/* Every op; ended by NULL. */
extern const qn_op *const qn_op_list[];
const qn_op *qn_op_find(const char *name);

#endif
