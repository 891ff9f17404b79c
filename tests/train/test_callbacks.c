/* SPDX-License-Identifier: Apache-2.0 */
/* What callbacks decide, on results that are written down: a hook gives each epoch its "score". */
#include "train/fixture.h"
#include <math.h>
#include <stdio.h>

#define LAYERS "dense(4, sigmoid), dense(3, softmax)"
#define LOSS "categorical_crossentropy"
#define MOST_EPOCHS 12

static problem data;
static qn_context *ctx;

typedef struct script {
    const double *score; /* of each epoch */
    double rate[MOST_EPOCHS];
    float weights[MOST_EPOCHS][MAX_WEIGHTS / 16];
    size_t weight_count;
} script;

/* Before the callback under test: the score. */
static qn_status give_score(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    script *s = user;

    strcpy(logs->item[logs->count].name, "score");
    logs->item[logs->count++].value = s->score[epoch];
    s->weight_count = weights_read(model, s->weights[epoch]);
    return QN_OK;
}

/* After it: the learning rate that it left. */
static qn_status note_rate(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    script *s = user;

    (void)logs;
    return qn_get_learning_rate(model, &s->rate[epoch]);
}

static qn_model *make(void)
{
    return model_make(ctx, LAYERS, "sgd(learning_rate=0.1)", LOSS);
}

static qn_status fit_scripted(qn_model *model, script *s, int64_t epochs, const qn_spec *tested)
{
    const qn_spec *specs[] = {qn_callback(.on_epoch_end = give_score, .user = s), tested,
                              qn_callback(.on_epoch_end = note_rate, .user = s), NULL};

    return qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32), .epochs = epochs,
                  .callback_specs = specs);
}

/* ---- early stopping ---- */

#define STOP(...)                                                                                  \
    ((qn_early_stopping_params){.spec = {sizeof(qn_early_stopping_params), "EarlyStopping"},       \
                                QN_EARLY_STOPPING_DEFAULTS(QN_DEFAULT_).monitor = "score",         \
                                .mode = "min",                                                     \
                                __VA_ARGS__})

static void stops_early(void **in)
{
    const struct {
        double score[8];
        int64_t epochs, wanted;
        qn_early_stopping_params params;
    } cases[] = {
        {{1, .9, .8, .8, .8}, 5, 4, STOP(.patience = 0)},
        {{1, .9, .95, .94, .93}, 5, 4, STOP(.patience = 2)},
        {{1, .9, .95, .94, .8}, 5, 5, STOP(.patience = 3)},
        {{1, .95, .85, .8, .74}, 5, 5, STOP(.patience = 2, .min_delta = .1)},
        {{1, .95, .85, .8, .76}, 5, 5, STOP(.patience = 2, .min_delta = .1)},
        {{1, .95, .85, .8, .76, .7}, 6, 5, STOP(.patience = 2, .min_delta = -.1)},
        {{.5, .6, .6, .6, .7}, 5, 4, STOP(.patience = 2, .mode = "max")},
        /* What improves without reaching the baseline waits, but does not end. */
        {{1, .9, .8, .7, .6}, 5, 5, STOP(.patience = 2, .baseline = .5)},
        {{1, .9, .8, .85, .6}, 5, 4, STOP(.patience = 2, .baseline = .5)},
        {{1, .4, .45, .45, .45}, 5, 4, STOP(.patience = 2, .baseline = .5)},
        {{1, 2, 3, 4, 5, 6}, 6, 5, STOP(.patience = 1, .start_from_epoch = 3)},
        /* The first epoch never ends it; what is not finite never improves. */
        {{NAN, 1, 1}, 3, 3, STOP(.patience = 0)},
        {{NAN, NAN, 1}, 3, 2, STOP(.patience = 0)},
        {{1, INFINITY, NAN, 0}, 4, 3, STOP(.patience = 2)},
    };

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        static script s;
        qn_model *model = make();

        s.score = cases[i].score;
        must(ctx, fit_scripted(model, &s, cases[i].epochs, &cases[i].params.spec));
        if (qn_history_epochs(model) != cases[i].wanted)
            fail_msg("case %d: %d epochs instead of %d", i, (int)qn_history_epochs(model),
                     (int)cases[i].wanted);
        assert_int_equal(qn_model_epochs(model), cases[i].wanted);
        qn_model_destroy(&model);
    }
}

