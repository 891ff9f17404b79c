/* SPDX-License-Identifier: Apache-2.0 */
/* Memory by lifetime: temporaries are placed largest first, each at the lowest offset where nothing
 * that lives at the same time is (the greedy-by-size heuristic of Pisarchyk & Lee 2020). */
#include "graph/memory.h"
#include "base/util.h"

const char *qn_home_name(qn_home home)
{
    static const char *const names[] = {"none", "arena", "fixed", "gradient", "variable", "data"};
    return names[home];
}

static qn_home home_of(const qn_value *value)
{
    switch (value->kind) {
    case QN_VALUE_INPUT:
    case QN_VALUE_CONSTANT:
        return QN_HOME_FIXED;
    case QN_VALUE_VARIABLE:
        return QN_HOME_VARIABLE;
    case QN_VALUE_DATA:
        return QN_HOME_DATA;
    case QN_VALUE_NODE:
        break;
    }
    return value->gradient_of != NULL ? QN_HOME_GRADIENT : QN_HOME_ARENA;
}

/* Extends a value's life to step `at`. */
static void touch(const qn_work *work, qn_layout *layout, const qn_value *value, int at,
                  int64_t batch)
{
    const qn_value *base = qn_work_base(work, value);
    qn_place *place = &layout->value[base->id];
    if (place->home == QN_HOME_NONE) {
        place->home = home_of(base);
        place->bytes = qn_value_bytes(base, batch);
        place->first = at;
    }
    if (at > place->last)
        place->last = at;
}

static void find_lifetimes(const qn_work *work, qn_layout *layout, qn_device *device, int64_t batch)
{
    for (size_t i = 0; i < work->count; i++) {
        qn_node *node = work->node[i];
        for (int k = 0; k < node->input_count; k++)
            touch(work, layout, node->input[k], (int)i, batch);
        if (node->op->scratch != NULL) {
            qn_emit e = {.node = node, .device = device, .batch = batch};
            qn_place *scratch = &layout->scratch[i];
            scratch->bytes = node->op->scratch(&e);
            scratch->home = scratch->bytes > 0 ? QN_HOME_ARENA : QN_HOME_NONE;
            scratch->first = scratch->last = (int)i;
        }
    }
    for (int i = 0; i < work->root_count; i++)
        touch(work, layout, work->root[i], (int)work->count, batch);
    /* A value is written where its maker stands, not where it is read first. */
    for (size_t i = 0; i < work->count; i++)
        for (int k = 0; k < work->node[i]->output_count; k++) {
            const qn_value *output = work->node[i]->output[k];
            if (qn_work_base(work, output) == output)
                layout->value[output->id].first = (int)i;
        }
}

/* ---- in place ---- */

/* Lets outputs take the memory of an input that dies there. `owner` follows such chains. */
static void share_in_place(const qn_work *work, qn_layout *layout, int *owner)
{
    for (size_t i = 0; i < layout->value_count; i++)
        owner[i] = (int)i;
    for (size_t i = 0; i < work->count; i++) {
        const qn_node *node = work->node[i];
        if ((node->op->flags & QN_OP_IN_PLACE) == 0 || node->input_count == 0)
            continue;
        int input = owner[qn_work_base(work, node->input[0])->id];
        const qn_value *output = node->output[0];
        qn_place *from = &layout->value[input], *to = &layout->value[output->id];
        if (from->home != QN_HOME_ARENA || to->home != QN_HOME_ARENA || from->last != (int)i ||
            from->bytes != to->bytes)
            continue;
        bool read_twice = false;
        for (int k = 1; k < node->input_count; k++)
            read_twice = read_twice || owner[qn_work_base(work, node->input[k])->id] == input;
        if (read_twice)
            continue;
        owner[output->id] = input;
        from->last = to->last;
    }
}

/* ---- offsets ---- */

static bool alive_together(const qn_place *a, const qn_place *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Lowest aligned offset in an arena where `place` meets nothing that was placed before. */
static size_t lowest_offset(qn_place *const *placed, size_t count, const qn_place *place, int arena,
                            size_t alignment)
{
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < count; i++) {
            const qn_place *other = placed[i];
            if (other->segment != arena || !alive_together(other, place) ||
                other->offset + other->bytes <= offset || offset + place->bytes <= other->offset)
                continue;
            offset = qn_align_up(other->offset + other->bytes, alignment);
            moved = true;
        }
    }
    return offset;
}

