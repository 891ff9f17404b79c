/* SPDX-License-Identifier: Apache-2.0 */
/* Initializers by name: first values of weights. */
#include "nn/initializers/list.h"
#include "nn/layer.h"

static const qn_initializer_type *const types[] = {
    &qn_initializer_glorot_uniform,
    &qn_initializer_glorot_normal,
    &qn_initializer_he_uniform,
    &qn_initializer_he_normal,
    &qn_initializer_lecun_uniform,
    &qn_initializer_lecun_normal,
    &qn_initializer_variance_scaling,
    &qn_initializer_random_uniform,
    &qn_initializer_random_normal,
    &qn_initializer_truncated_normal,
    &qn_initializer_orthogonal,
    &qn_initializer_identity,
    &qn_initializer_zeros,
    &qn_initializer_ones,
    &qn_initializer_constant,
    NULL,
};

static const qn_schema *schema(int index)
{
    return types[index] != NULL ? &types[index]->schema : NULL;
}

const qn_kind qn_kind_initializer = {
    .name = "initializer", .plural = "initializers", .schema = schema};

qn_status qn_check_initializer(qn_env *env, const char *text)
{
    if (text == NULL)
        return qn_fail(env, QN_ERROR_USAGE, "no initializer was given: write one, as \"zeros\"");
    return qn_part_check(env, &qn_kind_initializer, text);
}

static const qn_initializer_type *type_of(const qn_part *part)
{
    return (const qn_initializer_type *)part->schema;
}

qn_status qn_initializer_draws(qn_env *env, const char *initializer, bool *draws)
{
    qn_part part;
    QN_TRY(qn_part_read(env, &qn_kind_initializer, initializer, NULL, &part));
    *draws = type_of(&part)->seed > 0;
    qn_part_free(env, &part);
    return QN_OK;
}

/* A seed of the initializer's own replaces the model's, and the stream: as in Keras it gives the
 * same numbers wherever it is written. */
static void take_seed(const qn_part *part, qn_draw *draw)
{
    size_t seed = type_of(part)->seed;
    int64_t given = seed > 0 ? *(const int64_t *)((const char *)part->params + seed - 1) : -1;
    if (given < 0)
        return;
    draw->seed = (uint64_t)given;
    draw->stream = 0;
}

qn_status qn_initialize(qn_env *env, const char *initializer, uint64_t seed, uint32_t stream,
                        const qn_shape *shape, float *values)
{
    qn_part part;
    QN_TRY(qn_part_read(env, &qn_kind_initializer, initializer, NULL, &part));
    qn_draw draw = {.seed = seed,
                    .stream = stream,
                    .shape = shape,
                    .count = qn_shape_count(shape, 1),
                    .values = values};
    take_seed(&part, &draw);
    qn_status status = type_of(&part)->fill(env, part.params, &draw);
    qn_part_free(env, &part);
    return status;
}
