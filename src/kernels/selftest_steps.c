/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the kernels around a step: sums, gather, results. */
#include "kernels/trial.h"

#define N QN_TRIAL_COUNT
#define ROWS QN_TRIAL_ROWS
#define COLUMNS QN_TRIAL_COLUMNS
#define OUT 4

/* Small integers, whose sums are exact in any order. */
static void fill(qn_trial *t)
{
    for (int i = 0; i < N; i++)
        t->in[0].f[i] = (float)((i * 5) % 11 - 4);
    t->row.rows = ROWS - 1;
    t->row.out_at = 1;
    t->row.index_at = 2;
    t->row.step = 3;
}

static qn_status try_sum(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[0] += 0.5 * (double)t->in[0].f[i];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_sum(&t->steps, t->buffer[0], NULL, t->buffer[OUT], N, 0.5));
    return qn_trial_judge(t, OUT, 1, 0.0);
}

static qn_status try_column_sum(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i % COLUMNS] += (double)t->in[0].f[i];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_column_sum(&t->steps, t->buffer[0], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, COLUMNS, 0.0);
}

static qn_status try_batch_mean(qn_trial *t, int variant)
{
    int valid = (ROWS - 1) * COLUMNS;

    (void)variant;
    fill(t);
    for (int i = 0; i < valid; i++)
        t->expected[0] += (double)t->in[0].f[i] / valid;
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_batch_mean(&t->steps, t->buffer[0], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, 1, QN_TRIAL_TOLERANCE);
}

static qn_status try_batch_mean_grad(qn_trial *t, int variant)
{
    int valid = (ROWS - 1) * COLUMNS;

    (void)variant;
    fill(t);
    for (int i = 0; i < valid; i++)
        t->expected[i] = (double)t->in[0].f[0] / valid;
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_batch_mean_grad(&t->steps, t->buffer[0], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

/* Results of two values; what comes before them stays; the loss is finite, so nothing is latched.
 */
static qn_status try_record(qn_trial *t, int variant)
{
    const int64_t inner[2] = {COLUMNS, 1};
    qn_buffer *values[2] = {t->buffer[0], t->buffer[0]};

    (void)variant;
    fill(t);
    for (int i = 0; i < (ROWS - 1) * COLUMNS; i++)
        t->expected[2] += (double)t->in[0].f[i] / COLUMNS;
    t->expected[3] = (double)(t->in[0].f[0] + t->in[0].f[1]);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_record(&t->steps, 2, values, inner, t->buffer[OUT], t->buffer[1], ROWS));
    QN_TRY(qn_trial_judge(t, OUT, 5, QN_TRIAL_TOLERANCE));
    memset(t->expected, 0, sizeof t->expected);
    return qn_trial_judge(t, 1, 2, 0.0);
}

/* Variants: type of the data times 2, plus 1 for integers out. */
static qn_status try_gather(qn_trial *t, int variant)
{
    static const qn_dtype types[] = {QN_U8, QN_I32, QN_F32};
    static const int32_t index[] = {9, 9, 2, 0, 1};
    qn_dtype from = types[variant / 2], to = variant % 2 ? QN_I32 : QN_F32;

    fill(t);
    memcpy(t->in[1].i, index, sizeof index);
    for (int i = 0; i < N; i++) {
        int wanted = index[2 + i / COLUMNS] * COLUMNS + i % COLUMNS;
        double found = i < (ROWS - 1) * COLUMNS ? (wanted * 3) % 200 : 0;

        t->expected[i] = to == QN_F32 ? 0.25 * found : found;
    }
    for (int i = 0; i < N; i++) {
        if (from == QN_U8)
            t->in[0].u8[i] = (uint8_t)((i * 3) % 200);
        else if (from == QN_I32)
            t->in[0].i[i] = (i * 3) % 200;
        else
            t->in[0].f[i] = (float)((i * 3) % 200);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_gather(&t->steps, from, to, t->buffer[0], t->buffer[1], t->buffer[OUT], ROWS,
                            COLUMNS, 0.25f));
    t->integers = to == QN_I32;
    return qn_trial_judge(t, OUT, N, 0.0);
}

static qn_status try_store_rows(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = COLUMNS; i < N; i++)
        t->expected[i] = (double)t->in[0].f[i - COLUMNS];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_store_rows(&t->steps, t->buffer[0], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, N, 0.0);
}

const qn_selftest_case qn_selftest_steps[] = {
    {"sum", NULL, try_sum, 0},
    {"column_sum", NULL, try_column_sum, 0},
    {"batch_mean", NULL, try_batch_mean, 0},
    {"batch_mean_grad", NULL, try_batch_mean_grad, 0},
    {"record", NULL, try_record, 0},
    {"gather_uchar_float", NULL, try_gather, 0},
    {"gather_uchar_int", NULL, try_gather, 1},
    {"gather_int_float", NULL, try_gather, 2},
    {"gather_int_int", NULL, try_gather, 3},
    {"gather_float_float", NULL, try_gather, 4},
    {"gather_float_int", NULL, try_gather, 5},
    {"store_rows", NULL, try_store_rows, 0},
    {NULL, NULL, NULL, 0},
};
