/* SPDX-License-Identifier: Apache-2.0 */
/* One matrix product by each candidate in turn: only one whose result is exact is timed. */
#include "base/util.h"
#include "kernels/bench.h"
#include "kernels/gemm.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_SECONDS 0.02
#define ITEM_SECONDS 0.3
#define CANDIDATES 2
/* How long a product would take is told by a part of it: at most so much in each direction. */
#define PART 512
#define NOT_WRITTEN 0x7fc00000u /* a NaN */

typedef struct entrant {
    const qn_gemm_candidate *candidate;
    qn_bench_rate *rate;
    qn_device *device;
    qn_steps steps;
    qn_bench_sampler sampler;
} entrant;

typedef struct contest {
    qn_device *device;
    qn_env *env;
    qn_gemm gemm;
    qn_gemm_exact exact;
    float *c;
    double most_seconds; /* for one product; 0: no limit */
    char title[80];      /* "NN 128x100x784" */
    entrant entrant[CANDIDATES];
} contest;

static size_t result_bytes(const contest *x)
{
    return (size_t)(x->gemm.m * x->gemm.n) * sizeof *x->c;
}

static qn_status run_steps(void *user, int repeats)
{
    entrant *e = user;

    for (int i = 0; i < repeats; i++)
        QN_TRY(qn_steps_replay(&e->steps, 0));
    return qn_device_finish(e->device);
}

/* ---- whether it is to be timed ---- */

static int64_t part_of(int64_t size)
{
    return size < PART ? size : PART;
}

/* Seconds that the whole would take, by the second run of a part: the first one compiles. */
static qn_status predict(contest *x, entrant *e, double *seconds)
{
    qn_gemm part = x->gemm;
    qn_status status;

    part.m = part_of(part.m);
    part.n = part_of(part.n);
    part.k = part_of(part.k);
    status = e->candidate->record(&e->steps, &part);
    if (status == QN_OK)
        status = run_steps(e, 1);
    if (status == QN_OK)
        status = qn_bench_time(&e->sampler, 1, seconds);
    *seconds *= qn_gemm_flops(&x->gemm) / qn_gemm_flops(&part);
    qn_steps_free(&e->steps);
    qn_steps_init(&e->steps, x->device);
    return status;
}

/* What came out, into a buffer where nothing of before is left. */
static qn_status compare(contest *x, entrant *e)
{
    char detail[160];

    QN_TRY(qn_buffer_fill(x->gemm.c, 0, result_bytes(x), NOT_WRITTEN));
    QN_TRY(run_steps(e, 1));
    QN_TRY(qn_buffer_read(x->gemm.c, 0, result_bytes(x), x->c));
    if (qn_gemm_exact_check(&x->exact, x->c, detail, sizeof detail))
        return QN_OK;
    e->rate->verdict = QN_BENCH_FAILED;
    snprintf(e->rate->why, sizeof e->rate->why, "its result is wrong: %s", detail);
    return QN_OK;
}

/* When it is, there is nothing more to do for this candidate. */
static bool too_slow(const contest *x, entrant *e, double seconds)
{
    if (x->most_seconds <= 0 || seconds <= x->most_seconds)
        return false;
    e->rate->verdict = QN_BENCH_SKIPPED;
    snprintf(e->rate->why, sizeof e->rate->why,
             "one product would take it about %.3g s, and %.3g s is the limit", seconds,
             x->most_seconds);
    return true;
}

static qn_status try_out(contest *x, entrant *e)
{
    double seconds = 0.0, began;

    e->rate->verdict = QN_BENCH_SKIPPED;
    if (!e->candidate->suits(&x->gemm)) {
        snprintf(e->rate->why, sizeof e->rate->why, "the product is too large for it");
        return QN_OK;
    }
    if (x->most_seconds > 0)
        QN_TRY(predict(x, e, &seconds));
    if (too_slow(x, e, seconds))
        return QN_OK;
    e->rate->verdict = QN_BENCH_MEASURED;
    QN_TRY(e->candidate->record(&e->steps, &x->gemm));
    began = qn_seconds();
    QN_TRY(compare(x, e));
    if (e->rate->verdict == QN_BENCH_MEASURED) /* the part may have promised too much */
        (void)too_slow(x, e, qn_seconds() - began);
    return QN_OK;
}

/* A driver that fails at one candidate may do the other. A compiler's log is not told. */
static qn_status forgive(contest *x, entrant *e, qn_status status)
{
    const int line = (int)strcspn(x->env->message, "\n");
    const int most = (int)sizeof e->rate->why - 1;

    if (status != QN_ERROR_DEVICE)
        return status;
    e->rate->verdict = QN_BENCH_FAILED;
    snprintf(e->rate->why, sizeof e->rate->why, "%.*s", line < most ? line : most, x->env->message);
    return QN_OK;
}

/* ---- time ---- */

static bool runs(const entrant *e)
{
    return e->rate->verdict == QN_BENCH_MEASURED;
}

static qn_status sample_in_turn(contest *x)
{
    bool more = true;

    for (int round = 0; more; round++) {
        more = false;
        for (int i = 0; i < CANDIDATES; i++) {
            entrant *e = &x->entrant[i];

            if (!runs(e) || qn_bench_enough(&e->sampler))
                continue;
            if (round == 0)
                QN_TRY(forgive(x, e, qn_bench_warm_up(&e->sampler)));
            if (runs(e))
                QN_TRY(forgive(x, e, qn_bench_take(&e->sampler)));
            more = true;
        }
        qn_activity_at(x->env, round);
    }
    return QN_OK;
}

