/* SPDX-License-Identifier: Apache-2.0 */
/* Updates of a storage: every optimizer with its options, clipped gradients, weight decay; against
 * double. */
#include "trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { STEPS = 5 };

typedef enum algorithm { SGD, RMSPROP, ADAM } algorithm;

typedef struct options {
    const char *name;
    algorithm algorithm;
    qn_update_rule rule;
    double momentum;       /* sgd, rmsprop */
    bool nesterov;         /* sgd */
    double rho;            /* rmsprop */
    bool centered;         /* rmsprop */
    double beta_1, beta_2; /* adam */
    bool amsgrad;          /* adam */
    double epsilon;
    int slots;
    const char *plan; /* what the plan's text must hold */
} options;

static qn_value *make(qn_storage *storage, qn_value *const *g, qn_value *latch, const void *given)
{
    const options *o = given;
    if (o->algorithm == SGD)
        return qn_op_sgd(storage, 2, g, latch, o->rule, o->momentum, o->nesterov);
    if (o->algorithm == RMSPROP)
        return qn_op_rmsprop(storage, 2, g, latch, o->rule, o->rho, o->momentum, o->epsilon,
                             o->centered);
    return qn_op_adam(storage, 2, g, latch, o->rule, o->beta_1, o->beta_2, o->epsilon, o->amsgrad);
}

static double norm(const double *x, int count)
{
    double square = 0;
    for (int i = 0; i < count; i++)
        square += x[i] * x[i];
    return sqrt(square);
}

static void clip(const qn_update_rule *rule, double *g)
{
    double limit = rule->limit;
    double of[3] = {norm(g, A), norm(g + A, C), norm(g, ALL)};
    for (int i = 0; i < ALL; i++) {
        if (rule->clip == QN_CLIP_VALUE)
            g[i] = fmin(fmax(g[i], -limit), limit);
        else if (rule->clip == QN_CLIP_NORM)
            g[i] *= limit / fmax(of[i >= A], limit);
        else if (rule->clip == QN_CLIP_GLOBAL_NORM)
            g[i] *= limit / fmax(of[2], limit);
    }
}

typedef struct slots {
    double first, second, third;
} slots;

/* One step of Keras's formulas for an element. */
static double change(const options *o, double g, double rate, slots *s)
{
    if (o->algorithm == SGD) {
        s->first = o->momentum * s->first - rate * g;
        return o->nesterov ? o->momentum * s->first - rate * g : s->first;
    }
    if (o->algorithm == RMSPROP) {
        s->first = o->rho * s->first + (1 - o->rho) * g * g;
        s->second = o->rho * s->second + (1 - o->rho) * g;
        double v = s->first - (o->centered ? s->second * s->second : 0);
        s->third = o->momentum * s->third + rate * g / sqrt(v + o->epsilon);
        return -s->third;
    }
    s->first += (g - s->first) * (1 - o->beta_1);
    s->second += (g * g - s->second) * (1 - o->beta_2);
    s->third = fmax(s->third, s->second);
    return -rate * s->first / (sqrt(o->amsgrad ? s->third : s->second) + o->epsilon);
}

static void expect_step(const options *o, trainer *t, slots *s, qn_step_row row)
{
    double g[ALL];
    for (int i = 0; i < ALL; i++)
        g[i] = i < A ? 2 * t->expected[i] : 1;
    clip(&o->rule, g);
    for (int i = 0; i < ALL; i++) {
        double decayed = o->rule.decays ? (double)row.decay * t->expected[i] : 0;
        t->expected[i] += change(o, g[i], (double)row.rate, &s[i]) - decayed;
    }
}

static void assert_plan_tells(trainer *t, const char *wanted)
{
    qn_text text = {.env = t->graph->env};
    qn_plan_request request = {.graph = t->graph,
                               .device = t->ctx->device[0],
                               .batch = RIG_BATCH,
                               .update_count = 1,
                               .update = &t->update,
                               .stop_after = "schedule"};
    trainer_succeed(t->ctx, qn_plan_dot(&request, &text));
    if (!strstr(qn_text_get(&text), wanted))
        fail_msg("the plan does not tell '%s': %s", wanted, qn_text_get(&text));
    qn_text_free(&text);
}

/* A few steps, then a latched one, which changes nothing. */
static void train(qn_context *ctx, const options *o)
{
    trainer t = trainer_begin(ctx, o->slots, make, o);
    slots s[ALL] = {{0}};
    trainer_plan(&t);
    if (o->plan)
        assert_plan_tells(&t, o->plan);
    for (int i = 0; i < STEPS; i++) {
        qn_step_row row = {.rate = 0.125f / (float)(i + 1), .decay = 0.0625f};
        trainer_step(&t, row);
        expect_step(o, &t, s, row);
    }
    trainer_assert(&t);
    trainer_latch(&t);
    trainer_step(&t, (qn_step_row){.rate = 1, .decay = 0.5f});
    trainer_assert(&t);
    trainer_finish(&t);
}

