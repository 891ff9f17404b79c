/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else's: built against the installed library, in C and in C++. It learns
 * the exclusive or, and fails unless it did. */
#include <quern/quern.h>

#include <stdio.h>

static const float inputs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
static const float targets[4][1] = {{0}, {1}, {1}, {0}};

static int right(const float predicted[4][1])
{
    int count = 0;

    for (int i = 0; i < 4; i++)
        count += (predicted[i][0] > 0.5f) == (targets[i][0] > 0.5f);
    return count;
}

#ifndef __cplusplus
static qn_status learn(qn_context *ctx, qn_model *model, float predicted[4][1])
{
    qn_status status;

    if ((status = qn_add(model, qn_dense(8, .activation = "tanh", .input_shape = {2}))) ||
        (status = qn_add(model, qn_dense(1, .activation = "sigmoid"))) ||
        (status = qn_compile(model, .optimizer_spec = qn_adam(.learning_rate = 0.1),
                             .loss = "binary_crossentropy")) ||
        (status = qn_fit(model, .x = qn_f32(inputs, 4, 2), .y = qn_f32(targets, 4, 1),
                         .batch_size = 4, .epochs = 200)))
        return status;
    (void)ctx;
    return qn_predict(model, qn_f32(inputs, 4, 2), qn_f32_out(predicted, 4, 1));
}

static qn_status open_context(qn_context **ctx)
{
    return qn_context_create(ctx, .seed = 7);
}
#else
static qn_array array(const float *data, int64_t rows, int64_t columns)
{
    qn_array made = {};

    made.data = data;
    made.dtype = QN_F32;
    made.rank = 2;
    made.shape[0] = rows;
    made.shape[1] = columns;
    return made;
}

static qn_status learn(qn_context *ctx, qn_model *model, float predicted[4][1])
{
    qn_dense_params hidden = qn_dense_defaults(), output = qn_dense_defaults();
    qn_adam_params adam = qn_adam_defaults();
    qn_compile_params compile = qn_compile_defaults();
    qn_fit_params fit = qn_fit_defaults();
    qn_predict_params predict = qn_predict_defaults();
    qn_status status;

    hidden.units = 8;
    hidden.activation = "tanh";
    hidden.input_shape[0] = 2;
    output.units = 1;
    output.activation = "sigmoid";
    adam.learning_rate = 0.1;
    compile.optimizer_spec = &adam.spec;
    compile.loss = "binary_crossentropy";
    fit.x = array(inputs[0], 4, 2);
    fit.y = array(targets[0], 4, 1);
    fit.batch_size = 4;
    fit.epochs = 200;
    predict.out.data = predicted;
    predict.out.dtype = QN_F32;
    predict.out.rank = 2;
    predict.out.shape[0] = 4;
    predict.out.shape[1] = 1;
    (void)ctx;
    if ((status = qn_add(model, &hidden.spec)) || (status = qn_add(model, &output.spec)) ||
        (status = qn_compile_with(model, &compile)) || (status = qn_fit_with(model, &fit)))
        return status;
    return qn_predict_with(model, fit.x, &predict);
}

static qn_status open_context(qn_context **ctx)
{
    qn_context_create_params params = qn_context_create_defaults();

    params.seed = 7;
    return qn_context_create_with(ctx, &params);
}
#endif

int main(void)
{
    qn_context *ctx = NULL;
    qn_model *model = NULL;
    float predicted[4][1] = {{0}};
    int count = 0;

    if (open_context(&ctx) || qn_sequential(ctx, &model) || learn(ctx, model, predicted))
        fprintf(stderr, "%s\n", qn_error(ctx));
    else
        count = right(predicted);
    printf("quern %s on %s: %d of 4 right\n", qn_version(),
           qn_context_device_count(ctx) ? qn_context_device(ctx, 0)->name : "no device", count);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
    return count == 4 ? 0 : 1;
}
