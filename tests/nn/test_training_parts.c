/* SPDX-License-Identifier: Apache-2.0 */
/* Optimizers, schedules, regularizers and constraints: what their texts make, text from structs,
 * every mistake, Keras's formulas of schedules. */
#include "nn/constraints.h"
#include "nn/host.h"
#include "nn/regularizers.h"
#include "nn/schedules.h"

#include <math.h>

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return 0;
}

/* ---- texts ---- */

/* Read, written, read and written again. */
static void must_write(qn_context *ctx, const qn_kind *kind, const char *text, const char *written)
{
    for (int i = 0; i < 2; i++) {
        qn_part part;
        qn_text again = {.env = &ctx->env};
        must(ctx, qn_part_read(&ctx->env, kind, i == 0 ? text : written, NULL, &part));
        qn_params_write(&again, part.schema, part.params);
        assert_string_equal(qn_text_get(&again), written);
        qn_text_free(&again);
        qn_part_free(&ctx->env, &part);
    }
}

static void texts_read_back(void **state)
{
    static const struct {
        const qn_kind *kind;
        const char *text, *written;
    } cases[] = {
        {&qn_kind_optimizer, "sgd", "sgd"},
        {&qn_kind_optimizer, "SGD(0.1, 0.9, true)",
         "sgd(learning_rate=0.1, momentum=0.9, nesterov=true)"},
        {&qn_kind_optimizer, "sgd(0.01, 0, false, 0.1, 1)", "sgd(weight_decay=0.1, clipnorm=1)"},
        {&qn_kind_optimizer, "sgd(clipvalue=0.5)", "sgd(clipvalue=0.5)"},
        {&qn_kind_optimizer, "RMSprop(0.001, 0.8, 0.5, 0.01, true)",
         "rmsprop(rho=0.8, momentum=0.5, epsilon=0.01, centered=true)"},
        {&qn_kind_optimizer, "Adam(0.001, 0.8, 0.9, 0.1, true, 0.2)",
         "adam(beta_1=0.8, beta_2=0.9, epsilon=0.1, amsgrad=true, weight_decay=0.2)"},
        {&qn_kind_optimizer, "AdamW", "adamw"},
        {&qn_kind_optimizer, "adamw(0.1, 0.2, 0.8)",
         "adamw(learning_rate=0.1, weight_decay=0.2, beta_1=0.8)"},
        {&qn_kind_optimizer, "adam(learning_rate=cosine_decay(0.01, 1000), global_clipnorm=2)",
         "adam(learning_rate=cosine_decay(0.01, 1000), global_clipnorm=2)"},
        {&qn_kind_optimizer, "sgd(ExponentialDecay(0.1, 10, 0.5))",
         "sgd(learning_rate=ExponentialDecay(0.1, 10, 0.5))"},
        {&qn_kind_optimizer, "sgd(learning_rate=piecewise_constant_decay((1, 2), (0.3, 0.2, 0.1)))",
         "sgd(learning_rate=piecewise_constant_decay((1, 2), (0.3, 0.2, 0.1)))"},
        {&qn_kind_schedule, "ExponentialDecay(0.1, 10, 0.5, true)",
         "exponential_decay(0.1, 10, 0.5, staircase=true)"},
        {&qn_kind_schedule, "cosine_decay(0.1, 10, 0, none)", "cosine_decay(0.1, 10)"},
        {&qn_kind_schedule, "CosineDecay(0, 10, warmup_target=0.1, warmup_steps=5)",
         "cosine_decay(0, 10, warmup_target=0.1, warmup_steps=5)"},
        {&qn_kind_schedule, "cosine_decay_restarts(0.1, 10, 3)",
         "cosine_decay_restarts(0.1, 10, t_mul=3)"},
        {&qn_kind_schedule, "PiecewiseConstantDecay([1, 2], [0.3, 0.2, 0.1])",
         "piecewise_constant_decay((1, 2), (0.3, 0.2, 0.1))"},
        {&qn_kind_schedule, "polynomial_decay(0.1, 10, 0.01, 2, true)",
         "polynomial_decay(0.1, 10, end_learning_rate=0.01, power=2, cycle=true)"},
        {&qn_kind_schedule, "InverseTimeDecay(0.1, 10, 0.5)", "inverse_time_decay(0.1, 10, 0.5)"},
        {&qn_kind_regularizer, "L2", "l2"},
        {&qn_kind_regularizer, "l1(0.5)", "l1(l1=0.5)"},
        {&qn_kind_regularizer, "L1L2(0.5, 0.25)", "l1_l2(l1=0.5, l2=0.25)"},
        {&qn_kind_regularizer, "OrthogonalRegularizer(mode=columns)", "orthogonal(mode=columns)"},
        {&qn_kind_constraint, "MaxNorm", "max_norm"},
        {&qn_kind_constraint, "max_norm(3, 1)", "max_norm(max_value=3, axis=1)"},
        {&qn_kind_constraint, "NonNeg()", "non_neg"},
        {&qn_kind_constraint, "UnitNorm(axis=(0, 1))", "unit_norm(axis=(0, 1))"},
        {&qn_kind_constraint, "MinMaxNorm(0.5, 2, 0.25, -1)",
         "min_max_norm(min_value=0.5, max_value=2, rate=0.25, axis=-1)"},
    };
    for (int i = 0; i < QN_COUNT(cases); i++)
        must_write(*state, cases[i].kind, cases[i].text, cases[i].written);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const qn_kind *kind;
        const char *text, *words;
    } cases[] = {
        {&qn_kind_optimizer, "sgd(-1)", "learning_rate is -1; it must be at least 0"},
        {&qn_kind_optimizer, "sgd(momentum=2)", "momentum is 2; it must be from 0 to 1"},
        {&qn_kind_optimizer, "sgd(momentum=-0.1)", "momentum is -0.1"},
        {&qn_kind_optimizer, "sgd(nesterov=2)", "nesterov takes true or false"},
        {&qn_kind_optimizer, "sgd(weight_decay=-1)", "weight_decay is -1"},
        {&qn_kind_optimizer, "sgd(clipnorm=-1)", "clipnorm is -1"},
        {&qn_kind_optimizer, "sgd(clipvalue=-1)", "clipvalue is -1"},
        {&qn_kind_optimizer, "sgd(global_clipnorm=-1)", "global_clipnorm is -1"},
        {&qn_kind_optimizer, "sgd(clipnorm=1, clipvalue=2)",
         "sgd: more than one of clipnorm (1), clipvalue (2) and global_clipnorm (0) is given"},
        {&qn_kind_optimizer, "adam(clipvalue=1, global_clipnorm=2)", "more than one of clipnorm"},
        {&qn_kind_optimizer, "rmsprop(rho=1)", "rho is 1; it must be from 0 to 1 (excluded)"},
        {&qn_kind_optimizer, "rmsprop(rho=-0.5)", "rho is -0.5"},
        {&qn_kind_optimizer, "rmsprop(momentum=2)", "momentum is 2"},
        {&qn_kind_optimizer, "rmsprop(epsilon=-1)", "epsilon is -1"},
        {&qn_kind_optimizer, "adam(beta_1=1)", "beta_1 is 1"},
        {&qn_kind_optimizer, "adam(beta_2=-1)", "beta_2 is -1"},
        {&qn_kind_optimizer, "adamw(epsilon=-1)", "epsilon is -1"},
        {&qn_kind_optimizer, "adamw(amsgrad=x)", "amsgrad takes true or false"},
        {&qn_kind_optimizer, "sgd(learning_rate=cosine)", "a number or a name with arguments"},
        {&qn_kind_optimizer, "sgd(cosin_decay(0.1, 10))", "did you mean 'cosine_decay'?"},
        {&qn_kind_optimizer, "sgd(cosine_decay(0.1))", "cosine_decay needs decay_steps"},
        {&qn_kind_optimizer, "sgd(momentum=cosine_decay(0.1, 10))", "momentum takes a number"},
        {&qn_kind_schedule, "exponential_decay(-1, 10, 0.5)", "initial_learning_rate is -1"},
        {&qn_kind_schedule, "exponential_decay(0.1, 0, 0.5)", "decay_steps is 0"},
        {&qn_kind_schedule, "exponential_decay(0.1, 10)", "needs decay_rate"},
        {&qn_kind_schedule, "exponential_decay(0.1, 10, -0.5)", "decay_rate is -0.5"},
        {&qn_kind_schedule, "cosine_decay(0.1, 10, 2)", "alpha is 2; it must be from 0 to 1"},
        {&qn_kind_schedule, "cosine_decay(0.1, 10, -1)", "alpha is -1"},
        {&qn_kind_schedule, "cosine_decay(0.1, 10, warmup_steps=3)", "warmup_steps is given alone"},
        {&qn_kind_schedule, "cosine_decay(0.1, 10, warmup_steps=-3)", "warmup_steps is -3"},
        {&qn_kind_schedule, "cosine_decay_restarts(0.1, 0)", "first_decay_steps is 0"},
        {&qn_kind_schedule, "cosine_decay_restarts(0.1, 1, 0.5)", "t_mul is 0.5"},
        {&qn_kind_schedule, "cosine_decay_restarts(0.1, 1, 2, -1)", "m_mul is -1"},
        {&qn_kind_schedule, "polynomial_decay(0.1, 0)", "decay_steps is 0"},
        {&qn_kind_schedule, "polynomial_decay(0.1, 1, -1)", "end_learning_rate is -1"},
        {&qn_kind_schedule, "polynomial_decay(0.1, 1, 0, -1)", "power is -1"},
        {&qn_kind_schedule, "inverse_time_decay(0.1, 0, 1)", "decay_steps is 0"},
        {&qn_kind_schedule, "piecewise_constant_decay((1, 2), (0.3, 0.2))",
         "there are 2 values for 2 boundaries"},
        {&qn_kind_schedule, "piecewise_constant_decay((2, 1), (0.3, 0.2, 0.1))",
         "boundaries must rise, but 1 comes after 2"},
        {&qn_kind_schedule, "piecewise_constant_decay((1, 1), (0.3, 0.2, 0.1))",
         "boundaries must rise"},
        {&qn_kind_schedule, "piecewise_constant_decay((1,), (0.3, -0.2))", "-0.2 is below 0"},
        {&qn_kind_schedule, "piecewise_constant_decay((x,), (0.3, 0.2))", "not a finite number"},
        {&qn_kind_schedule, "piecewise_constant_decay((1,))", "needs values"},
        {&qn_kind_regularizer, "l1(-1)", "l1 is -1"},
        {&qn_kind_regularizer, "l2(-1)", "l2 is -1"},
        {&qn_kind_regularizer, "l2(inf)", "l2 is inf"},
        {&qn_kind_regularizer, "l1_l2(0, -1)", "l2 is -1"},
        {&qn_kind_regularizer, "orthogonal(-1)", "factor is -1"},
        {&qn_kind_regularizer, "orthogonal(mode=diagonal)",
         "mode is 'diagonal': it must be rows or columns"},
        {&qn_kind_regularizer, "l3", "unknown regularizer 'l3'"},
        {&qn_kind_constraint, "max_norm(-1)", "max_value is -1"},
        {&qn_kind_constraint, "min_max_norm(2, 1)", "min_value is 2: it must be at most max_value"},
        {&qn_kind_constraint, "min_max_norm(-1)", "min_value is -1"},
        {&qn_kind_constraint, "min_max_norm(rate=2)", "rate is 2; it must be from 0 to 1"},
        {&qn_kind_constraint, "min_max_norm(axis=x)", "axis is 'x': write a whole number"},
        {&qn_kind_constraint, "unit_norm(0.5)", "axis is '0.5': write a whole number"},
        {&qn_kind_constraint, "unit_norm((0, 2))", "axis is '(0, 2)'"},
        {&qn_kind_constraint, "unit_norm((1, 0))", "neighbours in order"},
        {&qn_kind_constraint, "max_norm(axis=(-1, 0))", "neighbours in order"},
        {&qn_kind_constraint, "max_norm(axis=none)", "axis is 'none'"},
        {&qn_kind_constraint, "max_norm(axis=99)", "axis is '99'"},
        {&qn_kind_constraint, "non_neg(1)", "takes no arguments"},
        {&qn_kind_constraint, "max_nrm", "did you mean 'max_norm'?"},
    };
    qn_context *ctx = *state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_part part;
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words,
                  qn_part_read(&ctx->env, cases[i].kind, cases[i].text, NULL, &part));
        assert_null(part.schema);
    }
}

