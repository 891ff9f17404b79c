/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: a header of JSON (names, types, shapes, offsets, metadata), then the tensors' bytes.
 * Quern reads and writes float32. */
#ifndef IO_SAFETENSORS_H
#define IO_SAFETENSORS_H

#include "base/env.h"

typedef struct qn_tensor {
    const char *name; /* owned by the file, when it was read */
    int rank;
    int64_t shape[QN_MAX_RANK];
    size_t bytes;
    const char *data; /* inside the file's bytes; perhaps unaligned */
} qn_tensor;

/* A file in memory, checked: every tensor lies inside it, none overlaps another, nothing is left
 * over. */
typedef struct qn_safetensors {
    qn_env *env;
    char *bytes; /* owned */
    qn_tensor *tensor;
    size_t count;
    void *header; /* parsed JSON */
} qn_safetensors;

/* Messages name `path`, what was expected and what was found; QN_ERROR_DATA for wrong content. */
qn_status qn_safetensors_read(qn_env *env, const char *path, qn_safetensors **file);
/* The same for bytes in memory, which are taken over, also on failure. */
qn_status qn_safetensors_parse(qn_env *env, const char *path, char *bytes, size_t size,
                               qn_safetensors **file);
void qn_safetensors_free(qn_safetensors **file);
const qn_tensor *qn_safetensors_find(const qn_safetensors *file, const char *name);
/* A string of "__metadata__"; NULL when it is not there. */
const char *qn_safetensors_metadata(const qn_safetensors *file, const char *key);

/* What to write: read() is asked for the bytes of one tensor after the other. */
typedef struct qn_safetensors_write_request {
    const char *path;
    const char *metadata_key, *metadata; /* one string of "__metadata__" */
    int count;
    const qn_tensor *tensor; /* name, rank, shape */
    qn_status (*read)(void *user, int index, float *values);
    void *user;
} qn_safetensors_write_request;

/* Replaces the file as a whole or not at all. */
qn_status qn_safetensors_write(qn_env *env, const qn_safetensors_write_request *request);

#endif
