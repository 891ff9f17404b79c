/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks that write files: checkpoints and CSV. */
#include "train/fixture.h"

#include "base/file.h"
#include "scratch_folder.h"
#include "train/callbacks/path.h"
#include <math.h>

#define LAYERS "dense(4, sigmoid), dense(3, softmax)"
#define LOSS "categorical_crossentropy"

static problem data;
static qn_context *ctx;

static qn_model *make(void)
{
    return model_make(ctx, LAYERS, "sgd(learning_rate=0.1)", LOSS);
}

static qn_array x_of(int64_t rows)
{
    return problem_x(&data, rows);
}

static qn_array y_of(int64_t rows)
{
    return problem_y(&data, rows);
}

/* Gives each epoch its "score". */
static qn_status give_score(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    const double *score = user;

    (void)model;
    strcpy(logs->item[logs->count].name, "score");
    logs->item[logs->count++].value = score[epoch];
    return QN_OK;
}

static const qn_spec *const *scored(double *score, const qn_spec *tested)
{
    static qn_callback_params giver;
    static const qn_spec *specs[3];

    giver = qn_callback_defaults();
    giver.on_epoch_end = give_score;
    giver.user = score;
    /* The checkpoint comes last whatever its place. */
    specs[0] = tested;
    specs[1] = &giver.spec;
    return specs;
}

/* ---- file names ---- */

static void fills_file_names(void **in)
{
    static const struct {
        const char *pattern, *path;
    } cases[] = {
        {"m.quern", "m.quern"},
        {"{epoch}", "5"},
        {"m-{epoch:02d}.quern", "m-05.quern"},
        {"{epoch:4d}|", "   5|"},
        {"{epoch:.1f}", "5.0"},
        {"{epoch:02d}-{val_loss:.2f}", "05-0.12"},
        {"{val_loss:08.3f}", "0000.125"},
        {"{val_loss:.1e}", "1.2e-01"},
        {"{val_loss:g}{{x}}", "0.125{x}"},
        {"{val_loss}", "0.125"},
        {"{low:08.2f}", "-0001.50"},
        {"{low:8.1f}", "    -1.5"},
        {"{mine}", "0.1"},
    };
    static const qn_logs logs = {.count = 3,
                                 .item = {{"val_loss", .125}, {"low", -1.5}, {"mine", .1}}};
    char *path;

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        must(ctx, qn_path_fill(&ctx->env, cases[i].pattern, 4, &logs, false, &path));
        assert_string_equal(path, cases[i].path);
        qn_free(&ctx->env, path);
    }
    must_fail(ctx, QN_ERROR_USAGE, "no such result",
              qn_path_fill(&ctx->env, "{other}", 4, &logs, false, &path));
    assert_null(path);
    must(ctx, qn_path_fill(&ctx->env, "{other}", 4, &logs, true, &path));
    assert_string_equal(path, "0");
    qn_free(&ctx->env, path);
}

/* ---- checkpoints ---- */

static void saves_every_epoch(void **in)
{
    qn_model *model = make(), *loaded = NULL;
    char pattern[600];

    (void)in;
    snprintf(pattern, sizeof pattern, "model_checkpoint(\"%s\")",
             scratch_path("runs/a/m-{epoch:02d}-{val_loss:.3f}.quern"));
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 3, .validation_split = 0.2,
                     .callbacks = pattern));
    assert_int_equal(folder_count(scratch_path("runs/a")), 3);
    for (int e = 0; e < 3; e++) {
        char name[100];
        double loss;

        assert_true(qn_history_get(model, "val_loss", e, &loss));
        snprintf(name, sizeof name, "runs/a/m-%02d-%.3f.quern", e + 1, loss);
        assert_true(qn_file_exists(scratch_path(name)));
        if (e < 2)
            continue;
        must(ctx, qn_load(ctx, scratch_path(name), &loaded));
        assert_same_weights(model, loaded);
    }
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

/* The weights in the file are those of the best epoch. */
static void saves_the_best_only(void **in)
{
    static struct {
        double score[5], threshold;
        const char *mode;
        int64_t best; /* epochs that the saved one was trained; 0: none was saved */
    } cases[] = {
        {{3, 1, 2, 1, 2}, NAN, "min", 2},         {{3, 1, 4, 4, 2}, NAN, "max", 3},
        {{3, 2, 2.5, 1.5, 1.9}, 2, "min", 4},     {{3, 2, 2.5, 4, 2}, 1, "min", 0},
        {{NAN, NAN, 7, NAN, NAN}, NAN, "min", 3},
    };

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        const char *path = scratch_path("best.quern");
        qn_model *model = make(), *until = make(), *loaded = NULL;

        unlink(path);
        must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 5,
                         .callback_specs = scored(
                             cases[i].score,
                             qn_model_checkpoint(path, .monitor = "score", .mode = cases[i].mode,
                                                 .save_best_only = true,
                                                 .initial_value_threshold = cases[i].threshold))));
        assert_int_equal(qn_file_exists(path), cases[i].best > 0);
        if (cases[i].best > 0) {
            must(ctx, qn_fit(until, .x = x_of(50), .y = y_of(50), .epochs = cases[i].best));
            must(ctx, qn_load(ctx, path, &loaded));
            assert_same_weights(until, loaded);
        }
        qn_model_destroy(&model);
        qn_model_destroy(&until);
        qn_model_destroy(&loaded);
    }
}

/* A folder that went away is made anew; a file that cannot be written ends training with its name.
 */
static qn_status put_a_folder_there(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    (void)model, (void)logs;
    if (epoch == 1) {
        unlink(user);
        mkdir(user, 0777);
    }
    return QN_OK;
}

