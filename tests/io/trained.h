/* SPDX-License-Identifier: Apache-2.0 */
/* A model on the host that looks as if it had trained: optimizer state, counters, callbacks. */
#ifndef TESTS_IO_TRAINED_H
#define TESTS_IO_TRAINED_H

#include "nn/host.h"
#include "scratch_folder.h"
#include <math.h>

/* Numbers that a careless writer would change. */
static const float odd_floats[] = {-0.0f, 1e-45f, 3.4e38f, 0.1f, INFINITY, 7.0f};
static const double odd_numbers[QN_CALLBACK_NUMBERS] = {
    0.1, INFINITY, -INFINITY, -0.0, 5e-324, 1.7976931348623157e308, 1.0 / 3.0, 4.0};

/* Every slot's floats differ. */
static inline qn_status give_state(qn_model *model)
{
    int slots = qn_model_optimizer_type(model)->slots(model->optimizer.params);
    int64_t count = slots * qn_model_state_floats(model);
    model->iterations = 1875;
    if (slots == 0)
        return QN_OK;
    model->loaded_state = qn_alloc_array(model->env, (size_t)count, sizeof(float));
    if (model->loaded_state == NULL)
        return QN_ERROR_MEMORY;
    for (int64_t i = 0; i < count; i++)
        model->loaded_state[i] = i < QN_COUNT(odd_floats) ? odd_floats[i] : (float)i / 3;
    return QN_OK;
}

/* One callback with values, one without. */
static inline qn_status give_training(qn_model *model)
{
    static char first[] = "early_stopping(patience=3)", second[] = "reduce_lr_on_plateau";
    qn_callback_state with = {
        .text = first, .values = (float *)(uintptr_t)odd_floats, .count = QN_COUNT(odd_floats)};
    qn_callback_state without = {.text = second, .number = {NAN}};
    qn_training *t = &model->training;
    memcpy(with.number, odd_numbers, sizeof odd_numbers);
    model->shuffles = 4294967295u;
    model->stream += 3;
    model->learning_rate = 1.0 / 3.0;
    t->epochs = 7;
    t->batch_size = 64;
    t->epochs_wanted = 1 << 20;
    t->validation_split = 0.1;
    t->shuffle = true;
    t->callbacks = qn_strdup(model->env, "early_stopping(patience=3), reduce_lr_on_plateau");
    if (t->callbacks == NULL)
        return QN_ERROR_MEMORY;
    QN_TRY(qn_training_add_callback(model, &with));
    QN_TRY(qn_training_add_callback(model, &without));
    return give_state(model);
}

#define TRAINED_LAYERS "dense(3, relu, input_shape=(2,)), dense(2, trainable=false), dense(1)"

static inline qn_model *trained_model(qn_context *ctx, const char *optimizer)
{
    qn_model *model = model_of(ctx, TRAINED_LAYERS);
    must(ctx, qn_compile(model, .optimizer = optimizer, .loss = "mse", .metrics = "mae"));
    must(ctx, give_training(model));
    return model;
}

static inline const char *saved_model(qn_context *ctx, const char *optimizer)
{
    const char *path = scratch_path("trained");
    qn_model *model = trained_model(ctx, optimizer);
    must(ctx, qn_save(model, path));
    qn_model_destroy(&model);
    return path;
}

#endif
