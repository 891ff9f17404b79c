/* SPDX-License-Identifier: Apache-2.0 */
/* A running fit: checked, prepared, trained epoch by epoch. */
#ifndef TRAIN_FIT_H
#define TRAIN_FIT_H

#include "train/callback_list.h"
#include "train/loop.h"

/* Samples that a session runs over: rows first .. first + rows of them. */
typedef struct qn_fit_part {
    qn_array data[QN_SAMPLE_ARRAYS];
    float *weights; /* owned: where data's weights had to be made; NULL: none were */
    qn_session *session;
    int64_t first, rows;
} qn_fit_part;

typedef struct qn_fit_run {
    qn_model *model;
    qn_fit_params p;
    qn_callback_list callbacks;
    uint32_t *order;               /* NULL: no shuffling */
    qn_fit_part train, validation; /* validation.rows 0: none */
    qn_report report;
    qn_steady steady;
    int64_t step, steps; /* of the epoch that was begun last */
} qn_fit_run;

/* Refuses what is wrong, before anything is launched. */
qn_status qn_fit_check(qn_fit_run *fit);
/* Uploads samples and opens sessions. */
qn_status qn_fit_prepare(qn_fit_run *fit);
qn_status qn_fit_epochs(qn_fit_run *fit);

#endif
