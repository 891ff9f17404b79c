/* SPDX-License-Identifier: Apache-2.0 */
/* quern predict: a saved model's outputs, as a table or as .npy. */
#include "command.h"
#include "model_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct prediction {
    const arguments *a;
    qn_context *ctx;
    qn_model *model;
    samples s;
    int64_t rows, columns; /* of the outputs */
    float *values;
    qn_array outputs;
    bool classes; /* outputs are probabilities of classes */
} prediction;

/* ---- what a row says ---- */

static const float *row_of(const prediction *p, int64_t row)
{
    return p->values + row * p->columns;
}

static int64_t largest(const float *values, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

/* One output is the probability of class 1. */
static int64_t class_of(const prediction *p, int64_t row, double *probability)
{
    const float *values = row_of(p, row);
    if (p->columns > 1) {
        int64_t best = largest(values, p->columns);
        *probability = (double)values[best];
        return best;
    }
    *probability = values[0] > 0.5f ? (double)values[0] : 1 - (double)values[0];
    return values[0] > 0.5f;
}

static int64_t label_at(const qn_array *y, int64_t row)
{
    switch (y->dtype) {
    case QN_U8:
        return ((const uint8_t *)y->data)[row];
    case QN_I8:
        return ((const int8_t *)y->data)[row];
    case QN_U16:
        return ((const uint16_t *)y->data)[row];
    case QN_I16:
        return ((const int16_t *)y->data)[row];
    case QN_U32:
        return ((const uint32_t *)y->data)[row];
    case QN_I32:
        return ((const int32_t *)y->data)[row];
    case QN_I64:
        return ((const int64_t *)y->data)[row];
    case QN_F32:
    case QN_F64:
        break;
    }
    return -1;
}

/* The true class, or -1 when the data does not say. */
static int64_t truth_of(const prediction *p, int64_t row)
{
    const qn_array *y = &p->s.y;
    if (p->s.labels.data)
        return label_at(&p->s.labels, row);
    if (!y->data || y->dtype != QN_F32 || y->rank != 2 || y->shape[1] != p->columns ||
        p->columns == 1)
        return -1;
    return largest((const float *)y->data + row * p->columns, p->columns);
}

static const char *class_name(const prediction *p, int64_t index)
{
    return index >= 0 && index < 1000000 ? qn_dataset_class(p->s.dataset, (int)index) : NULL;
}

/* ---- results ---- */

static const char *class_text(const prediction *p, int64_t index, char *buffer, size_t size)
{
    const char *name = class_name(p, index);
    if (name)
        snprintf(buffer, size, "%" PRId64 " %s", index, name);
    else
        snprintf(buffer, size, index < 0 ? "-" : "%" PRId64, index);
    return buffer;
}

static void print_classes(const prediction *p)
{
    bool truth = truth_of(p, 0) >= 0;
    printf("%7s  %-20s%12s%s\n", "sample", "predicted", "probability", truth ? "  truth" : "");
    for (int64_t row = 0; row < p->rows; row++) {
        double probability;
        char predicted[64], real[64];
        int64_t found = class_of(p, row, &probability), right = truth_of(p, row);
        printf("%7" PRId64 "  %-20s%12.4f", row, class_text(p, found, predicted, sizeof predicted),
               probability);
        if (truth)
            printf(right == found ? "  %s" : "  %-20s  wrong",
                   class_text(p, right, real, sizeof real));
        printf("\n");
    }
}

/* Outputs that are no classes: the numbers themselves, as many as a line holds. */
static void print_values(const prediction *p)
{
    const int64_t shown = p->columns < 8 ? p->columns : 8;
    printf("%7s  outputs\n", "sample");
    for (int64_t row = 0; row < p->rows; row++) {
        printf("%7" PRId64 " ", row);
        for (int64_t i = 0; i < shown; i++)
            printf(" %11.6g", (double)row_of(p, row)[i]);
        printf(shown < p->columns ? " ...\n" : "\n");
    }
}

static json_t *json_row(const prediction *p, int64_t row)
{
    json_t *object = json_object(), *values = json_array();
    json_object_set_new(object, "sample", json_integer(row));
    if (p->classes) {
        double probability;
        int64_t found = class_of(p, row, &probability), truth = truth_of(p, row);
        json_object_set_new(object, "class", json_integer(found));
        json_object_set_new(object, "name", json_text(class_name(p, found)));
        json_object_set_new(object, "probability", json_number(probability));
        json_object_set_new(object, "truth", truth < 0 ? json_null() : json_integer(truth));
    }
    for (int64_t i = 0; i < p->columns; i++)
        json_array_append_new(values, json_number((double)row_of(p, row)[i]));
    json_object_set_new(object, "values", values);
    return object;
}

static int print_json(const prediction *p)
{
    json_t *object = json_object(), *rows = json_array();
    json_object_set_new(object, "model", json_text(p->a->model));
    json_object_set_new(object, "data", json_text(p->a->data));
    json_object_set_new(object, "split", json_text(p->a->split));
    json_object_set_new(object, "device", json_text(context_device(p->ctx)->selector));
    json_object_set_new(object, "shape", json_shape(p->outputs.rank, p->outputs.shape));
    json_object_set_new(object, "out", json_text(p->a->out));
    for (int64_t row = 0; !p->a->out && row < p->rows; row++)
        json_array_append_new(rows, json_row(p, row));
    json_object_set_new(object, "predictions", rows);
    return json_print(object);
}

static int print_result(const prediction *p)
{
    char shape[192];
    if (p->a->json)
        return print_json(p);
    if (p->a->out)
        printf("wrote float32 %s to %s\n",
               shape_text(p->outputs.rank, p->outputs.shape, shape, sizeof shape), p->a->out);
    else if (p->classes)
        print_classes(p);
    else
        print_values(p);
    return EXIT_OK;
}

/* ---- steps ---- */

/* All samples go to a file; a table shows the first ones. */
static int64_t rows_wanted(const prediction *p, bool count_given)
{
    int64_t all = p->s.x.shape[0], count = p->a->count;
    if (count == 0 || (p->a->out && !count_given))
        return all;
    return count < all ? count : all;
}

static qn_status make_room(prediction *p)
{
    int64_t shape[QN_MAX_RANK];
    int rank = qn_model_output_shape(p->model, shape);
    p->outputs = (qn_array){.dtype = QN_F32, .rank = rank + 1, .shape = {p->rows}};
    p->columns = 1;
    for (int i = 0; i < rank; i++) {
        p->outputs.shape[i + 1] = shape[i];
        p->columns *= shape[i];
    }
    p->values = calloc((size_t)p->rows * (size_t)p->columns, sizeof *p->values);
    p->outputs.data = p->values;
    const char *loss = qn_model_loss(p->model);
    p->classes = rank == 1 && (loss ? strstr(loss, "crossentropy") != NULL : p->columns > 1);
    return p->values ? QN_OK : QN_ERROR_MEMORY;
}

static qn_status predict(prediction *p)
{
    qn_out out = {.data = p->values, .dtype = QN_F32, .rank = p->outputs.rank};
    qn_array x = p->s.x;
    memcpy(out.shape, p->outputs.shape, sizeof out.shape);
    x.shape[0] = p->rows;
    stop_on_interrupt(p->model);
    return qn_predict(p->model, x, out, .batch_size = p->a->batch_size,
                      .verbose = p->a->quiet ? 0 : 1, .progress = qn_progress_bar);
}

static qn_status compute(prediction *p, bool count_given)
{
    const arguments *a = p->a;
    qn_status status = open_context(a, &p->ctx);
    if (status == QN_OK && a->out)
        status = qn_check_writable(p->ctx, a->out);
    if (status == QN_OK)
        status = qn_load(p->ctx, a->model, &p->model);
    if (status == QN_OK)
        status = open_samples(p->ctx, a, a->split, &p->s);
    if (status != QN_OK)
        return status;
    take_scale(a, p->model, &p->s.x);
    p->rows = rows_wanted(p, count_given);
    status = make_room(p);
    if (status == QN_OK)
        status = predict(p);
    if (status == QN_OK && a->out)
        status = qn_npy_write(p->ctx, a->out, p->outputs);
    return status;
}

static int run(const subcommand *command, const arguments *a)
{
    prediction p = {.a = a};
    qn_status status = compute(&p, options_given(command, a, "--count"));
    int code = status == QN_OK ? print_result(&p) : report_failure(p.ctx, status);
    forget_interrupt();
    free(p.values);
    qn_model_destroy(&p.model);
    close_samples(&p.s);
    qn_context_destroy(&p.ctx);
    return code;
}

static const option options[] = {
    TRAINED_OPTIONS,
    {"--out", OPTION_TEXT, offsetof(arguments, out), "FILE.npy", NULL,
     "write all outputs there instead of a table"},
    {"--count", OPTION_INT, offsetof(arguments, count), "N", "10",
     "how many samples, from the first on; 0: all; with --out all unless given"},
    JSON_OPTION,
    QUIET_OPTION,
    {NULL},
};

const subcommand command_predict = {
    "predict", "Predicts with a saved model: a table, or a .npy file.", options,
    "quern predict --model fashion.safetensors --data fashion-mnist --out predicted.npy", run};
