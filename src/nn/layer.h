/* SPDX-License-Identifier: Apache-2.0 */
/* A layer type is one constant in one file of src/nn/layers, registered by one line in its list. */
#ifndef NN_LAYER_H
#define NN_LAYER_H

#include "base/spec.h"
#include "graph/storage.h"
#include "ops/ops.h"
#include <quern/model.h>

typedef struct qn_layer qn_layer;

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

typedef struct qn_layer_type {
    qn_schema schema; /* names, params struct, fields */
    /* Checks what the fields' table cannot (an activation's name, ...). NULL: nothing to check. */
    qn_status (*check)(qn_env *env, const void *params);
    /* Declares variables and sets step->output. */
    qn_status (*build)(qn_build_step *step);
    qn_value *(*call)(const qn_layer *layer, qn_value *x, bool training); /* NULL is a mistake */
    size_t input_shape; /* offset of the params' input shape + 1; 0: none */
    size_t name;        /* offset of the params' name */
} qn_layer_type;

#define QN_MAX_LAYER_VARIABLES 8

struct qn_layer {
    const qn_layer_type *type;
    void *params;
    char *name; /* given, or Keras's automatic one: "dense", "dense_1" */
    qn_variable *variable[QN_MAX_LAYER_VARIABLES];
    int variable_count;
    qn_shape input, output;
};

extern const qn_layer_type *const qn_layer_types[]; /* ended by NULL */
const qn_layer_type *qn_layer_type_find(const char *name_or_type);
void qn_layer_free(qn_env *env, qn_layer *layer); /* not its variables: they are the storage's */

/* Declares "<layer>/<name>" and draws it: initializer as text ("glorot_uniform"). */
qn_status qn_build_variable(qn_build_step *step, const char *name, const qn_shape *shape,
                            const char *initializer, qn_role role);
/* Fills values on the host. fan_in, fan_out as Keras computes them from the shape. */
qn_status qn_initialize(qn_env *env, const char *initializer, uint64_t seed, uint32_t stream,
                        const qn_shape *shape, float *values);
extern const char *const qn_initializer_names[]; /* ended by NULL */

/* Checks for qn_layer_type.check: the name of an activation (NULL is linear), of an initializer. */
qn_status qn_check_activation(qn_env *env, const char *name);
qn_status qn_check_initializer(qn_env *env, const char *name);

#endif
