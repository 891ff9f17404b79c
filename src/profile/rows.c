/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a profile: which step belongs to which, and what their commands add up to. */
#include "profile/profile.h"
#include <stdio.h>
#include <stdlib.h>

const char *const qn_phase_names[QN_PHASES] = {"forward", "backward", "update", "transfer"};

/* ---- making rows ---- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool same_row(const qn_profile_row *a, const qn_profile_row *b)
{
    return a->phase == b->phase && a->kind == b->kind && a->transfer_queue == b->transfer_queue &&
           a->range.dims == b->range.dims && a->cost.flops == b->cost.flops &&
           a->cost.bytes == b->cost.bytes &&
           memcmp(a->range.global, b->range.global, sizeof a->range.global) == 0 &&
           memcmp(a->range.local, b->range.local, sizeof a->range.local) == 0 &&
           same_text(a->layer, b->layer) && same_text(a->op, b->op) &&
           same_text(a->routine, b->routine);
}

static void free_row(qn_env *env, qn_profile_row *row)
{
    qn_free(env, row->layer);
    qn_free(env, row->op);
    qn_free(env, row->routine);
}

/* Takes the row's texts. */
static qn_status find_row(qn_profile *profile, qn_profile_row *wanted, size_t *index)
{
    qn_status status = QN_ERROR_MEMORY;

    if (wanted->layer && wanted->op && wanted->routine) {
        for (size_t i = 0; i < profile->row_count; i++) {
            if (same_row(&profile->row[i], wanted)) {
                free_row(profile->env, wanted);
                *index = i;
                return QN_OK;
            }
        }
        status = qn_grow(profile->env, &profile->row, &profile->row_capacity,
                         profile->row_count + 1, sizeof *profile->row);
    }
    if (status != QN_OK) {
        free_row(profile->env, wanted);
        return status;
    }
    *index = profile->row_count;
    profile->row[profile->row_count++] = *wanted;
    return QN_OK;
}

/* Gradients depend on the loss, so they come after it; losses and metrics are no layer's. */
static qn_phase phase_of(qn_profile *profile, const char *layer, size_t index)
{
    if (index == 0)
        profile->seen_loss = false;
    if (strcmp(layer, "optimizer") == 0)
        return QN_PHASE_UPDATE;
    if (strcmp(layer, "loss") == 0)
        profile->seen_loss = true;
    else if (profile->seen_loss && *layer && strcmp(layer, "metrics") != 0)
        return QN_PHASE_BACKWARD;
    return QN_PHASE_FORWARD;
}

qn_status qn_profile_row_of_step(qn_profile *profile, const qn_step *step, size_t index,
                                 size_t *row)
{
    const char *label = step->label ? step->label : "", *slash = strrchr(label, '/');
    qn_profile_row wanted = {
        .kind = step->kind,
        .range = step->range,
        .cost = step->cost,
        .layer = qn_strndup(profile->env, label, slash ? (size_t)(slash - label) : 0),
        .op = qn_strdup(profile->env, slash ? slash + 1 : label),
        .routine = qn_strdup(profile->env, qn_step_routine(step))};

    if (wanted.layer)
        wanted.phase = phase_of(profile, wanted.layer, index);
    return find_row(profile, &wanted, row);
}

qn_status qn_profile_row_of_move(qn_profile *profile, qn_move move, bool transfer_queue,
                                 size_t *row)
{
    static const char *const names[QN_MOVES] = {"write", "read", "fill", "copy"};
    qn_profile_row wanted = {.kind = QN_STEP_COPY,
                             .phase = QN_PHASE_TRANSFER,
                             .transfer_queue = transfer_queue,
                             .layer = qn_strdup(profile->env, ""),
                             .op = qn_strdup(profile->env, names[move]),
                             .routine = qn_strdup(profile->env, names[move])};

    return find_row(profile, &wanted, row);
}

/* ---- adding up ---- */

/* The compute queue's span, and when nothing ran within it. A command without times may have run in
 * the gap after it. */
static void add_to_span(qn_profile *profile, const qn_profile_record *record)
{
    profile->commands++;
    if (!record->measured) {
        profile->running = false;
        return;
    }
    if (profile->measured++ == 0)
        profile->first = record->begin;
    if (profile->running && record->begin > profile->last_end)
        profile->gaps += record->begin - profile->last_end;
    if (!profile->running || record->end > profile->last_end)
        profile->last_end = record->end;
    profile->running = true;
    if (record->end > profile->last)
        profile->last = record->end;
}

void qn_profile_add(qn_profile *profile, const qn_profile_record *record)
{
    qn_profile_row *row = &profile->row[profile->row_of[record->entry]];
    double seconds = record->end - record->begin;

    profile->enqueue += record->host_end - record->host_begin;
    if (!row->transfer_queue)
        add_to_span(profile, record);
    row->calls++;
    if (!record->measured)
        return;
    row->total += seconds;
    row->least = row->measured == 0 || seconds < row->least ? seconds : row->least;
    row->most = seconds > row->most ? seconds : row->most;
    row->flops += row->cost.flops;
    row->bytes += row->phase == QN_PHASE_TRANSFER ? record->bytes : row->cost.bytes;
    row->measured++;
}

double qn_profile_span(const qn_profile *profile)
{
    return profile->measured ? profile->last - profile->first : 0;
}

/* ---- order ---- */

static int by_total(const void *a, const void *b)
{
    const qn_profile_row *x = a, *y = b;
    int order = strcmp(x->layer, y->layer);

    if (x->total != y->total)
        return x->total < y->total ? 1 : -1;
    return order ? order : strcmp(x->op, y->op);
}

/* Rows carry the number that they had, so that entries find theirs again. */
void qn_profile_sort(qn_profile *profile)
{
    size_t kept = 0;

    for (size_t i = 0; i < profile->row_count; i++) {
        profile->row[i].before = i;
        if (profile->row[i].calls > 0)
            profile->row[kept++] = profile->row[i];
        else
            free_row(profile->env, &profile->row[i]);
    }
    profile->row_count = kept;
    if (kept > 0)
        qsort(profile->row, kept, sizeof *profile->row, by_total);
    for (size_t i = 0; i < profile->entry_count; i++) {
        size_t row = 0;

        while (row < kept && profile->row[row].before != profile->row_of[i])
            row++;
        profile->row_of[i] = row;
    }
}

void qn_profile_free_rows(qn_profile *profile)
{
    for (size_t i = 0; i < profile->row_count; i++)
        free_row(profile->env, &profile->row[i]);
    qn_free(profile->env, profile->row);
}

/* ---- what a row says ---- */

const char *qn_profile_product(const qn_profile_row *row)
{
    if (row->kind == QN_STEP_CALL)
        return "clblast";
    return strncmp(row->routine, "gemm_", 5) == 0 ? "quern" : NULL;
}
