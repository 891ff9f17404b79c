/* SPDX-License-Identifier: Apache-2.0 */
/* quern predict: a saved model's outputs, as a table or as .npy. */
#include "classes.h"
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
    outputs o;
} prediction;

/* ---- results ---- */

static void print_classes(const prediction *p)
{
    bool truth = true_class(&p->o, &p->s, 0) >= 0;
    printf("%7s  %-20s%12s%s\n", "sample", "predicted", "probability", truth ? "  truth" : "");
    for (int64_t row = 0; row < p->o.rows; row++) {
        double probability;
        char predicted[64], real[64];
        int64_t found = predicted_class(&p->o, row, &probability),
                right = true_class(&p->o, &p->s, row);
        printf("%7" PRId64 "  %-20s%12.4f", row,
               class_text(&p->s, found, predicted, sizeof predicted), probability);
        if (truth)
            printf(right == found ? "  %s" : "  %-20s  wrong",
                   class_text(&p->s, right, real, sizeof real));
        printf("\n");
    }
}

/* Outputs that are no classes: the numbers themselves, as many as a line holds. */
static void print_values(const prediction *p)
{
    const int64_t shown = p->o.columns < 8 ? p->o.columns : 8;
    printf("%7s  outputs\n", "sample");
    for (int64_t row = 0; row < p->o.rows; row++) {
        printf("%7" PRId64 " ", row);
        for (int64_t i = 0; i < shown; i++)
            printf(" %11.6g", (double)p->o.values[row * p->o.columns + i]);
        printf(shown < p->o.columns ? " ...\n" : "\n");
    }
}

static json_t *json_row(const prediction *p, int64_t row)
{
    json_t *object = json_object(), *values = json_array();
    json_object_set_new(object, "sample", json_integer(row));
    if (p->o.classes) {
        double probability;
        int64_t found = predicted_class(&p->o, row, &probability),
                truth = true_class(&p->o, &p->s, row);
        json_object_set_new(object, "class", json_integer(found));
        json_object_set_new(object, "name", json_text(class_name(&p->s, found)));
        json_object_set_new(object, "probability", json_number(probability));
        json_object_set_new(object, "truth", truth < 0 ? json_null() : json_integer(truth));
    }
    for (int64_t i = 0; i < p->o.columns; i++)
        json_array_append_new(values, json_number((double)p->o.values[row * p->o.columns + i]));
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
    json_object_set_new(object, "shape", json_shape(p->o.array.rank, p->o.array.shape));
    json_object_set_new(object, "out", json_text(p->a->out));
    for (int64_t row = 0; !p->a->out && row < p->o.rows; row++)
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
               shape_text(p->o.array.rank, p->o.array.shape, shape, sizeof shape), p->a->out);
    else if (p->o.classes)
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
    note_samples(a, &p->s);
    take_scale(a, p->model, &p->s.x);
    stop_on_interrupt(p->model);
    status = outputs_make(p->model, rows_wanted(p, count_given), &p->o);
    if (status == QN_OK)
        status = outputs_predict(a, p->model, &p->s, &p->o);
    if (status == QN_OK && a->profiling) { /* that warmed up */
        status = profiling_begin(a, p->model);
        if (status == QN_OK)
            status = outputs_predict(a, p->model, &p->s, &p->o);
    }
    if (status == QN_OK && a->out)
        status = qn_npy_write(p->ctx, a->out, p->o.array);
    return status;
}

static int run(const subcommand *command, const arguments *a)
{
    prediction p = {.a = a};
    qn_status status = compute(&p, options_given(command, a, "--count"));
    int code = status != QN_OK ? report_failure(p.ctx, status)
               : a->profiling  ? profiling_finish(a, p.ctx, status)
                               : print_result(&p);
    forget_interrupt();
    outputs_free(&p.o);
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
