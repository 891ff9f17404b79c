/* SPDX-License-Identifier: Apache-2.0 */
/* Initializers without random numbers: zeros, ones, constant, identity. */
#include "nn/initializers/list.h"

static void fill(const qn_draw *draw, double value)
{
    for (int64_t i = 0; i < draw->count; i++)
        draw->values[i] = (float)value;
}

typedef struct none_params {
    char nothing;
} none_params;

static const none_params no_defaults = {0};

static qn_status zeros_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    (void)env, (void)params;
    fill(draw, 0);
    return QN_OK;
}

static qn_status ones_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    (void)env, (void)params;
    fill(draw, 1);
    return QN_OK;
}

#define PLAIN(type_name, text)                                                                     \
    const qn_initializer_type qn_initializer_##text = {                                            \
        .schema = {.type = type_name,                                                              \
                   .name = #text,                                                                  \
                   .defaults = &no_defaults,                                                       \
                   .size = sizeof no_defaults},                                                    \
        .fill = text##_fill,                                                                       \
    };
PLAIN("Zeros", zeros)
PLAIN("Ones", ones)

/* ---- constant(value), identity(gain) ---- */

typedef struct number_params {
    double number;
} number_params;

#define NUMBER_FIELD(argument)                                                                     \
    {                                                                                              \
        .name = argument, .kind = QN_FIELD_DOUBLE, .offset = offsetof(number_params, number),      \
        .positional = true, .minimum = -QN_LARGEST, .maximum = QN_LARGEST                          \
    }

static const number_params constant_defaults = {0}, identity_defaults = {1};
static const qn_field constant_fields[] = {NUMBER_FIELD("value")};
static const qn_field identity_fields[] = {NUMBER_FIELD("gain")};

static qn_status constant_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    (void)env;
    fill(draw, ((const number_params *)params)->number);
    return QN_OK;
}

static qn_status identity_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    char text[128];
    if (draw->shape->rank != 2)
        return qn_fail(env, QN_ERROR_USAGE,
                       "the initializer identity makes matrices, and not the shape %s: use "
                       "another one",
                       qn_shape_print(draw->shape, text, sizeof text));
    fill(draw, 0);
    int64_t rows = draw->shape->dim[0], columns = draw->shape->dim[1];
    for (int64_t i = 0; i < rows && i < columns; i++)
        draw->values[i * columns + i] = (float)((const number_params *)params)->number;
    return QN_OK;
}

const qn_initializer_type qn_initializer_constant = {
    .schema = {.type = "Constant",
               .name = "constant",
               .defaults = &constant_defaults,
               .size = sizeof constant_defaults,
               .fields = constant_fields,
               .field_count = QN_COUNT(constant_fields)},
    .fill = constant_fill,
};

const qn_initializer_type qn_initializer_identity = {
    .schema = {.type = "Identity",
               .name = "identity",
               .alias = "IdentityInitializer",
               .defaults = &identity_defaults,
               .size = sizeof identity_defaults,
               .fields = identity_fields,
               .field_count = QN_COUNT(identity_fields)},
    .fill = identity_fill,
};
