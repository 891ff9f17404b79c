/* SPDX-License-Identifier: Apache-2.0 */
/* The passes before memory: build (copy the graph's nodes), prune (keep what the request needs),
 * fuse (in fuse.c), schedule (an order that respects data and in-place updates). */
#include "graph/passes.h"

static qn_status copy_node(qn_work *work, const qn_node *node)
{
    qn_node *copy = qn_work_add(work, node->op, node->attributes, node->input_count, node->input,
                                node->output_count, node->output);
    if (copy == NULL)
        return QN_ERROR_MEMORY;
    copy->scope = node->scope;
    return QN_OK;
}

static qn_status build(qn_work *work)
{
    for (size_t i = 0; i < work->graph->node_count; i++)
        QN_TRY(copy_node(work, work->graph->node[i]));
    return QN_OK;
}

/* Nodes come after those they read from, so one walk backwards finds all that is needed. */
static qn_status prune(qn_work *work)
{
    qn_graph *graph = work->graph;
    bool *needed = qn_alloc_array(work->env, graph->value_count + 1, sizeof *needed);
    if (needed == NULL)
        return QN_ERROR_MEMORY;
    for (int i = 0; i < work->root_count; i++)
        needed[work->root[i]->id] = true;
    for (int i = 0; i < work->update_count; i++)
        needed[work->update[i]->id] = true;
    for (size_t n = work->count; n-- > 0;) {
        qn_node *node = work->node[n];
        bool keep = false;
        for (int i = 0; i < node->output_count; i++)
            keep = keep || needed[node->output[i]->id];
        if (!keep) {
            qn_work_remove(work, node);
            continue;
        }
        for (int i = 0; i < node->input_count; i++)
            needed[node->input[i]->id] = true;
    }
    qn_free(work->env, needed);
    return QN_OK;
}

/* ---- schedule ---- */

/* The variable whose old elements `value` shows, through aliases that are no updates; or NULL. */
static const qn_variable *old_variable(const qn_work *work, const qn_value *value)
{
    for (;;) {
        if (value->kind == QN_VALUE_VARIABLE)
            return value->variable;
        const qn_node *node = qn_work_maker(work, value);
        unsigned flags = node != NULL ? node->op->flags : 0;
        if ((flags & QN_OP_ALIAS) == 0 || (flags & QN_OP_UPDATES) != 0)
            return NULL;
        value = node->input[0];
    }
}

typedef struct order {
    qn_work *work;
    size_t count;
    bool *before; /* before[i * count + j]: node i must run before node j */
} order;

static void add_data_edges(order *o)
{
    for (size_t j = 0; j < o->count; j++) {
        const qn_node *reader = o->work->node[j];
        for (size_t i = 0; i < o->count; i++)
            for (int k = 0; i != j && k < reader->input_count; k++)
                for (int m = 0; m < o->work->node[i]->output_count; m++)
                    if (o->work->node[i]->output[m] == reader->input[k])
                        o->before[i * o->count + j] = true;
    }
}

static bool contains(qn_variable *const *list, int count, const qn_variable *variable)
{
    for (int i = 0; i < count; i++)
        if (list[i] == variable)
            return true;
    return false;
}

/* An update runs after every reader of the old elements of what it writes. */
static qn_status add_update_edges(order *o, size_t update)
{
    const qn_node *node = o->work->node[update];
    if ((node->op->flags & QN_OP_UPDATES) == 0 || node->op->updates == NULL)
        return QN_OK;
    int count = node->op->updates(node, NULL, 0);
    qn_variable **written = qn_alloc_array(o->work->env, (size_t)count + 1, sizeof *written);
    if (written == NULL)
        return QN_ERROR_MEMORY;
    node->op->updates(node, written, count);
    for (size_t i = 0; i < o->count; i++) {
        const qn_node *reader = o->work->node[i];
        for (int k = 0; i != update && k < reader->input_count; k++) {
            const qn_variable *read = old_variable(o->work, reader->input[k]);
            if (read != NULL && contains(written, count, read))
                o->before[i * o->count + update] = true;
        }
    }
    qn_free(o->work->env, written);
    return QN_OK;
}

