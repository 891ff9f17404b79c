/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the random kernels: cl/random.cl and cl/noise.cl. */
#include "base/util.h"
#include "kernels/trial.h"
#include <math.h>

#define N QN_TRIAL_COUNT
#define OUT 4
#define STEP 3

static const qn_random_key key = {42, 7};

static void fill(qn_trial *t)
{
    for (int i = 0; i < N; i++)
        t->in[0].f[i] = (float)((i * 5) % 11 - 4);
    t->row.step = STEP;
}

static uint32_t word(int element)
{
    return qn_random_word(key.seed, QN_RANDOM_OPS, key.stream, STEP, (uint64_t)element);
}

/* Box-Muller on words (2 i, 2 i + 1), u1 in (0, 1] */
static double normal(int i)
{
    const double pi = 3.14159265358979323846;
    double u1 = ((word(2 * i) >> 8) + 1) * 0x1p-24, u2 = (word(2 * i + 1) >> 8) * 0x1p-24;

    return sqrt(-2.0 * log(u1)) * cos(2.0 * pi * u2);
}

static qn_status try_uniform(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] = (double)qn_random_uniform(word(i));
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_random_uniform(&t->steps, t->buffer[OUT], N, key.seed, key.stream, 0.0, 1.0));
    return qn_trial_judge(t, OUT, N, 0.0);
}

static qn_status try_normal(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] = 1.0 + 0.5 * normal(i);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_random_normal(&t->steps, t->buffer[OUT], N, key.seed, key.stream, 1.0, 0.5));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_dropout(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] =
            (double)qn_random_uniform(word(i)) >= 0.3 ? (double)t->in[0].f[i] * 0.5 + 1.0 : -0.25;
    QN_TRY(qn_trial_upload(t));
    QN_TRY(
        qn_kernel_dropout(&t->steps, t->buffer[0], t->buffer[OUT], N, key, 0.3, 0.5, 1.0, -0.25));
    return qn_trial_judge(t, OUT, N, 0.0);
}

static qn_status try_gaussian_dropout(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] = (double)t->in[0].f[i] * (1.0 + 0.5 * normal(i));
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_gaussian_dropout(&t->steps, t->buffer[0], t->buffer[OUT], N, key, 0.5));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_gaussian_noise(qn_trial *t, int variant)
{
    (void)variant;
    fill(t);
    for (int i = 0; i < N; i++)
        t->expected[i] = (double)t->in[0].f[i] + 0.5 * normal(i);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_gaussian_noise(&t->steps, t->buffer[0], t->buffer[OUT], N, key, 0.5));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

const qn_selftest_case qn_selftest_random[] = {
    {"random_uniform", NULL, try_uniform, 0},
    {"random_normal", NULL, try_normal, 0},
    {"dropout", NULL, try_dropout, 0},
    {"gaussian_dropout", NULL, try_gaussian_dropout, 0},
    {"gaussian_noise", NULL, try_gaussian_noise, 0},
    {NULL, NULL, NULL, 0},
};
