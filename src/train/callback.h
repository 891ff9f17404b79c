/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks: what happens around the epochs and batches of a run. A type is one constant in one
 * file of src/train/callbacks, one line in its list. */
#ifndef TRAIN_CALLBACK_H
#define TRAIN_CALLBACK_H

#include "nn/model.h"
#include "nn/part.h"
#include <quern/callbacks.h>

extern const qn_kind qn_kind_callback;

/* When callbacks are called. The end of a batch comes right after its beginning. */
typedef enum qn_moment {
    QN_TRAIN_BEGIN,
    QN_TRAIN_END,
    QN_EPOCH_BEGIN,
    QN_EPOCH_END,
    QN_TRAIN_BATCH_BEGIN,
    QN_TRAIN_BATCH_END,
    QN_TEST_BEGIN,
    QN_TEST_END,
    QN_TEST_BATCH_BEGIN,
    QN_TEST_BATCH_END,
    QN_PREDICT_BEGIN,
    QN_PREDICT_END,
    QN_PREDICT_BATCH_BEGIN,
    QN_PREDICT_BATCH_END,
    QN_MOMENTS
} qn_moment;

/* The results that an epoch will have when a callback sees them. */
typedef struct qn_results {
    qn_logs names; /* values mean nothing */
    bool open;     /* a user's hook may have added others */
} qn_results;

typedef struct qn_callback qn_callback;
typedef qn_status (*qn_callback_fn)(qn_callback *callback, int64_t index, qn_logs *logs);

typedef struct qn_callback_type {
    qn_schema schema; /* first */
    qn_callback_fn on[QN_MOMENTS];
    /* Optional: does one with those params want the moment? Else it wants all of `on`. */
    bool (*wants)(const void *params, qn_moment moment);
    /* Instead of `on`: the user's own function for a moment, or NULL; and what it is given. */
    qn_hook (*user_hook)(const void *params, qn_moment moment);
    void *(*user)(const void *params);
    /* Optional. Makes callback->own, `own_size` zeroed bytes, ready; frees what it holds. */
    size_t own_size;
    qn_status (*create)(qn_callback *callback);
    void (*clear)(qn_callback *callback);
    /* Optional: can it work on this model, with those results? Asked before the first launch. What
     * it will add to the results it adds. */
    qn_status (*check)(qn_callback *callback, qn_results *results);
    /* Optional: saves the model when an epoch has ended for all callbacks; `rank` says which of
     * several is first, above 0. */
    qn_callback_fn save;
    int (*rank)(const void *params);
    bool stateful; /* callback->state belongs to where training stands */
} qn_callback_type;

struct qn_callback {
    qn_model *model;
    const qn_callback_type *type;
    qn_part part;
    qn_callback_state state; /* zeros at first, or those of the training that goes on */
    void *own;
};

/* A result that there will be. */
void qn_results_add(qn_results *results, const char *name);
/* "learning_rate" as it is now joins an epoch's results. */
qn_status qn_callback_add_rate(qn_callback *callback, qn_logs *logs);
/* Fails when a schedule rules the learning rate. */
qn_status qn_callback_check_rate(const qn_callback *callback);

#endif
