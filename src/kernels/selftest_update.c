/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of what changes weights: updates, clipped gradients, constraints; and penalties. */
#include "kernels/trial.h"
#include <math.h>

#define N QN_TRIAL_COUNT
#define ROWS QN_TRIAL_ROWS
#define COLUMNS QN_TRIAL_COLUMNS
#define OUT 4
#define NO_LATCH 5 /* a buffer that stays zero */
#define RATE 0.5
#define DECAY 0.25

/* Parameters or x in 0, gradients in 1, slots in 2 and 3: small numbers, so that sums are exact. */
static void fill(qn_trial *t)
{
    for (int i = 0; i < N; i++) {
        t->in[0].f[i] = (float)((i * 5) % 11 - 4);
        t->in[1].f[i] = (float)(i % 4);
        t->in[2].f[i] = 0.25f * (float)i;
        t->in[3].f[i] = 0.5f * (float)i;
        t->expected[i] = (double)t->in[0].f[i];
    }
    t->row.rows = ROWS - 1;
    t->row.rate = (float)RATE;
    t->row.decay = (float)DECAY;
}

/* Variants of the updates: 1 for weight decay, and 2 for AMSGrad. */
static double decay_of(int variant)
{
    return variant & 1 ? DECAY : 0.0;
}

static qn_update update_of(const qn_trial *t, int variant)
{
    return (qn_update){.parameters = t->buffer[0],
                       .gradients = t->buffer[1],
                       .latch = t->buffer[NO_LATCH],
                       .count = N,
                       .decays = variant & 1};
}

static qn_status try_sgd(qn_trial *t, int variant)
{
    qn_update update = update_of(t, variant);

    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] += -decay_of(variant) * t->expected[i] - RATE * (double)t->in[1].f[i];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_sgd(&t->steps, &update));
    return qn_trial_judge(t, 0, N, 0.0);
}

static qn_status try_sgd_momentum(qn_trial *t, int variant)
{
    qn_update update = update_of(t, variant);

    fill(t);
    for (int i = 0; i < N; i++) {
        double g = (double)t->in[1].f[i], v = 0.5 * (double)t->in[2].f[i] - RATE * g;

        t->expected[i] += -decay_of(variant) * t->expected[i] + 0.5 * v - RATE * g;
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_sgd_momentum(&t->steps, &update, t->buffer[2], 0.5, true));
    return qn_trial_judge(t, 0, N, 0.0);
}

