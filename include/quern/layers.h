/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Layers, with Keras's names and defaults. Each macro gives a `const qn_spec *` to a compound
 * literal that lives to the end of the enclosing block; qn_add copies what it needs. */
#ifndef QUERN_LAYERS_H
#define QUERN_LAYERS_H

#include <quern/common.h>

QN_HEADER_BEGIN

/** `qn_input(.shape = {28, 28})`: shape of one sample, without the batch; ends at the first 0. */
typedef struct qn_input_params {
    qn_spec spec;
    int64_t shape[QN_MAX_RANK];
    const char *name;
} qn_input_params;
#define QN_INPUT_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_input, "InputLayer", QN_INPUT_DEFAULTS)
#define qn_input(...) QN_SPEC_(qn_input_params, "InputLayer", QN_INPUT_DEFAULTS, __VA_ARGS__)

/** Flattens every sample to one row. */
typedef struct qn_flatten_params {
    qn_spec spec;
    int64_t input_shape[QN_MAX_RANK]; /**< of one sample, first layer only; ends at the first 0 */
    const char *name;
} qn_flatten_params;
#define QN_FLATTEN_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_flatten, "Flatten", QN_FLATTEN_DEFAULTS)
#define qn_flatten(...) QN_SPEC_(qn_flatten_params, "Flatten", QN_FLATTEN_DEFAULTS, __VA_ARGS__)

/** activation(x kernel + bias), on the last axis: kernel [inputs, units], bias [units]. */
typedef struct qn_dense_params {
    qn_spec spec;
    int64_t units;
    const char *activation; /**< "linear" when NULL; "sigmoid", "tanh", "relu", "softmax" */
    bool use_bias;
    const char *kernel_initializer; /**< "glorot_uniform", "zeros" */
    const char *bias_initializer;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
} qn_dense_params;
#define QN_DENSE_DEFAULTS(set)                                                                     \
    set(use_bias, true) set(kernel_initializer, "glorot_uniform") set(bias_initializer, "zeros")
QN_SPEC_DEFAULTS_FUNCTION_(qn_dense, "Dense", QN_DENSE_DEFAULTS)
/** `qn_dense(100, .activation = "sigmoid")` */
#define qn_dense(...) QN_SPEC_(qn_dense_params, "Dense", QN_DENSE_DEFAULTS, .units = __VA_ARGS__)

/** `qn_activation("relu")` */
typedef struct qn_activation_params {
    qn_spec spec;
    const char *activation;
    const char *name;
} qn_activation_params;
#define QN_ACTIVATION_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_activation, "Activation", QN_ACTIVATION_DEFAULTS)
#define qn_activation(...)                                                                         \
    QN_SPEC_(qn_activation_params, "Activation", QN_ACTIVATION_DEFAULTS, .activation = __VA_ARGS__)

QN_HEADER_END

#endif
