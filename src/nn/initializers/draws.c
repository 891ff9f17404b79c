/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers of weights: uniform, normal, truncated normal. */
#include "base/util.h"
#include "nn/initializers/list.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

uint32_t qn_next_word(qn_words *words)
{
    const uint32_t key[2] = {(uint32_t)words->seed, (uint32_t)(words->seed >> 32)};
    const uint32_t counter[4] = {(uint32_t)(words->next / 4), 0, words->stream, QN_RANDOM_WEIGHTS};
    if (words->next % 4 == 0)
        qn_philox(counter, key, words->word);
    return words->word[words->next++ % 4];
}

double qn_next_normal(qn_words *words)
{
    double radius = sqrt(-2 * log(((double)qn_next_word(words) + 1) * 0x1p-32)); /* of (0, 1] */
    return radius * cos(2 * pi * (double)qn_next_word(words) * 0x1p-32);
}

void qn_draw_uniform(const qn_draw *draw, double low, double high)
{
    qn_words words = {.seed = draw->seed, .stream = draw->stream};
    for (int64_t i = 0; i < draw->count; i++)
        draw->values[i] =
            (float)(low + (high - low) * (double)qn_random_uniform(qn_next_word(&words)));
}

void qn_draw_normal(const qn_draw *draw, double mean, double stddev)
{
    qn_words words = {.seed = draw->seed, .stream = draw->stream};
    for (int64_t i = 0; i < draw->count; i++)
        draw->values[i] = (float)(mean + stddev * qn_next_normal(&words));
}

/* Below which a standard normal number stays with probability p in (0, 1/2]: Abramowitz & Stegun
 * 26.2.23, whose error is below 4.5e-4, and one step of Halley's method, which cubes it. */
static double lower_quantile(double p)
{
    double t = sqrt(-2 * log(p));
    double x = -t + (2.515517 + t * (0.802853 + t * 0.010328)) /
                        (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    double miss = 0.5 * erfc(-x / sqrt(2)) - p, density = exp(-x * x / 2) / sqrt(2 * pi);
    double newton = miss / density;
    return x - newton / (1 + x * newton / 2);
}

/* By the inverse of the distribution function, so that an element needs one word. */
void qn_draw_truncated(const qn_draw *draw, double mean, double stddev)
{
    const double below = 0.5 * erfc(sqrt(2)); /* of a normal distribution, left of -2 */
    qn_words words = {.seed = draw->seed, .stream = draw->stream};
    for (int64_t i = 0; i < draw->count; i++) {
        double u = ((double)qn_next_word(&words) + 0.5) * 0x1p-32;
        double p = below + (1 - 2 * below) * (u < 0.5 ? u : 1 - u);
        double x = fmax(lower_quantile(p), -2);
        draw->values[i] = (float)(mean + stddev * (u < 0.5 ? x : -x));
    }
}
