/* SPDX-License-Identifier: Apache-2.0 */
/* Builders of the ops that are not in the public keras.ops-like set (quern/graph.h), for src/nn and
 * for fusion. Shapes in brackets; B is the batch. */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include "graph/op.h"
#include "graph/storage.h"
#include "kernels/kernels.h"

/* An activation by its name ("linear" gives the value back): sigmoid, tanh, relu, softmax. NULL
 * name is linear. Unknown: a mistake that names the nearest. */
qn_value *qn_op_activation(qn_value *x, const char *name);
/* The names, ended by NULL. */
extern const char *const qn_activation_names[];

/* x [.., n] + bias [n] */
qn_value *qn_op_bias_add(qn_value *x, qn_value *bias);
/* [B, ...] -> [B, product] */
qn_value *qn_op_flatten(qn_value *x);

/* Row losses and accuracies: y_true, y_pred [B, .., c] -> [B, ..]; sparse y_true is int32 [B, ..].
 */
qn_value *qn_op_loss(qn_loss_kind kind, qn_value *y_true, qn_value *y_pred);
qn_value *qn_op_accuracy(qn_accuracy_kind kind, double threshold, int k, qn_value *y_true,
                         qn_value *y_pred);
/* Mean over the valid rows: [B, ..] -> []. */
qn_value *qn_op_batch_mean(qn_value *rows);

/* data [n, ...] (a DATA value), index (a DATA value, int32 [ring]) -> [B, ...]. */
qn_value *qn_op_gather(qn_value *data, qn_value *index, qn_dtype out_dtype, float scale);

/* Writes row `out_at` of `results` (a DATA value, float32 [ring, count]): sums over valid rows of
 * each of `values` ([B, ..]). latch: a DATA value (int32 [2]) or NULL. An update node: give its
 * output (rank 0) to the plan's updates. */
qn_value *qn_op_record(int count, qn_value *const *values, qn_value *results, qn_value *latch);
/* Writes the valid rows of x [B, ...] to `out` (a DATA value [ring, ...]) from row out_at on. */
qn_value *qn_op_store_rows(qn_value *x, qn_value *out);

/* Updates of all trainable variables of `storage`: gradients in the storage's order (each is marked
 * gradient_of its variable). Slots are the storage's. latch as in record. */
qn_value *qn_op_sgd(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch);
qn_value *qn_op_adam(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                     double beta_1, double beta_2, double epsilon);

#endif
