/* SPDX-License-Identifier: Apache-2.0 */
/* quern eval --worst: the images that were wrong with the highest probability. */
#include "eval.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN 20
#define COLUMNS 5
#define MOST_PIXELS 4096 /* of a side */

typedef struct mistake {
    int64_t row;
    double probability;
} mistake;

/* Highest probability first; the earlier sample where they are equal. */
static int compare(const void *left, const void *right)
{
    const mistake *a = left, *b = right;
    if (a->probability != b->probability)
        return a->probability > b->probability ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

int check_images(const eval_run *r)
{
    const qn_array *x = &r->s.x;
    char shape[192];
    bool flat = x->rank == 3 || (x->rank == 4 && (x->shape[3] == 1 || x->shape[3] == 3));
    if (flat && x->shape[1] <= MOST_PIXELS && x->shape[2] <= MOST_PIXELS)
        return EXIT_OK;
    fprintf(stderr,
            "quern eval: --worst shows images, (height, width) or (height, width, 1 or 3), and the "
            "samples of %s have the shape %s\n",
            r->a->data, shape_text(x->rank - 1, x->shape + 1, shape, sizeof shape));
    return EXIT_USAGE;
}

static int64_t find_mistakes(const eval_run *r, mistake *list)
{
    int64_t count = 0;
    for (int64_t row = 0; row < r->o.rows; row++) {
        double probability;
        int64_t found = predicted_class(&r->o, row, &probability);
        if (found != true_class(&r->o, &r->s, row))
            list[count++] = (mistake){row, probability};
    }
    qsort(list, (size_t)count, sizeof *list, compare);
    return count;
}

static const char *short_name(const eval_run *r, int64_t class, char *buffer, size_t size)
{
    const char *name = class_name(&r->s, class);
    if (!name)
        snprintf(buffer, size, "%" PRId64, class);
    return name ? name : buffer;
}

/* The image's numbers, and its ends of black and white. */
static void take_image(const eval_run *r, const mistake *m, float *value, int64_t size,
                       image_grid *g, image *item)
{
    const qn_array *x = &r->s.x;
    char truth[24], found[24];
    double unused;
    for (int64_t i = 0; i < size; i++) {
        value[i] = (float)element_at(x, m->row * size + i);
        g->low = fmin(g->low, (double)value[i]);
        g->high = fmax(g->high, (double)value[i]);
    }
    item->value = value;
    snprintf(item->caption[0], sizeof item->caption[0], "true: %.40s",
             short_name(r, true_class(&r->o, &r->s, m->row), truth, sizeof truth));
    snprintf(item->caption[1], sizeof item->caption[1], "%.30s: %.1f %%",
             short_name(r, predicted_class(&r->o, m->row, &unused), found, sizeof found),
             100 * m->probability);
}

static int draw_mistakes(const eval_run *r, const mistake *list, int64_t wrong, float *values,
                         int64_t size)
{
    const qn_array *x = &r->s.x;
    image item[SHOWN];
    char title[160];
    image_grid g = {.title = title, .item = item, .columns = COLUMNS, .height = x->shape[1]};
    if (wrong > 0)
        g.subtitle = "below each image the true class, then, in orange, what was predicted and its "
                     "probability";
    g.count = wrong < SHOWN ? (int)wrong : SHOWN;
    g.width = x->shape[2];
    g.channels = x->rank == 4 ? x->shape[3] : 1;
    g.stride = 1;
    g.low = x->dtype == QN_U8 ? 0 : INFINITY;
    g.high = x->dtype == QN_U8 ? 255 : -INFINITY;
    for (int i = 0; i < g.count; i++)
        take_image(r, &list[i], values + i * size, size, &g, &item[i]);
    if (wrong > g.count)
        snprintf(title, sizeof title,
                 "The %d most confident of %" PRId64 " mistakes in %" PRId64 " %s samples", g.count,
                 wrong, r->o.rows, r->a->split);
    else
        snprintf(title, sizeof title, "%" PRId64 " mistake%s in %" PRId64 " %s samples", wrong,
                 wrong == 1 ? "" : "s", r->o.rows, r->a->split);
    return pictures->images(r->ctx, r->a->worst, &g);
}

int draw_worst(const eval_run *r)
{
    const qn_array *x = &r->s.x;
    int64_t size = x->shape[1] * x->shape[2] * (x->rank == 4 ? x->shape[3] : 1);
    mistake *list = calloc((size_t)r->o.rows, sizeof *list);
    float *values = calloc((size_t)(SHOWN * size), sizeof *values);
    int code = list && values ? draw_mistakes(r, list, find_mistakes(r, list), values, size)
                              : out_of_memory();
    free(list);
    free(values);
    return code;
}
