/* SPDX-License-Identifier: Apache-2.0 */
/* The constants that list.c lists, and what all optimizers share: fields, checks, the rule. */
#ifndef NN_OPTIMIZERS_LIST_H
#define NN_OPTIMIZERS_LIST_H

#include "nn/optimizer.h"

#include <math.h>

extern const qn_optimizer_type qn_optimizer_sgd;
extern const qn_optimizer_type qn_optimizer_rmsprop;
extern const qn_optimizer_type qn_optimizer_adam;
extern const qn_optimizer_type qn_optimizer_adamw;

#define QN_OPTIMIZER_MEMBER(type, member)                                                          \
    .name = #member, .offset = offsetof(type, member), .positional = true
#define QN_OPTIMIZER_SIZE(type, member)                                                            \
    {                                                                                              \
        QN_OPTIMIZER_MEMBER(type, member), .kind = QN_FIELD_DOUBLE, .minimum = 0,                  \
                                           .maximum = INFINITY, .open_maximum = true               \
    }
/* From 0 to 1; 1 excluded. */
#define QN_OPTIMIZER_SHARE(type, member)                                                           \
    {                                                                                              \
        QN_OPTIMIZER_MEMBER(type, member), .kind = QN_FIELD_DOUBLE, .minimum = 0, .maximum = 1,    \
                                           .open_maximum = true                                    \
    }
#define QN_OPTIMIZER_FLAG(type, member)                                                            \
    {                                                                                              \
        QN_OPTIMIZER_MEMBER(type, member), .kind = QN_FIELD_BOOL                                   \
    }

/* The fields that all share, in parts: Keras's positional order differs. */
#define QN_OPTIMIZER_RATE(type)                                                                    \
    {                                                                                              \
        QN_OPTIMIZER_MEMBER(type, learning_rate),                                                  \
            .kind = QN_FIELD_DOUBLE, .minimum = 0, .maximum = INFINITY, .open_maximum = true,      \
            .call_text = offsetof(type, learning_rate_schedule) + 1                                \
    }
#define QN_OPTIMIZER_DECAY(type) QN_OPTIMIZER_SIZE(type, weight_decay)
#define QN_OPTIMIZER_CLIPS(type)                                                                   \
    QN_OPTIMIZER_SIZE(type, clipnorm), QN_OPTIMIZER_SIZE(type, clipvalue),                         \
        QN_OPTIMIZER_SIZE(type, global_clipnorm)

/* For each schema: at most one clip, and a schedule that can be read. */
qn_status qn_optimizer_check(qn_env *env, const void *params);
/* What an update op is told of clipping and decay. */
qn_update_rule qn_optimizer_rule(const void *params);

#endif