/* What is written to a bound buffer, such as the latch, is read by others after it. */
static void add_bound_edges(order *o, size_t writer)
{
    const qn_node *node = o->work->node[writer];
    if ((node->op->flags & QN_OP_WRITES_DATA) == 0)
        return;
    for (int m = 0; m < node->input_count; m++)
        for (size_t i = 0; node->input[m]->kind == QN_VALUE_DATA && i < o->count; i++) {
            const qn_node *reader = o->work->node[i];
            for (int k = 0; i != writer && k < reader->input_count; k++)
                if (reader->input[k] == node->input[m])
                    o->before[writer * o->count + i] = true;
        }
}

/* Takes, again and again, the first node in the list that nothing left must precede. */
static qn_status sort(order *o)
{
    qn_work *work = o->work;
    qn_node **sorted = qn_alloc_array(work->env, o->count + 1, sizeof *sorted);
    bool *done = qn_alloc_array(work->env, o->count + 1, sizeof *done);
    size_t placed = 0;
    while (sorted != NULL && done != NULL && placed < o->count) {
        size_t pick = o->count;
        for (size_t j = 0; j < o->count && pick == o->count; j++) {
            bool ready = !done[j];
            for (size_t i = 0; ready && i < o->count; i++)
                ready = done[i] || !o->before[i * o->count + j];
            if (ready)
                pick = j;
        }
        if (pick == o->count)
            break;
        done[pick] = true;
        sorted[placed++] = work->node[pick];
    }
    bool complete = placed == o->count && sorted != NULL;
    if (complete)
        for (size_t i = 0; i < o->count; i++)
            work->node[i] = sorted[i];
    bool memory = sorted == NULL || done == NULL;
    qn_free(work->env, sorted);
    qn_free(work->env, done);
    if (memory)
        return QN_ERROR_MEMORY;
    return complete ? QN_OK
                    : qn_fail(work->env, QN_ERROR_USAGE,
                              "schedule: the updates of this function wait for each other; make "
                              "two functions of them");
}

static qn_status schedule(qn_work *work)
{
    order o = {.work = work, .count = work->count};
    o.before = qn_alloc_array(work->env, o.count * o.count + 1, sizeof *o.before);
    if (o.before == NULL)
        return QN_ERROR_MEMORY;
    add_data_edges(&o);
    qn_status status = QN_OK;
    for (size_t i = 0; status == QN_OK && i < o.count; i++) {
        add_bound_edges(&o, i);
        status = add_update_edges(&o, i);
    }
    if (status == QN_OK)
        status = sort(&o);
    qn_free(work->env, o.before);
    return status;
}

const qn_pass qn_pass_list[] = {
    {"build", build}, {"prune", prune}, {"fuse", qn_fuse}, {"schedule", schedule}, {NULL, NULL},
};

static bool known_pass(const char *name)
{
    for (const qn_pass *pass = qn_pass_list; pass->name != NULL; pass++)
        if (strcmp(pass->name, name) == 0)
            return true;
    return false;
}

qn_status qn_work_run(const qn_plan_request *request, qn_work *work)
{
    *work = (qn_work){.graph = request->graph,
                      .env = request->graph->env,
                      .batch = request->batch,
                      .root_count = request->root_count,
                      .update_count = request->update_count,
                      .disabled = request->no_fuse ? ~0u : 0u};
    if (request->stop_after != NULL && !known_pass(request->stop_after))
        return qn_fail(work->env, QN_ERROR_USAGE,
                       "unknown pass '%s': passes are build, prune, fuse, schedule",
                       request->stop_after);
    work->root = qn_alloc_array(work->env, (size_t)work->root_count + 1, sizeof *work->root);
    work->update = qn_alloc_array(work->env, (size_t)work->update_count + 1, sizeof *work->update);
    if (work->root == NULL || work->update == NULL)
        return QN_ERROR_MEMORY;
    for (int i = 0; i < work->root_count; i++)
        work->root[i] = request->root[i];
    for (int i = 0; i < work->update_count; i++)
        work->update[i] = request->update[i];
    for (const qn_pass *pass = qn_pass_list; pass->name != NULL; pass++) {
        QN_TRY(pass->run(work));
        if (request->stop_after != NULL && strcmp(pass->name, request->stop_after) == 0)
            break;
    }
    return QN_OK;
}
