/* SPDX-License-Identifier: Apache-2.0 */
/* What all optimizers share. */
#include "nn/optimizers/list.h"

qn_status qn_optimizer_check(qn_env *env, const void *params)
{
    const qn_optimizer_head head = qn_optimizer_head_of(params);
    if ((head.clipnorm > 0) + (head.clipvalue > 0) + (head.global_clipnorm > 0) > 1)
        return qn_fail(env, QN_ERROR_USAGE,
                       "more than one of clipnorm (%g), clipvalue (%g) and global_clipnorm (%g) is "
                       "given: gradients are clipped in one way",
                       head.clipnorm, head.clipvalue, head.global_clipnorm);
    return qn_part_check(env, &qn_kind_schedule, head.learning_rate_schedule);
}

qn_update_rule qn_optimizer_rule(const void *params)
{
    const qn_optimizer_head head = qn_optimizer_head_of(params);
    qn_update_rule rule = {.clip = QN_CLIP_NONE, .decays = head.weight_decay > 0};
    if (head.clipnorm > 0)
        rule = (qn_update_rule){QN_CLIP_NORM, head.clipnorm, rule.decays};
    if (head.clipvalue > 0)
        rule = (qn_update_rule){QN_CLIP_VALUE, head.clipvalue, rule.decays};
    if (head.global_clipnorm > 0)
        rule = (qn_update_rule){QN_CLIP_GLOBAL_NORM, head.global_clipnorm, rule.decays};
    return rule;
}
