/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the step table: all that changes from step to step (src/device/steps.h). */
#ifndef QN_LIB_STEP_H
#define QN_LIB_STEP_H

typedef struct qn_step_row {
    uint step;     /* counts from 0 over the life of the model: keys random ops */
    int index_at;  /* where this step's sample numbers begin in the index buffer */
    int rows;      /* valid rows of the batch; the rest is padding */
    int out_at;    /* row of the results, or first output row */
    float rate;    /* learning rate, bias correction included */
    float decay;   /* learning rate times weight decay */
    float reserved[2];
} qn_step_row;

#endif
