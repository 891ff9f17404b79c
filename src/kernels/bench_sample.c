/* SPDX-License-Identifier: Apache-2.0 */
/* Samples by the host's clock: warmed up, long enough for the one wait not to count, several. */
#include "base/util.h"
#include "kernels/bench.h"
#include <stdlib.h>

#define LEAST_SAMPLES 5
#define MOST_REPEATS 2000

qn_status qn_bench_time(const qn_bench_sampler *s, int repeats, double *seconds)
{
    double began = qn_seconds();

    QN_TRY(s->run(s->user, repeats));
    *seconds = qn_seconds() - began;
    if (*seconds < 1e-9)
        *seconds = 1e-9;
    return QN_OK;
}

qn_status qn_bench_warm_up(qn_bench_sampler *s)
{
    double seconds;

    for (s->repeats = 1;; s->repeats *= 2) {
        QN_TRY(qn_bench_time(s, s->repeats, &seconds));
        if (seconds >= s->sample_seconds / 2 || s->repeats >= MOST_REPEATS / 2)
            break;
    }
    if (seconds < s->sample_seconds) {
        double longer = s->sample_seconds / seconds;

        s->repeats = (int)(s->repeats * (longer < 2 ? longer : 2)) + 1;
    }
    return QN_OK;
}

qn_status qn_bench_take(qn_bench_sampler *s)
{
    double seconds;

    QN_TRY(qn_bench_time(s, s->repeats, &seconds));
    s->seconds[s->count++] = seconds / s->repeats;
    s->spent += seconds;
    s->slow = s->slow_seconds > 0 && seconds >= s->slow_seconds;
    return QN_OK;
}

bool qn_bench_enough(const qn_bench_sampler *s)
{
    if (s->slow || s->count >= QN_BENCH_SAMPLES)
        return true;
    return s->count >= LEAST_SAMPLES && s->spent >= s->item_seconds;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void qn_bench_summary(const qn_bench_sampler *s, double amount, double *median, double *best,
                      double *spread)
{
    double value[QN_BENCH_SAMPLES];

    for (int i = 0; i < s->count; i++)
        value[i] = amount > 0 ? amount / s->seconds[i] : s->seconds[i];
    qsort(value, (size_t)s->count, sizeof value[0], by_value);
    *median = 0.5 * (value[s->count / 2] + value[(s->count - 1) / 2]);
    *best = amount > 0 ? value[s->count - 1] : value[0];
    *spread = (value[s->count - 1] - value[0]) / *median;
}
