/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Optimizers, with Keras's names and defaults. */
#ifndef QUERN_OPTIMIZERS_H
#define QUERN_OPTIMIZERS_H

#include <quern/common.h>

QN_HEADER_BEGIN

/* What the params of every optimizer begin with, after its spec. */
#define QN_OPTIMIZER_FIELDS                                                                        \
    qn_spec spec;                                                                                  \
    double learning_rate;                                                                          \
    const char *learning_rate_schedule; /* text, "cosine_decay(0.01, 1000)"; wins over the rate */ \
    double weight_decay;    /* w <- w - learning_rate * weight_decay * w before each update */     \
    double clipnorm;        /* largest norm of each weight's gradient; 0: any */                   \
    double clipvalue;       /* largest absolute value of a gradient's element; 0: any */           \
    double global_clipnorm; /* largest norm of all gradients together; 0: any */

/** The fields that all optimizers share. At most one of the three clips may be set. */
typedef struct qn_optimizer_head {
    QN_OPTIMIZER_FIELDS
} qn_optimizer_head;

/** w <- w - learning_rate * g; with momentum: v <- momentum * v - learning_rate * g, w <- w + v, or
 * w + momentum * v - learning_rate * g (Nesterov). */
typedef struct qn_sgd_params {
    QN_OPTIMIZER_FIELDS
    double momentum;
    bool nesterov;
} qn_sgd_params;
#define QN_SGD_DEFAULTS(set) set(learning_rate, 0.01)
QN_SPEC_DEFAULTS_FUNCTION_(qn_sgd, "SGD", QN_SGD_DEFAULTS)
#define qn_sgd(...) QN_SPEC_(qn_sgd_params, "SGD", QN_SGD_DEFAULTS, __VA_ARGS__)

/** Gradients divided by the root of a moving average of their squares (Hinton 2012); `centered`: by
 * an estimate of their deviation. Keras's default. */
typedef struct qn_rmsprop_params {
    QN_OPTIMIZER_FIELDS
    double rho;
    double momentum;
    double epsilon;
    bool centered;
} qn_rmsprop_params;
#define QN_RMSPROP_DEFAULTS(set) set(learning_rate, 0.001) set(rho, 0.9) set(epsilon, 1e-7)
QN_SPEC_DEFAULTS_FUNCTION_(qn_rmsprop, "RMSprop", QN_RMSPROP_DEFAULTS)
#define qn_rmsprop(...) QN_SPEC_(qn_rmsprop_params, "RMSprop", QN_RMSPROP_DEFAULTS, __VA_ARGS__)

/** Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015. `amsgrad`:
 * with the largest second moment so far (Reddi, Kale & Kumar 2018). */
typedef struct qn_adam_params {
    QN_OPTIMIZER_FIELDS
    double beta_1;
    double beta_2;
    double epsilon;
    bool amsgrad;
} qn_adam_params;
#define QN_ADAM_DEFAULTS(set)                                                                      \
    set(learning_rate, 0.001) set(beta_1, 0.9) set(beta_2, 0.999) set(epsilon, 1e-7)
QN_SPEC_DEFAULTS_FUNCTION_(qn_adam, "Adam", QN_ADAM_DEFAULTS)
#define qn_adam(...) QN_SPEC_(qn_adam_params, "Adam", QN_ADAM_DEFAULTS, __VA_ARGS__)

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019): Adam with weight_decay 0.004. */
typedef qn_adam_params qn_adamw_params;
#define QN_ADAMW_DEFAULTS(set) QN_ADAM_DEFAULTS(set) set(weight_decay, 0.004)
QN_SPEC_DEFAULTS_FUNCTION_(qn_adamw, "AdamW", QN_ADAMW_DEFAULTS)
#define qn_adamw(...) QN_SPEC_(qn_adamw_params, "AdamW", QN_ADAMW_DEFAULTS, __VA_ARGS__)

QN_HEADER_END

#endif
