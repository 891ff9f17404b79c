/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a plan: runs the passes, lays out memory, takes it, and lets every node record its steps.
 */
#include "graph/memory.h"
#include "graph/passes.h"
#include "graph/plan_internal.h"
#include "kernels/selftest.h"

#include <stdio.h>

/* ---- memory ---- */

/* Largest batch below the asked one whose plan would fit in `room` bytes; 0: none. */
static int64_t fitting_batch(const qn_work *work, qn_device *device, const qn_storage *storage,
                             size_t room)
{
    int64_t low = 0, high = work->batch - 1;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        qn_layout layout;
        bool fits =
            qn_layout_make(work, device, storage, middle, &layout) == QN_OK && layout.total <= room;
        qn_layout_free(work->env, &layout);
        if (fits)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static qn_status fail_for_memory(const qn_plan *plan, size_t room)
{
    char need[32], have[32], advice[96] = "take a smaller batch or a device with more memory";
    int64_t batch = fitting_batch(&plan->work, plan->device, plan->storage, room);
    if (batch > 0)
        snprintf(advice, sizeof advice, "a batch of %lld would fit", (long long)batch);
    return qn_fail(
        plan->env, QN_ERROR_MEMORY,
        "the plan for a batch of %lld needs %s of device memory and %s has %s left: %s",
        (long long)plan->work.batch, qn_bytes_text(plan->layout.total, need, sizeof need),
        qn_device_description(plan->device)->name, qn_bytes_text(room, have, sizeof have), advice);
}

static size_t memory_left(const qn_device *device)
{
    uint64_t memory = qn_device_description(device)->memory;
    uint64_t held = qn_device_count_of(device)->bytes;
    return (size_t)(memory > held ? memory - held : 0);
}

static qn_status lay_out(qn_plan *plan)
{
    size_t room = memory_left(plan->device);
    qn_status status =
        qn_layout_make(&plan->work, plan->device, plan->storage, plan->work.batch, &plan->layout);
    if (status == QN_OK && plan->layout.total <= room)
        return QN_OK;
    /* A host allocation that failed says so itself. */
    bool too_large = status == QN_OK || plan->layout.arena_count > 0 || plan->layout.value != NULL;
    return too_large ? fail_for_memory(plan, room) : status;
}

static qn_status take_memory(qn_plan *plan)
{
    const qn_layout *layout = &plan->layout;
    plan->arena = qn_alloc_array(plan->env, (size_t)layout->arena_count + 1, sizeof(qn_buffer *));
    if (plan->arena == NULL)
        return QN_ERROR_MEMORY;
    for (int i = 0; i < layout->arena_count; i++)
        QN_TRY(qn_buffer_create_for(plan->device, QN_USE_TEMPORARIES, layout->arena[i],
                                    &plan->arena[i]));
    if (layout->fixed > 0)
        QN_TRY(qn_buffer_create_for(plan->device, QN_USE_CONSTANTS, layout->fixed, &plan->fixed));
    if (layout->gradient > 0)
        QN_TRY(qn_buffer_create_for(plan->device, QN_USE_GRADIENTS, layout->gradient,
                                    &plan->gradients));
    return QN_OK;
}

static bool same_place(const qn_place *a, const qn_place *b)
{
    return a->home == b->home && a->segment == b->segment && a->offset == b->offset &&
           a->bytes == b->bytes;
}

/* The buffer of a place: one that is there, as two sub-buffers of one region must not be used by
 * one kernel (in place), or a new one. */
static qn_status slice(qn_plan *plan, const qn_place *place, qn_buffer **buffer)
{
    for (size_t i = 0; i < plan->slice_count; i++) {
        if (same_place(&plan->slice[i].place, place)) {
            *buffer = plan->slice[i].buffer;
            return QN_OK;
        }
    }
    QN_TRY(qn_grow(plan->env, &plan->slice, &plan->slice_capacity, plan->slice_count + 1,
                   sizeof *plan->slice));
    qn_buffer *parent = place->home == QN_HOME_ARENA   ? plan->arena[place->segment]
                        : place->home == QN_HOME_FIXED ? plan->fixed
                                                       : plan->gradients;
    QN_TRY(qn_buffer_slice(parent, place->offset, place->bytes, buffer));
    plan->slice[plan->slice_count++] = (qn_slice){*place, *buffer};
    return QN_OK;
}

static bool owned_slice(const qn_place *place)
{
    return place->home == QN_HOME_ARENA || place->home == QN_HOME_FIXED ||
           place->home == QN_HOME_GRADIENT;
}

static qn_buffer *bound_data(const qn_plan_request *request, const qn_value *value)
{
    for (int i = 0; i < request->bind_count; i++)
        if (request->bind[i].value == value)
            return request->bind[i].buffer;
    return NULL;
}

static qn_status place_value(qn_plan *plan, const qn_plan_request *request, const qn_value *value)
{
    qn_buffer **buffer = &plan->buffer[value->id];
    const qn_place *place = &plan->layout.value[value->id];
    const qn_value *base = qn_work_base(&plan->work, value);
    if (base != value)
        return QN_OK; /* after its base */
    if (place->home == QN_HOME_VARIABLE) {
        *buffer = value->variable->buffer;
        return QN_OK;
    }
    if (place->home == QN_HOME_DATA) {
        *buffer = bound_data(request, value);
        return *buffer != NULL ? QN_OK
                               : qn_fail(plan->env, QN_ERROR_INTERNAL, "plan: '%s' is not bound",
                                         value->name != NULL ? value->name : "data");
    }
    if (!owned_slice(place))
        return QN_OK;
    QN_TRY(slice(plan, place, buffer));
    if (value->kind == QN_VALUE_CONSTANT)
        return qn_buffer_write(*buffer, 0, place->bytes, value->data);
    return QN_OK;
}

static qn_status place_all(qn_plan *plan, const qn_plan_request *request)
{
    qn_graph *graph = plan->work.graph;
    plan->buffer = qn_alloc_array(plan->env, graph->value_count + 1, sizeof(qn_buffer *));
    plan->scratch = qn_alloc_array(plan->env, plan->work.count + 1, sizeof(qn_buffer *));
    if (plan->buffer == NULL || plan->scratch == NULL)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < graph->value_count; i++)
        QN_TRY(place_value(plan, request, graph->value[i]));
    for (size_t i = 0; i < graph->value_count; i++) {
        const qn_value *base = qn_work_base(&plan->work, graph->value[i]);
        plan->buffer[i] = plan->buffer[base->id];
    }
    for (size_t i = 0; i < plan->work.count; i++)
        if (plan->layout.scratch[i].home != QN_HOME_NONE)
            QN_TRY(slice(plan, &plan->layout.scratch[i], &plan->scratch[i]));
    return QN_OK;
}

