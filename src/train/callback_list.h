/* SPDX-License-Identifier: Apache-2.0 */
/* The callbacks of a run. */
#ifndef TRAIN_CALLBACK_LIST_H
#define TRAIN_CALLBACK_LIST_H

#include "train/callback.h"

typedef struct qn_callback_list {
    qn_model *model;
    const char *task;  /* begins each message */
    qn_callback *item; /* in the order they are called: those that save are last */
    size_t count, capacity;
} qn_callback_list;

/* Reads those of a text, then those of a list that ends with NULL; either may be NULL. After a
 * failure the list is empty. A zeroed list needs no more than qn_callbacks_free. */
qn_status qn_callbacks_read(qn_callback_list *list, qn_model *model, const char *task,
                            const char *text, const qn_spec *const *specs);
void qn_callbacks_free(qn_callback_list *list);

/* For fit: can they work, on the results that there will be? */
qn_status qn_callbacks_check(const qn_callback_list *list, bool validation);
/* Takes over what was stored of those that are the same. */
qn_status qn_callbacks_resume(const qn_callback_list *list);
/* Stores what they need to go on, in model->training. */
qn_status qn_callbacks_store(const qn_callback_list *list);

bool qn_callbacks_want(const qn_callback_list *list, qn_moment moment);
qn_status qn_callbacks_call(const qn_callback_list *list, qn_moment moment, int64_t index,
                            qn_logs *logs);
/* The end of an epoch: calls all, stores their state, and lets those save that do. */
qn_status qn_callbacks_epoch_end(const qn_callback_list *list, int64_t epoch, qn_logs *logs);

#endif
