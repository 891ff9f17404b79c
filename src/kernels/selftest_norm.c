/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the normalizations. Three rows of 19, of which the last is padding; or, with
 * planes, three rows of one channel with 19 elements each. */
#include "kernels/trial.h"
#include <math.h>

#define N QN_TRIAL_COUNT
#define ROWS QN_TRIAL_ROWS
#define COLUMNS QN_TRIAL_COLUMNS
#define VALID (ROWS - 1)
enum { X, DY, PARAMETERS, STATISTICS, OUT, OUT_2 };
enum { COLUMN, PLANE };

static const double epsilon = 0.0625;

static void fill(qn_trial *t)
{
    for (int i = 0; i < N; i++) {
        t->in[X].f[i] = 0.25f * (float)((i * 7) % 23 - 9);
        t->in[DY].f[i] = i < VALID * COLUMNS ? 0.5f * (float)((i * 5) % 13 - 5) : 0.0f;
        t->in[PARAMETERS].f[i] = 0.5f + 0.125f * (float)(i % COLUMNS);
    }
    t->row.rows = VALID;
}

static double x_at(const qn_trial *t, int i)
{
    return (double)t->in[X].f[i];
}

/* Whether element i counts for the statistics of element `of`, and which channel it is. */
static bool together(int variant, int i, int of)
{
    return i < VALID * COLUMNS && (variant == PLANE || i % COLUMNS == of % COLUMNS);
}

static int channel_of(int variant, int i)
{
    return variant == PLANE ? 0 : i % COLUMNS;
}

static void moments(const qn_trial *t, int variant, int of, double *mean, double *variance)
{
    double count = variant == PLANE ? VALID * COLUMNS : VALID;

    *mean = *variance = 0.0;
    for (int i = 0; i < N; i++)
        *mean += together(variant, i, of) ? x_at(t, i) / count : 0.0;
    for (int i = 0; i < N; i++)
        if (together(variant, i, of))
            *variance += (x_at(t, i) - *mean) * (x_at(t, i) - *mean) / count;
}

static qn_batch_norm batch_norm_of(qn_trial *t, int variant)
{
    return (qn_batch_norm){
        .batch = ROWS,
        .between = 1,
        .channels = variant == PLANE ? 1 : COLUMNS,
        .inner = variant == PLANE ? COLUMNS : 1,
        .epsilon = epsilon,
        .x = t->buffer[X],
        .gamma = t->buffer[PARAMETERS],
    };
}

static qn_status try_batch_norm(qn_trial *t, int variant)
{
    qn_batch_norm norm = batch_norm_of(t, variant);
    double mean, variance;

    fill(t);
    for (int i = 0; i < VALID * COLUMNS; i++) {
        moments(t, variant, i, &mean, &variance);
        t->expected[i] = (x_at(t, i) - mean) / sqrt(variance + epsilon) *
                         (double)t->in[PARAMETERS].f[channel_of(variant, i)];
    }
    QN_TRY(qn_trial_upload(t));
    norm.y = t->buffer[OUT];
    norm.variance = t->buffer[OUT_2];
    QN_TRY(qn_kernel_batch_norm(&t->steps, &norm));
    QN_TRY(qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE));
    for (int c = 0; c < norm.channels; c++)
        moments(t, variant, c, &mean, &t->expected[c]);
    return qn_trial_judge(t, OUT_2, (int)norm.channels, QN_TRIAL_TOLERANCE);
}

/* The parameters stand for mean, variance, gamma and beta alike. */
static qn_status try_inference(qn_trial *t, int variant)
{
    qn_batch_norm norm = batch_norm_of(t, variant);

    fill(t);
    for (int i = 0; i < N; i++) {
        double p = (double)t->in[PARAMETERS].f[channel_of(variant, i)];

        t->expected[i] = (x_at(t, i) - p) / sqrt(p + epsilon) * p + p;
    }
    QN_TRY(qn_trial_upload(t));
    norm.mean = norm.variance = norm.beta = norm.gamma;
    norm.y = t->buffer[OUT];
    QN_TRY(qn_kernel_batch_norm_inference(&t->steps, &norm));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

/* With mean 0 everywhere and the parameters as variance and gamma: any statistics will do. */
static qn_status try_batch_norm_grad(qn_trial *t, int variant)
{
    qn_batch_norm norm = batch_norm_of(t, variant);
    double count = variant == PLANE ? VALID * COLUMNS : VALID, sums[COLUMNS] = {0},
           along[COLUMNS] = {0};

    fill(t);
    for (int i = 0; i < VALID * COLUMNS; i++) {
        int c = channel_of(variant, i);

        sums[c] += (double)t->in[DY].f[i];
        along[c] += (double)t->in[DY].f[i] * x_at(t, i);
    }
    for (int i = 0; i < VALID * COLUMNS; i++) {
        int c = channel_of(variant, i);
        double p = (double)t->in[PARAMETERS].f[c], inverse = 1.0 / sqrt(p + epsilon);

        t->expected[i] = p * inverse *
                         ((double)t->in[DY].f[i] - sums[c] / count -
                          x_at(t, i) * inverse * inverse * along[c] / count);
    }
    QN_TRY(qn_trial_upload(t));
    norm.dy = t->buffer[DY];
    norm.mean = t->buffer[STATISTICS];
    norm.variance = norm.gamma;
    norm.dx = t->buffer[OUT];
    norm.dbeta = t->buffer[OUT_2];
    QN_TRY(qn_kernel_batch_norm_grad(&t->steps, &norm, false));
    QN_TRY(qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE));
    memcpy(t->expected, sums, sizeof sums);
    return qn_trial_judge(t, OUT_2, (int)norm.channels, QN_TRIAL_TOLERANCE);
}

