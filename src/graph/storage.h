/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and where they live: a segment per role on one device. Trainable parameters, their
 * gradients and each optimizer slot are segments with one layout, so that one launch updates
 * everything and one read saves everything. */
#ifndef GRAPH_STORAGE_H
#define GRAPH_STORAGE_H

#include "graph/graph.h"

typedef struct qn_storage qn_storage;

typedef enum qn_role {
    QN_ROLE_PARAMETER, /* trainable */
    QN_ROLE_STATE      /* not trainable: moving statistics, frozen weights */
} qn_role;

struct qn_variable {
    qn_storage *storage;
    char *name; /* "dense/kernel" */
    qn_role role;
    qn_dtype dtype; /* QN_F32 */
    qn_shape shape;
    int64_t count;
    size_t offset;     /* bytes, in its role's segment; known after commit */
    qn_buffer *buffer; /* the slice; known after commit */
    float *initial;    /* host copy until committed */
};

#define QN_MAX_SLOTS 4

struct qn_storage {
    qn_device *device;
    qn_env *env;
    qn_variable **variable;
    size_t count, capacity;
    bool committed;
    size_t bytes[2];               /* of each role's segment */
    qn_buffer *segment[2];         /* NULL when empty */
    qn_buffer *slot[QN_MAX_SLOTS]; /* optimizer state, laid out as PARAMETER */
    int slot_count;
};

qn_status qn_storage_create(qn_device *device, qn_storage **storage);
void qn_storage_destroy(qn_storage **storage);
/* Declares a variable; `initial` (count floats, copied) NULL: zeros. Before commit. */
qn_status qn_storage_declare(qn_storage *storage, const char *name, qn_role role,
                             const qn_shape *shape, const float *initial, qn_variable **variable);
/* Lays out and writes the segments. Later declarations are an error. */
qn_status qn_storage_commit(qn_storage *storage);
/* Optimizer slots: `count` zeroed segments; destroys those that were there. */
qn_status qn_storage_slots(qn_storage *storage, int count);
/* One parameter's part of a slot: `count` floats. */
qn_status qn_storage_read_slot(qn_storage *storage, int slot, const qn_variable *variable,
                               float *values);
qn_status qn_storage_write_slot(qn_storage *storage, int slot, const qn_variable *variable,
                                const float *values);
/* Host copies, `count` floats. Before commit they go to and from `initial`. */
qn_status qn_variable_read(qn_variable *variable, float *values);
qn_status qn_variable_write(qn_variable *variable, const float *values);

#endif