static void conclude(contest *x, entrant *e)
{
    qn_bench_rate *rate = e->rate;

    if (!runs(e))
        return;
    rate->samples = e->sampler.count;
    qn_bench_summary(&e->sampler, qn_gemm_flops(&x->gemm) / 1e9, &rate->median, &rate->best,
                     &rate->spread);
}

static qn_status contend(contest *x)
{
    for (int i = 0; i < CANDIDATES; i++) {
        entrant *e = &x->entrant[i];
        qn_status status;

        qn_activity_begin(x->env, 0, "trying %s: %s", e->candidate->title, x->title);
        status = forgive(x, e, try_out(x, e));
        qn_activity_end(x->env);
        QN_TRY(status);
    }
    qn_activity_begin(x->env, QN_BENCH_SAMPLES, "measuring %s", x->title);
    qn_status status = sample_in_turn(x);
    for (int i = 0; i < CANDIDATES && status == QN_OK; i++)
        if (runs(&x->entrant[i]))
            status = forgive(x, &x->entrant[i], compare(x, &x->entrant[i]));
    qn_activity_end(x->env);
    return status;
}

/* ---- beginning and end ---- */

static qn_status filled(qn_device *device, const float *values, int64_t count, qn_buffer **buffer)
{
    QN_TRY(qn_buffer_create(device, (size_t)count * sizeof *values, buffer));
    return qn_buffer_write(*buffer, 0, (size_t)count * sizeof *values, values);
}

static void set_up(contest *x, qn_bench_product *product)
{
    static const qn_gemm_candidate *const candidates[CANDIDATES] = {&qn_gemm_candidate_quern,
                                                                    &qn_gemm_candidate_clblast};
    qn_bench_rate *const rates[CANDIDATES] = {&product->quern, &product->clblast};

    x->env = qn_device_env(x->device);
    x->most_seconds = product->most_seconds;
    x->gemm = (qn_gemm){.m = product->m,
                        .n = product->n,
                        .k = product->k,
                        .trans_a = product->trans_a,
                        .trans_b = product->trans_b,
                        .activation = qn_plain(NULL)};
    snprintf(x->title, sizeof x->title, "%c%c %" PRId64 "x%" PRId64 "x%" PRId64,
             product->trans_a ? 'T' : 'N', product->trans_b ? 'T' : 'N', product->m, product->n,
             product->k);
    for (int i = 0; i < CANDIDATES; i++) {
        entrant *e = &x->entrant[i];

        *rates[i] = (qn_bench_rate){.verdict = QN_BENCH_SKIPPED};
        e->candidate = candidates[i];
        e->rate = rates[i];
        e->device = x->device;
        e->sampler = (qn_bench_sampler){.run = run_steps,
                                        .user = e,
                                        .sample_seconds = SAMPLE_SECONDS,
                                        .item_seconds = ITEM_SECONDS};
        qn_steps_init(&e->steps, x->device);
    }
}

static qn_status make_operands(contest *x)
{
    qn_gemm *g = &x->gemm;

    QN_TRY(qn_gemm_exact_init(x->env, g, &x->exact));
    x->c = qn_alloc(x->env, result_bytes(x));
    if (!x->c)
        return QN_ERROR_MEMORY;
    QN_TRY(filled(x->device, x->exact.a, g->m * g->k, &g->a));
    QN_TRY(filled(x->device, x->exact.b, g->k * g->n, &g->b));
    return qn_buffer_create(x->device, result_bytes(x), &g->c);
}

static void tear_down(contest *x)
{
    for (int i = 0; i < CANDIDATES; i++)
        qn_steps_free(&x->entrant[i].steps);
    qn_buffer_destroy(&x->gemm.a);
    qn_buffer_destroy(&x->gemm.b);
    qn_buffer_destroy(&x->gemm.c);
    qn_free(x->env, x->c);
    qn_gemm_exact_free(x->env, &x->exact);
}

qn_status qn_bench_gemm(qn_context *ctx, qn_bench_product *product)
{
    const int64_t most = (int64_t)1 << 24;
    contest x = {.c = NULL};
    qn_status status;

    if (product->size < sizeof *product)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "qn_bench_gemm: product->size is %zu: set it to sizeof(qn_bench_product)",
                       product->size);
    if (product->m < 1 || product->n < 1 || product->k < 1 || product->m > most ||
        product->n > most || product->k > QN_GEMM_EXACT_K)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "a product of %" PRId64 "x%" PRId64 "x%" PRId64
                       ": M and N are from 1 to %" PRId64 ", K from 1 to %" PRId64,
                       product->m, product->n, product->k, most, QN_GEMM_EXACT_K);
    QN_TRY(qn_context_only_device(ctx, &x.device));
    set_up(&x, product);
    status = make_operands(&x);
    if (status == QN_OK)
        status = contend(&x);
    for (int i = 0; i < CANDIDATES && status == QN_OK; i++)
        conclude(&x, &x.entrant[i]);
    tear_down(&x);
    return status;
}
