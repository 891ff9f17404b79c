/* SPDX-License-Identifier: Apache-2.0 */
/* What the library is busy with, told to whoever asked for it. */
#include "base/env.h"

#include <stdio.h>

static void tell(const qn_env *env, bool ended)
{
    const qn_activity now = {.size = sizeof now,
                             .what = env->doing,
                             .done = env->doing_done,
                             .total = env->doing_total,
                             .ended = ended};
    env->activity(env->activity_user, &now);
}

void qn_activity_begin(qn_env *env, int64_t total, const char *format, ...)
{
    va_list arguments;
    if (!env->activity || env->activity_depth++ > 0)
        return;
    va_start(arguments, format);
    vsnprintf(env->doing, sizeof env->doing, format, arguments);
    va_end(arguments);
    env->doing_done = 0;
    env->doing_total = total;
    tell(env, false);
}

void qn_activity_at(qn_env *env, int64_t done)
{
    if (!env->activity || env->activity_depth != 1)
        return;
    env->doing_done = done;
    tell(env, false);
}

void qn_activity_end(qn_env *env)
{
    if (env->activity && --env->activity_depth == 0)
        tell(env, true);
}
