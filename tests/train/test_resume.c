/* SPDX-License-Identifier: Apache-2.0 */
/* Training that goes on where it was is the training that was not interrupted. */
#include "train/fixture.h"

#include "scratch_folder.h"

#define LAYERS "dense(5, sigmoid), dense(3, softmax)"
#define LOSS "categorical_crossentropy"
#define EPOCHS 8

static problem data;
static qn_context *ctx;

/* Validation losses that turn around: both callbacks act on them. */
static const double score[EPOCHS] = {5, 4, 4, 3, 3.5, 3.5, 3, 3};

static qn_status give_score(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    double value;

    (void)user, (void)model;
    assert_true(qn_logs_get(logs, "val_loss", &value));
    for (int i = 0; i < logs->count; i++)
        if (strcmp(logs->item[i].name, "val_loss") == 0)
            logs->item[i].value = score[epoch];
    return QN_OK;
}

static qn_status fail_now(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    (void)user, (void)model, (void)epoch, (void)logs;
    return QN_ERROR_DATA;
}

static qn_model *make(void)
{
    return model_make(ctx, LAYERS, "adam(learning_rate=0.05)", LOSS);
}

static qn_status go(qn_model *model, int64_t from, int64_t to, int64_t patience, qn_hook at_end)
{
    const qn_spec *specs[] = {qn_callback(.on_epoch_end = give_score, .on_train_end = at_end),
                              qn_reduce_lr_on_plateau(.factor = 0.5, .patience = 1, .cooldown = 1),
                              qn_early_stopping(.patience = patience, .restore_best_weights = true),
                              NULL};

    return qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100),
                  .validation_split = 0.2, .initial_epoch = from, .epochs = to,
                  .callback_specs = specs);
}

/* Interrupted after each epoch, before the end could come. */
static void goes_on_exactly(void **in)
{
    (void)in;
    for (int64_t patience = 2; patience <= 9; patience += 7) {
        for (int64_t cut = 1; cut <= EPOCHS; cut++) {
            qn_model *whole = make(), *parts = make();
            double rate, other;
            int64_t ran;

            must(ctx, go(whole, 0, EPOCHS, patience, NULL));
            ran = qn_history_epochs(whole);
            assert_int_equal(ran, patience == 2 ? 6 : EPOCHS);
            must_fail(ctx, QN_ERROR_DATA, "on_train_end", go(parts, 0, cut, patience, fail_now));
            assert_int_equal(qn_model_epochs(parts), cut < ran ? cut : ran);
            must(ctx, go(parts, qn_model_epochs(parts), EPOCHS, patience, NULL));
            assert_int_equal(qn_history_epochs(parts), cut < ran ? ran - cut : 0);
            assert_int_equal(qn_model_epochs(parts), ran);
            assert_same_weights(whole, parts);
            must(ctx, qn_get_learning_rate(whole, &rate));
            must(ctx, qn_get_learning_rate(parts, &other));
            assert_true(rate == other && rate < 0.05);
            qn_model_destroy(&whole);
            qn_model_destroy(&parts);
        }
    }
}

/* The same through files. The checkpoints are listed first, and hold the state of all others none
 * the less: the file of any epoch goes on to the same weights, and the same best file. */
static qn_status go_saving(qn_model *model, int64_t from, const char *best)
{
    char every[512];

    snprintf(every, sizeof every, "%s", scratch_path("m-{epoch}.quern"));
    return qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100),
                  .validation_split = 0.2, .initial_epoch = from, .epochs = EPOCHS,
                  .callback_specs = (const qn_spec *const[]){
                      qn_model_checkpoint(every), qn_model_checkpoint(best, .save_best_only = true),
                      qn_callback(.on_epoch_end = give_score),
                      qn_reduce_lr_on_plateau(.factor = 0.5, .patience = 1, .cooldown = 1),
                      qn_early_stopping(.patience = 2, .restore_best_weights = true), NULL});
}

static void goes_on_from_files(void **in)
{
    qn_model *whole = make(), *best = NULL;
    char path[512];

    (void)in;
    snprintf(path, sizeof path, "%s", scratch_path("best.quern"));
    must(ctx, go_saving(whole, 0, path));
    assert_int_equal(qn_model_epochs(whole), 6);
    must(ctx, qn_load(ctx, path, &best));
    assert_int_equal(qn_model_epochs(best), 4); /* 3 is not below the best 3 of epoch 4 */
    for (int epoch = 1; epoch <= 6; epoch++) {
        qn_model *loaded = NULL, *again = NULL;
        char name[32];

        snprintf(name, sizeof name, "m-%d.quern", epoch);
        must(ctx, qn_load(ctx, scratch_path(name), &loaded));
        assert_int_equal(qn_model_epochs(loaded), epoch);
        must(ctx, go_saving(loaded, epoch, path));
        assert_int_equal(qn_model_epochs(loaded), 6);
        assert_same_weights(whole, loaded);
        must(ctx, qn_load(ctx, path, &again));
        assert_same_weights(best, again);
        qn_model_destroy(&loaded);
        qn_model_destroy(&again);
    }
    qn_model_destroy(&whole);
    qn_model_destroy(&best);
}

