/* SPDX-License-Identifier: Apache-2.0 */
/* The types of callbacks, one a file. */
#ifndef TRAIN_CALLBACKS_LIST_H
#define TRAIN_CALLBACKS_LIST_H

#include "train/callback.h"

extern const qn_callback_type qn_callback_csv_logger, qn_callback_early_stopping,
    qn_callback_learning_rate_scheduler, qn_callback_model_checkpoint,
    qn_callback_reduce_lr_on_plateau, qn_callback_tensorboard, qn_callback_terminate_on_nan,
    qn_callback_user;

#endif
