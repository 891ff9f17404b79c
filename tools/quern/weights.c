/* SPDX-License-Identifier: Apache-2.0 */
/* quern weights: what the weights of a saved model are, as numbers and as images. */
#include "model_options.h"
#include "pictures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 100 /* units */
#define COLUMNS 10

typedef struct weight {
    qn_weight_info info;
    int layer; /* counted from 1, among those that have weights */
    int64_t size;
    float *value;
    double mean, deviation, least, most;
} weight;

typedef struct weights_run {
    const subcommand *command;
    const arguments *a;
    qn_context *ctx;
    qn_model *model;
    weight *list;
    int count, layers;
} weights_run;

/* ---- reading ---- */

/* "dense/kernel" is of the layer "dense". */
static size_t layer_length(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? (size_t)(slash - name) : strlen(name);
}

static bool same_layer(const char *a, const char *b)
{
    return layer_length(a) == layer_length(b) && strncmp(a, b, layer_length(a)) == 0;
}

static void measure(weight *w)
{
    double sum = 0, squares = 0;
    w->least = INFINITY;
    w->most = -INFINITY;
    for (int64_t i = 0; i < w->size; i++) {
        sum += (double)w->value[i];
        w->least = fmin(w->least, (double)w->value[i]);
        w->most = fmax(w->most, (double)w->value[i]);
    }
    w->mean = sum / (double)w->size;
    for (int64_t i = 0; i < w->size; i++)
        squares += ((double)w->value[i] - w->mean) * ((double)w->value[i] - w->mean);
    w->deviation = sqrt(squares / (double)w->size);
}

static qn_status read_weight(weights_run *r, int index, weight *w)
{
    w->info.size = sizeof w->info;
    qn_status status = qn_weight_describe(r->model, index, &w->info);
    if (status != QN_OK)
        return status;
    qn_out out = {.dtype = QN_F32, .rank = w->info.rank};
    w->size = 1;
    for (int i = 0; i < w->info.rank; i++)
        w->size *= out.shape[i] = w->info.shape[i];
    out.data = w->value = calloc((size_t)w->size, sizeof *w->value);
    if (!w->value)
        return QN_ERROR_MEMORY;
    status = qn_get_weight(r->model, index, out);
    measure(w);
    return status;
}

static int read_weights(weights_run *r)
{
    int count = qn_weight_count(r->model);
    r->list = calloc((size_t)count + 1, sizeof *r->list);
    if (!r->list)
        return out_of_memory();
    for (; r->count < count; r->count++) {
        weight *w = &r->list[r->count];
        qn_status status = read_weight(r, r->count, w);
        if (status != QN_OK) {
            free(w->value);
            return w->info.name && !w->value ? out_of_memory() : report_failure(r->ctx, status);
        }
        if (r->count == 0 || !same_layer(w->info.name, w[-1].info.name))
            r->layers++;
        w->layer = r->layers;
    }
    return EXIT_OK;
}

/* ---- as numbers ---- */

static bool is_shown(const weights_run *r, const weight *w)
{
    return !options_given(r->command, r->a, "--layer") || w->layer == r->a->layer;
}

static int print_text(const weights_run *r)
{
    printf("%5s  %-28s%-16s%12s%12s%12s%12s\n", "layer", "weight", "shape", "mean", "deviation",
           "min", "max");
    for (const weight *w = r->list; w < r->list + r->count; w++) {
        char shape[192];
        if (is_shown(r, w))
            printf("%5d  %-28s%-16s%12.4g%12.4g%12.4g%12.4g\n", w->layer, w->info.name,
                   shape_text(w->info.rank, w->info.shape, shape, sizeof shape), w->mean,
                   w->deviation, w->least, w->most);
    }
    if (r->a->png)
        printf("png  %s\n", r->a->png);
    return EXIT_OK;
}

static int print_json(const weights_run *r)
{
    json_t *object = json_object(), *list = json_array();
    for (const weight *w = r->list; w < r->list + r->count; w++) {
        if (!is_shown(r, w))
            continue;
        json_t *entry = json_object();
        json_object_set_new(entry, "layer", json_integer(w->layer));
        json_object_set_new(entry, "name", json_text(w->info.name));
        json_object_set_new(entry, "shape", json_shape(w->info.rank, w->info.shape));
        json_object_set_new(entry, "trainable", json_boolean(w->info.trainable));
        json_object_set_new(entry, "mean", json_number(w->mean));
        json_object_set_new(entry, "deviation", json_number(w->deviation));
        json_object_set_new(entry, "min", json_number(w->least));
        json_object_set_new(entry, "max", json_number(w->most));
        json_array_append_new(list, entry);
    }
    json_object_set_new(object, "model", json_text(r->a->model));
    json_object_set_new(object, "weights", list);
    json_object_set_new(object, "png", json_text(r->a->png));
    return json_print(object);
}

/* ---- as images ---- */

static bool is_kernel(const weight *w)
{
    return w->info.rank == 2 && strcmp(w->info.name + layer_length(w->info.name), "/kernel") == 0;
}

static int refuse_images(const weights_run *r, const char *why)
{
    fprintf(stderr,
            "quern weights: --png shows a kernel (pixels, units) whose input is an image "
            "(height, width) or (height, width, 1 or 3); %s\n",
            why);
    (void)r;
    return EXIT_USAGE;
}