/* ---- structs ---- */

static void structs_are_taken(void **state)
{
    qn_context *ctx = *state;
    const struct {
        const qn_spec *spec;
        const char *written;
    } cases[] = {
        {qn_sgd(.momentum = 0.5, .nesterov = true), "sgd(momentum=0.5, nesterov=true)"},
        {qn_rmsprop(.rho = 0), "rmsprop(rho=0)"},
        {qn_adam(.amsgrad = true, .clipnorm = 1), "adam(amsgrad=true, clipnorm=1)"},
        {qn_adamw(.weight_decay = 0), "adamw(weight_decay=0)"},
        {qn_adam(.learning_rate = 3, .learning_rate_schedule = "cosine_decay(0.1, 10)"),
         "adam(learning_rate=cosine_decay(0.1, 10))"},
    };
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_part part;
        qn_text text = {.env = &ctx->env};
        must(ctx, qn_part_read(&ctx->env, &qn_kind_optimizer, NULL, cases[i].spec, &part));
        qn_params_write(&text, part.schema, part.params);
        assert_string_equal(qn_text_get(&text), cases[i].written);
        qn_text_free(&text);
        qn_part_free(&ctx->env, &part);
    }
    qn_part part;
    must_fail(ctx, QN_ERROR_USAGE, "momentum is 1.5",
              qn_part_read(&ctx->env, &qn_kind_optimizer, NULL, qn_sgd(.momentum = 1.5), &part));
    must_fail(
        ctx, QN_ERROR_USAGE, "learning_rate is nan",
        qn_part_read(&ctx->env, &qn_kind_optimizer, NULL, qn_adam(.learning_rate = NAN), &part));
}

