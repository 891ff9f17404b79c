/* SPDX-License-Identifier: Apache-2.0 */
/* Every op. */
#include "ops/internal.h"

const qn_op *const qn_op_list[] = {
    &qn_linear_op,
    &qn_negative_op,
    &qn_square_op,
    &qn_sqrt_op,
    &qn_exp_op,
    &qn_log_op,
    &qn_absolute_op,
    &qn_sigmoid_op,
    &qn_tanh_op,
    &qn_relu_op,
    &qn_unary_grad_op,
    &qn_add_op,
    &qn_subtract_op,
    &qn_multiply_op,
    &qn_divide_op,
    &qn_divide_grad_op,
    &qn_affine_op,
    &qn_bias_add_op,
    &qn_reshape_op,
    &qn_softmax_op,
    &qn_softmax_grad_op,
    &qn_matmul_op,
    &qn_dense_op,
    &qn_sum_op,
    &qn_mean_op,
    &qn_column_sum_op,
    &qn_broadcast_op,
    &qn_batch_mean_op,
    &qn_batch_mean_grad_op,
    &qn_loss_op,
    &qn_loss_grad_op,
    &qn_softmax_loss_op,
    &qn_accuracy_op,
    &qn_gather_op,
    &qn_store_rows_op,
    &qn_record_op,
    &qn_random_uniform_op,
    &qn_random_normal_op,
    &qn_assign_op,
    &qn_sgd_op,
    &qn_adam_op,
    NULL,
};

const qn_op *qn_op_find(const char *name)
{
    for (const qn_op *const *op = qn_op_list; *op; op++)
        if (strcmp((*op)->name, name) == 0)
            return *op;
    return NULL;
}
