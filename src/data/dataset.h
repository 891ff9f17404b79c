/* SPDX-License-Identifier: Apache-2.0 */
/* Datasets behind the public handle, and the readers that fill them. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "base/env.h"
#include <quern/data.h>

/* An array and the memory that holds it (more than the array: a file's header comes before). */
typedef struct qn_loaded {
    qn_array array; /* data NULL: not there */
    void *memory;
} qn_loaded;

void qn_loaded_free(qn_env *env, qn_loaded *loaded);

typedef struct qn_split {
    qn_loaded x, y;
} qn_split;

struct qn_dataset {
    qn_env *env;
    qn_split split[2]; /* "train", "test" */
    bool one_split;    /* both names mean the first */
    const char *const *classes;
    int class_count;
};

/* Reads an IDX file of uint8 with `rank` dimensions, plain or gzip. `what`: "images", for messages.
 */
qn_status qn_idx_read(qn_env *env, const char *path, int rank, const char *what, qn_loaded *loaded);
/* Reads a .npy file, versions 1 to 3: little-endian, C order. */
qn_status qn_npy_read(qn_env *env, const char *path, qn_loaded *loaded);

/* MNIST's four files in a folder. */
qn_status qn_dataset_read_idx(qn_dataset *dataset, const char *folder);
/* The same, with the names of Fashion-MNIST's classes; a missing folder names the Debian package.
 */
qn_status qn_dataset_read_fashion_mnist(qn_dataset *dataset, const char *folder);
/* "X.npy,Y.npy" or "X.npy" */
qn_status qn_dataset_read_npy(qn_dataset *dataset, const char *paths);

#endif
