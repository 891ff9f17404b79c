/* SPDX-License-Identifier: Apache-2.0 */
/* Watching one result of the epochs: which way is better, and by how much. */
#ifndef TRAIN_CALLBACKS_MONITOR_H
#define TRAIN_CALLBACKS_MONITOR_H

#include "train/callback.h"

typedef struct qn_monitor {
    const char *result; /* "val_loss" */
    const char *mode;   /* "auto", "min", "max" */
    double min_delta;
} qn_monitor;

/* For the check of a params struct. */
qn_status qn_monitor_check_mode(qn_env *env, const char *mode);
/* The result will be there, and its direction is known. */
qn_status qn_monitor_check(const qn_callback *callback, const qn_monitor *monitor,
                           const qn_results *results);
/* The epoch's value. */
qn_status qn_monitor_value(const qn_callback *callback, const qn_monitor *monitor,
                           const qn_logs *logs, double *value);
/* False for a value that is not finite; true when `reference` is NaN: there is none. */
bool qn_monitor_improved(const qn_callback *callback, const qn_monitor *monitor, double value,
                         double reference);

#endif
