/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's learning rate schedules: formulas of the step. */
#include "nn/schedules.h"
#include "base/numbers.h"

#include <math.h>

/* The arguments of all schedules together; each one's table lists those that it takes. */
typedef struct schedule_params {
    qn_spec spec;
    double initial_learning_rate, decay_steps;
    double decay_rate;
    double alpha;         /* part of the rate that stays */
    double warmup_target; /* NaN: none */
    double warmup_steps;
    double end_learning_rate, power;
    double first_decay_steps, t_mul, m_mul; /* of restarts: the first period, and what length and
                                               rate are multiplied by from one to the next */
    const char *boundaries, *values;        /* lists of numbers */
    bool staircase, cycle;
} schedule_params;

struct qn_schedule {
    qn_part part;
    double *boundaries, *values; /* piecewise_constant_decay: one more value than boundaries */
    int count;                   /* of boundaries */
};

typedef struct schedule_type {
    qn_schema schema; /* first */
    double (*rate)(const qn_schedule *schedule, const schedule_params *p, double step);
} schedule_type;

static const schedule_params defaults = {
    .warmup_target = NAN, .end_learning_rate = 1e-4, .power = 1, .t_mul = 2, .m_mul = 1};

/* ---- the formulas ---- */

static double exponential_decay(const qn_schedule *schedule, const schedule_params *p, double step)
{
    double part = step / p->decay_steps;
    (void)schedule;
    return p->initial_learning_rate * pow(p->decay_rate, p->staircase ? floor(part) : part);
}

static double inverse_time_decay(const qn_schedule *schedule, const schedule_params *p, double step)
{
    double part = step / p->decay_steps;
    (void)schedule;
    return p->initial_learning_rate / (1 + p->decay_rate * (p->staircase ? floor(part) : part));
}

static double cosine(const schedule_params *p, double from, double step)
{
    double part = fmin(step, p->decay_steps) / p->decay_steps;
    return from * ((1 - p->alpha) * 0.5 * (1 + cos(acos(-1) * part)) + p->alpha);
}

/* Loshchilov & Hutter 2016, without restarts; with a linear warm-up where there is a target. */
static double cosine_decay(const qn_schedule *schedule, const schedule_params *p, double step)
{
    (void)schedule;
    if (isnan(p->warmup_target))
        return cosine(p, p->initial_learning_rate, step);
    if (step < p->warmup_steps)
        return p->initial_learning_rate +
               (p->warmup_target - p->initial_learning_rate) * step / p->warmup_steps;
    return cosine(p, p->warmup_target, step - p->warmup_steps);
}

/* Where period i begins, in first periods: 1 + t + ... + t^(i - 1). */
static double begin_of(double t_mul, double i)
{
    return t_mul == 1 ? i : (pow(t_mul, i) - 1) / (t_mul - 1);
}

/* With warm restarts. The logarithm may be off by one at a restart itself. */
static double cosine_decay_restarts(const qn_schedule *schedule, const schedule_params *p,
                                    double step)
{
    double t = p->t_mul, passed = step / p->first_decay_steps;
    double i = floor(t == 1 ? passed : log1p(passed * (t - 1)) / log(t));
    (void)schedule;
    if (passed >= begin_of(t, i + 1))
        i++;
    else if (passed < begin_of(t, i))
        i--;
    double part = (passed - begin_of(t, i)) / pow(t, i);
    double wave = 0.5 * pow(p->m_mul, i) * (1 + cos(acos(-1) * part));
    return p->initial_learning_rate * ((1 - p->alpha) * wave + p->alpha);
}

static double polynomial_decay(const qn_schedule *schedule, const schedule_params *p, double step)
{
    double steps = p->decay_steps;
    (void)schedule;
    if (p->cycle && step > 0)
        steps *= ceil(step / steps);
    double left = 1 - fmin(step, steps) / steps;
    return (p->initial_learning_rate - p->end_learning_rate) * pow(left, p->power) +
           p->end_learning_rate;
}

/* values[i] up to and with boundaries[i] */
static double piecewise_constant_decay(const qn_schedule *schedule, const schedule_params *p,
                                       double step)
{
    int i = 0;
    (void)p;
    while (i < schedule->count && step > schedule->boundaries[i])
        i++;
    return schedule->values[i];
}

/* ---- the lists of piecewise_constant_decay ---- */

static qn_status check_rising(qn_env *env, const double *boundaries, int count)
{
    for (int i = 1; i < count; i++)
        if (!(boundaries[i] > boundaries[i - 1]))
            return qn_fail(env, QN_ERROR_USAGE,
                           "boundaries must rise, but %g comes after %g: sort them", boundaries[i],
                           boundaries[i - 1]);
    return QN_OK;
}

static qn_status check_rates(qn_env *env, const double *values, int count, int boundaries)
{
    if (count != boundaries + 1)
        return qn_fail(env, QN_ERROR_USAGE,
                       "there are %d values for %d boundaries: give one value more than boundaries",
                       count, boundaries);
    for (int i = 0; i < count; i++)
        if (values[i] < 0)
            return qn_fail(env, QN_ERROR_USAGE, "the value %g is below 0: a learning rate is not",
                           values[i]);
    return QN_OK;
}

static qn_status read_lists(qn_env *env, const schedule_params *p, qn_schedule *schedule)
{
    int count = 0;
    QN_TRY(qn_numbers_parse(env, "boundaries", p->boundaries, &schedule->boundaries,
                            &schedule->count));
    QN_TRY(check_rising(env, schedule->boundaries, schedule->count));
    QN_TRY(qn_numbers_parse(env, "values", p->values, &schedule->values, &count));
    return check_rates(env, schedule->values, count, schedule->count);
}

