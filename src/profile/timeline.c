/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what happened when. A timeline that cannot grow counts what it does not keep: a region does
 * not fail for its picture. */
#include "profile/timeline.h"
#include "base/util.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OPEN (-1.0) /* the end of a span that is not closed */

void qn_timeline_begin(qn_timeline *t, double now)
{
    t->begun = now;
    for (size_t i = 0; i < t->changes; i++)
        t->memory[i].at = 0;
}

/* Room for one more of a kind. */
static bool has_room(qn_timeline *t, void *array, size_t *capacity, size_t count, size_t size)
{
    return count < QN_TIMELINE_MOST && qn_grow(t->env, array, capacity, count + 1, size) == QN_OK;
}

void qn_timeline_record(qn_timeline *t, const qn_profile_record *record)
{
    if (!has_room(t, &t->command, &t->command_capacity, t->commands, sizeof *t->command)) {
        t->dropped++;
        return;
    }
    t->command[t->commands++] = (qn_timeline_command){.entry = (uint32_t)record->entry,
                                                      .measured = record->measured,
                                                      .host_begin = record->host_begin - t->begun,
                                                      .host_end = record->host_end - t->begun,
                                                      .begin = record->begin,
                                                      .end = record->end};
}

void qn_timeline_hold(qn_timeline *t, qn_use use, uint64_t bytes, double host_time)
{
    if (has_room(t, &t->memory, &t->memory_capacity, t->changes, sizeof *t->memory))
        t->memory[t->changes++] = (qn_timeline_memory){host_time - t->begun, use, bytes};
}

/* ---- spans ---- */

size_t qn_timeline_enter(qn_timeline *t, const char *name, int64_t number)
{
    size_t span = t->spans;

    if (!has_room(t, &t->span, &t->span_capacity, t->spans, sizeof *t->span))
        return QN_TIMELINE_MOST;
    t->span[t->spans++] =
        (qn_timeline_span){name, number, t->depth++, qn_seconds() - t->begun, OPEN};
    return span;
}

void qn_timeline_leave(qn_timeline *t, size_t span)
{
    double now = qn_seconds() - t->begun;

    if (span >= t->spans)
        return;
    for (size_t i = span; i < t->spans; i++)
        if (t->span[i].end == OPEN)
            t->span[i].end = now;
    t->depth = t->span[span].depth;
}

const char *qn_timeline_name(const qn_timeline_span *span, char *buffer, size_t room)
{
    if (span->number < 0)
        snprintf(buffer, room, "%s", span->name);
    else
        snprintf(buffer, room, "%s %" PRId64, span->name, span->number);
    return buffer;
}

/* ---- clocks ---- */

static int by_enqueue(const void *a, const void *b)
{
    const qn_timeline_command *x = a, *y = b;

    return (x->host_begin > y->host_begin) - (x->host_begin < y->host_begin);
}

/* How far the device's clock is ahead of the host's: no command begins before its enqueue did, and
 * the one on an idle queue that begins soonest after it is the bound. */
static double clock_offset(const qn_timeline *t)
{
    double least = INFINITY;

    for (size_t i = 0; i < t->commands; i++)
        if (t->command[i].measured)
            least = fmin(least, t->command[i].begin - t->command[i].host_begin);
    return isfinite(least) ? least : 0;
}

void qn_timeline_end(qn_timeline *t)
{
    double offset = clock_offset(t);

    qn_timeline_leave(t, 0);
    for (size_t i = 0; i < t->commands; i++) {
        if (t->command[i].measured) {
            t->command[i].begin -= offset;
            t->command[i].end -= offset;
        }
    }
    if (t->commands > 0)
        qsort(t->command, t->commands, sizeof *t->command, by_enqueue);
}

void qn_timeline_free(qn_timeline *t)
{
    qn_free(t->env, t->command);
    qn_free(t->env, t->span);
    qn_free(t->env, t->memory);
}
