/* SPDX-License-Identifier: Apache-2.0 */
/* On the device: a fit that was saved on its way and goes on in another model ends with the very
 * weights and optimizer state of one that was never saved. */
#include "../train/fixture.h"
#include "scratch_folder.h"

#define LAYERS "dense(8, tanh), dense(5, relu, trainable=false), dense(3, softmax)"
#define LOSS "categorical_crossentropy"

static problem data;
static qn_context *ctx;

static int setup(void **state)
{
    (void)state;
    problem_make(&data);
    return scratch_make();
}

static int teardown(void **state)
{
    (void)state;
    return scratch_remove();
}

static void train(qn_model *model, int64_t first, int64_t epochs)
{
    must(ctx, qn_fit(model, .x = problem_x(&data, ROWS), .y = problem_y(&data, ROWS),
                     .epochs = epochs, .initial_epoch = first, .batch_size = 40));
}

/* All of the optimizer's state, one slot after the other. Returns how many floats. */
static size_t state_read(qn_model *model, float *values)
{
    size_t count = 0;
    for (int slot = 0; slot < qn_model_state_slots(model); slot++)
        for (int i = 0; i < qn_weight_count(model); i++) {
            const qn_variable *variable = qn_model_weight(model, i);
            if (variable->role != QN_ROLE_PARAMETER)
                continue;
            assert_true(count + (size_t)variable->count <= MAX_WEIGHTS);
            must(ctx, qn_model_read_state(model, slot, i, values + count));
            count += (size_t)variable->count;
        }
    return count;
}

static void assert_same_state(qn_model *a, qn_model *b)
{
    static float in_a[MAX_WEIGHTS], in_b[MAX_WEIGHTS];
    size_t count = state_read(a, in_a);
    assert_int_equal(count, state_read(b, in_b));
    assert_memory_equal(in_a, in_b, count * sizeof(float));
    assert_same_weights(a, b);
    assert_int_equal(a->iterations, b->iterations);
}

typedef struct saving {
    qn_model *model;
    const char *path;
    int64_t epoch; /* at whose end it is saved */
} saving;

static void save_at_epoch(void *user, const qn_progress *progress)
{
    const saving *s = user;
    if (progress->event == QN_PROGRESS_EPOCH_END && progress->epoch == s->epoch)
        must(ctx, qn_save(s->model, s->path));
}

static void each_optimizer(void **state)
{
    (void)state;
    const char *path = scratch_path("middle"), *name;
    ctx = context_open();
    for (int i = 0; (name = qn_names("optimizer", i)) != NULL; i++) {
        qn_model *whole = model_make(ctx, LAYERS, name, LOSS), *loaded;
        saving s = {whole, path, 1};
        must(ctx,
             qn_fit(whole, .x = problem_x(&data, ROWS), .y = problem_y(&data, ROWS), .epochs = 4,
                    .batch_size = 40, .progress = save_at_epoch, .progress_user = &s));
        must(ctx, qn_load(ctx, path, &loaded));
        assert_int_equal(qn_model_epochs(loaded), 2);
        assert_int_equal(loaded->iterations, 2 * 6);
        train(loaded, 2, 4);
        assert_same_state(whole, loaded);
        qn_model_destroy(&whole);
        qn_model_destroy(&loaded);
    }
    qn_context_destroy(&ctx);
}

/* Loaded and saved without a step in between: also the second file goes on. */
static void saved_before_it_runs(void **state)
{
    (void)state;
    const char *first = scratch_path("first"), *second = scratch_path("second");
    ctx = context_open();
    qn_model *whole = model_make(ctx, LAYERS, "adam", LOSS), *loaded;
    qn_logs logs;
    train(whole, 0, 2);
    must(ctx, qn_save(whole, first));
    must(ctx, qn_load(ctx, first, &loaded));
    must(ctx, qn_evaluate(loaded, .x = problem_x(&data, ROWS), .y = problem_y(&data, ROWS),
                          .logs = &logs));
    must(ctx, qn_save(loaded, second));
    qn_model_destroy(&loaded);
    must(ctx, qn_load(ctx, second, &loaded));
    train(whole, 2, 3);
    train(loaded, 2, 3);
    assert_same_state(whole, loaded);
    qn_model_destroy(&whole);
    qn_model_destroy(&loaded);
    qn_context_destroy(&ctx);
}

/* A layer more: the state of the file has no place for it, and training begins anew. */
static void grown_after_loading(void **state)
{
    (void)state;
    const char *path = scratch_path("small");
    ctx = context_open();
    qn_model *model = model_make(ctx, LAYERS, "adam", LOSS);
    train(model, 0, 1);
    must(ctx, qn_save(model, path));
    qn_model_destroy(&model);
    must(ctx, qn_load(ctx, path, &model));
    must(ctx, qn_add(model, qn_dense(3, .activation = "softmax")));
    assert_int_equal(qn_model_state_slots(model), 0);
    train(model, 0, 1);
    assert_int_equal(model->iterations, 6);
    assert_int_equal(qn_model_state_slots(model), 2);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_optimizer),
        cmocka_unit_test(saved_before_it_runs),
        cmocka_unit_test(grown_after_loading),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