static void restores_the_best_weights(void **in)
{
    static const struct {
        double score[6];
        int64_t patience;
        int best;
    } cases[] = {
        {{3, 1, 2, 2, 2}, 2, 1},         /* ended early */
        {{3, 2, 1, 2, 2}, 50, 2},        /* not: all the same */
        {{NAN, NAN, NAN, NAN, 0}, 3, 0}, /* no best: the first */
    };
    static script s;

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *model = make();
        float weights[MAX_WEIGHTS];
        size_t count;

        s.score = cases[i].score;
        must(ctx, fit_scripted(model, &s, 5,
                               qn_early_stopping(.monitor = "score", .mode = "min",
                                                 .patience = cases[i].patience,
                                                 .restore_best_weights = true)));
        count = weights_read(model, weights);
        assert_int_equal(count, s.weight_count);
        assert_memory_equal(weights, s.weights[cases[i].best], count * sizeof(float));
        assert_memory_not_equal(weights, s.weights[cases[i].best + 1], count * sizeof(float));
        qn_model_destroy(&model);
    }
}

/* ---- learning rates ---- */

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-12))
        fail_msg("%.17g instead of %.17g", value, wanted);
}

#define REDUCE(...)                                                                                \
    ((qn_reduce_lr_on_plateau_params){                                                             \
        .spec = {sizeof(qn_reduce_lr_on_plateau_params), "ReduceLROnPlateau"},                     \
        QN_REDUCE_LR_ON_PLATEAU_DEFAULTS(QN_DEFAULT_).monitor = "score",                           \
        .mode = "min",                                                                             \
        __VA_ARGS__})

static void reduces_the_rate_on_plateaus(void **in)
{
    const struct {
        double score[6], rate[6]; /* after each epoch */
        qn_reduce_lr_on_plateau_params params;
    } cases[] = {
        {{1, 1, 1, 1, .5, .5},
         {.1, .05, .025, .0125, .0125, .00625},
         REDUCE(.factor = .5, .patience = 1)},
        {{1, 1, 1, 1, 1, 1},
         {.1, .05, .05, .025, .025, .0125},
         REDUCE(.factor = .5, .patience = 1, .cooldown = 2)},
        {{1, 1, 1, 1, 1, 1}, {.1, .1, .01, .01, .001, .001}, REDUCE(.patience = 2)},
        {{1, 1, 1, 1, 1, 1}, {.1, .03, .03, .03, .03, .03}, REDUCE(.patience = 1, .min_lr = .03)},
        {{1, .99995, .9998, .9998, 0, 0},
         {.1, .05, .05, .025, .025, .0125},
         REDUCE(.factor = .5, .patience = 1)},
        {{1, 2, 3, 3, 4, 4},
         {.1, .1, .1, .05, .05, .025},
         REDUCE(.factor = .5, .patience = 1, .mode = "max")},
        {{1, 1, NAN, 1, 0, 1}, {.1, .1, .05, .05, .05, .05}, REDUCE(.factor = .5, .patience = 2)},
        {{1, .5, 1, 1, 1, 1},
         {.1, .05, .025, .0125, .00625, .003125},
         REDUCE(.factor = .5, .patience = 0, .min_delta = 3)},
    };
    static script s;

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_model *model = make();

        s.score = cases[i].score;
        must(ctx, fit_scripted(model, &s, 6, &cases[i].params.spec));
        for (int e = 0; e < 6; e++) {
            double told;

            assert_near(s.rate[e], cases[i].rate[e]);
            /* The history has the epoch's own rate. */
            assert_true(qn_history_get(model, "learning_rate", e, &told));
            assert_near(told, e > 0 ? cases[i].rate[e - 1] : .1);
        }
        qn_model_destroy(&model);
    }
}

static double halve(void *user, int64_t epoch, double rate)
{
    ++*(int *)user;
    return epoch == 0 ? rate : rate / 2;
}

