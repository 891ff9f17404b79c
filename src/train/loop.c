/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a session once over samples: fills and submits chunks, two in flight, collects results. */
#include "train/loop.h"
#include "base/util.h"
#include "profile/span.h"
#include "train/history.h"
#include "train/plans.h"

#define CHUNK_SECONDS 0.05 /* two in flight: Ctrl-C and errors are seen within 100 ms */
#define WARM_CHUNKS 2      /* each half of the pipeline once: before the steady state */
#define GROWTH 4           /* a chunk is at most this many times as long as the one before */

/* What one run keeps beside the loop. */
typedef struct run {
    qn_loop *loop;
    qn_tally begin;         /* counters when the run began */
    double submitted_at[2]; /* by half */
    double collected_at;
    uint64_t chunk_waits, chunks;
} run;

/* ---- counters ---- */

static qn_tally tally_now(const run *r)
{
    const qn_loop *l = r->loop;
    const qn_device_counters *c = qn_device_count_of(l->model->device);
    qn_tally now = {.steps = (uint64_t)l->submitted,
                    .chunks = r->chunks,
                    .launches = c->launches,
                    .calls = c->calls,
                    .waits = c->waits,
                    .chunk_waits = r->chunk_waits,
                    .allocations = l->model->env->allocations + c->buffers};

    return now;
}

/* ---- hooks on batches ---- */

static qn_moment batch_begin(const qn_loop *l)
{
    static const qn_moment moments[] = {[QN_TASK_TRAIN] = QN_TRAIN_BATCH_BEGIN,
                                        [QN_TASK_EVALUATE] = QN_TEST_BATCH_BEGIN,
                                        [QN_TASK_PREDICT] = QN_PREDICT_BATCH_BEGIN};

    return moments[l->session->request.task];
}

static bool has_hooks(const qn_loop *l)
{
    return l->callbacks && (qn_callbacks_want(l->callbacks, batch_begin(l)) ||
                            qn_callbacks_want(l->callbacks, (qn_moment)(batch_begin(l) + 1)));
}

static qn_status begin_batch(qn_loop *l)
{
    qn_logs logs = {0};

    if (!l->one_by_one)
        return QN_OK;
    return qn_callbacks_call(l->callbacks, batch_begin(l), l->submitted, &logs);
}

/* Of the batch that was absorbed; not of one whose loss was not finite. */
static qn_status end_batch(qn_loop *l)
{
    qn_logs logs = {0};

    if (!l->one_by_one || l->bad_step >= 0)
        return QN_OK;
    qn_loop_logs(l, "", &logs);
    QN_TRY(qn_callbacks_call(l->callbacks, (qn_moment)(batch_begin(l) + 1), l->done - 1, &logs));
    l->ended = l->session->request.task == QN_TASK_TRAIN && l->model->stop_training;
    return QN_OK;
}

/* ---- filling ---- */

int64_t qn_loop_steps(const qn_loop *loop)
{
    return qn_divide_up(loop->rows, loop->session->batch);
}

static int64_t rows_of_step(const qn_loop *l, int64_t step)
{
    int64_t left = l->rows - step * l->session->batch;

    return left < l->session->batch ? left : l->session->batch;
}

static qn_status fill(qn_loop *l, qn_chunk *chunk, size_t steps)
{
    qn_session *s = l->session;
    bool training = s->request.task == QN_TASK_TRAIN;
    int64_t at = l->submitted * s->batch;
    int64_t room = (int64_t)steps * s->batch;
    int64_t count = l->rows - at < room ? l->rows - at : room;

    chunk->steps = steps;
    chunk->first_step = l->submitted;
    for (size_t i = 0; i < steps; i++) {
        qn_step_row *row = &chunk->rows[i];
        int64_t step = l->submitted + (int64_t)i;

        row->step = training ? l->model->iterations + (uint32_t)i : (uint32_t)step;
        row->rows = (int32_t)rows_of_step(l, step);
        row->rate = row->decay = 0;
        if (training)
            qn_model_fill_row(l->model, row);
    }
    QN_TRY(qn_samples_stage(s->samples, qn_exec_half(s->exec, chunk),
                            l->order ? l->order + at : NULL, l->first + at, count, chunk->index));
    /* Padding is not gathered; what it points at exists all the same. */
    memset(chunk->index + count, 0, (size_t)(room - count) * sizeof *chunk->index);
    return QN_OK;
}

static size_t next_length(const qn_loop *l)
{
    int64_t left = qn_loop_steps(l) - l->submitted;
    size_t length = l->session->length;
    size_t limit = l->one_by_one ? 1 : l->model->chunk_limit;

    if (limit > 0 && length > limit)
        length = limit;
    return (int64_t)length < left ? length : (size_t)left;
}

static bool may_submit(const qn_loop *l)
{
    if (l->one_by_one && l->submitted > l->done)
        return false;
    return l->submitted < qn_loop_steps(l) && !l->model->stop && !l->ended && l->bad_step < 0;
}

static qn_status fill_and_enqueue(run *r, qn_chunk *chunk, size_t steps)
{
    qn_loop *l = r->loop;
    const qn_context *ctx = l->model->context;
    qn_span span = qn_span_enter(ctx, "fill chunk", -1);

    QN_TRY(fill(l, chunk, steps));
    qn_span_leave(ctx, span);
    span = qn_span_enter(ctx, "enqueue chunk", -1);
    r->submitted_at[qn_exec_half(l->session->exec, chunk)] = qn_seconds();
    QN_TRY(qn_exec_submit(l->session->exec, chunk));
    qn_span_leave(ctx, span);
    return QN_OK;
}

