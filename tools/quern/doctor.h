/* SPDX-License-Identifier: Apache-2.0 */
/* What quern doctor finds, kept in a list until it is shown. */
#ifndef QUERN_DOCTOR_H
#define QUERN_DOCTOR_H

#include "command.h"

typedef enum finding_level {
    FINDING_OK,
    FINDING_NOTE,
    FINDING_PROBLEM,
    FINDING_LEVELS
} finding_level;

typedef struct doctor {
    json_t *findings; /* objects: level, topic, subject, text, advice */
    int count[FINDING_LEVELS];
    bool json;
} doctor;

/* Adds a finding. `subject`: a device or a folder, or NULL. `advice`: what to do, one sentence, or
 * NULL. */
void doctor_add(doctor *d, finding_level level, const char *topic, const char *subject,
                const char *text, const char *advice);
/* Adds `value`, which it takes over, to the last finding, for --json. */
void doctor_attach(doctor *d, const char *name, json_t *value);
/* All findings and the verdict on stdout. Returns the exit code. */
int doctor_print(doctor *d);

/* ---- doctor_bench.c ---- */

/* What the context's device reaches, against what such a device should. */
void doctor_bench(doctor *d, qn_context *ctx, const char *selector);

/* ---- doctor_system.c ---- */

/* The CLBlast in use, memory of the host, cache folders. `pocl`: it has one of its own. */
void doctor_clblast(doctor *d);
void doctor_memory(doctor *d);
void doctor_caches(doctor *d, bool pocl);

#endif