static void schedules_rates_by_epoch(void **in)
{
    qn_model *model = make(), *text = make();
    int calls = 0;
    double rate, other;

    (void)in;
    must(ctx, qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32), .epochs = 4,
                     .callback_specs = (const qn_spec *const[]){
                         qn_learning_rate_scheduler(.schedule = halve, .user = &calls), NULL}));
    assert_int_equal(calls, 4);
    must(ctx, qn_fit(text, .x = problem_x(&data, 32), .y = problem_y(&data, 32), .epochs = 4,
                     .callbacks = "learning_rate_scheduler(exponential_decay(0.1, 1, 0.5))"));
    for (int e = 0; e < 4; e++) {
        assert_true(qn_history_get(model, "learning_rate", e, &rate));
        assert_near(rate, .1 / (1 << e));
        assert_true(qn_history_get(text, "learning_rate", e, &other));
        assert_near(other, rate);
    }
    must(ctx, qn_get_learning_rate(model, &rate));
    assert_near(rate, .1 / 8);
    assert_same_weights(model, text);
    qn_model_destroy(&model);
    qn_model_destroy(&text);
}

/* ---- what is monitored ---- */

/* Every result is the epoch's number: all rise. */
static qn_status let_all_rise(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    (void)user, (void)model;
    for (int i = 0; i < logs->count; i++)
        logs->item[i].value = (double)epoch;
    return QN_OK;
}

/* Whether that is better follows from the name. */
static void knows_which_way_is_better(void **in)
{
    static const struct {
        const char *monitor, *mode;
        int64_t epochs;
    } cases[] = {
        {"loss", "auto", 2},     {"val_loss", "auto", 2},     {"loss", "max", 4},
        {"accuracy", "auto", 4}, {"val_accuracy", "auto", 4}, {"val_accuracy", "min", 2},
        {"mse", "auto", 2},      {"val_mse", "auto", 2},
    };
    qn_model *model = make();

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        must(ctx,
             qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32), .epochs = 4,
                    .validation_split = 0.25, .metrics = "accuracy, mean_squared_error(name=mse)",
                    .callback_specs = (const qn_spec *const[]){
                        qn_callback(.on_epoch_end = let_all_rise),
                        qn_early_stopping(.monitor = cases[i].monitor, .mode = cases[i].mode),
                        NULL}));
        assert_int_equal(qn_history_epochs(model), cases[i].epochs);
    }
    qn_model_destroy(&model);
}

