/* SPDX-License-Identifier: Apache-2.0 */
/* The public self-test: every case on every device of a context. */
#include "kernels/selftest.h"

qn_status qn_selftest(qn_context *ctx, qn_selftest_fn report, void *user)
{
    const char *bad = NULL;
    int failures, sum = 0;

    for (int i = 0; i < ctx->device_count; i++) {
        QN_TRY(qn_selftest_all(ctx->device[i], report, user, &failures));
        if (failures && !bad)
            bad = qn_device_description(ctx->device[i])->selector;
        sum += failures;
    }
    if (!sum)
        return QN_OK;
    return qn_fail(&ctx->env, QN_ERROR_DEVICE,
                   "%d self-test%s failed, the first on %s: plans that need these kernels are "
                   "refused; take another device or another version of its driver",
                   sum, sum == 1 ? "" : "s", bad);
}
