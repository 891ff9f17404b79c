/* SPDX-License-Identifier: Apache-2.0 */
/* The lecture's model on Fashion-MNIST (Debian package dataset-fashion-mnist): trains, evaluates,
 * and shows ten predictions beside the truth. usage: lecture [EPOCHS], 5 unless given. */
#include <quern/quern.h>

#include <stdio.h>
#include <stdlib.h>

#define CLASSES 10
#define SHOWN 10

/* One split: the images as they are in the file, the labels one-hot. */
typedef struct split {
    qn_array x, y;
    float *targets;
} split;

static qn_status read_split(qn_context *ctx, qn_dataset *dataset, const char *name, split *s)
{
    qn_array labels;
    qn_status status = qn_dataset_get(dataset, name, &s->x, &labels);

    if (status)
        return status;
    s->targets = malloc(sizeof(float) * (size_t)labels.shape[0] * CLASSES);
    if (!s->targets)
        return QN_ERROR_MEMORY;
    s->y = qn_f32(s->targets, labels.shape[0], CLASSES);
    return qn_one_hot(ctx, labels, qn_f32_out(s->targets, labels.shape[0], CLASSES));
}

static qn_status build(qn_model *model)
{
    qn_status status;

    if ((status = qn_add(model, qn_flatten(.input_shape = {28, 28}))) ||
        (status = qn_add(model, qn_dense(100, .activation = "sigmoid"))) ||
        (status = qn_add(model, qn_dense(CLASSES, .activation = "softmax"))))
        return status;
    return qn_compile(model, .optimizer = "adam", .loss = "categorical_crossentropy");
}

static qn_status train(qn_model *model, const split *training, int64_t epochs)
{
    return qn_fit(model, .x = training->x, .y = training->y, .epochs = epochs,
                  .metrics = "accuracy", .progress = qn_progress_bar);
}

static qn_status evaluate(qn_model *model, const split *test)
{
    qn_logs logs = {0};
    qn_status status = qn_evaluate(model, .x = test->x, .y = test->y, .logs = &logs);

    for (int i = 0; i < logs.count && status == QN_OK; i++)
        printf("test %s: %.4f\n", logs.item[i].name, logs.item[i].value);
    return status;
}

static int largest(const float *row)
{
    int best = 0;

    for (int i = 1; i < CLASSES; i++)
        if (row[i] > row[best])
            best = i;
    return best;
}

static qn_status show(qn_model *model, const qn_dataset *dataset, const split *test)
{
    float predicted[SHOWN][CLASSES];
    qn_array x = test->x;
    qn_status status;

    x.shape[0] = SHOWN;
    status = qn_predict(model, x, qn_f32_out(predicted, SHOWN, CLASSES));
    if (status)
        return status;
    printf("%-12s  %-12s\n", "truth", "prediction");
    for (int i = 0; i < SHOWN; i++) {
        int guess = largest(predicted[i]);

        printf("%-12s  %-12s %5.1f %%\n",
               qn_dataset_class(dataset, largest(test->targets + i * CLASSES)),
               qn_dataset_class(dataset, guess), 100 * (double)predicted[i][guess]);
    }
    return QN_OK;
}

int main(int argc, char **argv)
{
    int64_t epochs = argc > 1 ? atoll(argv[1]) : 5;
    qn_context *ctx = NULL;
    qn_dataset *dataset = NULL;
    qn_model *model = NULL;
    split training = {0}, test = {0};
    int rc = 1;

    if (argc > 2 || epochs < 1) {
        fprintf(stderr, "usage: lecture [EPOCHS]\n");
        return 2;
    }
    if (qn_context_create(&ctx) || qn_dataset_open(ctx, "fashion-mnist", &dataset) ||
        read_split(ctx, dataset, "train", &training) || read_split(ctx, dataset, "test", &test) ||
        qn_sequential(ctx, &model) || build(model) || train(model, &training, epochs) ||
        evaluate(model, &test) || show(model, dataset, &test))
        fprintf(stderr, "%s\n", qn_error(ctx));
    else
        rc = 0;

    qn_model_destroy(&model);
    qn_dataset_destroy(&dataset);
    free(training.targets);
    free(test.targets);
    qn_context_destroy(&ctx);
    return rc;
}
