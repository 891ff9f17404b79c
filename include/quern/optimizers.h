/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Optimizers, with Keras's names and defaults. */
#ifndef QUERN_OPTIMIZERS_H
#define QUERN_OPTIMIZERS_H

#include <quern/common.h>

QN_HEADER_BEGIN

/** w <- w - learning_rate * g */
typedef struct qn_sgd_params {
    qn_spec spec;
    double learning_rate;
} qn_sgd_params;
#define QN_SGD_DEFAULTS(set) set(learning_rate, 0.01)
QN_SPEC_DEFAULTS_FUNCTION_(qn_sgd, "SGD", QN_SGD_DEFAULTS)
#define qn_sgd(...) QN_SPEC_(qn_sgd_params, "SGD", QN_SGD_DEFAULTS, __VA_ARGS__)

/** Adam as Keras has it: the epsilon-hat form before section 2.1 of Kingma & Ba 2015. */
typedef struct qn_adam_params {
    qn_spec spec;
    double learning_rate;
    double beta_1;
    double beta_2;
    double epsilon;
} qn_adam_params;
#define QN_ADAM_DEFAULTS(set)                                                                      \
    set(learning_rate, 0.001) set(beta_1, 0.9) set(beta_2, 0.999) set(epsilon, 1e-7)
QN_SPEC_DEFAULTS_FUNCTION_(qn_adam, "Adam", QN_ADAM_DEFAULTS)
#define qn_adam(...) QN_SPEC_(qn_adam_params, "Adam", QN_ADAM_DEFAULTS, __VA_ARGS__)

QN_HEADER_END

#endif
