/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: the ops themselves, shape helpers, and builders that only
 * gradients and updates use. */
#ifndef OPS_INTERNAL_H
#define OPS_INTERNAL_H

#include "ops/ops.h"

/* ---- the ops; list.c has them all ---- */

extern const qn_op qn_linear_op, qn_negative_op, qn_square_op, qn_sqrt_op, qn_exp_op, qn_log_op,
    qn_absolute_op, qn_sigmoid_op, qn_tanh_op, qn_relu_op, qn_unary_grad_op;
extern const qn_op qn_leaky_relu_op, qn_elu_op, qn_selu_op, qn_gelu_op, qn_gelu_tanh_op, qn_silu_op,
    qn_softplus_op, qn_softsign_op, qn_relu6_op, qn_hard_sigmoid_op;
extern const qn_op qn_add_op, qn_subtract_op, qn_multiply_op, qn_divide_op, qn_divide_grad_op;
extern const qn_op qn_affine_op, qn_bias_add_op, qn_reshape_op, qn_scale_rows_op;
extern const qn_op qn_softmax_op, qn_softmax_grad_op;
extern const qn_op qn_matmul_op, qn_matmul_sums_op, qn_dense_op, qn_dense_grad_op;
extern const qn_op qn_sum_op, qn_mean_op, qn_column_sum_op, qn_broadcast_op;
extern const qn_op qn_batch_mean_op, qn_batch_mean_grad_op;
extern const qn_op qn_loss_op, qn_loss_grad_op, qn_softmax_loss_op, qn_accuracy_op;
extern const qn_op qn_gather_op, qn_store_rows_op, qn_record_op;
extern const qn_op qn_random_uniform_op, qn_random_normal_op;
extern const qn_op qn_dropout_op, qn_alpha_dropout_op, qn_gaussian_dropout_op, qn_gaussian_noise_op;
extern const qn_op qn_batch_norm_op, qn_batch_norm_grad_op, qn_batch_norm_inference_op,
    qn_moving_average_op;
extern const qn_op qn_norm_op, qn_norm_grad_op, qn_norm_parameters_op;
extern const qn_op qn_assign_op, qn_sgd_op, qn_rmsprop_op, qn_adam_op, qn_constrain_op;
extern const qn_op qn_penalty_op, qn_penalty_grad_op;
extern const qn_op qn_cosines_op, qn_cosines_grad_op, qn_valid_rows_op, qn_per_row_op;

/* ---- attributes that fusion reads and writes ---- */

typedef struct qn_matmul_attributes {
    bool transpose_a, transpose_b;
} qn_matmul_attributes;
/* matmul (inputs a, b), bias (a third input, or none) and activation in one; of dense_grad, whose
 * third input is y, the product times the activation's gradient there. */
typedef struct qn_dense_attributes {
    qn_matmul_attributes matmul;
    qn_elementwise activation;
} qn_dense_attributes;
typedef struct qn_loss_attributes {
    qn_loss_kind kind;
} qn_loss_attributes;

/* ---- helpers (common.c) ---- */

/* Shapes that do not fit: qn_infer_fail with all of the inputs' shapes before the message. */
qn_status qn_infer_misfit(qn_infer *io, const char *format, ...) QN_PRINTF(2, 3);

/* Every input is a float32 tensor, and none is a bound dataset. */
qn_status qn_infer_floats(qn_infer *io);
/* That of one input. */
qn_status qn_infer_float(qn_infer *io, int input);
/* Begins with the batch; one element; the last dimension, 1 for rank 0; all but the last. */
bool qn_shape_batched(const qn_shape *shape);
bool qn_shape_single(const qn_shape *shape);
int64_t qn_shape_columns(const qn_shape *shape);
qn_shape qn_shape_lead(const qn_shape *shape);
/* A shape from the public API: QN_ERROR_USAGE for a rank or dimension that is out of range. */
qn_status qn_shape_from(qn_graph *graph, const char *op, int rank, const int64_t *dimension,
                        qn_shape *shape);
/* Elements of one sample of a value that begins with the batch. */
int64_t qn_shape_inner(const qn_shape *shape);
/* Whether the node's op is one of unary.c: then which function, with its parameter. */
bool qn_node_elementwise(const qn_node *node, qn_elementwise *function);
/* Whether the node is a unary_grad that reads y alone: then of which function. */
bool qn_node_unary_grad(const qn_node *node, qn_elementwise *function);
/* The largest parameter: finite in float32. */
#define QN_MAX_ALPHA 1e30
/* "tanh", "elu(0.5)" */
void qn_elementwise_describe(qn_elementwise function, qn_text *text);

/* Shape rule and launch of products (matmul.c), for `dense` as well. */
qn_status qn_infer_product(qn_infer *io, const qn_matmul_attributes *attributes);
qn_status qn_emit_product(qn_emit *e, const qn_matmul_attributes *attributes, qn_buffer *bias,
                          qn_buffer *y, qn_elementwise activation, qn_buffer *sums);
/* Whether the node adds up the rows of a matrix: then of which value. */
bool qn_node_column_sum(const qn_node *node, const qn_value **value);
/* Rules of targets against predictions (loss.c), for accuracy and softmax_loss as well. */
qn_status qn_infer_targets(qn_infer *io, bool sparse);

/* ---- builders for gradients and updates ---- */

/* A copy: same elements, memory of its own. */
qn_value *qn_op_copy(qn_value *x);
/* The sum of all elements; a batch's padded rows are counted, so they must be zero. */
qn_value *qn_op_sum_all(qn_value *x);
/* Sum over the leading dimensions; the last `tail` stay. */
qn_value *qn_op_column_sum(qn_value *x, int tail);
/* One element, times `factor`, everywhere in `shape`. */
qn_value *qn_op_broadcast(qn_value *x, const qn_shape *shape, double factor);
/* The value itself when it has that shape, else a reshape. */
qn_value *qn_op_as_shape(qn_value *x, const qn_shape *shape);
/* An update node over the storage's parameters (update.c): places the gradients, and adds the latch
 * and what the clipping needs as the last inputs. `attributes` are the op's. */
qn_value *qn_op_update(const qn_op *op, const void *attributes, qn_storage *storage, int count,
                       qn_value *const *gradients, qn_value *latch);
/* The head of an update op's attributes, and what such ops have in common. */
typedef struct qn_update_attributes {
    qn_storage *storage;
    bool latched; /* the input after the gradients is the latch */
    qn_update_rule rule;
} qn_update_attributes;
qn_status qn_update_infer(qn_infer *io);
int qn_update_variables(const qn_node *node, qn_variable **variables, int room);
size_t qn_update_scratch(const qn_emit *e);
void qn_update_describe(const qn_node *node, qn_text *text);
/* Clips the gradients, and says what the update's launch needs; an error where the storage has
 * fewer slots. */
qn_status qn_update_begin(qn_emit *e, int slots, qn_update *update, qn_buffer *const **slot);
/* int32 [2], bound */
qn_status qn_infer_latch(qn_infer *io, int input);

#endif
