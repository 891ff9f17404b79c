/* SPDX-License-Identifier: Apache-2.0 */
/* What happened when in a region: commands, what the host was at, memory. */
#ifndef PROFILE_TIMELINE_H
#define PROFILE_TIMELINE_H

#include "device/profile.h"

/* Entries of each kind; what comes later is counted only. A command takes 40 bytes here and about
 * 250 in a trace. */
#define QN_TIMELINE_MOST 200000

/* Host times are seconds since the region began; so are a command's own once qn_timeline_end has
 * brought the device's clock to the host's. */
typedef struct qn_timeline_command {
    uint32_t entry;
    bool measured;
    double host_begin, host_end; /* of its enqueue */
    double begin, end;
} qn_timeline_command;

typedef struct qn_timeline_span {
    const char *name; /* a literal */
    int64_t number;   /* "epoch 3"; below 0: none */
    int depth;
    double begin, end;
} qn_timeline_span;

typedef struct qn_timeline_memory {
    double at;
    qn_use use;
    uint64_t bytes; /* held for this use from then on */
} qn_timeline_memory;

/* Zeroed with the env set. */
typedef struct qn_timeline {
    qn_env *env;
    double begun; /* qn_seconds() */
    qn_timeline_command *command;
    qn_timeline_span *span;
    qn_timeline_memory *memory;
    size_t commands, command_capacity;
    size_t spans, span_capacity;
    size_t changes, memory_capacity;
    uint64_t dropped; /* commands that were not kept */
    int depth;        /* of open spans */
} qn_timeline;

/* From now on, qn_seconds(): memory that was told of before was there at the begin. */
void qn_timeline_begin(qn_timeline *timeline, double now);
void qn_timeline_record(qn_timeline *timeline, const qn_profile_record *record);
void qn_timeline_hold(qn_timeline *timeline, qn_use use, uint64_t bytes, double host_time);
/* Opens a span within those that are open; the number to close it with. */
size_t qn_timeline_enter(qn_timeline *timeline, const char *name, int64_t number);
/* Closes it, and those that were opened within and left open. */
void qn_timeline_leave(qn_timeline *timeline, size_t span);
/* "epoch 3"; returns `buffer`. */
const char *qn_timeline_name(const qn_timeline_span *span, char *buffer, size_t room);
/* Closes what is open, puts commands in the order of their enqueueing and their times on the host's
 * clock. */
void qn_timeline_end(qn_timeline *timeline);
void qn_timeline_free(qn_timeline *timeline);

#endif
