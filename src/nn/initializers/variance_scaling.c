/* SPDX-License-Identifier: Apache-2.0 */
/* Initializers whose spread follows the shape: variance_scaling, and what Glorot, He and LeCun made
 * of it. */
#include "nn/initializers/list.h"

#include <math.h>

/* ---- fans, as Keras computes them: a kernel's last two dimensions times its receptive field ----
 */

typedef enum fan_mode { FAN_IN, FAN_OUT, FAN_AVG } fan_mode;
typedef enum spread { TRUNCATED_NORMAL, UNTRUNCATED_NORMAL, UNIFORM } spread;

static double fan(const qn_shape *shape, fan_mode mode)
{
    double field = 1, in = 1, out = 1;
    for (int i = 0; i < shape->rank - 2; i++)
        field *= (double)shape->dim[i];
    if (shape->rank == 1)
        in = out = (double)shape->dim[0];
    if (shape->rank >= 2) {
        in = field * (double)shape->dim[shape->rank - 2];
        out = field * (double)shape->dim[shape->rank - 1];
    }
    return mode == FAN_IN ? in : mode == FAN_OUT ? out : (in + out) / 2;
}

/* Variance `scale` / fan. The deviation of a normal distribution cut at two deviations is
 * 0.8796... of the whole one's. */
static void scaled(const qn_draw *draw, double scale, fan_mode mode, spread spread_as)
{
    double n = fan(draw->shape, mode), limit = sqrt(3 * scale / n), stddev = sqrt(scale / n);
    if (spread_as == UNIFORM)
        qn_draw_uniform(draw, -limit, limit);
    else if (spread_as == UNTRUNCATED_NORMAL)
        qn_draw_normal(draw, 0, stddev);
    else
        qn_draw_truncated(draw, 0, stddev / 0.87962566103423978);
}

/* ---- variance_scaling ---- */

typedef struct scaling_params {
    double scale;
    const char *mode, *distribution;
    int64_t seed;
} scaling_params;

static const scaling_params scaling_defaults = {
    .scale = 1, .mode = "fan_in", .distribution = "truncated_normal", .seed = -1};

#define MEMBER(member)                                                                             \
    .name = #member, .offset = offsetof(scaling_params, member), .positional = true

static const qn_field scaling_fields[] = {
    {MEMBER(scale), .kind = QN_FIELD_DOUBLE, .minimum = 0, .maximum = QN_LARGEST,
     .open_minimum = true},
    {MEMBER(mode), .kind = QN_FIELD_TEXT},
    {MEMBER(distribution), .kind = QN_FIELD_TEXT},
    QN_SEED_FIELD(scaling_params),
};

/* In the order of the enums. "normal" is Keras's older name of the first distribution. */
static const char *const modes[] = {"fan_in", "fan_out", "fan_avg"};
static const char *const distributions[] = {"truncated_normal", "untruncated_normal", "uniform",
                                            "normal"};

static int find(const char *const *words, int count, const char *word)
{
    for (int i = 0; word != NULL && i < count; i++)
        if (qn_same_name(words[i], word))
            return i;
    return -1;
}

static fan_mode mode_of(const scaling_params *p)
{
    return (fan_mode)find(modes, QN_COUNT(modes), p->mode);
}

static spread spread_of(const scaling_params *p)
{
    int found = find(distributions, QN_COUNT(distributions), p->distribution);
    return found < 3 ? (spread)found : TRUNCATED_NORMAL;
}

static qn_status check_word(qn_env *env, const char *argument, const char *word,
                            const char *const *words, int count)
{
    if (find(words, count, word) >= 0)
        return QN_OK;
    const char *nearest = word != NULL ? qn_nearest(word, words, count) : NULL;
    return qn_fail(env, QN_ERROR_USAGE, "%s is '%s'%s%s%s; it must be %s, %s or %s", argument,
                   word != NULL ? word : "none", nearest != NULL ? " (did you mean '" : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "", words[0], words[1],
                   words[2]);
}

static qn_status scaling_check(qn_env *env, const void *params)
{
    const scaling_params *p = params;
    QN_TRY(check_word(env, "mode", p->mode, modes, QN_COUNT(modes)));
    return check_word(env, "distribution", p->distribution, distributions, QN_COUNT(distributions));
}

static qn_status scaling_fill(qn_env *env, const void *params, const qn_draw *draw)
{
    const scaling_params *p = params;
    (void)env;
    scaled(draw, p->scale, mode_of(p), spread_of(p));
    return QN_OK;
}

const qn_initializer_type qn_initializer_variance_scaling = {
    .schema = {.type = "VarianceScaling",
               .name = "variance_scaling",
               .defaults = &scaling_defaults,
               .size = sizeof scaling_defaults,
               .fields = scaling_fields,
               .field_count = QN_COUNT(scaling_fields),
               .check = scaling_check},
    .fill = scaling_fill,
    .seed = offsetof(scaling_params, seed) + 1,
};

/* ---- with names of their own ---- */

typedef struct seed_params {
    int64_t seed;
} seed_params;

static const seed_params seed_defaults = {.seed = -1};
static const qn_field seed_fields[] = {QN_SEED_FIELD(seed_params)};

#define NAMED(type_name, text, scale, mode, spread_as)                                             \
    static qn_status text##_fill(qn_env *env, const void *params, const qn_draw *draw)             \
    {                                                                                              \
        (void)env, (void)params;                                                                   \
        scaled(draw, scale, mode, spread_as);                                                      \
        return QN_OK;                                                                              \
    }                                                                                              \
    const qn_initializer_type qn_initializer_##text = {                                            \
        .schema = {.type = type_name,                                                              \
                   .name = #text,                                                                  \
                   .defaults = &seed_defaults,                                                     \
                   .size = sizeof seed_defaults,                                                   \
                   .fields = seed_fields,                                                          \
                   .field_count = QN_COUNT(seed_fields)},                                          \
        .fill = text##_fill,                                                                       \
        .seed = offsetof(seed_params, seed) + 1,                                                   \
    };

/* Glorot & Bengio 2010 */
NAMED("GlorotUniform", glorot_uniform, 1, FAN_AVG, UNIFORM)
NAMED("GlorotNormal", glorot_normal, 1, FAN_AVG, TRUNCATED_NORMAL)
/* He, Zhang, Ren, Sun 2015 */
NAMED("HeUniform", he_uniform, 2, FAN_IN, UNIFORM)
NAMED("HeNormal", he_normal, 2, FAN_IN, TRUNCATED_NORMAL)
/* LeCun, Bottou, Orr, Mueller 1998 */
NAMED("LecunUniform", lecun_uniform, 1, FAN_IN, UNIFORM)
NAMED("LecunNormal", lecun_normal, 1, FAN_IN, TRUNCATED_NORMAL)
