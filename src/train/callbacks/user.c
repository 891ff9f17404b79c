/* SPDX-License-Identifier: Apache-2.0 */
/* The user's own hooks. */
#include "train/callbacks/list.h"

static const qn_callback_params defaults = {.spec = {sizeof defaults, "Callback"}};

static const size_t hooks[QN_MOMENTS] = {
    [QN_TRAIN_BEGIN] = offsetof(qn_callback_params, on_train_begin),
    [QN_TRAIN_END] = offsetof(qn_callback_params, on_train_end),
    [QN_EPOCH_BEGIN] = offsetof(qn_callback_params, on_epoch_begin),
    [QN_EPOCH_END] = offsetof(qn_callback_params, on_epoch_end),
    [QN_TRAIN_BATCH_BEGIN] = offsetof(qn_callback_params, on_train_batch_begin),
    [QN_TRAIN_BATCH_END] = offsetof(qn_callback_params, on_train_batch_end),
    [QN_TEST_BEGIN] = offsetof(qn_callback_params, on_test_begin),
    [QN_TEST_END] = offsetof(qn_callback_params, on_test_end),
    [QN_TEST_BATCH_BEGIN] = offsetof(qn_callback_params, on_test_batch_begin),
    [QN_TEST_BATCH_END] = offsetof(qn_callback_params, on_test_batch_end),
    [QN_PREDICT_BEGIN] = offsetof(qn_callback_params, on_predict_begin),
    [QN_PREDICT_END] = offsetof(qn_callback_params, on_predict_end),
    [QN_PREDICT_BATCH_BEGIN] = offsetof(qn_callback_params, on_predict_batch_begin),
    [QN_PREDICT_BATCH_END] = offsetof(qn_callback_params, on_predict_batch_end),
};

static qn_hook user_hook(const void *params, qn_moment moment)
{
    qn_hook hook;

    memcpy(&hook, (const char *)params + hooks[moment], sizeof hook);
    return hook;
}

static void *user(const void *params)
{
    return ((const qn_callback_params *)params)->user;
}

static qn_status check(qn_env *env, const void *params)
{
    for (int i = 0; i < QN_MOMENTS; i++)
        if (user_hook(params, (qn_moment)i))
            return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE,
                   "it has no function: give it one, as in qn_callback(.on_epoch_end = f)");
}

const qn_callback_type qn_callback_user = {
    .schema = {.type = "Callback",
               .name = "callback",
               .defaults = &defaults,
               .size = sizeof defaults,
               .check = check},
    .user_hook = user_hook,
    .user = user,
};