static void free_lists(qn_env *env, qn_schedule *schedule)
{
    qn_free(env, schedule->boundaries);
    qn_free(env, schedule->values);
}

static qn_status check_lists(qn_env *env, const void *params)
{
    qn_schedule schedule = {0};
    qn_status status = read_lists(env, params, &schedule);
    free_lists(env, &schedule);
    return status;
}

/* A warm-up without a target would be left out in silence. */
static qn_status check_warmup(qn_env *env, const void *params)
{
    const schedule_params *p = params;
    bool target = !isnan(p->warmup_target);
    if (target == (p->warmup_steps > 0))
        return QN_OK;
    return qn_fail(
        env, QN_ERROR_USAGE,
        "a warm-up has steps and a target, but %s is given alone: give warmup_target and "
        "warmup_steps, or none",
        target ? "warmup_target" : "warmup_steps");
}

/* ---- the table ---- */

#define NUMBER(member, ...)                                                                        \
    {                                                                                              \
        .name = #member, .kind = QN_FIELD_DOUBLE, .offset = offsetof(schedule_params, member),     \
        .positional = true, __VA_ARGS__                                                            \
    }
#define AT_LEAST_ZERO .minimum = 0, .maximum = INFINITY, .open_maximum = true
#define FLAG(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = QN_FIELD_BOOL, .offset = offsetof(schedule_params, member),       \
        .positional = true                                                                         \
    }
#define LIST(member)                                                                               \
    {                                                                                              \
        .name = #member, .kind = QN_FIELD_TEXT, .offset = offsetof(schedule_params, member),       \
        .positional = true, .required = true                                                       \
    }
#define INITIAL NUMBER(initial_learning_rate, .required = true, AT_LEAST_ZERO)
#define STEPS_OF(member)                                                                           \
    NUMBER(member, .required = true, .minimum = 0, .open_minimum = true, .maximum = INFINITY,      \
           .open_maximum = true)
#define STEPS STEPS_OF(decay_steps)

static const qn_field with_decay_rate[] = {
    INITIAL, STEPS, NUMBER(decay_rate, .required = true, AT_LEAST_ZERO), FLAG(staircase)};
static const qn_field of_cosine[] = {INITIAL, STEPS, NUMBER(alpha, .minimum = 0, .maximum = 1),
                                     NUMBER(warmup_target, AT_LEAST_ZERO),
                                     NUMBER(warmup_steps, AT_LEAST_ZERO)};
static const qn_field of_restarts[] = {
    INITIAL, STEPS_OF(first_decay_steps),
    NUMBER(t_mul, .minimum = 1, .maximum = INFINITY, .open_maximum = true),
    NUMBER(m_mul, AT_LEAST_ZERO), NUMBER(alpha, .minimum = 0, .maximum = 1)};
static const qn_field of_polynomial[] = {INITIAL, STEPS, NUMBER(end_learning_rate, AT_LEAST_ZERO),
                                         NUMBER(power, AT_LEAST_ZERO), FLAG(cycle)};
static const qn_field of_pieces[] = {LIST(boundaries), LIST(values)};

#define SCHEDULE(text, class, table, checked)                                                      \
    {                                                                                              \
        .schema = {.type = class,                                                                  \
                   .name = #text,                                                                  \
                   .defaults = &defaults,                                                          \
                   .size = sizeof defaults,                                                        \
                   .fields = table,                                                                \
                   .field_count = QN_COUNT(table),                                                 \
                   .check = checked},                                                              \
        .rate = text                                                                               \
    }

static const schedule_type types[] = {
    SCHEDULE(exponential_decay, "ExponentialDecay", with_decay_rate, NULL),
    SCHEDULE(cosine_decay, "CosineDecay", of_cosine, check_warmup),
    SCHEDULE(cosine_decay_restarts, "CosineDecayRestarts", of_restarts, NULL),
    SCHEDULE(piecewise_constant_decay, "PiecewiseConstantDecay", of_pieces, check_lists),
    SCHEDULE(polynomial_decay, "PolynomialDecay", of_polynomial, NULL),
    SCHEDULE(inverse_time_decay, "InverseTimeDecay", with_decay_rate, NULL),
};

static const qn_schema *schema(int index)
{
    return index < QN_COUNT(types) ? &types[index].schema : NULL;
}

const qn_kind qn_kind_schedule = {.name = "schedule", .plural = "schedules", .schema = schema};

/* ---- */

qn_status qn_schedule_read(qn_env *env, const char *text, qn_schedule **out)
{
    qn_schedule *schedule = qn_alloc(env, sizeof *schedule);
    *out = NULL;
    if (schedule == NULL)
        return QN_ERROR_MEMORY;
    qn_status status = qn_part_read(env, &qn_kind_schedule, text, NULL, &schedule->part);
    const schedule_params *p = schedule->part.params;
    if (status == QN_OK && p->boundaries != NULL)
        status = read_lists(env, p, schedule);
    if (status != QN_OK)
        qn_schedule_free(env, &schedule);
    *out = schedule;
    return status;
}

void qn_schedule_free(qn_env *env, qn_schedule **address)
{
    qn_schedule *schedule = *address;
    if (schedule == NULL)
        return;
    free_lists(env, schedule);
    qn_part_free(env, &schedule->part);
    qn_free(env, schedule);
    *address = NULL;
}

double qn_schedule_rate(const qn_schedule *schedule, uint32_t iteration)
{
    const schedule_type *type = (const schedule_type *)schedule->part.schema;
    return type->rate(schedule, schedule->part.params, (double)iteration);
}