/* ---- state ---- */

static void slots_have_names(void **state)
{
    static const struct {
        const char *text;
        int count;
        const char *names[3];
    } cases[] = {
        {"sgd", 0, {NULL}},
        {"sgd(nesterov=true)", 0, {NULL}},
        {"sgd(momentum=0.9)", 1, {"momentum"}},
        {"rmsprop", 1, {"velocity"}},
        {"rmsprop(momentum=0.5)", 2, {"velocity", "momentum"}},
        {"rmsprop(centered=true)", 2, {"velocity", "average"}},
        {"rmsprop(momentum=0.5, centered=true)", 3, {"velocity", "momentum", "average"}},
        {"adam", 2, {"momentum", "velocity"}},
        {"adamw(amsgrad=true)", 3, {"momentum", "velocity", "velocity_max"}},
    };
    qn_context *ctx = *state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_part part;
        must(ctx, qn_part_read(&ctx->env, &qn_kind_optimizer, cases[i].text, NULL, &part));
        const qn_optimizer_type *type = (const qn_optimizer_type *)part.schema;
        assert_int_equal(type->slots(part.params), cases[i].count);
        for (int slot = 0; slot < cases[i].count; slot++)
            assert_string_equal(type->slot_name(part.params, slot), cases[i].names[slot]);
        qn_part_free(&ctx->env, &part);
    }
}

