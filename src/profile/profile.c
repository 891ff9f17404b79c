/* SPDX-License-Identifier: Apache-2.0 */
/* Profiled regions of a context. */
#include "profile/profile.h"
#include "base/util.h"
#include "device/context.h"

static qn_status add_entry(qn_profile *profile, size_t row)
{
    QN_TRY(qn_grow(profile->env, &profile->row_of, &profile->entry_capacity,
                   profile->entry_count + 1, sizeof *profile->row_of));
    profile->row_of[profile->entry_count++] = row;
    return QN_OK;
}

static qn_status take_step(void *user, const qn_step *step, size_t index)
{
    qn_profile *profile = user;
    size_t row;

    QN_TRY(qn_profile_row_of_step(profile, step, index, &row));
    return add_entry(profile, row);
}

static void take_record(void *user, const qn_profile_record *record)
{
    qn_profile *profile = user;

    qn_profile_add(profile, record);
    qn_timeline_record(&profile->timeline, record);
}

static void take_memory(void *user, qn_use use, uint64_t bytes, double host_time)
{
    qn_timeline_hold(&((qn_profile *)user)->timeline, use, bytes, host_time);
}

static qn_status prepare(qn_profile *profile, qn_device *device)
{
    const qn_device_info *info = qn_device_description(device);

    profile->device = qn_format(profile->env, "%s: %s", info->selector, info->name);
    if (!profile->device)
        return QN_ERROR_MEMORY;
    for (size_t i = 0; i < QN_PROFILE_FIRST_STEP; i++) {
        size_t row;

        QN_TRY(qn_profile_row_of_move(profile, (qn_move)(i % QN_MOVES), i >= QN_MOVES, &row));
        QN_TRY(add_entry(profile, row));
    }
    return QN_OK;
}

void qn_profile_destroy(qn_profile **profile)
{
    qn_profile *old = *profile;

    *profile = NULL;
    if (!old)
        return;
    qn_profile_free_rows(old);
    qn_timeline_free(&old->timeline);
    for (size_t i = 0; i < old->plan_count; i++)
        qn_free(old->env, old->plan[i].json);
    qn_free(old->env, old->plan);
    qn_free(old->env, old->row_of);
    qn_free(old->env, old->device);
    qn_free(old->env, old);
}

/* The context's hook: it is closed within a region. */
static void drop(qn_context *ctx)
{
    for (int i = 0; i < ctx->device_count; i++)
        (void)qn_device_profile_end(ctx->device[i]);
    qn_profile_destroy(&ctx->profiling);
}

qn_status qn_profile_begin(qn_context *ctx)
{
    qn_device *device;
    qn_profile *made;
    qn_status status;

    if (!ctx)
        return QN_ERROR_USAGE;
    QN_TRY(qn_context_only_device(ctx, &device));
    if (ctx->profiling)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "a profile was to begin, but one is under way: call qn_profile_end first");
    made = qn_alloc(&ctx->env, sizeof *made);
    if (!made)
        return QN_ERROR_MEMORY;
    made->env = &ctx->env;
    made->timeline.env = made->env;
    (void)qn_roofline_known(device, &made->limits);
    status = prepare(made, device);
    if (status == QN_OK) {
        const qn_profile_sink sink = {made, take_step, take_record, take_memory};

        status = qn_device_profile_begin(device, &sink);
    }
    if (status != QN_OK) {
        qn_profile_destroy(&made);
        return status;
    }
    made->begun = qn_seconds();
    qn_timeline_begin(&made->timeline, made->begun);
    ctx->profiling = made;
    ctx->drop_profile = drop;
    return QN_OK;
}

static qn_profile_build build_of(const qn_context *ctx)
{
    const qn_device_counters *c = qn_device_count_of(ctx->device[0]);

    return (qn_profile_build){.compiled = c->programs_compiled,
                              .loaded = c->programs_loaded,
                              .first_launches = c->first_launches,
                              .seconds = c->build_seconds,
                              .first_launch_seconds = c->first_launch_seconds};
}

qn_status qn_profile_end(qn_context *ctx, qn_profile **profile)
{
    qn_device *device;
    qn_profile *ended;
    qn_status status;

    *profile = NULL;
    if (!ctx)
        return QN_ERROR_USAGE;
    ended = ctx->profiling;
    if (!ended)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "a profile was to end, but none is under way: call qn_profile_begin before");
    ctx->profiling = NULL;
    status = qn_context_only_device(ctx, &device);
    if (status == QN_OK)
        status = qn_device_finish(device);
    ended->wall = qn_seconds() - ended->begun;
    ended->build = build_of(ctx);
    if (status == QN_OK)
        status = qn_device_profile_end(device);
    else
        (void)qn_device_profile_end(device);
    qn_profile_sort(ended);
    qn_timeline_end(&ended->timeline);
    if (status != QN_OK)
        qn_profile_destroy(&ended);
    *profile = ended;
    return status;
}
