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

qn_status qn_rank_best(qn_context *ctx, const int *entry, int count, int *best)
{
    double score, highest = 0;

    *best = entry[0];
    for (int i = 0; i < count && count > 1; i++) {
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