static void says_what_it_cannot_write(void **in)
{
    char path[512];
    qn_model *model = make();

    (void)in;
    snprintf(path, sizeof path, "%s", scratch_path("blocked.quern"));
    must_fail(ctx, QN_ERROR_IO, "blocked.quern",
              qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 4,
                     .callback_specs = (const qn_spec *const[]){
                         qn_model_checkpoint(path),
                         qn_callback(.on_epoch_end = put_a_folder_there, .user = path), NULL}));
    assert_non_null(strstr(qn_error(ctx), "fit: model_checkpoint"));
    assert_int_equal(qn_history_epochs(model), 1);
    qn_model_destroy(&model);
}

/* ---- CSV ---- */

static void assert_content(const char *path, const char *wanted)
{
    char *text = NULL;
    size_t bytes;

    must(ctx, qn_file_read(&ctx->env, path, 0, &text, &bytes));
    assert_string_equal(text, wanted);
    qn_free(&ctx->env, text);
}

/* Results that are easy to write. */
static qn_status simple_results(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    (void)user, (void)model;
    for (int i = 0; i < logs->count; i++)
        logs->item[i].value = (double)epoch + 0.25 * i;
    return QN_OK;
}

static const qn_spec *simple(void)
{
    static qn_callback_params params;

    params = qn_callback_defaults();
    params.on_epoch_end = simple_results;
    return &params.spec;
}

static void writes_csv(void **in)
{
    const char *path = scratch_path("log.csv");
    qn_model *model = make();

    (void)in;
    for (int round = 0; round < 2; round++) { /* the second replaces the first */
        must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 2, .validation_split = 0.2,
                         .callback_specs =
                             (const qn_spec *const[]){simple(), qn_csv_logger(path), NULL}));
        assert_content(path, "epoch,accuracy,loss,val_accuracy,val_loss\n"
                             "0,0.25,0,0.75,0.5\n"
                             "1,1.25,1,1.75,1.5\n");
    }
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 4, .initial_epoch = 3,
                     .validation_split = 0.2,
                     .callback_specs = (const qn_spec *const[]){
                         simple(), qn_csv_logger(path, .append = true), NULL}));
    assert_content(path, "epoch,accuracy,loss,val_accuracy,val_loss\n"
                         "0,0.25,0,0.75,0.5\n"
                         "1,1.25,1,1.75,1.5\n"
                         "3,3.25,3,3.75,3.5\n");
    qn_model_destroy(&model);
}

/* As in Keras the columns of validation are there without it; appending to no file makes one. */
static void writes_csv_without_validation(void **in)
{
    const char *path = scratch_path("more.csv");
    qn_model *model = make();

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 1,
                     .callback_specs = (const qn_spec *const[]){
                         simple(), qn_csv_logger(path, .append = true, .separator = ";"), NULL}));
    assert_content(path, "epoch;accuracy;loss;val_accuracy;val_loss\n0;0.25;0;NA;NA\n");
    must_fail(
        ctx, QN_ERROR_IO, "no/such/log.csv",
        qn_fit(model, .x = x_of(50), .y = y_of(50), .callbacks = "csv_logger(no/such/log.csv)"));
    qn_model_destroy(&model);
}

/* A number is read back as it was. */
static void writes_whole_numbers(void **in)
{
    const char *path = scratch_path("exact.csv");
    qn_model *model = make();
    char *text = NULL, text_form[600];
    const char *at;
    double loss;
    size_t bytes;

    (void)in;
    snprintf(text_form, sizeof text_form, "csv_logger(%s)", path);
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .callbacks = text_form));
    must(ctx, qn_file_read(&ctx->env, path, 0, &text, &bytes));
    assert_true(qn_history_get(model, "loss", 0, &loss));
    at = strchr(strstr(text, "\n0,") + 3, ',') + 1; /* behind the accuracy */
    assert_true(strtod(at, NULL) == loss);
    qn_free(&ctx->env, text);
    qn_model_destroy(&model);
}

/* Training that goes on writes on; a line of an epoch that comes again is not there twice. */
static void goes_on_in_csv(void **in)
{
    const char *path = scratch_path("on.csv");
    char text_form[600], *first, *all;
    qn_model *model = make();
    size_t first_bytes, all_bytes;

    (void)in;
    snprintf(text_form, sizeof text_form, "csv_logger(%s)", path);
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 2, .callbacks = text_form));
    must(ctx, qn_file_read(&ctx->env, path, 0, &first, &first_bytes));
    must(ctx, qn_file_append(&ctx->env, path, "2,not,saved\n", false));
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 3,
                     .initial_epoch = qn_model_epochs(model), .callbacks = text_form));
    must(ctx, qn_file_read(&ctx->env, path, 0, &all, &all_bytes));
    assert_memory_equal(first, all, first_bytes);
    assert_memory_equal(all + first_bytes, "2,0.", 4);
    assert_null(strstr(all, "saved"));
    assert_ptr_equal(strchr(all + first_bytes, '\n'), all + all_bytes - 1);
    qn_free(&ctx->env, first);
    qn_free(&ctx->env, all);
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
        cmocka_unit_test(fills_file_names),     cmocka_unit_test(saves_every_epoch),
        cmocka_unit_test(saves_the_best_only),  cmocka_unit_test(says_what_it_cannot_write),
        cmocka_unit_test(writes_csv),           cmocka_unit_test(writes_csv_without_validation),
        cmocka_unit_test(writes_whole_numbers), cmocka_unit_test(goes_on_in_csv),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
