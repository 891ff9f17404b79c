/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Datasets from files, and small helpers for arrays. */
#ifndef QUERN_DATA_H
#define QUERN_DATA_H

#include <quern/context.h>

QN_HEADER_BEGIN

typedef struct qn_dataset qn_dataset;

/** Reads a dataset into host memory:
 * - `fashion-mnist`: the files of the Debian package dataset-fashion-mnist;
 * - `idx:DIR`: MNIST's four files (train-images-idx3-ubyte, ..., plain or .gz);
 * - `npy:X.npy,Y.npy` or `npy:X.npy`: arrays; one split, called "train" and "test" alike.
 * Every magic and length is checked against the file. After a failure `*dataset` is NULL. */
QN_API QN_MUST_USE qn_status qn_dataset_open(qn_context *ctx, const char *spec,
                                             qn_dataset **dataset);
QN_API void qn_dataset_destroy(qn_dataset **dataset);
/** Arrays of a split ("train", "test"), with the dataset's scale; borrowed. `y` may come back with
 * data NULL when the dataset has no targets. Either pointer may be NULL. */
QN_API QN_MUST_USE qn_status qn_dataset_get(qn_dataset *dataset, const char *split, qn_array *x,
                                            qn_array *y);
/** Name of class `index` ("Sneaker"), or NULL when the dataset does not say. */
QN_API const char *qn_dataset_class(const qn_dataset *dataset, int index);

/** labels: n integers in [0, classes), any integer dtype; out: float32 [n, classes]. */
QN_API QN_MUST_USE qn_status qn_one_hot(qn_context *ctx, qn_array labels, qn_out out);

/** Writes an array as .npy, atomically. */
QN_API QN_MUST_USE qn_status qn_npy_write(qn_context *ctx, const char *path, qn_array array);

QN_HEADER_END

#endif
