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
    const char *activation; /**< "relu", "leaky_relu(negative_slope=0.1)"; linear when NULL;
                                 qn_names("activation", i) lists them */
    bool use_bias;
    const char *kernel_initializer; /**< "he_normal", "random_uniform(-1, 1)", ...;
                                         qn_names("initializer", i) lists them */
    const char *bias_initializer;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
    /* Penalties that join the loss, as text: "l2(1e-4)"; NULL: none. */
    const char *kernel_regularizer, *bias_regularizer, *activity_regularizer;
    /* What weights are projected to after each update, as text: "max_norm(3)"; NULL: none. */
    const char *kernel_constraint, *bias_constraint;
    bool trainable; /**< false: the weights stay as they are */
} qn_dense_params;
#define QN_DENSE_DEFAULTS(set)                                                                     \
    set(use_bias, true) set(kernel_initializer, "glorot_uniform") set(bias_initializer, "zeros")   \
        set(trainable, true)
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

/** `qn_dropout(0.5)`: in training a share `rate`, in [0, 1), of the elements becomes 0 and the rest
 * grows by 1 / (1 - rate); another share in each step. */
typedef struct qn_dropout_params {
    qn_spec spec;
    double rate;
    int64_t seed; /**< -1: the model's seed; each layer draws from a stream of its own */
    const char *name;
} qn_dropout_params;
#define QN_DROPOUT_DEFAULTS(set) set(seed, -1)
QN_SPEC_DEFAULTS_FUNCTION_(qn_dropout, "Dropout", QN_DROPOUT_DEFAULTS)
#define qn_dropout(...)                                                                            \
    QN_SPEC_(qn_dropout_params, "Dropout", QN_DROPOUT_DEFAULTS, .rate = __VA_ARGS__)

/** Dropout for networks of selu: mean and variance stay as they were. */
typedef qn_dropout_params qn_alpha_dropout_params;
QN_SPEC_DEFAULTS_FUNCTION_(qn_alpha_dropout, "AlphaDropout", QN_DROPOUT_DEFAULTS)
#define qn_alpha_dropout(...)                                                                      \
    QN_SPEC_(qn_alpha_dropout_params, "AlphaDropout", QN_DROPOUT_DEFAULTS, .rate = __VA_ARGS__)

/** In training every element is multiplied by a normal number of mean 1 and deviation
 * sqrt(rate / (1 - rate)). */
typedef qn_dropout_params qn_gaussian_dropout_params;
QN_SPEC_DEFAULTS_FUNCTION_(qn_gaussian_dropout, "GaussianDropout", QN_DROPOUT_DEFAULTS)
#define qn_gaussian_dropout(...)                                                                   \
    QN_SPEC_(qn_gaussian_dropout_params, "GaussianDropout", QN_DROPOUT_DEFAULTS,                   \
             .rate = __VA_ARGS__)

/** In training every element gets a normal number of mean 0 and deviation `stddev` added. */
typedef struct qn_gaussian_noise_params {
    qn_spec spec;
    double stddev;
    int64_t seed;
    const char *name;
} qn_gaussian_noise_params;
#define QN_GAUSSIAN_NOISE_DEFAULTS(set) set(seed, -1)
QN_SPEC_DEFAULTS_FUNCTION_(qn_gaussian_noise, "GaussianNoise", QN_GAUSSIAN_NOISE_DEFAULTS)
#define qn_gaussian_noise(...)                                                                     \
    QN_SPEC_(qn_gaussian_noise_params, "GaussianNoise", QN_GAUSSIAN_NOISE_DEFAULTS,                \
             .stddev = __VA_ARGS__)

/** `qn_activity_regularization(.l2 = 1e-3)`: gives its input on, and adds l1 * sum |x| + l2 * sum
 * x^2 divided by the batch to the loss. */