static qn_status try_rmsprop(qn_trial *t, int variant)
{
    qn_update update = update_of(t, variant);

    fill(t);
    for (int i = 0; i < N; i++) {
        double g = (double)t->in[1].f[i], v, a = 0.9 * 0.01 * i + 0.1 * g;

        t->in[2].f[i] += 1.0f; /* v - a^2 stays above 0 */
        t->in[4].f[i] = 0.01f * (float)i;
        v = 0.9 * (double)t->in[2].f[i] + 0.1 * g * g;
        t->expected[i] += -decay_of(variant) * t->expected[i] - 0.5 * (double)t->in[3].f[i] -
                          RATE * g / sqrt(v - a * a + 1e-3);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_rmsprop(&t->steps, &update, t->buffer[2], t->buffer[3], t->buffer[4], 0.9, 0.5,
                             1e-3));
    return qn_trial_judge(t, 0, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_adam(qn_trial *t, int variant)
{
    qn_update update = update_of(t, variant);
    bool amsgrad = variant & 2;

    fill(t);
    for (int i = 0; i < N; i++) {
        double g = (double)t->in[1].f[i], m = (double)t->in[2].f[i], v = (double)t->in[3].f[i];

        t->in[4].f[i] = 10.0f; /* above v for the first elements */
        m += (g - m) * (1.0 - 0.9);
        v += (g * g - v) * (1.0 - 0.999);
        if (amsgrad)
            v = fmax(v, 10.0);
        t->expected[i] += -decay_of(variant) * t->expected[i] - m * RATE / (sqrt(v) + 1e-3);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_adam(&t->steps, &update, t->buffer[2], t->buffer[3],
                          amsgrad ? t->buffer[4] : NULL, 0.9, 0.999, 1e-3));
    return qn_trial_judge(t, 0, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_clip_value(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] = fmin(fmax(t->expected[i], -2.0), 2.0);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_clip_value(&t->steps, t->buffer[0], N, 2.0));
    return qn_trial_judge(t, 0, N, 0.0);
}

/* Two ranges with a gap, in pieces of 20 and 8 and of 21; the norms of both are above the limit.
 * Variants: what is judged, the squares (0) or the clipped elements (1). */
static qn_status try_clip_norm(qn_trial *t, int variant)
{
    static const qn_piece pieces[] = {{0, 20, 0, 2}, {20, 8, 0, 2}, {32, 21, 2, 1}};
    double square[3] = {0.0, 0.0, 0.0};

    fill(t);
    memcpy(t->in[1].i, pieces, sizeof pieces);
    for (int k = 0; k < 3; k++)
        for (int i = pieces[k].begin; i < pieces[k].begin + pieces[k].count; i++)
            square[k] += (double)t->in[0].f[i] * (double)t->in[0].f[i];
    for (int i = 0; i < 28; i++)
        t->expected[i] /= sqrt(square[0] + square[1]);
    for (int i = 32; i < 53; i++)
        t->expected[i] /= sqrt(square[2]);
    for (int k = 0; variant == 0 && k < 3; k++)
        t->expected[k] = square[k];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(
        qn_kernel_clip_norm(&t->steps, t->buffer[0], t->buffer[1], t->buffer[2], 3, false, N, 1.0));
    return variant == 0 ? qn_trial_judge(t, 2, 3, 0.0)
                        : qn_trial_judge(t, 0, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_penalty(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    memset(t->expected, 0, sizeof t->expected);
    for (int i = 0; i < N; i++)
        t->expected[0] += 0.5 * fabs((double)t->in[0].f[i]) +
                          0.25 * (double)t->in[0].f[i] * (double)t->in[0].f[i];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_penalty(&t->steps, t->buffer[0], NULL, t->buffer[OUT], N, 0.5, 0.25));
    return qn_trial_judge(t, OUT, 1, 0.0);
}

static qn_status try_penalty_batch(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    memset(t->expected, 0, sizeof t->expected);
    for (int i = 0; i < (ROWS - 1) * COLUMNS; i++)
        t->expected[0] += (0.5 * fabs((double)t->in[0].f[i]) +
                           0.25 * (double)t->in[0].f[i] * (double)t->in[0].f[i]) /
                          (ROWS - 1);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_penalty_batch(&t->steps, t->buffer[0], NULL, t->buffer[OUT], ROWS, COLUMNS,
                                   0.5, 0.25));
    return qn_trial_judge(t, OUT, 1, 0.0);
}

/* Variants: 0 of everything, 1 of a batch's valid rows. */
static qn_status try_penalty_grad(qn_trial *t, int variant)
{
    fill(t);
    t->in[1].f[0] = 2.0f;
    for (int i = 0; i < N; i++) {
        double x = t->expected[i], slope = 2.0 * (0.5 * ((x > 0) - (x < 0)) + 0.5 * x);

        t->expected[i] = variant == 0 ? slope : i < (ROWS - 1) * COLUMNS ? slope / (ROWS - 1) : 0.0;
    }
    QN_TRY(qn_trial_upload(t));
    if (variant == 0)
        QN_TRY(qn_kernel_penalty_grad(&t->steps, t->buffer[1], t->buffer[0], t->buffer[OUT], N, 0.5,
                                      0.25));
    else
        QN_TRY(qn_kernel_penalty_batch_grad(&t->steps, t->buffer[1], t->buffer[0], t->buffer[OUT],
                                            ROWS, COLUMNS, 0.5, 0.25));
    return qn_trial_judge(t, OUT, N, 0.0);
}

/* Variants: the cosines (0) or their gradient (1), of 7 vectors. */
static qn_status try_cosines(qn_trial *t, int variant)
{
    enum { COUNT = 7 };

    fill(t);
    for (int i = 0; i < COUNT; i++)
        t->in[0].f[i * COUNT + i] = (float)((i + 1) * (i + 1));
    for (int i = 0; i < COUNT; i++) {
        double sum = 0.0;

        for (int j = 0; j < COUNT; j++) {
            int at = i * COUNT + j, turned = j * COUNT + i;
            double scale = i == j ? 0.0 : 1.0 / ((i + 1) * (j + 1));

            t->expected[at] = (double)t->in[variant].f[at] * scale;
            sum += ((double)t->in[0].f[at] * (double)t->in[1].f[at] +
                    (double)t->in[0].f[turned] * (double)t->in[1].f[turned]) *
                   scale;
        }
        if (variant)
            t->expected[i * COUNT + i] = -0.5 * sum / ((i + 1) * (i + 1));
    }
    QN_TRY(qn_trial_upload(t));
    if (variant)
        QN_TRY(
            qn_kernel_cosines_grad(&t->steps, t->buffer[1], t->buffer[0], t->buffer[OUT], COUNT));
    else
        QN_TRY(qn_kernel_cosines(&t->steps, t->buffer[0], t->buffer[OUT], COUNT));
    return qn_trial_judge(t, OUT, COUNT * COUNT, QN_TRIAL_TOLERANCE);
}

static qn_status try_valid_rows(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = (ROWS - 1) * COLUMNS; i < N; i++)
        t->expected[i] = 0.0;
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_valid_rows(&t->steps, t->buffer[0], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, N, 0.0);
}

static qn_status try_per_row(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    t->expected[0] /= ROWS - 1;
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_per_row(&t->steps, t->buffer[0], t->buffer[OUT]));
    return qn_trial_judge(t, OUT, 1, 0.0);
}