static qn_status submit(run *r)
{
    qn_loop *l = r->loop;
    bool warming = l->steady && l->steady->total.steps == 0;

    while (may_submit(l)) {
        qn_chunk *chunk = qn_exec_next(l->session->exec);
        size_t steps = next_length(l);

        if (!chunk)
            return QN_OK;
        QN_TRY(begin_batch(l));
        QN_TRY(fill_and_enqueue(r, chunk, steps));
        l->submitted += (int64_t)steps;
        r->chunks++;
        if (l->session->request.task == QN_TASK_TRAIN)
            l->model->iterations += (uint32_t)steps;
        if (warming && r->chunks <= WARM_CHUNKS) {
            qn_tally now = tally_now(r);

            l->steady->first = (qn_tally){0};
            qn_tally_add(&l->steady->first, &r->begin, &now);
        }
    }
    return QN_OK;
}

/* ---- collecting ---- */

/* The length that would have taken CHUNK_SECONDS. Results do not depend on it. */
static void adapt(run *r, const qn_chunk *chunk)
{
    qn_session *s = r->loop->session;
    double begin = r->submitted_at[qn_exec_half(s->exec, chunk)], now = qn_seconds();
    double length, most = (double)s->length * GROWTH;

    if (r->collected_at > begin)
        begin = r->collected_at;
    r->collected_at = now;
    if (!s->warm) { /* that was compilation, not work */
        s->warm = true;
        return;
    }
    length = now > begin ? (double)chunk->steps * CHUNK_SECONDS / (now - begin) : most;
    if (length > most)
        length = most;
    if (length > (double)s->chunk_rows)
        length = (double)s->chunk_rows;
    s->length = length > 1 ? (size_t)length : 1;
}

/* The step of the chunk that set the latch; -1: none of this chunk. */
static int64_t latched_step(const qn_chunk *chunk)
{
    for (size_t i = 0; chunk->latch[0] && i < chunk->steps; i++) {
        if (chunk->rows[i].out_at == chunk->latch[1])
            return (int64_t)i;
    }
    return -1;
}

static void add_results(qn_loop *l, const qn_chunk *chunk, size_t steps)
{
    int columns = l->session->graph.result_columns;
    const float *result = chunk->results;

    for (size_t i = 0; i < steps; i++) {
        for (int c = 0; c < columns; c++)
            l->sum[c] += (double)result[i * (size_t)columns + (size_t)c];
    }
}

/* Valid rows of all steps but the last come without gaps. */
static void copy_rows(qn_loop *l, const qn_chunk *chunk, int64_t rows)
{
    size_t columns = (size_t)l->session->graph.result_columns;

    memcpy(l->out + (size_t)l->rows_done * columns, chunk->results,
           (size_t)rows * columns * sizeof(float));
}

static void absorb(qn_loop *l, const qn_chunk *chunk)
{
    int64_t bad = latched_step(chunk), rows = 0;
    size_t steps = bad >= 0 ? (size_t)bad : chunk->steps;

    if (l->bad_step >= 0)
        return; /* enqueued before the bad step was known: did nothing */
    for (size_t i = 0; i < steps; i++)
        rows += chunk->rows[i].rows;
    if (l->out)
        copy_rows(l, chunk, rows);
    else
        add_results(l, chunk, steps);
    l->rows_done += rows;
    l->done += (int64_t)steps;
    if (bad >= 0)
        l->bad_step = chunk->first_step + bad;
}

static void report_step(qn_loop *l)
{
    qn_logs logs = {0};

    if (!l->report || !qn_report_due(l->report))
        return;
    qn_loop_logs(l, "", &logs);
    qn_report_step(l->report, l->done, &logs);
}

static qn_status run_chunks(run *r)
{
    qn_loop *l = r->loop;
    qn_chunk *chunk;

    for (;;) {
        uint64_t waits;
        qn_span span;

        QN_TRY(submit(r));
        waits = qn_device_count_of(l->model->device)->waits;
        span = qn_span_enter(l->model->context, "wait", -1);
        QN_TRY(qn_exec_collect(l->session->exec, &chunk));
        qn_span_leave(l->model->context, span);
        if (!chunk)
            return QN_OK;
        r->chunk_waits += qn_device_count_of(l->model->device)->waits - waits;
        adapt(r, chunk);
        absorb(l, chunk);
        QN_TRY(end_batch(l));
        report_step(l);
        QN_TRY(qn_plans_check(l->model));
    }
}

qn_status qn_loop_run(qn_loop *loop)
{
    run r = {.loop = loop};
    uint32_t begun = loop->model->iterations;

    qn_span_plan(loop->model->context, qn_task_names[loop->session->request.task],
                 loop->session->plan);
    loop->bad_step = -1;
    loop->one_by_one = has_hooks(loop);
    if (loop->session->latch)
        QN_TRY(qn_buffer_fill(loop->session->latch, 0, 2 * sizeof(int32_t), 0));
    QN_TRY(qn_samples_ready(loop->session->samples));
    r.begin = tally_now(&r);
    QN_TRY(run_chunks(&r));
    if (loop->steady) {
        qn_tally now = tally_now(&r);

        qn_tally_add(&loop->steady->total, &r.begin, &now);
    }
    if (loop->bad_step >= 0)
        loop->model->iterations = begun + (uint32_t)loop->bad_step;
    loop->stopped = loop->bad_step < 0 && !loop->ended && loop->done < qn_loop_steps(loop);
    return QN_OK;
}

void qn_loop_logs(const qn_loop *loop, const char *prefix, qn_logs *logs)
{
    int columns = loop->session->graph.result_columns;

    if (loop->out || loop->rows_done == 0)
        return;
    for (int i = 0; i < columns; i++)
        qn_logs_add(logs, prefix, qn_model_result_name(loop->model, i),
                    loop->sum[i] / (double)loop->rows_done);
}
