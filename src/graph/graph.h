/* SPDX-License-Identifier: Apache-2.0 */
/* Values and nodes. A graph only grows; passes work on a qn_work list of its nodes. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "base/text.h"
#include "device/context.h"
#include "device/steps.h"
#include <quern/graph.h>

/* A dimension that is the batch: known when a plan is made. */
#define QN_BATCH (-1)

typedef struct qn_shape {
    int rank;
    int64_t dim[QN_MAX_RANK];
} qn_shape;

typedef struct qn_op qn_op;
typedef struct qn_node qn_node;
typedef struct qn_variable qn_variable;

typedef enum qn_value_kind {
    QN_VALUE_NODE,     /* made by a node */
    QN_VALUE_INPUT,    /* written by the host before a run */
    QN_VALUE_CONSTANT, /* written once */
    QN_VALUE_VARIABLE, /* lives in a storage */
    QN_VALUE_DATA      /* a buffer bound when the plan is made: a dataset; first dimension free */
} qn_value_kind;

struct qn_value {
    qn_graph *graph;
    int id;
    char *name; /* owned; may be NULL */
    qn_value_kind kind;
    qn_dtype dtype; /* QN_F32 or QN_I32; DATA also QN_U8 */
    qn_shape shape;
    qn_node *node;            /* NODE: its maker */
    int output;               /* NODE: which of its outputs */
    qn_variable *variable;    /* VARIABLE */
    qn_variable *gradient_of; /* when this is the final gradient of a variable: it is placed in the
                                 gradient segment, at the variable's own offset */
    void *data;               /* CONSTANT: owned bytes */
};

#define QN_MAX_OUTPUTS 4

struct qn_node {
    int id;
    const qn_op *op;
    int input_count;
    qn_value **input; /* owned array */
    int output_count;
    qn_value *output[QN_MAX_OUTPUTS];
    void *attributes;  /* owned, op->attributes bytes */
    const char *scope; /* name of the layer or "" ; owned by the graph */
};

struct qn_graph {
    qn_context *context;
    qn_device *device;
    qn_env *env;
    qn_node **node;
    size_t node_count, node_capacity;
    qn_value **value;
    size_t value_count, value_capacity;
    char **text; /* interned scopes */
    size_t text_count, text_capacity;
    const char *scope; /* given to new nodes */
    qn_status status;  /* of the first mistake */
    char *mistake;
    struct qn_storage *own_storage; /* of qn_graph_variable; created at the first one */
};

/* Label prefix of the nodes made from now on ("dense_1"); NULL: none. */
qn_status qn_graph_scope(qn_graph *graph, const char *scope);
/* Keeps the first mistake; returns NULL, for `return qn_graph_mistake(...)` in builders. */
qn_value *qn_graph_mistake(qn_graph *graph, qn_status status, const char *format, ...)
    QN_PRINTF(3, 4);

/* Fails with the first mistake again; QN_OK when there was none. */
qn_status qn_graph_check(qn_graph *graph);

/* Leaves. Shapes may begin with QN_BATCH. */
qn_value *qn_graph_add_input(qn_graph *graph, const char *name, qn_dtype dtype, qn_shape shape);
qn_value *qn_graph_add_variable(qn_graph *graph, qn_variable *variable);
/* A dataset: [free, ...]; bound by qn_plan_bind. */
qn_value *qn_graph_add_data(qn_graph *graph, const char *name, qn_dtype dtype, qn_shape shape);
qn_value *qn_graph_add_scalar(qn_graph *graph, double value); /* float32 constant of rank 0 */

/* Applies an op: checks inputs (NULL propagates), infers outputs, adds the node. Returns output 0.
 * `attributes` are copied. */
qn_value *qn_graph_apply(qn_graph *graph, const qn_op *op, const void *attributes, int count,
                         qn_value *const *inputs);
/* Makes `gradient` the gradient of `variable` (its place is the gradient segment). Gives back the
 * value to use: a copy where the value's memory could not be there. */
qn_value *qn_graph_place_gradient(qn_value *gradient, qn_variable *variable);

/* Nodes outside a graph (the copies that passes work on): create copies inputs and attributes. */
qn_node *qn_node_create(qn_env *env, const qn_op *op, const void *attributes, int count,
                        qn_value *const *inputs);
void qn_node_free(qn_env *env, qn_node *node);

/* Elements with the batch put in; batch 0 counts a QN_BATCH dimension as 1. */
int64_t qn_shape_count(const qn_shape *shape, int64_t batch);
bool qn_shape_equal(const qn_shape *a, const qn_shape *b);
const char *qn_shape_print(const qn_shape *shape, char *buffer, size_t size); /* (None, 10) */
size_t qn_value_bytes(const qn_value *value, int64_t batch);

#endif