/* ---- rows of the step table ---- */

/* Rate with bias correction and decay, of numbers and of schedules. */
static void rows_have_rate_and_decay(void **state)
{
    static const struct {
        const char *optimizer;
        uint32_t step;
        double rate, decay;
    } cases[] = {
        {"sgd(0.25)", 7, 0.25, 0},
        {"sgd(0.25, weight_decay=0.5)", 7, 0.25, 0.125},
        {"adam(0.25)", 0, 0.25 * 0.031622776601683791 / 0.1, 0},
        {"adamw(0.25, 0.5, 0.5, 0.75)", 1, 0.25 * 0.6614378277661477 / 0.75, 0.125},
        {"sgd(exponential_decay(0.5, 10, 0.5), weight_decay=0.5)", 20, 0.125, 0.0625},
    };
    qn_context *ctx = *state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *model = model_of(ctx, "dense(3, input_shape=(4,))");
        qn_step_row row = {.step = cases[i].step};
        must(ctx, qn_compile(model, .optimizer = cases[i].optimizer, .loss = "mse"));
        qn_model_fill_row(model, &row);
        assert_float_equal(row.rate, cases[i].rate, 1e-6 * cases[i].rate);
        assert_float_equal(row.decay, cases[i].decay, 1e-6 * cases[i].decay);
        qn_model_destroy(&model);
    }
}

/* ---- schedules ---- */

static void must_give(qn_context *ctx, const char *text, int count, const double *steps_and_rates)
{
    qn_schedule *schedule = NULL;
    must(ctx, qn_schedule_read(&ctx->env, text, &schedule));
    for (int i = 0; i < count; i++) {
        double rate = qn_schedule_rate(schedule, (uint32_t)steps_and_rates[2 * i]);
        if (!(fabs(rate - steps_and_rates[2 * i + 1]) <= 1e-12))
            fail_msg("%s at step %g is %.17g instead of %.17g", text, steps_and_rates[2 * i], rate,
                     steps_and_rates[2 * i + 1]);
    }
    qn_schedule_free(&ctx->env, &schedule);
    assert_null(schedule);
}

#define GIVES(text, ...)                                                                           \
    must_give(ctx, text, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double) / 2),              \
              (const double[]){__VA_ARGS__})