/* ---- steps ---- */

static qn_status record_node(qn_plan *plan, size_t index)
{
    const qn_node *node = plan->work.node[index];
    char label[160];
    if (node->op->emit == NULL)
        return QN_OK;
    snprintf(label, sizeof label, "%s%s%s", node->scope, node->scope[0] != '\0' ? "/" : "",
             node->op->name);
    plan->steps.label = label;
    plan->recording = index;
    qn_emit e = {.node = node,
                 .steps = &plan->steps,
                 .device = plan->device,
                 .plan = plan,
                 .batch = plan->work.batch};
    qn_status status = node->op->emit(&e);
    plan->steps.label = NULL;
    return status;
}

static qn_status record_all(qn_plan *plan)
{
    plan->steps.table = plan->table;
    qn_status status = QN_OK;
    qn_activity_begin(plan->env, (int64_t)plan->work.count, "compiling kernels");
    for (size_t i = 0; i < plan->work.count && status == QN_OK; i++) {
        qn_activity_at(plan->env, (int64_t)i);
        status = record_node(plan, i);
    }
    qn_activity_end(plan->env);
    return status == QN_OK ? qn_selftest_require(&plan->steps) : status;
}

static qn_status make(qn_plan *plan, const qn_plan_request *request)
{
    QN_TRY(qn_work_run(request, &plan->work));
    if (request->storage != NULL)
        QN_TRY(qn_storage_commit(request->storage));
    QN_TRY(lay_out(plan));
    QN_TRY(take_memory(plan));
    QN_TRY(place_all(plan, request));
    size_t rows = request->table_rows > 0 ? request->table_rows : 1;
    QN_TRY(
        qn_buffer_create_for(plan->device, QN_USE_STEPS, rows * sizeof(qn_step_row), &plan->table));
    return record_all(plan);
}

