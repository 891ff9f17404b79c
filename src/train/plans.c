/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and sessions kept between calls. */
#include "train/plans.h"
#include "base/util.h"

/* Memory of samples that may stay between calls: a test set of small images does. */
#define KEEP_BYTES ((uint64_t)16 << 20)
#define KEEP_SESSIONS 6
/* Samples that stream: bytes of one half of the ring. */
#define RING_HALF_BYTES ((uint64_t)16 << 20)
#define RING_STEPS 512

/* Samples, and whether a call uses them now. */
typedef struct pool {
    struct pool *next;
    qn_samples *samples;
    bool used;
} pool;

typedef struct qn_plans {
    pool *pool;
    qn_session *session;
    int depth;  /* calls under way */
    bool stale; /* the model was changed while one was */
    uint64_t clock;
} qn_plans;

static void free_session(qn_model *model, qn_session **link)
{
    qn_session *s = *link;

    *link = s->next;
    qn_session_clear(s);
    qn_free(model->env, s);
}

static void free_pool(qn_model *model, pool **link)
{
    pool *p = *link;

    for (qn_session **s = &model->plans->session; *s;) {
        if ((*s)->samples == p->samples)
            free_session(model, s);
        else
            s = &(*s)->next;
    }
    *link = p->next;
    qn_samples_destroy(&p->samples);
    qn_free(model->env, p);
}

static void free_all(qn_model *model)
{
    while (model->plans->pool)
        free_pool(model, &model->plans->pool);
}

/* The model's hook. While a call runs its plan stays, and the call finds out that it must end. */
static void drop_plans(qn_model *model)
{
    if (!model->plans)
        return;
    if (model->plans->depth > 0) {
        model->plans->stale = true;
        return;
    }
    free_all(model);
    qn_free(model->env, model->plans);
    model->plans = NULL;
}

qn_status qn_plans_begin(qn_model *model)
{
    if (!model->plans) {
        model->plans = qn_alloc(model->env, sizeof *model->plans);
        if (!model->plans)
            return QN_ERROR_MEMORY;
        model->drop_plans = drop_plans;
    }
    model->plans->depth++;
    return QN_OK;
}

/* Frees samples that nobody uses and that hold more than `bytes`. Returns how many. */
static int trim_pool(qn_model *model, uint64_t bytes)
{
    int freed = 0;

    for (pool **p = &model->plans->pool; *p;) {
        if ((*p)->used || qn_samples_bytes((*p)->samples) <= bytes) {
            p = &(*p)->next;
        } else {
            free_pool(model, p);
            freed++;
        }
    }
    return freed;
}

/* Frees sessions that nobody uses, the oldest first, down to `keep`. Returns how many. */
static int trim_sessions(qn_model *model, int keep)
{
    int count = 0, freed = 0;

    for (qn_session *s = model->plans->session; s; s = s->next)
        count++;
    while (count-- > keep) {
        qn_session **oldest = NULL;

        for (qn_session **s = &model->plans->session; *s; s = &(*s)->next) {
            if (!(*s)->used && (!oldest || (*s)->last_use < (*oldest)->last_use))
                oldest = s;
        }
        if (!oldest)
            break;
        free_session(model, oldest);
        freed++;
    }
    return freed;
}

/* Frees samples that no session is bound to: nothing could be reused with them. */
static void trim_unbound(qn_model *model)
{
    for (pool **p = &model->plans->pool; *p;) {
        bool bound = (*p)->used;

        for (qn_session *s = model->plans->session; s && !bound; s = s->next)
            bound = s->samples == (*p)->samples;
        if (bound)
            p = &(*p)->next;
        else
            free_pool(model, p);
    }
}

void qn_plans_end(qn_model *model, qn_status status)
{
    qn_plans *plans = model->plans;

    if (!plans || --plans->depth > 0)
        return;
    model->stop = 0; /* answered; not cleared at the start, so that none is lost just before it */
    for (pool *p = plans->pool; p; p = p->next) {
        qn_status released = qn_samples_release(p->samples);

        p->used = false;
        status = status == QN_OK ? released : status;
    }
    for (qn_session *s = plans->session; s; s = s->next)
        s->used = false;
    if (plans->stale || (status != QN_OK && status != QN_STOPPED && status != QN_ERROR_DIVERGED)) {
        drop_plans(model);
        return;
    }
    trim_pool(model, KEEP_BYTES);
    trim_sessions(model, KEEP_SESSIONS);
    trim_unbound(model);
}

