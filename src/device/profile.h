/* SPDX-License-Identifier: Apache-2.0 */
/* When every command of a region ran: queues are exchanged for profiling ones, each launch, call
 * and transfer leaves an event, and finished events become plain records in bulk. */
#ifndef DEVICE_PROFILE_H
#define DEVICE_PROFILE_H

#include "device/steps.h"

/* What moves data outside of a list of steps. */
typedef enum qn_move { QN_MOVE_WRITE, QN_MOVE_READ, QN_MOVE_FILL, QN_MOVE_COPY, QN_MOVES } qn_move;

/* Entries are numbered: first the moves on the compute queue, then those on the transfer queue,
 * then the steps in the order that the sink was told of them. */
#define QN_PROFILE_FIRST_STEP ((size_t)2 * QN_MOVES)

/* One command that is done. */
typedef struct qn_profile_record {
    size_t entry;
    bool measured;               /* false: the driver gave no times that can be true */
    double begin, end;           /* device seconds */
    double host_begin, host_end; /* of its enqueue, qn_seconds() */
    double bytes;                /* of a move; 0: as the step's cost says */
} qn_profile_record;

/* Who receives them. */
typedef struct qn_profile_sink {
    void *user;
    /* A step that will be recorded, `index` of its list; lists come whole and in order. */
    qn_status (*step)(void *user, const qn_step *step, size_t index);
    /* In the order of each queue. */
    void (*record)(void *user, const qn_profile_record *record);
    /* Held for a use from now on; called for each use at the begin. */
    void (*memory)(void *user, qn_use use, uint64_t bytes, double host_time);
} qn_profile_sink;

/* Waits for what is in flight, then profiles all that is enqueued until the end. No wait is added
 * in between. Profiling twice at once is QN_ERROR_USAGE. */
qn_status qn_device_profile_begin(qn_device *device, const qn_profile_sink *sink);
/* Waits, hands over the last records and brings back the plain queues, also after a failure. Does
 * nothing when the device is not profiled. */
qn_status qn_device_profile_end(qn_device *device);

#endif
