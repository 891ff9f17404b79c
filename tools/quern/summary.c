/* SPDX-License-Identifier: Apache-2.0 */
/* quern summary: Keras's table of a saved model. */
#include "command.h"
#include "model_options.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t elements(const qn_weight_info *info)
{
    int64_t count = 1;
    for (int i = 0; i < info->rank; i++)
        count *= info->shape[i];
    return count;
}

static qn_status json_weights(const qn_model *model, json_t *object)
{
    int64_t total = 0, trainable = 0;
    json_t *list = json_array();
    qn_status status = QN_OK;
    for (int i = 0; i < qn_weight_count(model) && status == QN_OK; i++) {
        qn_weight_info info = {.size = sizeof info};
        status = qn_weight_describe(model, i, &info);
        if (status != QN_OK)
            break;
        json_t *weight = json_object();
        json_object_set_new(weight, "name", json_text(info.name));
        json_object_set_new(weight, "shape", json_shape(info.rank, info.shape));
        json_object_set_new(weight, "trainable", json_boolean(info.trainable));
        json_array_append_new(list, weight);
        total += elements(&info);
        trainable += info.trainable ? elements(&info) : 0;
    }
    json_object_set_new(object, "weights", list);
    json_object_set_new(object, "parameters", json_integer(total));
    json_object_set_new(object, "trainable_parameters", json_integer(trainable));
    return status;
}

static int print_json(const arguments *a, qn_model *model)
{
    int64_t shape[QN_MAX_RANK];
    json_t *object = json_object();
    json_object_set_new(object, "model", json_text(a->model));
    json_object_set_new(object, "layers", json_text(qn_model_text(model)));
    int rank = qn_model_input_shape(model, shape);
    json_object_set_new(object, "input_shape", json_shape(rank, shape));
    rank = qn_model_output_shape(model, shape);
    json_object_set_new(object, "output_shape", json_shape(rank, shape));
    json_object_set_new(object, "input_scale", json_number((double)qn_model_input_scale(model)));
    json_object_set_new(object, "loss", json_text(qn_model_loss(model)));
    qn_status status = json_weights(model, object);
    if (status == QN_OK)
        return json_print(object);
    json_decref(object);
    return report_failure(qn_model_context(model), status);
}

static int summarize(const arguments *a, qn_context *ctx, qn_model **model)
{
    qn_status status = qn_load(ctx, a->model, model);
    if (status == QN_OK && a->json)
        return print_json(a, *model);
    if (status == QN_OK)
        status = qn_summary(*model, write_to_file, stdout);
    return status == QN_OK ? EXIT_OK : report_failure(ctx, status);
}

static int run(const subcommand *command, const arguments *a)
{
    qn_context *ctx = NULL;
    qn_model *model = NULL;
    (void)command;
    qn_status status = open_context(a, &ctx);
    int code = status == QN_OK ? summarize(a, ctx, &model) : report_failure(ctx, status);
    qn_model_destroy(&model);
    qn_context_destroy(&ctx);
    return code;
}

static const option options[] = {
    {"--model", OPTION_TEXT, offsetof(arguments, model), "FILE", NULL, "a saved model",
     .required = true},
    DEVICE_OPTION,
    JSON_OPTION,
    {NULL},
};

const subcommand command_summary = {"summary",
                                    "Prints the layers, shapes and parameters of a saved model.",
                                    options, "quern summary --model fashion.safetensors", run};
