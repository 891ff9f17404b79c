/* SPDX-License-Identifier: Apache-2.0 */
/* What training steps cost in the steady state. */
#include "train/steady.h"

void qn_tally_add(qn_tally *sum, const qn_tally *begin, const qn_tally *now)
{
    sum->steps += now->steps - begin->steps;
    sum->chunks += now->chunks - begin->chunks;
    sum->launches += now->launches - begin->launches;
    sum->calls += now->calls - begin->calls;
    sum->waits += now->waits - begin->waits;
    sum->chunk_waits += now->chunk_waits - begin->chunk_waits;
    sum->allocations += now->allocations - begin->allocations;
}

void qn_steady_stats(const qn_steady *steady, const qn_session *session, qn_run_stats *stats)
{
    static const qn_tally nothing;
    qn_tally t = {0};
    bool too_short = steady->total.steps == steady->first.steps;
    double steps;

    qn_tally_add(&t, too_short ? &nothing : &steady->first, &steady->total);
    steps = t.steps ? (double)t.steps : 1;
    stats->size = sizeof *stats;
    stats->steps = (int64_t)steady->total.steps;
    stats->launches_per_step = (double)t.launches / steps;
    stats->calls_per_step = (double)t.calls / steps;
    stats->waits_per_step = (double)(t.waits - t.chunk_waits) / steps;
    stats->allocations_per_step = (double)t.allocations / steps;
    stats->chunks = (double)steady->total.chunks;
    stats->device_bytes = qn_session_bytes(session);
}
