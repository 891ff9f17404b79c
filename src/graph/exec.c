/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks of steps: two halves of the step table, the index and the results, one for each chunk in
 * flight, so that the host fills one while the device works on the other. */
#include "graph/exec.h"

#define HALVES 2

typedef struct half {
    qn_chunk chunk; /* first: a qn_chunk * is its half */
    qn_staging *rows, *index, *results;
    qn_event *done;
} half;

struct qn_exec {
    qn_exec_request request;
    qn_env *env;
    qn_device *device;
    half half[HALVES];
    int next;   /* half to fill next */
    int oldest; /* half to collect next */
    int in_flight;
};

/* Results are followed by the latch in the same staging memory. */
static size_t half_result_bytes(const qn_exec *exec)
{
    return exec->request.chunk_rows * exec->request.result_bytes;
}

static qn_status create_half(qn_exec *exec, half *h)
{
    const qn_exec_request *r = &exec->request;
    QN_TRY(qn_staging_create(exec->device, r->chunk_rows * sizeof(qn_step_row), &h->rows));
    QN_TRY(qn_staging_create(exec->device, r->chunk_rows * (size_t)r->batch * sizeof(uint32_t),
                             &h->index));
    QN_TRY(qn_staging_create(exec->device, half_result_bytes(exec) + 2 * sizeof(int32_t),
                             &h->results));
    h->chunk.rows = qn_staging_data(h->rows);
    h->chunk.index = qn_staging_data(h->index);
    h->chunk.results = qn_staging_data(h->results);
    return QN_OK;
}

qn_status qn_exec_create(const qn_exec_request *request, qn_exec **out)
{
    *out = NULL;
    qn_device *device = qn_plan_steps(request->plan)->device;
    qn_env *env = qn_device_env(device);
    qn_exec *exec = qn_alloc(env, sizeof *exec);
    if (exec == NULL)
        return QN_ERROR_MEMORY;
    exec->request = *request;
    exec->env = env;
    exec->device = device;
    if (exec->request.out_stride == 0)
        exec->request.out_stride = 1;
    for (int i = 0; i < HALVES; i++) {
        qn_status status = create_half(exec, &exec->half[i]);
        if (status != QN_OK) {
            qn_exec_destroy(&exec);
            return status;
        }
    }
    *out = exec;
    return QN_OK;
}

void qn_exec_destroy(qn_exec **address)
{
    if (address == NULL || *address == NULL)
        return;
    qn_exec *exec = *address;
    if (exec->in_flight > 0)
        (void)qn_device_finish(exec->device); /* transfers still use the staging memory */
    for (int i = 0; i < HALVES; i++) {
        qn_event_destroy(&exec->half[i].done);
        qn_staging_destroy(&exec->half[i].rows);
        qn_staging_destroy(&exec->half[i].index);
        qn_staging_destroy(&exec->half[i].results);
    }
    qn_free(exec->env, exec);
    *address = NULL;
}

int qn_exec_half(const qn_exec *exec, const qn_chunk *chunk)
{
    return (int)((const half *)chunk - exec->half);
}

qn_chunk *qn_exec_next(qn_exec *exec)
{
    if (exec->in_flight == HALVES)
        return NULL;
    qn_chunk *chunk = &exec->half[exec->next].chunk;
    chunk->steps = 0;
    chunk->latch[0] = chunk->latch[1] = 0;
    return chunk;
}

/* The half's rows and sample numbers go up on the transfer queue; the compute queue waits for the
 * later of the two, as transfers are in order. */
static qn_status upload(qn_exec *exec, const half *h, int which)
{
    const qn_exec_request *r = &exec->request;
    size_t steps = h->chunk.steps, row_bytes = sizeof(qn_step_row);
    size_t index_bytes = (size_t)r->batch * sizeof(uint32_t);
    size_t first = (size_t)which * r->chunk_rows;
    qn_event *done = NULL;
    bool index = r->index != NULL;
    qn_status status = QN_OK;
    if (index)
        status = qn_transfer_write(r->index, first * index_bytes, steps * index_bytes,
                                   h->chunk.index, NULL, NULL);
    if (status == QN_OK)
        status = qn_transfer_write(qn_plan_table(r->plan), first * row_bytes, steps * row_bytes,
                                   h->chunk.rows, NULL, &done);
    if (status == QN_OK)
        status = qn_compute_after(exec->device, done);
    qn_event_destroy(&done);
    return status;
}

/* On the compute queue, behind the chunk's steps: on the transfer queue the next chunk's upload
 * would wait for it. */
static qn_status download(qn_exec *exec, half *h, int which)
{
    const qn_exec_request *r = &exec->request;
    char *staging = qn_staging_data(h->results);
    size_t half_bytes = half_result_bytes(exec);
    QN_TRY(qn_compute_read(r->results, (size_t)which * half_bytes, h->chunk.steps * r->result_bytes,
                           staging, r->latch == NULL ? &h->done : NULL));
    if (r->latch == NULL)
        return QN_OK;
    return qn_compute_read(r->latch, 0, 2 * sizeof(int32_t), staging + half_bytes, &h->done);
}

qn_status qn_exec_submit(qn_exec *exec, qn_chunk *chunk)
{
    half *h = (half *)chunk;
    int which = qn_exec_half(exec, chunk);
    size_t first = (size_t)which * exec->request.chunk_rows;
    for (size_t i = 0; i < chunk->steps; i++) {
        chunk->rows[i].index_at = (int32_t)((first + i) * (size_t)exec->request.batch);
        chunk->rows[i].out_at = (int32_t)((first + i) * exec->request.out_stride);
    }
    QN_TRY(upload(exec, h, which));
    qn_steps *steps = qn_plan_steps(exec->request.plan);
    for (size_t i = 0; i < chunk->steps; i++)
        QN_TRY(qn_steps_replay(steps, (int32_t)(first + i)));
    QN_TRY(download(exec, h, which));
    exec->next = (which + 1) % HALVES;
    exec->in_flight++;
    return qn_device_flush(exec->device);
}

qn_status qn_exec_collect(qn_exec *exec, qn_chunk **out)
{
    *out = NULL;
    if (exec->in_flight == 0)
        return QN_OK;
    half *h = &exec->half[exec->oldest];
    qn_status status = qn_event_wait(h->done);
    qn_event_destroy(&h->done);
    exec->oldest = (exec->oldest + 1) % HALVES;
    exec->in_flight--;
    if (status != QN_OK)
        return status;
    if (exec->request.latch != NULL)
        memcpy(h->chunk.latch, (const char *)h->chunk.results + half_result_bytes(exec),
               sizeof h->chunk.latch);
    *out = &h->chunk;
    return QN_OK;
}
