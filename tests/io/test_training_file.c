/* SPDX-License-Identifier: Apache-2.0 */
/* Where training stands, in files: all of it comes back bit for bit. */
#include "base/file.h"
#include "base/util.h"
#include "io/safetensors.h"
#include "scratch_folder.h"
#include "trained.h"

static host h;

static int setup(void **state)
{
    *state = host_open(&h, NULL);
    return scratch_make();
}

static int teardown(void **state)
{
    (void)state;
    return scratch_remove();
}

/* ---- there and back ---- */

static void assert_same_callback(const qn_callback_state *a, const qn_callback_state *b)
{
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->count, b->count);
    assert_true((a->values == NULL) == (b->values == NULL));
    if (a->values != NULL)
        assert_memory_equal(a->values, b->values, a->count * sizeof *a->values);
    for (int i = 0; i < QN_CALLBACK_NUMBERS; i++)
        assert_true((isnan(a->number[i]) && isnan(b->number[i])) ||
                    memcmp(&a->number[i], &b->number[i], sizeof a->number[i]) == 0);
}

static void assert_same_training(const qn_model *a, const qn_model *b)
{
    const qn_training *s = &a->training, *t = &b->training;
    assert_int_equal(s->epochs, t->epochs);
    assert_int_equal(s->batch_size, t->batch_size);
    assert_int_equal(s->epochs_wanted, t->epochs_wanted);
    assert_true(s->validation_split == t->validation_split);
    assert_true(s->shuffle == t->shuffle);
    assert_string_equal(s->callbacks, t->callbacks);
    assert_int_equal(s->callback_count, t->callback_count);
    for (size_t i = 0; i < s->callback_count; i++)
        assert_same_callback(&s->callback[i], &t->callback[i]);
}

static void assert_same_files(qn_context *ctx, const char *a, const char *b)
{
    char *first, *second;
    size_t first_size, second_size;
    must(ctx, qn_file_read(&ctx->env, a, 0, &first, &first_size));
    must(ctx, qn_file_read(&ctx->env, b, 0, &second, &second_size));
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    qn_free(&ctx->env, first);
    qn_free(&ctx->env, second);
}