/* The kernel of --layer; NULL where its inputs are not the image's pixels. Normalizations before it
 * keep them, another kernel does not. */
static const weight *find_kernel(const weights_run *r, int64_t pixels)
{
    for (const weight *w = r->list; w < r->list + r->count && w->layer <= r->a->layer; w++)
        if (is_kernel(w))
            return w->layer == r->a->layer && w->info.shape[0] == pixels ? w : NULL;
    return NULL;
}

static int draw_kernel(const weights_run *r, const weight *w, int rank, const int64_t *shape)
{
    image item[SHOWN];
    char title[192];
    int64_t units = w->info.shape[1];
    image_grid g = {.title = title, .item = item, .columns = COLUMNS, .is_signed = true};
    g.count = units < SHOWN ? (int)units : SHOWN;
    g.height = shape[0];
    g.width = shape[1];
    g.channels = rank == 3 ? shape[2] : 1;
    g.stride = units;
    /* A few large weights would leave all others pale. */
    double most = fmax(fabs(w->least), fabs(w->most));
    g.high = fmin(most, 3 * sqrt(w->mean * w->mean + w->deviation * w->deviation));
    g.low = -g.high;
    g.beyond = g.high < most;
    g.subtitle = g.channels == 3
                     ? "each image: what a unit multiplies red, green and blue by; grey is 0"
                     : "each image: what a unit multiplies the pixels by";
    for (int i = 0; i < g.count; i++) {
        item[i] = (image){.value = w->value + i};
        snprintf(item[i].caption[0], sizeof item[i].caption[0], "%d", i);
    }
    if (g.count < units)
        snprintf(title, sizeof title, "%s: the weights of %d of %" PRId64 " units", w->info.name,
                 g.count, units);
    else
        snprintf(title, sizeof title, "%s: the weights of its %d units", w->info.name, g.count);
    return pictures->images(r->ctx, r->a->png, &g);
}

static int draw(const weights_run *r)
{
    int64_t shape[QN_MAX_RANK];
    char text[256], printed[192];
    int rank = qn_model_input_shape(r->model, shape);
    if (rank != 2 && (rank != 3 || (shape[2] != 1 && shape[2] != 3))) {
        snprintf(text, sizeof text, "the input of %s is %s", r->a->model,
                 shape_text(rank, shape, printed, sizeof printed));
        return refuse_images(r, text);
    }
    const weight *w = find_kernel(r, shape[0] * shape[1] * (rank == 3 ? shape[2] : 1));
    if (!w) {
        snprintf(text, sizeof text, "layer %" PRId64 " of %s has none", r->a->layer, r->a->model);
        return refuse_images(r, text);
    }
    return draw_kernel(r, w, rank, shape);
}

/* ---- the command ---- */

static int check_layer(const weights_run *r)
{
    if (r->a->layer <= r->layers)
        return EXIT_OK;
    fprintf(stderr,
            "quern weights: --layer is %" PRId64 ", and %s has %d layers with weights; quern "
            "weights --model %s lists them\n",
            r->a->layer, r->a->model, r->layers, r->a->model);
    return EXIT_USAGE;
}

static int show(weights_run *r)
{
    const arguments *a = r->a;
    int code = check_picture(r->command, "--png", a->png);
    if (code != EXIT_OK)
        return code;
    qn_status status = open_context(a, &r->ctx);
    if (status == QN_OK && a->png)
        status = qn_check_writable(r->ctx, a->png);
    if (status == QN_OK)
        status = qn_load(r->ctx, a->model, &r->model);
    if (status != QN_OK)
        return report_failure(r->ctx, status);
    code = read_weights(r);
    if (code == EXIT_OK)
        code = check_layer(r);
    if (code == EXIT_OK && a->png)
        code = draw(r);
    if (code != EXIT_OK)
        return code;
    return a->json ? print_json(r) : print_text(r);
}

static int run(const subcommand *command, const arguments *a)
{
    arguments own = *a;
    weights_run r = {.command = command, .a = &own};
    if (!options_given(command, a, "--layer"))
        own.layer = 1; /* to draw; all are listed */
    int code = show(&r);
    for (int i = 0; i < r.count; i++)
        free(r.list[i].value);
    free(r.list);
    qn_model_destroy(&r.model);
    qn_context_destroy(&r.ctx);
    return code;
}

static const option options[] = {
    {"--model", OPTION_TEXT, offsetof(arguments, model), "FILE", NULL, "a saved model",
     .required = true},
    {"--layer", OPTION_INT, offsetof(arguments, layer), "N", NULL,
     "which of the layers that have weights, counted from 1; when not given, all are listed and "
     "the "
     "first is drawn",
     .minimum = 1},
    {"--png", OPTION_TEXT, offsetof(arguments, png), "FILE", NULL,
     "draw the layer's kernel there, an image for each unit (.png, .svg or .pdf)"},
    DEVICE_OPTION,
    JSON_OPTION,
    {NULL},
};

const subcommand command_weights = {
    "weights", "Lists the weights of a saved model, or draws them.", options,
    "quern weights --model fashion.safetensors --png weights.png", run};