static const options all[] = {
    {.name = "sgd", .algorithm = SGD},
    {.name = "momentum", .algorithm = SGD, .momentum = 0.9, .slots = 1, .plan = "momentum 0.9"},
    {.name = "nesterov",
     .algorithm = SGD,
     .momentum = 0.9,
     .nesterov = true,
     .slots = 1,
     .plan = "nesterov"},
    {.name = "rmsprop", .algorithm = RMSPROP, .rho = 0.9, .epsilon = 1e-3, .slots = 1},
    {.name = "rmsprop with momentum",
     .algorithm = RMSPROP,
     .rho = 0.9,
     .momentum = 0.5,
     .epsilon = 1e-3,
     .slots = 2},
    {.name = "rmsprop centered",
     .algorithm = RMSPROP,
     .rho = 0.5,
     .epsilon = 1e-2,
     .centered = true,
     .slots = 2,
     .plan = "centered"},
    {.name = "rmsprop with all",
     .algorithm = RMSPROP,
     .rho = 0.5,
     .momentum = 0.5,
     .epsilon = 1e-2,
     .centered = true,
     .slots = 3,
     .rule = {.decays = true}},
    {.name = "adam",
     .algorithm = ADAM,
     .beta_1 = 0.9,
     .beta_2 = 0.999,
     .epsilon = 1e-7,
     .slots = 2},
    {.name = "amsgrad",
     .algorithm = ADAM,
     .beta_1 = 0.9,
     .beta_2 = 0.5,
     .epsilon = 1e-7,
     .amsgrad = true,
     .slots = 3,
     .plan = "amsgrad"},
    {.name = "adamw",
     .algorithm = ADAM,
     .beta_1 = 0.9,
     .beta_2 = 0.999,
     .epsilon = 1e-7,
     .slots = 2,
     .rule = {.decays = true},
     .plan = "weight decay"},
    {.name = "clipvalue",
     .algorithm = SGD,
     .rule = {QN_CLIP_VALUE, 0.5, false},
     .plan = "clipvalue 0.5"},
    {.name = "clipnorm", .algorithm = SGD, .rule = {QN_CLIP_NORM, 1, false}, .plan = "clipnorm 1"},
    {.name = "clipnorm of one", .algorithm = SGD, .rule = {QN_CLIP_NORM, 2.5, false}},
    {.name = "clipnorm of none", .algorithm = SGD, .rule = {QN_CLIP_NORM, 1000, false}},
    {.name = "global_clipnorm",
     .algorithm = SGD,
     .rule = {QN_CLIP_GLOBAL_NORM, 1, false},
     .plan = "global_clipnorm 1"},
    {.name = "clipnorm with momentum and decay",
     .algorithm = SGD,
     .momentum = 0.5,
     .slots = 1,
     .rule = {QN_CLIP_NORM, 1, true}},
};

static void optimizers(void **state)
{
    for (int i = 0; i < QN_COUNT(all); i++) {
        print_message("%s\n", all[i].name);
        train(*state, &all[i]);
    }
}

/* Clipping costs two launches more, whatever the number of variables. */
static void launches(void **state)
{
    static const qn_clip clips[] = {QN_CLIP_NONE, QN_CLIP_VALUE, QN_CLIP_NORM, QN_CLIP_GLOBAL_NORM};
    size_t count[QN_COUNT(clips)];
    for (int i = 0; i < QN_COUNT(clips); i++) {
        options o = {.algorithm = SGD, .rule = {clips[i], 1, false}};
        trainer t = trainer_begin(*state, 0, make, &o);
        trainer_plan(&t);
        count[i] = qn_plan_steps(t.plan)->count;
        trainer_finish(&t);
    }
    assert_int_equal(count[1], count[0] + 1);
    assert_int_equal(count[2], count[0] + 2);
    assert_int_equal(count[3], count[0] + 2);
}

/* ---- mistakes ---- */

static void mistake(qn_context *ctx, int count, int first, const char *expected)
{
    trainer t = {.ctx = ctx};
    trainer_declare(&t, 0);
    qn_value *x[2] = {qn_graph_add_variable(t.graph, t.a), qn_graph_add_variable(t.graph, t.c)};
    qn_value *turned[2] = {x[first], x[1 - first]};
    assert_null(qn_op_sgd(t.storage, count, turned, t.latch_value, (qn_update_rule){0}, 0, false));
    if (!strstr(qn_error(ctx), expected))
        fail_msg("the mistake reads '%s', without '%s'", qn_error(ctx), expected);
    trainer_finish(&t);
}

static void mistakes(void **state)
{
    mistake(*state, 0, 0, "sgd: there is no trainable variable");
    mistake(*state, 1, 0, "sgd: 1 gradients were given for 2 trainable variables");
    mistake(*state, 2, 1, "the gradient of 'a' has shape (5,) where (3, 4) is needed");
}

/* Slots that are missing are a bug of the caller, told before a launch. */
static void missing_slots(void **state)
{
    const options o = {.algorithm = ADAM, .beta_1 = 0.9, .beta_2 = 0.999, .amsgrad = true};
    trainer t = trainer_begin(*state, 2, make, &o);
    assert_int_equal(trainer_try_plan(&t), QN_ERROR_INTERNAL);
    assert_non_null(strstr(qn_error(t.ctx), "adam: the storage has 2 slots where 3 are needed"));
    trainer_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimizers),
        cmocka_unit_test(launches),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(missing_slots),
    };
    return cmocka_run_group_tests(tests, rig_open, rig_close);
}