static qn_status try_moving_average(qn_trial *t, int variant)
{
    qn_buffer *averages[2] = {t->buffer[X], t->buffer[PARAMETERS]};
    qn_buffer *values[2] = {t->buffer[DY], t->buffer[DY]};

    (void)variant;
    fill(t);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(
        qn_kernel_moving_average(&t->steps, 2, averages, values, t->buffer[STATISTICS], N, 0.75));
    for (int i = 0; i < N; i++)
        t->expected[i] = 0.75 * x_at(t, i) + 0.25 * (double)t->in[DY].f[i];
    QN_TRY(qn_trial_judge(t, X, N, QN_TRIAL_TOLERANCE));
    QN_TRY(qn_trial_upload(t));
    for (int i = 0; i < N; i++)
        t->expected[i] = 0.75 * (double)t->in[PARAMETERS].f[i] + 0.25 * (double)t->in[DY].f[i];
    return qn_trial_judge(t, PARAMETERS, N, QN_TRIAL_TOLERANCE);
}

/* ---- within samples: each row a set; or, with planes, each of 19 places of 3 channels ---- */

static qn_norm norm_of(qn_trial *t, int variant)
{
    return (qn_norm){
        .kind = QN_NORM_RMS,
        .outer = variant == PLANE ? 1 : ROWS,
        .before = 1,
        .channels = variant == PLANE ? ROWS : COLUMNS,
        .inner = variant == PLANE ? COLUMNS : 1,
        .groups = 1,
        .across = variant == PLANE,
        .batch = variant == PLANE ? 0 : ROWS,
        .epsilon = epsilon,
        .x = t->buffer[X],
        .gamma = t->buffer[PARAMETERS],
        .inverse = t->buffer[STATISTICS],
        .dy = t->buffer[DY],
    };
}

static qn_status try_norm(qn_trial *t, int variant)
{
    qn_norm norm = norm_of(t, COLUMN);

    (void)variant;
    fill(t);
    norm.kind = QN_NORM_STANDARD;
    for (int r = 0; r < VALID; r++) {
        double mean = 0.0, variance = 0.0;

        for (int c = 0; c < COLUMNS; c++)
            mean += x_at(t, r * COLUMNS + c) / COLUMNS;
        for (int c = 0; c < COLUMNS; c++)
            variance += pow(x_at(t, r * COLUMNS + c) - mean, 2.0) / COLUMNS;
        for (int c = 0; c < COLUMNS; c++)
            t->expected[r * COLUMNS + c] = (x_at(t, r * COLUMNS + c) - mean) /
                                           sqrt(variance + epsilon) *
                                           (double)t->in[PARAMETERS].f[c];
    }
    QN_TRY(qn_trial_upload(t));
    norm.inverse = NULL;
    norm.y = t->buffer[OUT];
    QN_TRY(qn_kernel_norm(&t->steps, &norm));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

/* The parameters stand for the statistics: any will do. */
static qn_status try_norm_grad(qn_trial *t, int variant)
{
    qn_norm norm = norm_of(t, COLUMN);

    (void)variant;
    fill(t);
    for (int r = 0; r < VALID; r++) {
        const int first = r * COLUMNS;
        double inverse = (double)t->in[PARAMETERS].f[r], along = 0.0;

        for (int i = first; i < first + COLUMNS; i++)
            along += (double)t->in[DY].f[i] * (double)t->in[PARAMETERS].f[i - first] * x_at(t, i);
        for (int i = first; i < first + COLUMNS; i++)
            t->expected[i] =
                inverse * ((double)t->in[DY].f[i] * (double)t->in[PARAMETERS].f[i - first] -
                           x_at(t, i) * inverse * inverse * along / COLUMNS);
    }
    QN_TRY(qn_trial_upload(t));
    norm.inverse = t->buffer[PARAMETERS];
    norm.dx = t->buffer[OUT];
    QN_TRY(qn_kernel_norm_grad(&t->steps, &norm));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_parameters(qn_trial *t, int variant)
{
    qn_norm norm = norm_of(t, variant);

    fill(t);
    for (int i = 0; i < VALID * COLUMNS; i++) {
        int r = i / COLUMNS, c = i % COLUMNS;
        double inverse = (double)t->in[PARAMETERS].f[variant == PLANE ? c : r];

        t->expected[variant == PLANE ? r : c] += (double)t->in[DY].f[i] * x_at(t, i) * inverse;
    }
    QN_TRY(qn_trial_upload(t));
    norm.inverse = t->buffer[PARAMETERS];
    norm.dgamma = t->buffer[OUT];
    QN_TRY(qn_kernel_norm_parameters(&t->steps, &norm));
    return qn_trial_judge(t, OUT, (int)norm.channels, QN_TRIAL_TOLERANCE);
}

const qn_selftest_case qn_selftest_norm[] = {
    {"batch_norm_columns", NULL, try_batch_norm, COLUMN},
    {"batch_norm_planes", NULL, try_batch_norm, PLANE},
    {"batch_norm_inference_columns", NULL, try_inference, COLUMN},
    {"batch_norm_inference_planes", NULL, try_inference, PLANE},
    {"batch_norm_grad_columns", NULL, try_batch_norm_grad, COLUMN},
    {"batch_norm_grad_planes", NULL, try_batch_norm_grad, PLANE},
    {"moving_average", NULL, try_moving_average, 0},
    {"norm", NULL, try_norm, 0},
    {"norm_grad", NULL, try_norm_grad, 0},
    {"norm_parameters_columns", NULL, try_parameters, COLUMN},
    {"norm_parameters_planes", NULL, try_parameters, PLANE},
    {NULL, NULL, NULL, 0},
};