static qn_status try_non_neg(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] = fmax(t->expected[i], 0.0);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_constrain_non_neg(&t->steps, t->buffer[0], t->buffer[NO_LATCH], N));
    return qn_trial_judge(t, 0, N, 0.0);
}

/* [3, 19] along its columns (variant 0: stride 1) or its rows (1: stride 19), halfway to norm 1. */
static qn_status try_constrain(qn_trial *t, int variant)
{
    int count = variant ? ROWS : COLUMNS, lines = variant ? COLUMNS : ROWS;

    fill(t);
    for (int line = 0; line < lines; line++) {
        int begin = variant ? line : line * COLUMNS, stride = variant ? COLUMNS : 1;
        double square = 0.0, norm;

        for (int k = 0; k < count; k++)
            square += t->expected[begin + k * stride] * t->expected[begin + k * stride];
        norm = sqrt(square);
        for (int k = 0; k < count; k++)
            t->expected[begin + k * stride] *= (0.5 * 1.0 + 0.5 * norm) / (1e-7 + norm);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_constrain_norm(&t->steps, t->buffer[0], t->buffer[NO_LATCH],
                                    variant ? 1 : ROWS, count, variant ? COLUMNS : 1, 0.0, 1.0,
                                    0.5));
    return qn_trial_judge(t, 0, N, QN_TRIAL_TOLERANCE);
}

const qn_selftest_case qn_selftest_update[] = {
    {"sgd", NULL, try_sgd, 0},
    {"sgd_decay", NULL, try_sgd, 1},
    {"sgd_momentum", NULL, try_sgd_momentum, 0},
    {"sgd_momentum_decay", NULL, try_sgd_momentum, 1},
    {"rmsprop", NULL, try_rmsprop, 0},
    {"rmsprop_decay", NULL, try_rmsprop, 1},
    {"adam", NULL, try_adam, 0},
    {"adam_decay", NULL, try_adam, 1},
    {"adam_amsgrad", NULL, try_adam, 2},
    {"adam_amsgrad_decay", NULL, try_adam, 3},
    {"clip_value", NULL, try_clip_value, 0},
    {"clip_squares", NULL, try_clip_norm, 0},
    {"clip_norm", NULL, try_clip_norm, 1},
    {"penalty", NULL, try_penalty, 0},
    {"penalty_batch", NULL, try_penalty_batch, 0},
    {"penalty_grad", NULL, try_penalty_grad, 0},
    {"penalty_batch_grad", NULL, try_penalty_grad, 1},
    {"cosines", NULL, try_cosines, 0},
    {"cosines_grad", NULL, try_cosines, 1},
    {"valid_rows", NULL, try_valid_rows, 0},
    {"per_row", NULL, try_per_row, 0},
    {"constrain_non_neg", NULL, try_non_neg, 0},
    {"constrain_rows", NULL, try_constrain, 0},
    {"constrain_columns", NULL, try_constrain, 1},
    {NULL, NULL, NULL, 0},
};
