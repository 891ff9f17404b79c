/* SPDX-License-Identifier: Apache-2.0 */
/* What the normalization layers share: axes, and gamma and beta. */
#ifndef NN_LAYERS_NORM_H
#define NN_LAYERS_NORM_H

#include "nn/layers/list.h"

/* Axes of a shape that begins with the batch. Each must be there and not be the batch's; a failure
 * names the axis and the shape. */

/* One axis; below 0 it counts from the end. */
qn_status qn_axis_find(qn_env *env, const char *layer, int64_t axis, const qn_shape *shape,
                       int *found);
/* "-1" or "(1, 2)": axes next to each other, in any order: the first and the last. */
qn_status qn_axes_find(qn_env *env, const char *layer, const char *text, const qn_shape *shape,
                       int *first, int *last);
/* The dimensions of axes first to last. */
qn_shape qn_axes_shape(const qn_shape *shape, int first, int last);
/* The text is an axis or axes; for qn_schema.check. */
qn_status qn_axes_check(qn_env *env, const char *text);

/* For a call: a failure, which memory can cause, becomes the graph's mistake. */
bool qn_call_axes(qn_call_step *step, const qn_value *x, const char *text, int *first, int *last);

/* gamma and beta as a layer's params give them. */
typedef struct qn_gain {
    bool center, scale;
    const char *beta_initializer, *gamma_initializer;
    const char *beta_regularizer, *gamma_regularizer;
    const char *beta_constraint, *gamma_constraint;
} qn_gain;
#define QN_GAIN_OF(p)                                                                              \
    ((qn_gain){.center = (p)->center,                                                              \
               .scale = (p)->scale,                                                                \
               .beta_initializer = (p)->beta_initializer,                                          \
               .gamma_initializer = (p)->gamma_initializer,                                        \
               .beta_regularizer = (p)->beta_regularizer,                                          \
               .gamma_regularizer = (p)->gamma_regularizer,                                        \
               .beta_constraint = (p)->beta_constraint,                                            \
               .gamma_constraint = (p)->gamma_constraint})

qn_status qn_gain_check(qn_env *env, const qn_gain *gain);
/* Declares gamma, then beta, where they are wanted. */
qn_status qn_gain_build(qn_build_step *step, const qn_gain *gain, const qn_shape *shape);
/* The layer's first weights; NULL where there is none. Returns how many there are. */
int qn_gain_call(qn_call_step *step, const qn_gain *gain, qn_value **gamma, qn_value **beta);

/* Rows of a table of fields. */
#define QN_NORM_FIELD(type, member, field_kind, ...)                                               \
    {                                                                                              \
        .name = #member, .kind = field_kind, .offset = offsetof(type, member), __VA_ARGS__         \
    }
#define QN_NORM_TEXT(type, member) QN_NORM_FIELD(type, member, QN_FIELD_TEXT, .positional = true)
#define QN_NORM_EPSILON(type)                                                                      \
    QN_NORM_FIELD(type, epsilon, QN_FIELD_DOUBLE, .positional = true, .minimum = 0,                \
                  .maximum = INFINITY, .open_maximum = true)
#define QN_NORM_FLAGS(type)                                                                        \
    QN_NORM_FIELD(type, center, QN_FIELD_BOOL, .positional = true),                                \
        QN_NORM_FIELD(type, scale, QN_FIELD_BOOL, .positional = true)
#define QN_NORM_RULES(type)                                                                        \
    QN_NORM_TEXT(type, beta_regularizer), QN_NORM_TEXT(type, gamma_regularizer),                   \
        QN_NORM_TEXT(type, beta_constraint), QN_NORM_TEXT(type, gamma_constraint)
#define QN_NORM_COMMON(type)                                                                       \
    QN_NORM_FIELD(type, input_shape, QN_FIELD_SHAPE, .positional = false),                         \
        QN_NORM_FIELD(type, name, QN_FIELD_TEXT, .positional = false)
#define QN_NORM_TRAINABLE(type) QN_NORM_FIELD(type, trainable, QN_FIELD_BOOL, .positional = false)

#endif