qn_status qn_plans_check(const qn_model *model)
{
    if (!model->plans->stale)
        return QN_OK;
    return qn_fail(model->env, QN_ERROR_USAGE,
                   "the model was changed while it ran: a callback may read a model and stop it, "
                   "but not add layers to it or compile it");
}

const qn_graph *qn_plans_training_graph(const qn_model *model)
{
    const qn_session *last = NULL;

    for (const qn_session *s = model->plans ? model->plans->session : NULL; s; s = s->next) {
        if (s->used && s->request.task == QN_TASK_TRAIN && (!last || s->last_use > last->last_use))
            last = s;
    }
    return last ? last->graph.graph : NULL;
}

/* A ring whose halves hold a chunk each. */
static int64_t ring_rows_for(const qn_array *data, int64_t batch)
{
    uint64_t step_bytes = qn_samples_row_bytes(data) * (uint64_t)batch;
    uint64_t most = (uint64_t)qn_divide_up(data[QN_SAMPLE_X].shape[0], batch);
    uint64_t steps = step_bytes < RING_HALF_BYTES ? RING_HALF_BYTES / step_bytes : 1;

    steps = steps < RING_STEPS ? steps : RING_STEPS;
    steps = steps < most ? steps : most;
    return 2 * (int64_t)steps * batch;
}

/* The smallest of the idle samples that do. */
static pool *find_pool(qn_model *model, const qn_samples_request *request)
{
    pool *best = NULL;

    for (pool *p = model->plans->pool; p; p = p->next) {
        if (!p->used && qn_samples_suit(p->samples, request) &&
            (!best || qn_samples_bytes(p->samples) < qn_samples_bytes(best->samples)))
            best = p;
    }
    return best;
}

static qn_status create_pool(qn_model *model, const qn_samples_request *request, pool **made)
{
    pool *p = qn_alloc(model->env, sizeof *p);
    qn_status status;

    if (!p)
        return QN_ERROR_MEMORY;
    status = qn_samples_create(request, &p->samples);
    if (status != QN_OK) {
        qn_free(model->env, p);
        return status;
    }
    p->next = model->plans->pool;
    model->plans->pool = p;
    *made = p;
    return QN_OK;
}

qn_status qn_plans_samples(qn_model *model, const qn_array *data, int64_t batch,
                           qn_samples **samples)
{
    qn_samples_request request = {.device = model->device,
                                  .ring_rows = ring_rows_for(data, batch),
                                  .limit = model->sample_limit};
    pool *p;

    memcpy(request.array, data, sizeof request.array);
    p = find_pool(model, &request);
    *samples = NULL;
    if (!p) {
        qn_status status = create_pool(model, &request, &p);

        /* Once more, without what is only kept. */
        if (status == QN_ERROR_MEMORY && trim_pool(model, 0) > 0)
            status = create_pool(model, &request, &p);
        if (status != QN_OK)
            return status;
    }
    p->used = true;
    *samples = p->samples;
    return qn_samples_load(p->samples, &request);
}

qn_status qn_plans_session(qn_model *model, qn_task task, int64_t batch, int64_t rows,
                           const qn_array *data, qn_samples *samples, qn_session **session)
{
    const qn_model_graph_request request = qn_session_request_for(task, data);
    qn_plans *plans = model->plans;
    qn_session *s = plans->session;
    qn_status status;

    while (s && (s->used || !qn_session_suits(s, &request, batch, rows, samples)))
        s = s->next;
    if (!s) {
        status = qn_session_create(model, &request, batch, rows, samples, &s);
        /* Once more, without what is only kept. */
        if (status == QN_ERROR_MEMORY && trim_pool(model, 0) + trim_sessions(model, 0) > 0)
            status = qn_session_create(model, &request, batch, rows, samples, &s);
        if (status != QN_OK)
            return status;
        s->next = plans->session;
        plans->session = s;
    }
    s->used = true;
    s->last_use = ++plans->clock;
    *session = s;
    return QN_OK;
}
