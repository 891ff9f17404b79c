/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers for arrays: one-hot targets. */
#include "base/text.h"
#include "data/convert.h"
#include "device/context.h"

#include <inttypes.h>
#include <quern/data.h>

static qn_status check_one_hot(qn_env *env, const qn_array *labels, const qn_out *out)
{
    char shape[QN_MAX_RANK * 24], wanted[QN_MAX_RANK * 24];
    QN_TRY(qn_array_check(env, labels, "labels"));
    if (!qn_dtype_is_integer(labels->dtype))
        return qn_fail(env, QN_ERROR_USAGE, "qn_one_hot takes integer labels, found %s",
                       qn_dtype_name(labels->dtype));
    qn_array view = {.data = out->data, .dtype = out->dtype, .rank = out->rank};
    memcpy(view.shape, out->shape, sizeof view.shape);
    QN_TRY(qn_array_check(env, &view, "qn_one_hot's result"));
    if (qn_array_row_elements(labels) != 1)
        return qn_fail(env, QN_ERROR_USAGE,
                       "qn_one_hot takes one label a row, found labels of shape %s",
                       qn_shape_text(labels->rank, labels->shape, shape, sizeof shape));
    if (out->dtype != QN_F32 || out->rank != 2 || out->shape[0] != labels->shape[0])
        return qn_fail(env, QN_ERROR_USAGE,
                       "qn_one_hot of labels of shape %s gives float32 (%" PRId64
                       ", classes), but the result has %s %s",
                       qn_shape_text(labels->rank, labels->shape, shape, sizeof shape),
                       labels->shape[0], qn_dtype_name(out->dtype),
                       qn_shape_text(out->rank, out->shape, wanted, sizeof wanted));
    return QN_OK;
}

qn_status qn_one_hot(qn_context *ctx, qn_array labels, qn_out out)
{
    QN_TRY(check_one_hot(&ctx->env, &labels, &out));
    int64_t rows = out.shape[0], classes = out.shape[1];
    float *row = out.data;
    for (int64_t i = 0; i < rows; i++, row += classes) {
        int64_t label = qn_array_integer(&labels, i);
        if (label < 0 || label >= classes)
            return qn_fail(&ctx->env, QN_ERROR_DATA,
                           "label %" PRId64 " in row %" PRId64 " is outside [0, %" PRId64 ")",
                           label, i, classes);
        for (int64_t j = 0; j < classes; j++)
            row[j] = 0.0f;
        row[label] = 1.0f;
    }
    return QN_OK;
}