static qn_status put(qn_env *env, qn_layout *layout, qn_place *const *placed, size_t count,
                     qn_place *place, size_t alignment, size_t limit)
{
    if (place->bytes > limit)
        return qn_fail(env, QN_ERROR_MEMORY,
                       "one value needs %llu bytes and the device's largest allocation is %llu: "
                       "take a smaller batch",
                       (unsigned long long)place->bytes, (unsigned long long)limit);
    for (int arena = 0;; arena++) {
        if (arena == layout->arena_count) {
            size_t capacity = (size_t)arena;
            QN_TRY(
                qn_grow(env, &layout->arena, &capacity, (size_t)arena + 1, sizeof *layout->arena));
            layout->arena[arena] = 0;
            layout->arena_count++;
        }
        size_t offset = lowest_offset(placed, count, place, arena, alignment);
        if (offset + place->bytes > limit)
            continue;
        place->segment = arena;
        place->offset = offset;
        size_t end = qn_align_up(offset + place->bytes, alignment);
        if (end > layout->arena[arena])
            layout->arena[arena] = end;
        return QN_OK;
    }
}

static void sort_by_size(qn_place **list, size_t count)
{
    for (size_t i = 1; i < count; i++) { /* insertion: stable, and lists are short */
        qn_place *place = list[i];
        size_t j = i;
        for (; j > 0 && list[j - 1]->bytes < place->bytes; j--)
            list[j] = list[j - 1];
        list[j] = place;
    }
}

static qn_status place_arenas(qn_env *env, qn_layout *layout, const int *owner, size_t alignment,
                              size_t limit)
{
    qn_place **list =
        qn_alloc_array(env, layout->value_count + layout->node_count + 1, sizeof *list);
    if (list == NULL)
        return QN_ERROR_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < layout->value_count; i++)
        if (layout->value[i].home == QN_HOME_ARENA && owner[i] == (int)i)
            list[count++] = &layout->value[i];
    for (size_t i = 0; i < layout->node_count; i++)
        if (layout->scratch[i].home == QN_HOME_ARENA)
            list[count++] = &layout->scratch[i];
    sort_by_size(list, count);
    qn_status status = QN_OK;
    for (size_t i = 0; status == QN_OK && i < count; i++)
        status = put(env, layout, list, i, list[i], alignment, limit);
    qn_free(env, list);
    return status;
}

static void place_others(const qn_work *work, qn_layout *layout, const int *owner,
                         const qn_storage *storage, size_t alignment)
{
    for (size_t i = 0; i < layout->value_count; i++) {
        qn_place *place = &layout->value[i];
        const qn_value *value = work->graph->value[i];
        if (place->home == QN_HOME_FIXED) {
            place->offset = layout->fixed;
            layout->fixed = qn_align_up(layout->fixed + place->bytes, alignment);
        } else if (place->home == QN_HOME_GRADIENT) {
            place->offset = value->gradient_of->offset;
            layout->gradient = storage->bytes[QN_ROLE_PARAMETER];
        } else if (place->home == QN_HOME_VARIABLE) {
            place->offset = value->variable->offset;
        } else if (place->home == QN_HOME_ARENA && owner[i] != (int)i) {
            place->segment = layout->value[owner[i]].segment;
            place->offset = layout->value[owner[i]].offset;
        }
    }
    for (size_t i = 0; i < layout->value_count; i++) {
        const qn_value *base = qn_work_base(work, work->graph->value[i]);
        if (base != work->graph->value[i])
            layout->value[i] = layout->value[base->id];
    }
    layout->total = layout->fixed + layout->gradient;
    for (int i = 0; i < layout->arena_count; i++)
        layout->total += layout->arena[i];
}

qn_status qn_layout_make(const qn_work *work, qn_device *device, const qn_storage *storage,
                         int64_t batch, qn_layout *layout)
{
    qn_env *env = work->env;
    size_t alignment = qn_device_alignment(device);
    size_t limit = (size_t)qn_device_description(device)->max_allocation;
    *layout = (qn_layout){.value_count = work->graph->value_count, .node_count = work->count};
    layout->value = qn_alloc_array(env, layout->value_count + 1, sizeof *layout->value);
    layout->scratch = qn_alloc_array(env, layout->node_count + 1, sizeof *layout->scratch);
    int *owner = qn_alloc_array(env, layout->value_count + 1, sizeof *owner);
    qn_status status = QN_ERROR_MEMORY;
    if (layout->value != NULL && layout->scratch != NULL && owner != NULL) {
        find_lifetimes(work, layout, device, batch);
        share_in_place(work, layout, owner);
        status = place_arenas(env, layout, owner, alignment, limit);
    }
    if (status == QN_OK)
        place_others(work, layout, owner, storage, alignment);
    qn_free(env, owner);
    return status;
}

void qn_layout_free(qn_env *env, qn_layout *layout)
{
    qn_free(env, layout->value);
    qn_free(env, layout->scratch);
    qn_free(env, layout->arena);
    memset(layout, 0, sizeof *layout);
}