typedef struct qn_activity_regularization_params {
    qn_spec spec;
    double l1, l2;
    const char *name;
} qn_activity_regularization_params;
#define QN_ACTIVITY_REGULARIZATION_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_activity_regularization, "ActivityRegularization",
                           QN_ACTIVITY_REGULARIZATION_DEFAULTS)
#define qn_activity_regularization(...)                                                            \
    QN_SPEC_(qn_activity_regularization_params, "ActivityRegularization",                          \
             QN_ACTIVITY_REGULARIZATION_DEFAULTS, __VA_ARGS__)

/** Normalizes each channel of `axis` over the batch (and all other axes): gamma * (x - mean) /
 * sqrt(variance + epsilon) + beta. Training takes the batch's mean and biased variance over its
 * samples, and moves moving_mean and moving_variance towards them: moving * momentum + value *
 * (1 - momentum). Otherwise, and where the layer is not trainable, it takes the moving ones.
 * Weights: gamma, beta, moving_mean, moving_variance. */
typedef struct qn_batch_normalization_params {
    qn_spec spec;
    int64_t axis; /**< not 0, the batch's; below 0 it counts from the end */
    double momentum;
    double epsilon;
    bool center, scale; /**< there is a beta, a gamma */
    const char *beta_initializer, *gamma_initializer;
    const char *moving_mean_initializer, *moving_variance_initializer;
    const char *beta_regularizer, *gamma_regularizer;
    const char *beta_constraint, *gamma_constraint;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
    bool trainable;
} qn_batch_normalization_params;
#define QN_BATCH_NORMALIZATION_DEFAULTS(set)                                                       \
    set(axis, -1) set(momentum, 0.99) set(epsilon, 1e-3) set(center, true) set(scale, true)        \
        set(beta_initializer, "zeros") set(gamma_initializer, "ones")                              \
            set(moving_mean_initializer, "zeros") set(moving_variance_initializer, "ones")         \
                set(trainable, true)
QN_SPEC_DEFAULTS_FUNCTION_(qn_batch_normalization, "BatchNormalization",
                           QN_BATCH_NORMALIZATION_DEFAULTS)
#define qn_batch_normalization(...)                                                                \
    QN_SPEC_(qn_batch_normalization_params, "BatchNormalization", QN_BATCH_NORMALIZATION_DEFAULTS, \
             __VA_ARGS__)

/** Normalizes each sample by itself along an axis, "-1", or several next to each other, "(1, 2)":
 * gamma * (x - mean) / sqrt(variance + epsilon) + beta, gamma and beta of the axes' shape. */
typedef struct qn_layer_normalization_params {
    qn_spec spec;
    const char *axis;
    double epsilon;
    bool center, scale;
    const char *beta_initializer, *gamma_initializer;
    const char *beta_regularizer, *gamma_regularizer;
    const char *beta_constraint, *gamma_constraint;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
    bool trainable;
} qn_layer_normalization_params;
#define QN_LAYER_NORMALIZATION_DEFAULTS(set)                                                       \
    set(axis, "-1") set(epsilon, 1e-3) set(center, true) set(scale, true)                          \
        set(beta_initializer, "zeros") set(gamma_initializer, "ones") set(trainable, true)
QN_SPEC_DEFAULTS_FUNCTION_(qn_layer_normalization, "LayerNormalization",
                           QN_LAYER_NORMALIZATION_DEFAULTS)
#define qn_layer_normalization(...)                                                                \
    QN_SPEC_(qn_layer_normalization_params, "LayerNormalization", QN_LAYER_NORMALIZATION_DEFAULTS, \
             __VA_ARGS__)

/** x / sqrt(mean(x^2) + epsilon) * scale, each sample by itself; the axis as in layer
 * normalization. */
typedef struct qn_rms_normalization_params {
    qn_spec spec;
    const char *axis;
    double epsilon;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
    bool trainable;
} qn_rms_normalization_params;
#define QN_RMS_NORMALIZATION_DEFAULTS(set) set(axis, "-1") set(epsilon, 1e-6) set(trainable, true)
QN_SPEC_DEFAULTS_FUNCTION_(qn_rms_normalization, "RMSNormalization", QN_RMS_NORMALIZATION_DEFAULTS)
#define qn_rms_normalization(...)                                                                  \
    QN_SPEC_(qn_rms_normalization_params, "RMSNormalization", QN_RMS_NORMALIZATION_DEFAULTS,       \
             __VA_ARGS__)

