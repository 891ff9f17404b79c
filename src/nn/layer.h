/* SPDX-License-Identifier: Apache-2.0 */
/* A layer type is one constant in one file of src/nn/layers, registered by one line in its list. */
#ifndef NN_LAYER_H
#define NN_LAYER_H

#include "graph/storage.h"
#include "nn/part.h"
#include "ops/ops.h"
#include <quern/model.h>

typedef struct qn_layer qn_layer;

/* ---- building: variables and shapes ---- */

/* Where a variable's first values come from instead of its initializer: a file being loaded. */
typedef struct qn_value_source {
    /* *values: as many float32 as `shape` counts, borrowed, perhaps unaligned. A missing name or
     * another shape is an error, so that nothing is allocated for what the source does not hold. */
    qn_status (*find)(void *user, const char *name, const qn_shape *shape, const void **values);
    void *user;
} qn_value_source;

/* While a layer is built: declares its variables. */
typedef struct qn_build_step {
    qn_model *model;
    qn_layer *layer;
    qn_storage *storage;
    uint64_t seed;
    uint32_t *stream; /* next stream of random weights; each drawn variable takes one */
    const qn_value_source *source; /* NULL: initializers */
    qn_shape input;                /* begins with QN_BATCH */
    qn_shape output;               /* to set */
} qn_build_step;

/* A weight that a layer wants: "<layer>/<name>". Texts are parts; NULL regularizer or constraint:
 * none. */
typedef struct qn_weight_request {
    const char *name;
    qn_shape shape;
    const char *initializer;
    const char *regularizer, *constraint;
    bool state; /* never trained: moving statistics */
} qn_weight_request;

/* Declares and draws it. It trains unless it is state or the layer is frozen. */
qn_status qn_build_weight(qn_build_step *step, const qn_weight_request *request);
/* A layer's build where it has no weights and its output is like its input. */
qn_status qn_build_same_shape(qn_build_step *step);
/* The regularizer of the layer's output, whose shape is set; NULL: none. */
qn_status qn_build_activity(qn_build_step *step, const char *regularizer);

/* ---- calling: the graph of one step ---- */

typedef struct qn_model_graph qn_model_graph;

/* While a layer adds its nodes to a graph. */
typedef struct qn_call_step {
    const qn_layer *layer;
    qn_graph *graph;
    bool training;
    qn_random_key key;    /* of the layer's random numbers, with stream and the model's seed */
    qn_value *latch;      /* for update nodes; NULL but in training */
    qn_model_graph *made; /* where penalties and updates go */
} qn_call_step;

/* The layer's index-th weight as a value. */
qn_value *qn_call_weight(qn_call_step *step, int index);
/* Adds a value of rank 0 to the loss, in training and evaluation. NULL is a mistake made before. */
void qn_call_penalty(qn_call_step *step, qn_value *penalty);
/* Gives the output back, after its penalty, if the layer has one, was added. */
qn_value *qn_call_activity(qn_call_step *step, qn_value *output);
/* Adds an update node that runs with each training step, such as a moving average. */
void qn_call_update(qn_call_step *step, qn_value *update);

/* ---- the type ---- */

typedef struct qn_layer_type {
    qn_schema schema; /* first: names, params struct, fields, check */
    /* Declares weights and sets step->output; a shape that does not fit is an error here, before
     * any launch. */
    qn_status (*build)(qn_build_step *step);
    /* Returns the output's value; NULL is a mistake that the graph keeps. */
    qn_value *(*call)(qn_call_step *step, qn_value *x);
    size_t input_shape; /* offset of the params' input shape + 1; 0: none */
    size_t trainable;   /* offset of the params' `bool trainable` + 1; 0: nothing to train */
    size_t name;        /* offset of the params' name */
} qn_layer_type;

/* A weight of a built layer. */
typedef struct qn_weight {
    qn_variable *variable;
    bool state;
    qn_part regularizer, constraint; /* empty: none */
} qn_weight;

#define QN_MAX_LAYER_WEIGHTS 8

struct qn_layer {
    const qn_layer_type *type;
    void *params;
    char *name; /* given, or Keras's automatic one: "dense", "dense_1" */
    qn_weight weight[QN_MAX_LAYER_WEIGHTS];
    int weight_count;
    qn_part activity; /* regularizer of the output; empty: none */
    qn_shape input, output;
};

void qn_layer_free(qn_env *env, qn_layer *layer); /* not its variables: they are the storage's */
/* False for a frozen layer; true where there is nothing to train. */
bool qn_layer_trainable(const qn_layer *layer);
/* Forgets the weights. */
void qn_layer_forget_weights(qn_env *env, qn_layer *layer);

/* ---- initializers ---- */

/* Fills values on the host. fan_in, fan_out as Keras computes them from the shape. */
qn_status qn_initialize(qn_env *env, const char *initializer, uint64_t seed, uint32_t stream,
                        const qn_shape *shape, float *values);
/* Whether it draws random numbers, and so takes a stream. */
qn_status qn_initializer_draws(qn_env *env, const char *initializer, bool *draws);

/* Checks for qn_schema.check: the text of an initializer. */
qn_status qn_check_initializer(qn_env *env, const char *text);
/* Of a regularizer, of a constraint; NULL is none. */
qn_status qn_check_regularizer(qn_env *env, const char *text);
qn_status qn_check_constraint(qn_env *env, const char *text);

#endif
