/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile's numbers say to do, in one line, where they say something. */
#include "profile/profile.h"

#include <stdio.h>

#define MANY_TIMES 4 /* how much larger the batch is that the advice speaks of */
#define WORTH 1.2    /* a speed-up below this is not worth advice */
#define MOST_OF_SPAN 0.5
#define NEAR_THE_ROOF 0.7

/* What a step has whatever its batch, gaps and updates, is told apart from what grows with it. */
static bool advise_batch(const qn_profile *profile, char *buffer, size_t room)
{
    double span = qn_profile_span(profile), update = 0, fixed, grows, faster;

    for (size_t i = 0; i < profile->row_count; i++)
        if (profile->row[i].phase == QN_PHASE_UPDATE)
            update += profile->row[i].total;
    fixed = profile->gaps + update;
    grows = span - fixed;
    faster = span / (fixed / MANY_TIMES + grows);
    if (grows <= 0 || faster < WORTH)
        return false;
    snprintf(buffer, room,
             "%.0f %% are gaps and updates (measured), which a step has whatever its batch: %d "
             "times the batch would be at least %.1f x faster per sample (estimated)",
             100 * fixed / span, MANY_TIMES, faster);
    return true;
}

/* One kernel that takes most of the time, and how far it is from the device's limit. */
static void advise_first(const qn_profile *profile, char *buffer, size_t room)
{
    const qn_profile_row *first = profile->row;
    double span = qn_profile_span(profile), share;
    char op[256];
    int used;

    if (profile->row_count == 0 || first->total <= MOST_OF_SPAN * span || first->transfer_queue)
        return;
    share = qn_profile_roof_share(profile, first);
    used = snprintf(buffer, room, "%.0f %% are %s (measured)", 100 * first->total / span,
                    qn_profile_op(first, op, sizeof op));
    if (used < 0 || (size_t)used >= room)
        return;
    if (share >= NEAR_THE_ROOF)
        snprintf(buffer + used, room - (size_t)used,
                 ", at %.0f %% of what the device can do: only a smaller model or a faster device "
                 "makes it quicker",
                 100 * share);
    else if (share > 0)
        snprintf(buffer + used, room - (size_t)used,
                 ", at %.0f %% of what the device can do: nothing else is worth a look before it",
                 100 * share);
    else
        snprintf(buffer + used, room - (size_t)used, ": nothing else is worth a look before it");
}

const char *qn_profile_advice(const qn_profile *profile, char *buffer, size_t room, bool *estimated)
{
    buffer[0] = '\0';
    *estimated = false;
    if (qn_profile_span(profile) <= 0 || profile->measured < profile->commands)
        return buffer;
    *estimated = advise_batch(profile, buffer, room);
    if (!*estimated)
        advise_first(profile, buffer, room);
    return buffer;
}
