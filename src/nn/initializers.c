/* SPDX-License-Identifier: Apache-2.0 */
/* Initializers: first values of weights, drawn on the host by the counter generator, so that they
 * depend on seed and stream only. */
#include "base/util.h"
#include "nn/layer.h"
#include "nn/names.h"

#include <math.h>

typedef struct draw {
    uint64_t seed;
    uint32_t stream;
    double fan_in, fan_out;
    int64_t count;
    float *values;
} draw;

static void fill(const draw *d, float value)
{
    for (int64_t i = 0; i < d->count; i++)
        d->values[i] = value;
}

static void zeros(const draw *d)
{
    fill(d, 0);
}

static void ones(const draw *d)
{
    fill(d, 1);
}

/* Element i is word i of the stream, mapped to [low, high). Four words a block. */
static void uniform(const draw *d, double low, double high)
{
    const uint32_t key[2] = {(uint32_t)d->seed, (uint32_t)(d->seed >> 32)};
    uint32_t word[4] = {0};
    for (int64_t i = 0; i < d->count; i++) {
        const uint32_t counter[4] = {(uint32_t)(i / 4), 0, d->stream, QN_RANDOM_WEIGHTS};
        if (i % 4 == 0)
            qn_philox(counter, key, word);
        d->values[i] = (float)(low + (high - low) * (double)qn_random_uniform(word[i % 4]));
    }
}

/* Glorot & Bengio 2010 */
static void glorot_uniform(const draw *d)
{
    double limit = sqrt(6.0 / (d->fan_in + d->fan_out));
    uniform(d, -limit, limit);
}

static const struct initializer {
    void (*run)(const draw *d);
    bool random;
} initializers[] = {
    {glorot_uniform, true},
    {zeros, false},
    {ones, false},
};

const char *const qn_initializer_names[] = {"glorot_uniform", "zeros", "ones", NULL};

static qn_status find(qn_env *env, const char *text, const struct initializer **found)
{
    qn_spec_node *root = NULL;
    *found = NULL;
    QN_TRY(qn_parse_name(env, "initializer", text, &root));
    const qn_spec_node *node = &root->items[0];
    for (int i = 0; *found == NULL && qn_initializer_names[i] != NULL; i++)
        if (qn_same_name(qn_initializer_names[i], node->word))
            *found = &initializers[i];
    qn_status status = QN_OK;
    if (*found == NULL)
        status = qn_fail_name(env, "initializer", node->word);
    else if (node->count > 0)
        status = qn_fail(env, QN_ERROR_USAGE, "initializer '%s' takes no arguments, given \"%s\"",
                         node->word, text);
    qn_spec_free(env, &root);
    return status;
}

qn_status qn_check_initializer(qn_env *env, const char *name)
{
    const struct initializer *found;
    if (name == NULL)
        return qn_fail(env, QN_ERROR_USAGE, "no initializer was given: write one, as \"zeros\"");
    return find(env, name, &found);
}

/* Fans as Keras computes them: a kernel's last two dimensions times its receptive field. */
static void set_fans(draw *d, const qn_shape *shape)
{
    double field = 1;
    for (int i = 0; i < shape->rank - 2; i++)
        field *= (double)shape->dim[i];
    d->fan_in = d->fan_out = 1;
    if (shape->rank == 1)
        d->fan_in = d->fan_out = (double)shape->dim[0];
    if (shape->rank >= 2) {
        d->fan_in = field * (double)shape->dim[shape->rank - 2];
        d->fan_out = field * (double)shape->dim[shape->rank - 1];
    }
}

qn_status qn_initialize(qn_env *env, const char *initializer, uint64_t seed, uint32_t stream,
                        const qn_shape *shape, float *values)
{
    const struct initializer *found;
    QN_TRY(find(env, initializer, &found));
    draw d = {.seed = seed, .stream = stream, .count = qn_shape_count(shape, 1), .values = values};
    set_fans(&d, shape);
    found->run(&d);
    return QN_OK;
}

/* Counts a shape's elements; -1 when more than a kernel can index. */
static int64_t count_elements(const qn_shape *shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || shape->dim[i] > INT32_MAX / count)
            return -1;
        count *= shape->dim[i];
    }
    return count;
}

/* First values of a variable, from the source or the initializer. */
static qn_status first_values(qn_build_step *step, const char *name, const qn_shape *shape,
                              const char *initializer, int64_t count, float **values)
{
    qn_env *env = step->storage->env;
    const void *found = NULL;
    if (step->source != NULL)
        QN_TRY(step->source->find(step->source->user, name, shape, &found));
    const struct initializer *drawn;
    QN_TRY(find(env, initializer, &drawn));
    *values = qn_alloc_array(env, (size_t)count, sizeof(float));
    if (*values == NULL)
        return QN_ERROR_MEMORY;
    uint32_t stream = *step->stream;
    *step->stream += drawn->random;
    if (found == NULL)
        return qn_initialize(env, initializer, step->seed, stream, shape, *values);
    memcpy(*values, found, (size_t)count * sizeof(float));
    return QN_OK;
}

qn_status qn_build_variable(qn_build_step *step, const char *name, const qn_shape *shape,
                            const char *initializer, qn_role role)
{
    qn_env *env = step->storage->env;
    qn_layer *layer = step->layer;
    char text[128];
    float *values = NULL;
    int64_t count = count_elements(shape);
    if (layer->variable_count == QN_MAX_LAYER_VARIABLES)
        return qn_fail(env, QN_ERROR_INTERNAL, "layer '%s' declares more than %d variables",
                       layer->name, QN_MAX_LAYER_VARIABLES);
    if (count < 0)
        return qn_fail(env, QN_ERROR_USAGE,
                       "%s/%s would have the shape %s: more elements than the largest tensor has "
                       "(%d); use fewer units",
                       layer->name, name, qn_shape_print(shape, text, sizeof text), INT32_MAX);
    char *full = qn_format(env, "%s/%s", layer->name, name);
    qn_status status = full == NULL ? QN_ERROR_MEMORY : QN_OK;
    if (status == QN_OK)
        status = first_values(step, full, shape, initializer, count, &values);
    if (status == QN_OK)
        status = qn_storage_declare(step->storage, full, role, shape, values,
                                    &layer->variable[layer->variable_count]);
    if (status == QN_OK)
        layer->variable_count++;
    qn_free(env, values);
    qn_free(env, full);
    return status;
}
