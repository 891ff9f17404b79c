/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several devices is best: by measured score, else by type. */
#include "device/internal.h"

/* Until measured: GPUs, then GPUs that share memory, accelerators, CPUs. */
static double rank_of(const qn_device_info *info)
{
    static const char *const order[] = {"cpu", "accelerator", "igpu", "gpu"};

    for (int i = 0; i < QN_COUNT(order); i++)
        if (strcmp(info->type, order[i]) == 0)
            return i;
    return -1;
}

static qn_status rank_all(qn_context *ctx, const int *entry, int count, int *best)
{
    double score, highest = 0;

    for (int i = 0; i < count; i++) {
        qn_activity_at(&ctx->env, i);
        if (ctx->cache_dir)
            QN_TRY(qn_score_get(ctx, entry[i], &score));
        else
            score = rank_of(&ctx->list->entry[entry[i]].info);
        if (i == 0 || score > highest) {
            highest = score;
            *best = entry[i];
        }
    }
    return QN_OK;
}

qn_status qn_rank_best(qn_context *ctx, const int *entry, int count, int *best)
{
    qn_status status;

    *best = entry[0];
    if (count == 1)
        return QN_OK;
    qn_activity_begin(&ctx->env, count, "measuring devices");
    status = rank_all(ctx, entry, count, best);
    qn_activity_end(&ctx->env);
    return status;
}
