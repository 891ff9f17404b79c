/* SPDX-License-Identifier: Apache-2.0 */
/* Spans and plans for the profile that is under way. */
#include "profile/span.h"
#include "device/context.h"
#include "profile/profile.h"

/* The region's number above the span's. */
qn_span qn_span_enter(const qn_context *ctx, const char *name, int64_t number)
{
    if (!ctx->profiling)
        return 0;
    return (uint64_t)ctx->profiles << 32 |
           (uint64_t)qn_timeline_enter(&ctx->profiling->timeline, name, number);
}

void qn_span_leave(const qn_context *ctx, qn_span span)
{
    if (ctx->profiling && span >> 32 == ctx->profiles)
        qn_timeline_leave(&ctx->profiling->timeline, (size_t)(span & UINT32_MAX));
}

/* Takes the text. One that cannot be kept is missing in the report, and nothing fails for it. */
static void keep(qn_profile *profile, const char *task, char *json)
{
    if (qn_grow(profile->env, &profile->plan, &profile->plan_capacity, profile->plan_count + 1,
                sizeof *profile->plan) != QN_OK) {
        qn_free(profile->env, json);
        return;
    }
    profile->plan[profile->plan_count++] = (qn_profile_plan){task, json};
}

void qn_span_plan(const qn_context *ctx, const char *task, qn_plan *plan)
{
    qn_profile *profile = ctx->profiling;
    qn_text text = {.env = profile ? profile->env : NULL};

    if (!profile || !qn_plan_is_new(plan, ctx->profiles))
        return;
    if (qn_plan_table_print(plan, true, &text) == QN_OK && !text.failed && text.data)
        keep(profile, task, text.data);
    else
        qn_text_free(&text);
}