/* What is stored, and when it is not used. */
static void stores_where_training_stands(void **in)
{
    qn_model *model = make();
    const qn_training *t = &model->training;
    const char *text = "early_stopping(patience=3, restore_best_weights=true), terminate_on_nan, "
                       "reduce_lr_on_plateau";

    (void)in;
    assert_int_equal(qn_model_epochs(model), 0);
    must(ctx,
         qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100), .epochs = 3,
                .batch_size = 20, .validation_split = 0.25, .shuffle = false, .callbacks = text));
    assert_int_equal(t->epochs, 3);
    assert_int_equal(t->epochs_wanted, 3);
    assert_int_equal(t->batch_size, 20);
    assert_true(t->validation_split == 0.25 && !t->shuffle);
    assert_string_equal(t->callbacks, text);
    assert_int_equal(t->callback_count, 2);
    assert_string_equal(t->callback[0].text,
                        "early_stopping(patience=3, restore_best_weights=true)");
    assert_string_equal(t->callback[1].text, "reduce_lr_on_plateau");
    assert_int_equal(t->callback[0].count, FEATURES * 5 + 5 + 5 * CLASSES + CLASSES);
    assert_non_null(t->callback[0].values);
    assert_null(t->callback[1].values);
    /* Compiling leaves it: the weights stay too. */
    must(ctx, qn_compile(model, .optimizer = "sgd", .loss = LOSS));
    assert_int_equal(qn_model_epochs(model), 3);
    /* A fit from the beginning forgets it. */
    must(ctx, qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100)));
    assert_int_equal(t->epochs, 1);
    assert_int_equal(t->callback_count, 0);
    assert_null(t->callbacks);
    /* Nothing is left to do, but only where training stands there. */
    must(ctx,
         qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100), .initial_epoch = 1));
    assert_int_equal(qn_history_epochs(model), 0);
    must_fail(ctx, QN_ERROR_USAGE, "initial_epoch is 2",
              qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100), .epochs = 2,
                     .initial_epoch = 2));
    qn_model_destroy(&model);
}

/* One state each for two that are written alike; another patience begins anew. */
static void takes_over_what_is_the_same(void **in)
{
    qn_model *model = make();
    qn_training *t = &model->training;
    const char *twice = "early_stopping(monitor=loss, patience=9), "
                        "early_stopping(monitor=loss, patience=9)";
    double best;

    (void)in;
    must(ctx, qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100), .epochs = 2,
                     .callbacks = twice));
    assert_int_equal(t->callback_count, 2);
    best = t->callback[0].number[2];
    assert_true(best > 0 && t->callback[1].number[2] == best);
    t->callback[1].number[2] = -1; /* nothing improves on that */
    must(ctx, qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100), .epochs = 3,
                     .initial_epoch = 2, .callbacks = twice));
    assert_true(t->callback[0].number[2] < best);
    assert_true(t->callback[1].number[2] == -1);
    assert_true(t->callback[1].number[0] == 1); /* waited for one epoch */
    must(ctx, qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100), .epochs = 4,
                     .initial_epoch = 3,
                     .callbacks = "early_stopping(monitor=loss, patience=8), "
                                  "early_stopping(monitor=loss, patience=9)"));
    assert_true(t->callback[0].number[2] > 0 && t->callback[0].number[0] == 0);
    qn_model_destroy(&model);
}

/* An epoch that qn_stop interrupted does not count. */
static void stop_in_epoch(void *user, const qn_progress *p)
{
    if (p->event == QN_PROGRESS_EPOCH_BEGIN && p->epoch == 1)
        qn_stop(user);
}

static void does_not_count_interrupted_epochs(void **in)
{
    qn_model *model = make();

    (void)in;
    assert_int_equal(qn_fit(model, .x = problem_x(&data, 100), .y = problem_y(&data, 100),
                            .epochs = 3, .progress = stop_in_epoch, .progress_user = model),
                     QN_STOPPED);
    assert_int_equal(qn_model_epochs(model), 1);
    assert_int_equal(model->training.epochs_wanted, 3);
    qn_model_destroy(&model);
}

static int setup(void **in)
{
    (void)in;
    problem_make(&data);
    ctx = context_open();
    return scratch_make();
}

static int teardown(void **in)
{
    (void)in;
    qn_context_destroy(&ctx);
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_exactly),
        cmocka_unit_test(goes_on_from_files),
        cmocka_unit_test(stores_where_training_stands),
        cmocka_unit_test(takes_over_what_is_the_same),
        cmocka_unit_test(does_not_count_interrupted_epochs),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
