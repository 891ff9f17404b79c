/* SPDX-License-Identifier: Apache-2.0 */
/* A profile: records of single commands, added up by what did the work. */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "base/text.h"
#include "kernels/bench.h"
#include "profile/timeline.h"
#include <jansson.h>
#include <quern/profile.h>

typedef enum qn_phase {
    QN_PHASE_FORWARD,
    QN_PHASE_BACKWARD,
    QN_PHASE_UPDATE,
    QN_PHASE_TRANSFER,
    QN_PHASES
} qn_phase;
extern const char *const qn_phase_names[QN_PHASES];

/* All commands of one kernel with one purpose, size and cost. */
typedef struct qn_profile_row {
    char *layer, *op, *routine; /* owned; layer "" where there is none */
    qn_phase phase;
    qn_step_kind kind;
    bool transfer_queue;
    qn_range range; /* dims 0: no work sizes */
    qn_cost cost;   /* of one call; of moves the bytes so far are in `bytes` */
    uint64_t calls, measured;
    double total, least, most; /* seconds, of the measured calls */
    double flops, bytes;       /* of the measured calls */
    size_t before;             /* its place before it was sorted */
} qn_profile_row;

/* A plan that ran within the region, as JSON. */
typedef struct qn_profile_plan {
    const char *task; /* a literal */
    char *json;       /* owned */
} qn_profile_plan;

/* What programs cost, from the device's opening to the region's end. */
typedef struct qn_profile_build {
    uint64_t compiled, loaded, first_launches;
    double seconds, first_launch_seconds;
} qn_profile_build;

struct qn_profile {
    qn_env *env;
    char *device; /* "pocl:0: name" */
    double begun, wall;
    qn_profile_build build;
    qn_bench_results limits; /* of the device; count 0: not known */
    qn_timeline timeline;
    qn_profile_plan *plan;
    size_t plan_count, plan_capacity;
    double enqueue; /* host seconds in enqueue functions */
    qn_profile_row *row;
    size_t row_count, row_capacity;
    size_t *row_of; /* by entry */
    size_t entry_count, entry_capacity;
    bool seen_loss; /* in the list of steps that is being told */
    /* The compute queue. */
    uint64_t commands, measured;
    bool running;       /* `last_end` is known */
    double first, last; /* span; measured > 0 */
    double last_end, gaps;
};

/* ---- rows.c ---- */

/* The row of a step, or of a move; a new one when there is none like it. `*index`: which. */
qn_status qn_profile_row_of_step(qn_profile *profile, const qn_step *step, size_t index,
                                 size_t *row);
qn_status qn_profile_row_of_move(qn_profile *profile, qn_move move, bool transfer_queue,
                                 size_t *row);
void qn_profile_add(qn_profile *profile, const qn_profile_record *record);
/* Moves without a call go; the others by their total. Entries keep their rows. */
void qn_profile_sort(qn_profile *profile);
void qn_profile_free_rows(qn_profile *profile);

/* First begin to last end of the compute queue; 0 when nothing was measured. */
double qn_profile_span(const qn_profile *profile);
/* Which candidate of a matrix product the row is, or NULL. */
const char *qn_profile_product(const qn_profile_row *row);

/* ---- roof.c ---- */

/* The least time that the device could do one call of a row in. */
typedef struct qn_roof {
    double seconds;
    bool memory; /* what bounds it: bytes, not FLOP */
} qn_roof;
/* False when the device's limits or the row's cost are not known, or it is a transfer. */
bool qn_profile_roof(const qn_profile *profile, const qn_profile_row *row, qn_roof *roof);
/* That time over the mean one: 1 is the device's limit. 0: not known, or not measured. */
double qn_profile_roof_share(const qn_profile *profile, const qn_profile_row *row);

/* ---- advice.c ---- */

/* One line of what the numbers say to do; "" where they say nothing. `*estimated`: it holds a
 * figure that was not measured. */
const char *qn_profile_advice(const qn_profile *profile, char *buffer, size_t room,
                              bool *estimated);

/* ---- json.c ---- */

json_t *qn_profile_json(const qn_profile *profile);
/* The same with timeline, memory and plans. */
json_t *qn_profile_report_json(const qn_profile *profile);

/* ---- csv.c, trace.c: a text that could not grow says so itself ---- */

qn_status qn_profile_csv(const qn_profile *profile, qn_text *text);
qn_status qn_profile_trace(const qn_profile *profile, qn_text *text);

/* ---- table.c ---- */

/* "dense/matmul". */
const char *qn_profile_op(const qn_profile_row *row, char *buffer, size_t room);

qn_status qn_profile_table(const qn_profile *profile, qn_text *text);

#endif
