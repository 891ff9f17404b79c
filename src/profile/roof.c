/* SPDX-License-Identifier: Apache-2.0 */
/* The roofline (Williams, Waterman & Patterson 2009), with a roof for each level of memory: the
 * device's limits as qn_bench_device measured them. */
#include "profile/profile.h"

/* Bytes a second of the smallest level of memory that holds what a call touches; beyond all of
 * them that of global memory. 0: not measured. */
static double bandwidth(const qn_bench_results *limits, double bytes)
{
    const qn_bench_item *level = NULL;

    for (int i = 0; i < limits->count; i++) {
        const qn_bench_item *item = &limits->item[i];

        if (item->kind == QN_BENCH_LEVEL && (double)item->parameter >= bytes &&
            (!level || item->parameter < level->parameter))
            level = item;
    }
    return level && level->best > limits->memory_bandwidth ? level->best : limits->memory_bandwidth;
}

bool qn_profile_roof(const qn_profile *profile, const qn_profile_row *row, qn_roof *roof)
{
    const qn_bench_results *limits = &profile->limits;
    double rate = bandwidth(limits, row->cost.bytes), compute, memory;

    if (row->phase == QN_PHASE_TRANSFER || limits->peak_gflops <= 0 || rate <= 0)
        return false;
    compute = row->cost.flops / (limits->peak_gflops * 1e9);
    memory = row->cost.bytes / rate;
    roof->memory = memory > compute;
    roof->seconds = roof->memory ? memory : compute;
    return roof->seconds > 0;
}

double qn_profile_roof_share(const qn_profile *profile, const qn_profile_row *row)
{
    qn_roof roof;

    if (row->measured == 0 || row->total <= 0 || !qn_profile_roof(profile, row, &roof))
        return 0;
    return roof.seconds * (double)row->measured / row->total;
}
