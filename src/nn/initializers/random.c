/* SPDX-License-Identifier: Apache-2.0 */
/* Initializers of one distribution whatever the shape: random_normal, truncated_normal,
 * random_uniform. */
#include "nn/initializers/list.h"

#define NUMBER(params, member, low)                                                                \
    {                                                                                              \
        .name = #member, .kind = QN_FIELD_DOUBLE, .offset = offsetof(params, member),              \
        .positional = true, .minimum = low, .maximum = QN_LARGEST                                  \
    }

/* ---- mean and deviation ---- */

typedef struct normal_params {
    double mean, stddev;
    int64_t seed;
} normal_params;

static const normal_params normal_defaults = {.stddev = 0.05, .seed = -1};

static const qn_field normal_fields[] = {
    NUMBER(normal_params, mean, -QN_LARGEST),
    NUMBER(normal_params, stddev, 0),
    QN_SEED_FIELD(normal_params),
};

static qn_status random_normal_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    const normal_params *p = params;
    (void)env;
    qn_draw_normal(draw, p->mean, p->stddev);
    return QN_OK;
}

static qn_status truncated_normal_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    const normal_params *p = params;
    (void)env;
    qn_draw_truncated(draw, p->mean, p->stddev);
    return QN_OK;
}

#define NORMAL(type_name, text)                                                                    \
    const qn_initializer_type qn_initializer_##text = {                                            \
        .schema = {.type = type_name,                                                              \
                   .name = #text,                                                                  \
                   .defaults = &normal_defaults,                                                   \
                   .size = sizeof normal_defaults,                                                 \
                   .fields = normal_fields,                                                        \
                   .field_count = QN_COUNT(normal_fields)},                                        \
        .fill = text##_fill,                                                                       \
        .seed = offsetof(normal_params, seed) + 1,                                                 \
    };
NORMAL("RandomNormal", random_normal)
NORMAL("TruncatedNormal", truncated_normal)

/* ---- between two numbers ---- */

typedef struct uniform_params {
    double minval, maxval;
    int64_t seed;
} uniform_params;

static const uniform_params uniform_defaults = {.minval = -0.05, .maxval = 0.05, .seed = -1};

static const qn_field uniform_fields[] = {
    NUMBER(uniform_params, minval, -QN_LARGEST),
    NUMBER(uniform_params, maxval, -QN_LARGEST),
    QN_SEED_FIELD(uniform_params),
};

static qn_status random_uniform_check(qn_env *env, const void *params)
{
    const uniform_params *p = params;
    if (p->minval <= p->maxval)
        return QN_OK;
    return qn_fail(env, QN_ERROR_USAGE, "minval is %.15g, above maxval, which is %.15g: swap them",
                   p->minval, p->maxval);
}

static qn_status random_uniform_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    const uniform_params *p = params;
    (void)env;
    qn_draw_uniform(draw, p->minval, p->maxval);
    return QN_OK;
}

const qn_initializer_type qn_initializer_random_uniform = {
    .schema = {.type = "RandomUniform",
               .name = "random_uniform",
               .defaults = &uniform_defaults,
               .size = sizeof uniform_defaults,
               .fields = uniform_fields,
               .field_count = QN_COUNT(uniform_fields),
               .check = random_uniform_check},
    .fill = random_uniform_fill,
    .seed = offsetof(uniform_params, seed) + 1,
};