static void schedules_follow_their_formulas(void **state)
{
    qn_context *ctx = *state;
    GIVES("exponential_decay(0.5, 10, 0.25)", 0, 0.5, 5, 0.25, 10, 0.125, 20, 0.03125);
    GIVES("exponential_decay(0.5, 10, 0.25, staircase=true)", 0, 0.5, 9, 0.5, 10, 0.125, 19, 0.125);
    GIVES("inverse_time_decay(0.5, 10, 2)", 0, 0.5, 5, 0.25, 10, 0.5 / 3);
    GIVES("inverse_time_decay(0.5, 10, 2, true)", 9, 0.5, 10, 0.5 / 3, 19, 0.5 / 3);
    GIVES("cosine_decay(0.5, 10)", 0, 0.5, 5, 0.25, 10, 0, 99, 0);
    GIVES("cosine_decay(0.5, 10, 0.5)", 0, 0.5, 5, 0.375, 10, 0.25, 99, 0.25);
    GIVES("cosine_decay(0.1, 10, 0, 0.5, 4)", 0, 0.1, 2, 0.3, 4, 0.5, 9, 0.25, 14, 0, 99, 0);
    GIVES("cosine_decay_restarts(0.5, 4)", 0, 0.5, 2, 0.25, 4, 0.5, 8, 0.25, 12, 0.5, 20, 0.25, 28,
          0.5);
    GIVES("cosine_decay_restarts(0.5, 4, 1, 0.5)", 2, 0.25, 4, 0.25, 6, 0.125, 8, 0.125);
    GIVES("cosine_decay_restarts(0.5, 4, 2, 0.5, 0.5)", 0, 0.5, 2, 0.375, 4, 0.375, 8, 0.3125);
    GIVES("polynomial_decay(0.5, 10, 0.1)", 0, 0.5, 5, 0.3, 10, 0.1, 99, 0.1);
    GIVES("polynomial_decay(0.5, 10, 0.1, 2)", 0, 0.5, 5, 0.2, 10, 0.1);
    GIVES("polynomial_decay(0.5, 10, 0.1, cycle=true)", 0, 0.5, 10, 0.1, 15, 0.2, 20, 0.1);
    GIVES("piecewise_constant_decay((3, 5), (1, 0.5, 0.25))", 0, 1, 3, 1, 4, 0.5, 5, 0.5, 6, 0.25,
          4294967295.0, 0.25);
    GIVES("piecewise_constant_decay(3, (1, 0.5))", 3, 1, 4, 0.5);
}

/* ---- names and fits ---- */

static void names_are_listed(void **state)
{
    static const struct {
        const char *kind, *names;
    } cases[] = {
        {"optimizer", "sgd rmsprop adam adamw "},
        {"regularizer", "l1 l2 l1_l2 orthogonal "},
        {"constraint", "max_norm non_neg unit_norm min_max_norm "},
        {"schedule", "exponential_decay cosine_decay cosine_decay_restarts "
                     "piecewise_constant_decay polynomial_decay inverse_time_decay "},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        char found[256] = "";
        for (int k = 0; qn_names(cases[i].kind, k); k++) {
            strcat(found, qn_names(cases[i].kind, k));
            strcat(found, " ");
        }
        assert_string_equal(found, cases[i].names);
    }
}

static void shapes_are_checked(void **state)
{
    static const struct {
        const char *layers, *words;
    } cases[] = {
        {"dense(3, kernel_constraint=max_norm(axis=2), input_shape=(4,))",
         "dense/kernel has the shape (4, 3): there is no axis 2 for the constraint max_norm"},
        {"dense(3, kernel_constraint=unit_norm((1, 2)), input_shape=(4,))", "no axis 2"},
        {"dense(3, bias_constraint=unit_norm(axis=-2), input_shape=(4,))", "no axis -2"},
        {"dense(3, bias_regularizer=orthogonal, input_shape=(4,))", "takes matrices only"},
        {"dense(1, kernel_regularizer=orthogonal(mode=columns), input_shape=(4,))",
         "needs two vectors at least"},
        {"dense(3, activity_regularizer=orthogonal, input_shape=(4,))",
         "write orthogonal(mode=columns)"},
        {"dense(3, kernel_regularizer=l2(-1), input_shape=(4,))", "l2 is -1"},
    };
    qn_context *ctx = *state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *model = NULL;
        must(ctx, qn_sequential(ctx, &model));
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words, qn_add_text(model, cases[i].layers));
        qn_model_destroy(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(texts_read_back, setup),
        cmocka_unit_test_setup(mistakes_are_named, setup),
        cmocka_unit_test_setup(structs_are_taken, setup),
        cmocka_unit_test_setup(slots_have_names, setup),
        cmocka_unit_test_setup(rows_have_rate_and_decay, setup),
        cmocka_unit_test_setup(schedules_follow_their_formulas, setup),
        cmocka_unit_test(names_are_listed),
        cmocka_unit_test_setup(shapes_are_checked, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
