/* SPDX-License-Identifier: Apache-2.0 */
/* A self-test's bench: a few small arrays in and out, one launch, comparison with a known answer.
 */
#ifndef KERNELS_TRIAL_H
#define KERNELS_TRIAL_H

#include "kernels/kernels.h"
#include "kernels/selftest.h"

/* Elements of an array: whole vectors and a rest. Rows of the same: 3 x 19. */
#define QN_TRIAL_COUNT 57
#define QN_TRIAL_ROWS 3
#define QN_TRIAL_COLUMNS 19
#define QN_TRIAL_ARRAYS 6

typedef union qn_trial_array {
    float f[QN_TRIAL_COUNT];
    int32_t i[QN_TRIAL_COUNT];
    uint8_t u8[4 * QN_TRIAL_COUNT];
} qn_trial_array;

struct qn_trial {
    qn_steps steps; /* records; has a table of one row, of zeros */
    qn_buffer *buffer[QN_TRIAL_ARRAYS];
    qn_trial_array in[QN_TRIAL_ARRAYS]; /* zeros, to fill before qn_trial_upload */
    double expected[QN_TRIAL_COUNT];
    qn_step_row row;
    bool integers; /* what is judged is int32 */
    bool passed;
    char *detail;
    size_t size;
};

/* Writes in[] to buffer[] and row to the table. */
qn_status qn_trial_upload(qn_trial *trial);
/* Replays the steps and compares buffer `which` with expected: max|difference| at most tolerance *
 * max|expected|. */
qn_status qn_trial_judge(qn_trial *trial, int which, int count, double tolerance);

#define QN_TRIAL_TOLERANCE 1e-5

#endif