qn_status qn_plan_create(const qn_plan_request *request, qn_plan **out)
{
    *out = NULL;
    qn_env *env = request->graph->env;
    QN_TRY(qn_graph_check(request->graph));
    qn_plan *plan = qn_alloc(env, sizeof *plan);
    if (plan == NULL)
        return QN_ERROR_MEMORY;
    plan->env = env;
    plan->device = request->device;
    plan->storage = request->storage;
    qn_steps_init(&plan->steps, request->device);
    plan->steps.gemm = request->graph->context->gemm;
    qn_status status = make(plan, request);
    if (status != QN_OK)
        qn_plan_destroy(&plan);
    *out = plan;
    return status;
}

void qn_plan_destroy(qn_plan **address)
{
    if (address == NULL || *address == NULL)
        return;
    qn_plan *plan = *address;
    qn_steps_free(&plan->steps);
    for (size_t i = 0; i < plan->slice_count; i++)
        qn_buffer_destroy(&plan->slice[i].buffer);
    qn_free(plan->env, plan->slice);
    for (int i = 0; plan->arena != NULL && i < plan->layout.arena_count; i++)
        qn_buffer_destroy(&plan->arena[i]);
    qn_buffer_destroy(&plan->fixed);
    qn_buffer_destroy(&plan->gradients);
    qn_buffer_destroy(&plan->table);
    qn_free(plan->env, plan->arena);
    qn_free(plan->env, plan->buffer);
    qn_free(plan->env, plan->scratch);
    qn_layout_free(plan->env, &plan->layout);
    qn_work_free(&plan->work);
    qn_free(plan->env, plan);
    *address = NULL;
}

/* ---- what others ask ---- */

qn_steps *qn_plan_steps(qn_plan *plan)
{
    return &plan->steps;
}

qn_buffer *qn_plan_table(qn_plan *plan)
{
    return plan->table;
}

qn_buffer *qn_plan_buffer(qn_plan *plan, const qn_value *value)
{
    return (size_t)value->id < plan->layout.value_count ? plan->buffer[value->id] : NULL;
}

uint64_t qn_plan_bytes(const qn_plan *plan)
{
    return plan->layout.total + qn_buffer_bytes(plan->table);
}

bool qn_plan_is_new(qn_plan *plan, uint64_t number)
{
    bool is_new = plan->told != number;
    plan->told = number;
    return is_new;
}

qn_buffer *qn_emit_input(qn_emit *e, int index)
{
    return e->plan->buffer[e->node->input[index]->id];
}

qn_buffer *qn_emit_output(qn_emit *e, int index)
{
    return e->plan->buffer[e->node->output[index]->id];
}

qn_buffer *qn_emit_scratch(qn_emit *e)
{
    return e->plan->scratch[e->plan->recording];
}

qn_buffer *qn_emit_gradients(qn_emit *e)
{
    return e->plan->gradients;
}

int64_t qn_emit_count(qn_emit *e, const qn_value *value)
{
    return qn_shape_count(&value->shape, e->batch);
}