static void refuses_what_cannot_be(void **in)
{
    static const struct {
        const char *callbacks, *words;
    } cases[] = {
        {"early_stoping", "did you mean 'early_stopping'"},
        {"early_stopping(patience=-1)", "patience is -1; it must be at least 0"},
        {"early_stopping(start_from_epoch=-1)", "start_from_epoch is -1"},
        {"early_stopping(mode=up)", "mode is 'up': it must be auto, min or max"},
        {"early_stopping(verbose=2)", "verbose is 2; it must be from 0 to 1"},
        {"early_stopping(monitor=none)", "name a result"},
        {"early_stopping", "no result 'val_loss' to monitor: the results are loss, accuracy; give "
                           "validation data"},
        {"early_stopping(monitor=los)", "no result 'los'"},
        {"reduce_lr_on_plateau(monitor=loss, factor=1)",
         "factor is 1; it must be from 0 (excluded) to 1 (excluded)"},
        {"reduce_lr_on_plateau(monitor=loss, factor=0)", "factor is 0"},
        {"reduce_lr_on_plateau(monitor=loss, patience=-2)", "patience is -2"},
        {"reduce_lr_on_plateau(monitor=loss, cooldown=-1)", "cooldown is -1"},
        {"reduce_lr_on_plateau(monitor=loss, min_lr=-1)", "min_lr is -1; it must be at least 0"},
        {"reduce_lr_on_plateau", "the results are loss, accuracy, learning_rate"},
        {"reduce_lr_on_plateau(monitor=learning_rate)", "give mode=min or mode=max"},
        {"learning_rate_scheduler", "it has no schedule"},
        {"learning_rate_scheduler(exponential)", "unknown schedule"},
        {"model_checkpoint", "needs filepath"},
        {"model_checkpoint(m.quern, save_best_only=true)", "no result 'val_loss'"},
        {"model_checkpoint(m.quern, save_freq=10)", "after epochs only"},
        {"model_checkpoint(\"{val_loss:.2f}\")", "no such result"},
        {"model_checkpoint(\"{loss:d}\")", "whole number"},
        {"model_checkpoint(\"{epoch:x}\")", "no right field at \"{epoch:x}\""},
        {"model_checkpoint(\"{loss:.3}\")", "no right field"},
        {"model_checkpoint(\"{epoch:999}\")", "no right field"},
        {"model_checkpoint(\"{epoch\")", "no right field"},
        {"model_checkpoint(\"a}\")", "no right field"},
        {"csv_logger", "needs filename"},
        {"csv_logger(log.csv, separator=\";;\")", "separator is \";;\""},
        {"tensorboard(\"\")", "log_dir is empty"},
        {"tensorboard(logs, histogram_freq=-1)", "histogram_freq is -1"},
        {"tensorboard(logs, update_freq=0)", "update_freq is 0: it must be epoch, batch, or"},
        {"tensorboard(logs, update_freq=10s)", "update_freq is 10s"},
        {"tensorboard(logs, update_freq=99999999999)", "from 1 to 2147483647"},
        {"callback", "it has no function"},
        {"monitor=loss", "is no list of names"},
        {"terminate_on_nan, early_stopping(", "expected"},
    };
    qn_model *model = make(), *scheduled;
    uint64_t launches = qn_device_count_of(model->device)->launches;

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++)
        must_fail(ctx, QN_ERROR_USAGE, cases[i].words,
                  qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32),
                         .callbacks = cases[i].callbacks));
    must_fail(ctx, QN_ERROR_IO, "/dev/null",
              qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32),
                     .callbacks = "model_checkpoint(/dev/null/m.quern)"));
    must_fail(ctx, QN_ERROR_USAGE, "unknown callback 'Dense'",
              qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32),
                     .callback_specs = (const qn_spec *const[]){qn_dense(3), NULL}));
    must_fail(
        ctx, QN_ERROR_USAGE, "both a function and a schedule",
        qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32),
               .callback_specs = (const qn_spec *const[]){
                   qn_learning_rate_scheduler(.schedule = halve, .schedule_text = "x"), NULL}));
    scheduled = model_make(ctx, LAYERS, NULL, NULL);
    must(ctx, qn_compile(scheduled, .loss = LOSS,
                         .optimizer_spec =
                             qn_sgd(.learning_rate_schedule = "exponential_decay(0.1, 9, 0.5)")));
    must_fail(ctx, QN_ERROR_USAGE, "follows a schedule",
              qn_fit(scheduled, .x = problem_x(&data, 32), .y = problem_y(&data, 32),
                     .callbacks = "reduce_lr_on_plateau(monitor=loss)"));
    assert_int_equal(qn_device_count_of(model->device)->launches, launches);
    assert_int_equal(qn_history_epochs(model), 0);
    qn_model_destroy(&scheduled);
    qn_model_destroy(&model);
}

/* A score that a hook may give is looked for when it must be there. */
static void misses_a_score_that_no_hook_gave(void **in)
{
    qn_model *model = make();
    static const double score[] = {1, 2};
    static script s = {.score = score};

    (void)in;
    must_fail(ctx, QN_ERROR_USAGE,
              "no result 'scores' to monitor: the results are loss, accuracy, "
              "score",
              fit_scripted(model, &s, 2, qn_early_stopping(.monitor = "scores", .mode = "min")));
    must_fail(ctx, QN_ERROR_USAGE, "give mode=min or mode=max",
              fit_scripted(model, &s, 2, qn_early_stopping(.monitor = "score")));
    qn_model_destroy(&model);
}

static void names_its_callbacks(void **in)
{
    (void)in;
    assert_string_equal(qn_names("callback", 0), "early_stopping");
    assert_string_equal(qn_nearest_name("callback", "csvlogger"), "csv_logger");
}

static void keep_text(void *user, const char *text)
{
    snprintf(user, 200, "%s", text);
}

