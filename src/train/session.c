/* SPDX-License-Identifier: Apache-2.0 */
/* A session: graph, buffers, plan and executor of one task. */
#include "train/session.h"
#include "base/util.h"

/* Limits of a chunk. Its length adapts below them, so they cost memory only. */
#define CHUNK_STEPS 2048
#define CHUNK_INDEX ((size_t)1 << 20)        /* sample numbers */
#define CHUNK_RESULT_BYTES ((size_t)4 << 20) /* results to read back */
#define FIRST_LENGTH 4

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The most steps that a chunk may have. */
static size_t chunk_limit(const qn_session *s, int64_t ring_rows)
{
    size_t limit = least(CHUNK_STEPS, CHUNK_INDEX / (size_t)s->batch);

    limit = least(limit, CHUNK_RESULT_BYTES / s->result_bytes);
    if (ring_rows > 0)
        limit = least(limit, (size_t)(ring_rows / (2 * s->batch)));
    return limit > 0 ? limit : 1;
}

/* A power of two that holds all steps, so that calls with a few rows more run on the same plan. */
static size_t chunk_rows_for(size_t limit, size_t steps)
{
    size_t rows = FIRST_LENGTH;

    while (rows < steps && rows < limit)
        rows *= 2;
    return least(rows, limit);
}

qn_model_graph_request qn_session_request_for(qn_task task, const qn_array *data)
{
    const qn_array *x = &data[QN_SAMPLE_X], *y = &data[QN_SAMPLE_Y];
    qn_model_graph_request request = {.task = task,
                                      .x_dtype = qn_array_device_dtype(x),
                                      .y_dtype = y->data ? qn_array_device_dtype(y) : QN_F32,
                                      .x_scale = x->scale == 0 ? 1 : x->scale,
                                      .weighted = data[QN_SAMPLE_WEIGHT].data != NULL};

    return request;
}

qn_status qn_session_prepare(qn_model *model, qn_session *s, int64_t rows, int64_t ring_rows)
{
    size_t halves, steps = (size_t)qn_divide_up(rows, s->batch);

    QN_TRY(qn_model_graph_build(model, &s->request, &s->graph));
    s->result_bytes = (size_t)s->graph.result_columns * sizeof(float);
    if (s->request.task == QN_TASK_PREDICT)
        s->result_bytes *= (size_t)s->batch;
    s->chunk_rows = chunk_rows_for(chunk_limit(s, ring_rows), steps);
    s->length = least(FIRST_LENGTH, s->chunk_rows);
    halves = 2 * s->chunk_rows;
    QN_TRY(qn_buffer_create_for(model->device, QN_USE_STEPS,
                                halves * (size_t)s->batch * sizeof(uint32_t), &s->index));
    QN_TRY(
        qn_buffer_create_for(model->device, QN_USE_STEPS, halves * s->result_bytes, &s->results));
    if (s->graph.latch)
        QN_TRY(qn_buffer_create_for(model->device, QN_USE_STEPS, 2 * sizeof(int32_t), &s->latch));
    return QN_OK;
}

static void bind_one(struct qn_bind *bind, int *count, qn_value *value, qn_buffer *buffer)
{
    if (!value)
        return;
    bind[*count].value = value;
    bind[*count].buffer = buffer;
    ++*count;
}

int qn_session_binds(const qn_session *s, qn_buffer *const data[QN_SAMPLE_ARRAYS],
                     struct qn_bind bind[QN_MAX_BINDS])
{
    int count = 0;

    bind_one(bind, &count, s->graph.x, data[QN_SAMPLE_X]);
    bind_one(bind, &count, s->graph.y, data[QN_SAMPLE_Y]);
    bind_one(bind, &count, s->graph.weight, data[QN_SAMPLE_WEIGHT]);
    bind_one(bind, &count, s->graph.index, s->index);
    bind_one(bind, &count, s->graph.results, s->results);
    bind_one(bind, &count, s->graph.latch, s->latch);
    return count;
}

qn_plan_request qn_session_plan(const qn_model *model, const qn_session *s, int bind_count,
                                const struct qn_bind *bind)
{
    qn_plan_request request = {.graph = s->graph.graph,
                               .device = model->device,
                               .batch = s->batch,
                               .update_count = (int)s->graph.update_count,
                               .update = s->graph.update,
                               .storage = model->storage,
                               .table_rows = 2 * s->chunk_rows,
                               .bind_count = bind_count,
                               .bind = bind};

    return request;
}

static qn_status make_plan(qn_model *model, qn_session *s)
{
    qn_buffer *data[QN_SAMPLE_ARRAYS];
    struct qn_bind bind[QN_MAX_BINDS];
    qn_plan_request request;
    qn_exec_request exec;

    for (int i = 0; i < QN_SAMPLE_ARRAYS; i++)
        data[i] = qn_samples_buffer(s->samples, i);
    request = qn_session_plan(model, s, qn_session_binds(s, data, bind), bind);
    QN_TRY(qn_plan_create(&request, &s->plan));
    exec =
        (qn_exec_request){.plan = s->plan,
                          .chunk_rows = s->chunk_rows,
                          .batch = s->batch,
                          .index = s->index,
                          .results = s->results,
                          .result_bytes = s->result_bytes,
                          .out_stride = s->request.task == QN_TASK_PREDICT ? (size_t)s->batch : 1,
                          .latch = s->latch};
    return qn_exec_create(&exec, &s->exec);
}

qn_status qn_session_create(qn_model *model, const qn_model_graph_request *request, int64_t batch,
                            int64_t rows, qn_samples *samples, qn_session **session)
{
    qn_session *s = qn_alloc(model->env, sizeof *s);
    qn_status status;

    *session = NULL;
    if (!s)
        return QN_ERROR_MEMORY;
    s->request = *request;
    s->batch = batch;
    s->samples = samples;
    status = qn_session_prepare(model, s, rows, qn_samples_ring_rows(samples));
    if (status == QN_OK)
        status = make_plan(model, s);
    if (status != QN_OK) {
        qn_session_clear(s);
        qn_free(model->env, s);
        return status;
    }
    *session = s;
    return QN_OK;
}

static bool same_request(const qn_model_graph_request *a, const qn_model_graph_request *b)
{
    return a->task == b->task && a->x_dtype == b->x_dtype && a->y_dtype == b->y_dtype &&
           a->x_scale == b->x_scale && a->weighted == b->weighted;
}

bool qn_session_suits(const qn_session *s, const qn_model_graph_request *request, int64_t batch,
                      int64_t rows, const qn_samples *samples)
{
    size_t needed;

    if (!same_request(&s->request, request) || s->batch != batch || s->samples != samples)
        return false;
    needed = chunk_rows_for(chunk_limit(s, qn_samples_ring_rows(samples)),
                            (size_t)qn_divide_up(rows, batch));
    return s->chunk_rows >= needed;
}

void qn_session_clear(qn_session *s)
{
    qn_exec_destroy(&s->exec);
    qn_plan_destroy(&s->plan);
    qn_model_graph_free(&s->graph);
    qn_buffer_destroy(&s->index);
    qn_buffer_destroy(&s->results);
    qn_buffer_destroy(&s->latch);
}

uint64_t qn_session_bytes(const qn_session *s)
{
    uint64_t bytes =
        qn_plan_bytes(s->plan) + qn_buffer_bytes(s->index) + qn_buffer_bytes(s->results);

    return bytes + (s->latch ? qn_buffer_bytes(s->latch) : 0) + qn_samples_bytes(s->samples);
}
