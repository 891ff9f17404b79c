/* SPDX-License-Identifier: Apache-2.0 */
/* Products of small integers and their check in O(m n): Freivalds 1977, "Probabilistic machines can
 * use less running time". One wrong element stays unseen with a probability below 2^-38. */
#include "base/util.h"
#include "kernels/gemm.h"
#include <inttypes.h>
#include <stdio.h>

#define LARGEST 4.0 /* |element| of an operand */

enum { DRAW_A, DRAW_B, DRAW_WEIGHTS };

/* The i-th number of a stream. */
static uint64_t drawn(uint32_t stream, int64_t i)
{
    const uint32_t counter[4] = {(uint32_t)i, (uint32_t)((uint64_t)i >> 32), stream, 0};
    const uint32_t key[2] = {0x51756572u, 0x6e000000u};
    uint32_t out[4];

    qn_philox(counter, key, out);
    return (uint64_t)out[0] << 32 | out[1];
}

static float *draw_operand(qn_env *env, uint32_t stream, int64_t count)
{
    float *values = qn_alloc_array(env, (size_t)count, sizeof *values);

    for (int64_t i = 0; values && i < count; i++)
        values[i] = (float)((int)(drawn(stream, i) % 9) - (int)LARGEST);
    return values;
}

static float a_at(const qn_gemm_exact *x, int64_t i, int64_t p)
{
    return x->a[x->trans_a ? p * x->m + i : i * x->k + p];
}

static float b_at(const qn_gemm_exact *x, int64_t p, int64_t j)
{
    return x->b[x->trans_b ? j * x->k + p : p * x->n + j];
}

/* A whole number as it is modulo 2^64. */
static uint64_t whole(float value)
{
    return (uint64_t)(int64_t)value;
}

/* sums = a (b r), in the order in which the operands lie. */
static qn_status add_up(qn_env *env, qn_gemm_exact *x)
{
    uint64_t *inner = qn_alloc_array(env, (size_t)x->k, sizeof *inner);

    if (!inner)
        return QN_ERROR_MEMORY;
    for (int64_t i = 0; i < x->k * x->n; i++) {
        const int64_t p = x->trans_b ? i % x->k : i / x->n, j = x->trans_b ? i / x->k : i % x->n;

        inner[p] += whole(x->b[i]) * x->weights[j];
    }
    for (int64_t i = 0; i < x->m * x->k; i++) {
        const int64_t row = x->trans_a ? i % x->m : i / x->k;
        const int64_t p = x->trans_a ? i / x->m : i % x->k;

        x->sums[row] += whole(x->a[i]) * inner[p];
    }
    qn_free(env, inner);
    return QN_OK;
}

qn_status qn_gemm_exact_init(qn_env *env, const qn_gemm *gemm, qn_gemm_exact *exact)
{
    *exact = (qn_gemm_exact){.m = gemm->m,
                             .n = gemm->n,
                             .k = gemm->k,
                             .trans_a = gemm->trans_a,
                             .trans_b = gemm->trans_b};
    exact->a = draw_operand(env, DRAW_A, gemm->m * gemm->k);
    exact->b = draw_operand(env, DRAW_B, gemm->k * gemm->n);
    exact->weights = qn_alloc_array(env, (size_t)gemm->n, sizeof *exact->weights);
    exact->sums = qn_alloc_array(env, (size_t)gemm->m, sizeof *exact->sums);
    if (!exact->a || !exact->b || !exact->weights || !exact->sums)
        return QN_ERROR_MEMORY;
    for (int64_t j = 0; j < gemm->n; j++)
        exact->weights[j] = drawn(DRAW_WEIGHTS, j);
    return add_up(env, exact);
}

void qn_gemm_exact_free(qn_env *env, qn_gemm_exact *exact)
{
    qn_free(env, exact->a);
    qn_free(env, exact->b);
    qn_free(env, exact->weights);
    qn_free(env, exact->sums);
    *exact = (qn_gemm_exact){0};
}

/* Of a row that is wrong: which element, and what it should be. */
static void explain(const qn_gemm_exact *x, int64_t i, const float *row, char *detail, size_t size)
{
    for (int64_t j = 0; j < x->n; j++) {
        double sum = 0.0;

        for (int64_t p = 0; p < x->k; p++)
            sum += (double)a_at(x, i, p) * (double)b_at(x, p, j);
        if ((double)row[j] == sum) /* a NaN is not */
            continue;
        snprintf(detail, size, "row %" PRId64 ", column %" PRId64 " should be %.0f and is %.9g", i,
                 j, sum, (double)row[j]);
        return;
    }
    snprintf(detail, size, "row %" PRId64 " is wrong", i);
}

bool qn_gemm_exact_check(const qn_gemm_exact *exact, const float *c, char *detail, size_t size)
{
    const double most = LARGEST * LARGEST * (double)exact->k;

    for (int64_t i = 0; i < exact->m; i++) {
        const float *row = c + i * exact->n;
        uint64_t sum = 0;
        bool right = true;

        for (int64_t j = 0; j < exact->n && right; j++) {
            const double value = (double)row[j];

            right = value >= -most && value <= most && value == (double)(int64_t)value;
            sum += right ? whole(row[j]) * exact->weights[j] : 0;
        }
        if (right && sum == exact->sums[i])
            continue;
        explain(exact, i, row, detail, size);
        return false;
    }
    return true;
}
