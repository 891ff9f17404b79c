/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's timeline in the Trace Event Format, which Perfetto (ui.perfetto.dev) and
 * chrome://tracing open: a track for each queue and for the host's thread, a counter for memory. */
#include "profile/profile.h"

#include <math.h>

enum { HOST = 1, COMPUTE = 2, TRANSFER = 3 }; /* thread ids */

static void add_string(qn_text *text, const char *value)
{
    qn_text_add(text, "\"");
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        if (c == '"' || c == '\\')
            qn_text_add_bytes(text, (const char[]){'\\', *value}, 2);
        else if (c >= 0x20 && c < 0x80) /* names are ASCII; what a driver may add is left out */
            qn_text_add_bytes(text, value, 1);
    }
    qn_text_add(text, "\"");
}

/* ---- tracks ---- */

static void add_track(qn_text *text, int track, const char *name)
{
    qn_text_add(text,
                ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":%d,\"args\":{\"name\":"
                "\"%s\"}},\n{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":1,\"tid\":%d,"
                "\"args\":{\"sort_index\":%d}}",
                track, name, track, track);
}

static void add_tracks(qn_text *text, const qn_profile *profile)
{
    qn_text_add(text, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"args\":{\"name\":");
    add_string(text, profile->device);
    qn_text_add(text, "}}");
    add_track(text, HOST, "host thread");
    add_track(text, COMPUTE, "compute queue");
    add_track(text, TRANSFER, "transfer queue");
}

/* ---- slices; times are microseconds in whole nanoseconds ---- */

static void begin_slice(qn_text *text, int track, double begin, double length, const char *name)
{
    qn_text_add(text,
                ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":", track,
                begin * 1e6, length * 1e6);
    add_string(text, name);
}

/* Rounded, so that what lies within another slice does so in the file as well. */
static double whole(double seconds)
{
    return floor(seconds * 1e9 + 0.5) * 1e-9;
}

static void add_enqueue(qn_text *text, const qn_timeline_command *c, const qn_profile_row *row)
{
    char op[256];
    double begin = whole(c->host_begin);

    begin_slice(text, HOST, begin, whole(c->host_end) - begin, "enqueue");
    qn_text_add(text, ",\"cat\":\"enqueue\",\"args\":{\"op\":");
    add_string(text, qn_profile_op(row, op, sizeof op));
    qn_text_add(text, "}}");
}

/* Until `next`, where the command behind it began: a queue in order does one thing at a time,
 * whatever a driver's stamps say. */
static void add_command(qn_text *text, const qn_timeline_command *c, const qn_profile_row *row,
                        double next)
{
    char op[256];
    double begin = whole(c->begin), end = whole(fmin(c->end, next));

    begin_slice(text, row->transfer_queue ? TRANSFER : COMPUTE, begin, end - begin,
                qn_profile_op(row, op, sizeof op));
    qn_text_add(text, ",\"cat\":\"%s\",\"args\":{\"kernel\":", qn_phase_names[row->phase]);
    add_string(text, row->routine);
    qn_text_add(text, ",\"after_enqueue_us\":%.3f}}", (c->begin - c->host_begin) * 1e6);
}

static const qn_profile_row *row_of(const qn_profile *profile, const qn_timeline_command *c)
{
    return &profile->row[profile->row_of[c->entry]];
}

static void add_queue(qn_text *text, const qn_profile *profile, bool transfer)
{
    const qn_timeline *t = &profile->timeline;
    const qn_timeline_command *last = NULL;

    for (size_t i = 0; i < t->commands; i++) {
        const qn_timeline_command *c = &t->command[i];

        if (!c->measured || row_of(profile, c)->transfer_queue != transfer)
            continue;
        if (last)
            add_command(text, last, row_of(profile, last), c->begin);
        last = c;
    }
    if (last)
        add_command(text, last, row_of(profile, last), INFINITY);
}

/* Spans and enqueues in the order of their begins; the outer one first. */
static void add_host(qn_text *text, const qn_profile *profile)
{
    const qn_timeline *t = &profile->timeline;
    size_t command = 0;
    char name[64];

    for (size_t i = 0; i <= t->spans; i++) {
        double until = i < t->spans ? t->span[i].begin : INFINITY;

        for (; command < t->commands && t->command[command].host_begin < until; command++)
            add_enqueue(text, &t->command[command], row_of(profile, &t->command[command]));
        if (i < t->spans) {
            double begin = whole(t->span[i].begin);

            begin_slice(text, HOST, begin, whole(t->span[i].end) - begin,
                        qn_timeline_name(&t->span[i], name, sizeof name));
            qn_text_add(text, ",\"cat\":\"host\"}");
        }
    }
}

/* ---- memory ---- */

/* A counter of all uses together is drawn stacked. */
static void add_memory(qn_text *text, const qn_timeline *t)
{
    uint64_t held[QN_USES] = {0};

    for (size_t i = 0; i < t->changes; i++) {
        held[t->memory[i].use] = t->memory[i].bytes;
        if (i + 1 < t->changes && t->memory[i + 1].at == t->memory[i].at)
            continue;
        qn_text_add(text, ",\n{\"ph\":\"C\",\"name\":\"memory\",\"pid\":1,\"ts\":%.3f,\"args\":{",
                    whole(t->memory[i].at) * 1e6);
        for (int use = 0; use < QN_USES; use++)
            qn_text_add(text, "%s\"%s\":%llu", use > 0 ? "," : "", qn_use_names[use],
                        (unsigned long long)held[use]);
        qn_text_add(text, "}}");
    }
}

qn_status qn_profile_trace(const qn_profile *profile, qn_text *text)
{
    qn_text_add(text,
                "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"quern\":\"%s\",\"dropped\":"
                "\"%llu\"},\"traceEvents\":[\n",
                qn_version(), (unsigned long long)profile->timeline.dropped);
    add_tracks(text, profile);
    add_host(text, profile);
    add_queue(text, profile, false);
    add_queue(text, profile, true);
    add_memory(text, &profile->timeline);
    qn_text_add(text, "\n]}\n");
    return QN_OK;
}