static void state_is_loaded(void **state)
{
    qn_context *ctx = *state;
    const char *path = scratch_path("first"), *again = scratch_path("again");
    qn_model *model = trained_model(ctx, "adam"), *loaded = NULL;
    must(ctx, qn_save(model, path));
    must(ctx, qn_load(ctx, path, &loaded));
    assert_int_equal(loaded->iterations, 1875);
    assert_int_equal(loaded->shuffles, 4294967295u);
    assert_int_equal(loaded->stream, model->stream);
    assert_true(loaded->learning_rate == 1.0 / 3.0);
    assert_same_training(model, loaded);
    /* The frozen layer has no state. */
    assert_int_equal(qn_model_state_floats(loaded), 2 * 3 + 3 + 2 + 1);
    assert_int_equal(qn_model_state_slots(loaded), 2);
    assert_memory_equal(loaded->loaded_state, model->loaded_state, 2 * 12 * sizeof(float));
    must(ctx, qn_save(loaded, again));
    assert_same_files(ctx, path, again);
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

static void names_in_the_file(void **state)
{
    qn_context *ctx = *state;
    static const char *const names[] = {"optimizer/momentum/dense/kernel",
                                        "optimizer/velocity/dense/bias",
                                        "optimizer/velocity/dense_2/bias", "callback/0/values"};
    qn_safetensors *file;
    must(ctx, qn_safetensors_read(&ctx->env, saved_model(ctx, "adam"), &file));
    for (int i = 0; i < QN_COUNT(names); i++)
        assert_non_null(qn_safetensors_find(file, names[i]));
    assert_null(qn_safetensors_find(file, "optimizer/velocity/dense_1/bias"));
    assert_null(qn_safetensors_find(file, "callback/1/values"));
    assert_int_equal(file->count, 6 + 2 * 4 + 1);
    qn_safetensors_free(&file);
}

/* Steps are counted also where there is no state to keep beside them. */
static void without_slots(void **state)
{
    qn_context *ctx = *state;
    qn_model *loaded = NULL;
    must(ctx, qn_load(ctx, saved_model(ctx, "sgd(learning_rate=0.5)"), &loaded));
    assert_int_equal(loaded->iterations, 1875);
    assert_int_equal(qn_model_state_slots(loaded), 0);
    assert_null(loaded->loaded_state);
    qn_model_destroy(&loaded);
}

/* Before the first step, and for a model that was not compiled. */
static void before_training(void **state)
{
    qn_context *ctx = *state;
    const char *path = scratch_path("fresh");
    for (int compiled = 0; compiled < 2; compiled++) {
        qn_model *model = model_of(ctx, TRAINED_LAYERS), *loaded = NULL;
        if (compiled)
            must(ctx, qn_compile(model, .optimizer = "adam(learning_rate=0.25)", .loss = "mse"));
        must(ctx, qn_save(model, path));
        must(ctx, qn_load(ctx, path, &loaded));
        assert_int_equal(loaded->iterations, 0);
        assert_int_equal(loaded->training.batch_size, 0);
        assert_null(loaded->training.callbacks);
        assert_null(loaded->loaded_state);
        assert_true(loaded->learning_rate == (compiled ? 0.25 : 0));
        qn_model_destroy(&model);
        qn_model_destroy(&loaded);
    }
}

/* Loaded state belongs to the weights that it came with. */
static void changed_after_loading(void **state)
{
    qn_context *ctx = *state;
    const char *path = saved_model(ctx, "adam"), *again = scratch_path("again");
    qn_model *model = NULL;
    for (int change = 0; change < 4; change++) {
        must(ctx, qn_load(ctx, path, &model));
        if (change == 0)
            must(ctx, qn_add(model, qn_dense(4)));
        else if (change == 1)
            must(ctx, qn_pop(model));
        else if (change == 2)
            must(ctx, qn_set_trainable(model, "dense", false));
        else
            must(ctx, qn_compile(model, .optimizer = "sgd", .loss = "mse"));
        must(ctx, qn_save(model, again));
        qn_model_destroy(&model);
        must(ctx, qn_load(ctx, again, &model));
        assert_int_equal(model->iterations, 0);
        assert_int_equal(qn_model_state_slots(model), 0);
        qn_model_destroy(&model);
    }
}

/* ---- what the command asks for ---- */

static void training_is_told(void **state)
{
    qn_context *ctx = *state;
    qn_model *model = NULL;
    qn_training_info info = {.size = sizeof info};
    must(ctx, qn_load(ctx, saved_model(ctx, "adam"), &model));
    must(ctx, qn_model_training(model, &info));
    assert_true(info.seed == 7);
    assert_int_equal(info.steps, 1875);
    assert_int_equal(info.batch_size, 64);
    assert_int_equal(info.epochs, 1 << 20);
    assert_true(info.validation_split == 0.1);
    assert_true(info.shuffle);
    assert_string_equal(info.callbacks, "early_stopping(patience=3), reduce_lr_on_plateau");
    assert_int_equal(qn_model_epochs(model), 7);
    /* A shorter struct of an older program gets what it has room for. */
    memset(&info, 0, sizeof info);
    info.size = offsetof(qn_training_info, batch_size);
    must(ctx, qn_model_training(model, &info));
    assert_int_equal(info.steps, 1875);
    assert_int_equal(info.batch_size, 0);
    info.size = 0;
    must_fail(ctx, QN_ERROR_USAGE, "info->size is 0", qn_model_training(model, &info));
    qn_model_destroy(&model);
}

static void keep(void *user, const char *text)
{
    snprintf(user, 128, "%s", text);
}

static void schedule_beside_optimizer(void **state)
{
    static const struct {
        const char *optimizer, *schedule, *words;
    } right[] =
        {
            {"adam", "cosine_decay(0.01, 1000)", "adam(learning_rate=cosine_decay(0.01, 1000))"},
            {"adam()", "cosine_decay(1, 2)", "adam(learning_rate=cosine_decay(1, 2))"},
            {"adam(beta_1=0.5, epsilon=1e-3)", "cosine_decay(1, 2)",
             "adam(learning_rate=cosine_decay(1, 2), beta_1=0.5, epsilon=1e-3)"},
        },
      wrong[] = {
          {"adam(0.1)", "cosine_decay(1, 2)", "leave one out"},
          {"sgd(learning_rate=0.1)", "cosine_decay(1, 2)", "leave one out"},
          {"adam, sgd", "cosine_decay(1, 2)", "is not one optimizer"},
          {"adam", "cosine_decoy(1, 2)", "cosine_decay"},
          {"adam", "cosine_decay(1, 2), epsilon=1", "is not one schedule"},
          {"adam", "", "is not one schedule"},
      };
    qn_context *ctx = *state;
    char text[128];
    for (int i = 0; i < QN_COUNT(right); i++) {
        must(ctx,
             qn_optimizer_with_schedule(ctx, right[i].optimizer, right[i].schedule, keep, text));
        assert_string_equal(text, right[i].words);
    }
    for (int i = 0; i < QN_COUNT(wrong); i++)
        must_fail(
            ctx, QN_ERROR_USAGE, wrong[i].words,
            qn_optimizer_with_schedule(ctx, wrong[i].optimizer, wrong[i].schedule, keep, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(state_is_loaded, setup, teardown),
        cmocka_unit_test_setup_teardown(names_in_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(without_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(before_training, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_after_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(training_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(schedule_beside_optimizer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