/* The list is copied as it is written; one of the same type is refused or replaced. */
static void adds_one_to_a_list(void **in)
{
    static const struct {
        const char *list, *wanted; /* wanted NULL: refused */
        bool replace;
    } cases[] = {
        {NULL, "csv_logger(\"a b.csv\")", false},
        {"early_stopping(loss, patience=2)",
         "early_stopping(loss, patience=2), csv_logger(\"a b.csv\")", false},
        {"CSVLogger(x), terminate_on_nan", NULL, false},
        {"CSVLogger(x), terminate_on_nan", "terminate_on_nan, csv_logger(\"a b.csv\")", true},
    };
    char text[200];

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_status status = qn_callbacks_with(ctx, cases[i].list, qn_csv_logger("a b.csv"),
                                             cases[i].replace, keep_text, text);

        assert_int_equal(status, cases[i].wanted ? QN_OK : QN_ERROR_USAGE);
        if (cases[i].wanted)
            assert_string_equal(text, cases[i].wanted);
        else
            assert_non_null(strstr(qn_error(ctx), "have a csv_logger: leave one out"));
    }
    must_fail(ctx, QN_ERROR_USAGE, "expected",
              qn_callbacks_with(ctx, "csv_logger(", qn_csv_logger("b"), true, keep_text, text));
    must_fail(
        ctx, QN_ERROR_USAGE, "separator",
        qn_callbacks_with(ctx, NULL, qn_csv_logger("b", .separator = ""), true, keep_text, text));
}

/* ---- the log ---- */

typedef struct heard {
    char lines[2000];
} heard;

static void hear(void *user, qn_log_level level, const char *line)
{
    heard *h = user;

    if (level == QN_LOG_INFO && strncmp(line, "Epoch", 5) == 0) {
        strcat(h->lines, line);
        strcat(h->lines, "\n");
    } else if (level == QN_LOG_INFO && strncmp(line, "Restoring", 9) == 0) {
        strcat(h->lines, line);
        strcat(h->lines, "\n");
    }
}

static void tells_the_log(void **in)
{
    static const double score[] = {1, 2, 2};
    static script s = {.score = score};
    static heard h;
    qn_context *loud = NULL;
    qn_model *model;

    (void)in;
    must(loud, qn_context_create(&loud, .seed = SEED, .log = hear, .log_user = &h,
                                 .log_level = QN_LOG_INFO));
    for (int verbose = 0; verbose < 2; verbose++) {
        h.lines[0] = '\0';
        model = model_make(loud, LAYERS, "sgd(learning_rate=0.5)", LOSS);
        const qn_spec *specs[] = {qn_callback(.on_epoch_end = give_score, .user = &s),
                                  qn_reduce_lr_on_plateau(.monitor = "score", .mode = "min",
                                                          .patience = 1, .verbose = verbose),
                                  qn_early_stopping(.monitor = "score", .mode = "min",
                                                    .patience = 2, .restore_best_weights = true,
                                                    .verbose = verbose),
                                  NULL};
        must(loud, qn_fit(model, .x = problem_x(&data, 32), .y = problem_y(&data, 32), .epochs = 9,
                          .callback_specs = specs));
        assert_int_equal(qn_history_epochs(model), 3);
        assert_string_equal(
            h.lines, verbose ? "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.05.\n"
                               "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.005.\n"
                               "Epoch 3: early stopping\n"
                               "Restoring model weights from the end of the best epoch: 1.\n"
                             : "");
        qn_model_destroy(&model);
    }
    qn_context_destroy(&loud);
}

static int setup(void **in)
{
    (void)in;
    problem_make(&data);
    ctx = context_open();
    return 0;
}

static int teardown(void **in)
{
    (void)in;
    qn_context_destroy(&ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_early),
        cmocka_unit_test(restores_the_best_weights),
        cmocka_unit_test(reduces_the_rate_on_plateaus),
        cmocka_unit_test(schedules_rates_by_epoch),
        cmocka_unit_test(knows_which_way_is_better),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(misses_a_score_that_no_hook_gave),
        cmocka_unit_test(names_its_callbacks),
        cmocka_unit_test(adds_one_to_a_list),
        cmocka_unit_test(tells_the_log),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
