/* SPDX-License-Identifier: Apache-2.0 */
/* Builders of the ops that are not in the public keras.ops-like set (quern/graph.h), for src/nn and
 * for fusion. Shapes in brackets; B is the batch. */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include "graph/op.h"
#include "graph/storage.h"
#include "kernels/kernels.h"

/* An activation by its text, with arguments where it takes some: "leaky_relu(negative_slope=0.1)".
 * NULL is linear, which gives the value back. An unknown name or argument, or one out of its range,
 * is a mistake that names the nearest or the range. */
qn_value *qn_op_activation(qn_value *x, const char *text);
/* The same check without a graph. */
qn_status qn_activation_check(qn_env *env, const char *text);
/* The index-th name; NULL past the end. */
const char *qn_activation_name(int index);

/* x [.., n] + bias [n] */
qn_value *qn_op_bias_add(qn_value *x, qn_value *bias);
/* [B, ...] -> [B, product] */
qn_value *qn_op_flatten(qn_value *x);

/* Random changes by the numbers of `key` and step; the gradient finds the same numbers. A rate is
 * in [0, 1); rate or deviation 0 gives x itself. Padded rows get numbers as well. dropout: x / (1 -
 * rate), or 0 with probability `rate`; alpha_dropout: the same for selu's outputs, mean and
 * variance stay; gaussian_dropout: x * N(1, sqrt(rate / (1 - rate))); gaussian_noise: x + N(0,
 * stddev). */
qn_value *qn_op_dropout(qn_value *x, qn_random_key key, double rate);
qn_value *qn_op_alpha_dropout(qn_value *x, qn_random_key key, double rate);
qn_value *qn_op_gaussian_dropout(qn_value *x, qn_random_key key, double rate);
qn_value *qn_op_gaussian_noise(qn_value *x, qn_random_key key, double stddev);

/* Normalizations; an axis below 0 counts from the end; gamma and beta may be NULL. Batch
 * normalization: x is a batch, `axis` that of the channels, gamma and beta [channels]; with the
 * batch's own statistics, over its valid rows (*mean and *variance receive them, [channels]; each
 * may be NULL), or with given ones. y of padded rows is 0 with the batch's. */
qn_value *qn_op_batch_norm(qn_value *x, int axis, qn_value *gamma, qn_value *beta, double epsilon,
                           qn_value **mean, qn_value **variance);
qn_value *qn_op_batch_norm_inference(qn_value *x, int axis, qn_value *mean, qn_value *variance,
                                     qn_value *gamma, qn_value *beta, double epsilon);
/* (x - mean) / max(sqrt(variance), 1e-7), by channel of `axis`. */
qn_value *qn_op_standardize(qn_value *x, int axis, qn_value *mean, qn_value *variance);
/* Within a sample, along axes first to last (gamma, beta, scale have their dimensions):
 * (x - mean) / sqrt(variance + epsilon), x / sqrt(mean(x^2) + epsilon), and for batches as for
 * other tensors x * min(1 / sqrt(sum(x^2)), 1e12). y of padded rows is 0. */
qn_value *qn_op_layer_norm(qn_value *x, int first, int last, qn_value *gamma, qn_value *beta,
                           double epsilon);
qn_value *qn_op_rms_norm(qn_value *x, int first, int last, qn_value *scale, double epsilon);
qn_value *qn_op_unit_norm(qn_value *x, int axis);
qn_value *qn_op_unit_norm_over(qn_value *x, int first, int last);
/* Each of `groups` equal groups of the channels of `axis`, with all other axes but 0; gamma and
 * beta [channels]. */
qn_value *qn_op_group_norm(qn_value *x, int64_t groups, int axis, qn_value *gamma, qn_value *beta,
                           double epsilon);
/* Moving averages of 1 or 2 values: variable = variable * momentum + value * (1 - momentum). An
 * update node; latch as in record. */
qn_value *qn_op_moving_average(int count, qn_variable *const *variables, qn_value *const *values,
                               double momentum, qn_value *latch);

/* x [B, ..] with each row times its number in scale [B]. */
qn_value *qn_op_scale_rows(qn_value *x, qn_value *scale);

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

/* How the gradients are clipped before an update, as Keras does it. */
typedef enum qn_clip {
    QN_CLIP_NONE,
    QN_CLIP_VALUE,      /* each element into [-limit, limit] */
    QN_CLIP_NORM,       /* the norm of each variable's gradient at most limit */
    QN_CLIP_GLOBAL_NORM /* the norm of all gradients together */
} qn_clip;
typedef struct qn_update_rule {
    qn_clip clip;
    double limit;
    bool decays; /* weights decay before the update, by the step row's `decay` */
} qn_update_rule;

/* Updates of all trainable variables of `storage`: gradients in the storage's order (each is marked
 * gradient_of its variable; they are clipped where they lie). latch as in record. Slots are the
 * storage's: sgd has 1 with a momentum, rmsprop 1 (velocity), then momentum and average where used,
 * adam 2 (momentum, velocity), and a third for the largest velocity with amsgrad. */
qn_value *qn_op_sgd(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                    qn_update_rule rule, double momentum, bool nesterov);
qn_value *qn_op_rmsprop(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                        qn_update_rule rule, double rho, double momentum, double epsilon,
                        bool centered);
qn_value *qn_op_adam(qn_storage *storage, int count, qn_value *const *gradients, qn_value *latch,
                     qn_update_rule rule, double beta_1, double beta_2, double epsilon,
                     bool amsgrad);

/* What a variable is projected to in place, after its update. */
typedef struct qn_constraint_rule {
    bool non_neg;           /* max(w, 0); else: */
    double low, high, rate; /* norms along `axis` are brought into [low, high], by `rate` */
    int axis;               /* below 0: from the end */
    int more_axes;          /* so many after it belong to the norm as well */
} qn_constraint_rule;
/* Whether a variable of that shape has the rule's axes. */
bool qn_constraint_rule_fits(const qn_constraint_rule *rule, const qn_shape *shape);
/* An update node after `after` (any value: the optimizer's, or another constraint's). latch as in
 * record. Axes that are not there are a mistake. */
qn_value *qn_op_constrain(qn_value *after, qn_variable *variable, qn_constraint_rule rule,
                          qn_value *latch);

/* l1 * sum |x| + l2 * sum x^2: rank 0. Of a batch: over its valid rows, divided by their number. */
qn_value *qn_op_penalty(qn_value *x, double l1, double l2);
/* factor times the mean of |dot products| of different unit rows (or columns) of x [m, n], as
 * Keras's OrthogonalRegularizer. Of a batch: columns only, divided by the number of valid rows. */
qn_value *qn_op_orthogonal_penalty(qn_value *x, double factor, bool columns);
/* x [B, ...] with 0 in padded rows. */
qn_value *qn_op_valid_rows(qn_value *x);

#endif
