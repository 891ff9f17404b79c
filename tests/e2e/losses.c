/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the loss of each of the first 200 steps of the lecture's model on Fashion-MNIST: batch 32,
 * seed 1, unshuffled. One fit per step shows every step's loss. */
#include <quern/quern.h>

#include <stdio.h>
#include <stdlib.h>

#define STEPS 200
#define BATCH 32
#define PIXELS 784
#define CLASSES 10

static qn_status train(qn_model *model, const uint8_t *images, const float *targets)
{
    for (int step = 0; step < STEPS; step++) {
        qn_array x = qn_u8(images + (size_t)step * BATCH * PIXELS, BATCH, 28, 28);
        qn_array y = qn_f32(targets + (size_t)step * BATCH * CLASSES, BATCH, CLASSES);
        double loss = 0;
        qn_status status;

        x.scale = 1.0f / 255;
        status = qn_fit(model, .x = x, .y = y, .batch_size = BATCH, .shuffle = false);
        if (status)
            return status;
        if (!qn_history_get(model, "loss", 0, &loss))
            return QN_ERROR_INTERNAL;
        printf("%.9g\n", loss);
    }
    return QN_OK;
}

int main(void)
{
    static float targets[STEPS * BATCH * CLASSES];
    qn_context *ctx = NULL;
    qn_dataset *dataset = NULL;
    qn_model *model = NULL;
    qn_array x, y;
    int rc = 1;

    if (qn_context_create(&ctx, .seed = 1) || qn_dataset_open(ctx, "fashion-mnist", &dataset) ||
        qn_dataset_get(dataset, "train", &x, &y))
        goto out;
    y.shape[0] = STEPS * BATCH;
    if (qn_one_hot(ctx, y, qn_f32_out(targets, STEPS * BATCH, CLASSES)) ||
        qn_sequential(ctx, &model) || qn_add(model, qn_flatten(.input_shape = {28, 28})) ||
        qn_add(model, qn_dense(100, .activation = "sigmoid")) ||
        qn_add(model, qn_dense(CLASSES, .activation = "softmax")) ||
        qn_compile(model, .optimizer = "adam", .loss = "categorical_crossentropy") ||
        train(model, x.data, targets))
        goto out;
    rc = 0;
out:
    if (rc)
        fprintf(stderr, "%s\n", qn_error(ctx));
    qn_model_destroy(&model);
    qn_dataset_destroy(&dataset);
    qn_context_destroy(&ctx);
    return rc;
}