/** x / max(sqrt(sum(x^2)), 1e-12), each sample by itself; the axis as in layer normalization. */
typedef struct qn_unit_normalization_params {
    qn_spec spec;
    const char *axis;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
} qn_unit_normalization_params;
#define QN_UNIT_NORMALIZATION_DEFAULTS(set) set(axis, "-1")
QN_SPEC_DEFAULTS_FUNCTION_(qn_unit_normalization, "UnitNormalization",
                           QN_UNIT_NORMALIZATION_DEFAULTS)
#define qn_unit_normalization(...)                                                                 \
    QN_SPEC_(qn_unit_normalization_params, "UnitNormalization", QN_UNIT_NORMALIZATION_DEFAULTS,    \
             __VA_ARGS__)

/** Normalizes each sample by itself: `groups` equal groups of the channels of `axis` (-1: each
 * channel is one), together with all other axes; gamma and beta by channel. */
typedef struct qn_group_normalization_params {
    qn_spec spec;
    int64_t groups;
    int64_t axis;
    double epsilon;
    bool center, scale;
    const char *beta_initializer, *gamma_initializer;
    const char *beta_regularizer, *gamma_regularizer;
    const char *beta_constraint, *gamma_constraint;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
    bool trainable;
} qn_group_normalization_params;
#define QN_GROUP_NORMALIZATION_DEFAULTS(set)                                                       \
    set(groups, 32) set(axis, -1) set(epsilon, 1e-3) set(center, true) set(scale, true)            \
        set(beta_initializer, "zeros") set(gamma_initializer, "ones") set(trainable, true)
QN_SPEC_DEFAULTS_FUNCTION_(qn_group_normalization, "GroupNormalization",
                           QN_GROUP_NORMALIZATION_DEFAULTS)
#define qn_group_normalization(...)                                                                \
    QN_SPEC_(qn_group_normalization_params, "GroupNormalization", QN_GROUP_NORMALIZATION_DEFAULTS, \
             __VA_ARGS__)

/** (x - mean) / max(sqrt(variance), 1e-7); inverted: mean + x * max(sqrt(variance), 1e-7). Mean and
 * variance are of each element of `axis` ("-1", axes next to each other "(1, 2)", NULL: one of
 * all). They are weights that qn_adapt sets, unless both are given: "0.5" or "(0.1, 0.2)". */
typedef struct qn_normalization_params {
    qn_spec spec;
    const char *axis;
    const char *mean, *variance;
    bool invert;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
} qn_normalization_params;
#define QN_NORMALIZATION_DEFAULTS(set) set(axis, "-1")
QN_SPEC_DEFAULTS_FUNCTION_(qn_normalization, "Normalization", QN_NORMALIZATION_DEFAULTS)
#define qn_normalization(...)                                                                      \
    QN_SPEC_(qn_normalization_params, "Normalization", QN_NORMALIZATION_DEFAULTS, __VA_ARGS__)

/** x * scale + offset: `qn_rescaling(1.0 / 255)` */
typedef struct qn_rescaling_params {
    qn_spec spec;
    double scale;
    double offset;
    int64_t input_shape[QN_MAX_RANK];
    const char *name;
} qn_rescaling_params;
#define QN_RESCALING_DEFAULTS(set)
QN_SPEC_DEFAULTS_FUNCTION_(qn_rescaling, "Rescaling", QN_RESCALING_DEFAULTS)
#define qn_rescaling(...)                                                                          \
    QN_SPEC_(qn_rescaling_params, "Rescaling", QN_RESCALING_DEFAULTS, .scale = __VA_ARGS__)

QN_HEADER_END

#endif
