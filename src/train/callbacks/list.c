/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of callback: one line each. */
#include "train/callbacks/list.h"

static const qn_callback_type *const types[] = {
    &qn_callback_early_stopping,
    &qn_callback_model_checkpoint,
    &qn_callback_reduce_lr_on_plateau,
    &qn_callback_learning_rate_scheduler,
    &qn_callback_csv_logger,
    &qn_callback_tensorboard,
    &qn_callback_terminate_on_nan,
    &qn_callback_user,
    NULL,
};

static const qn_schema *schema(int index)
{
    return types[index] ? &types[index]->schema : NULL;
}

const qn_kind qn_kind_callback = {.name = "callback", .plural = "callbacks", .schema = schema};
