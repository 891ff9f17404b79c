/* SPDX-License-Identifier: Apache-2.0 */
/* Learning rates by step, evaluated on the host in double. */
#ifndef NN_SCHEDULES_H
#define NN_SCHEDULES_H

#include "nn/part.h"

typedef struct qn_schedule qn_schedule;

/* Reads and checks a text such as "cosine_decay(0.01, 1000)". */
qn_status qn_schedule_read(qn_env *env, const char *text, qn_schedule **schedule);
void qn_schedule_free(qn_env *env, qn_schedule **schedule);
/* The learning rate of step `iteration`, from 0. */
double qn_schedule_rate(const qn_schedule *schedule, uint32_t iteration);

#endif
