/* SPDX-License-Identifier: Apache-2.0 */
/* Results of the last fit, epoch by epoch. */
#ifndef TRAIN_HISTORY_H
#define TRAIN_HISTORY_H

#include "nn/model.h"

typedef struct qn_epoch {
    qn_logs logs;
    double seconds;
} qn_epoch;

typedef struct qn_history {
    qn_epoch *epoch;
    size_t count, capacity;
} qn_history;

/* The model's history, made when there is none; its epochs are forgotten. */
qn_status qn_history_begin(qn_model *model, qn_history **history);
qn_status qn_history_add(qn_model *model, const qn_logs *logs, double seconds);

/* Appends "<prefix><name>": value; what does not fit is left out (QN_MAX_LOGS holds all results).
 */
void qn_logs_add(qn_logs *logs, const char *prefix, const char *name, double value);
/* Changes a value that is there, or appends it. */
void qn_logs_set(qn_logs *logs, const char *name, double value);

#endif
