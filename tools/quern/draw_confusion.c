/* SPDX-License-Identifier: Apache-2.0 */
/* A confusion matrix: rows are true classes, columns predicted ones; the darker, the larger the
 * share of its row. */
#include "draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBERED 30 /* classes, up to which cells have numbers in them */
#define NAME_WIDTH 110.0
#define RIGHT 96.0 /* for the scale */

typedef struct layout {
    const confusion *c;
    double cell, left, top, side;
    double below; /* from the matrix to the word below the names */
} layout;

static layout lay_out(const confusion *c)
{
    layout l = {.c = c};
    size_t longest = 0; /* name */
    for (int i = 0; i < c->classes; i++) {
        const char *name = qn_dataset_class(c->dataset, i);
        size_t length = name ? strlen(name) : 0;
        longest = length > longest ? length : longest;
    }
    l.below = longest > 0 ? 36 + fmin(6.5 * (double)longest, NAME_WIDTH) * 0.71 : 42;
    l.cell = c->classes <= NUMBERED ? 58 : fmax(4, floor(1000.0 / (double)c->classes));
    l.left = 40 + NAME_WIDTH;
    l.top = 64;
    l.side = l.cell * (double)c->classes;
    return l;
}

/* White to a deep blue. */
static colour shade(double share)
{
    const colour full = {0.03, 0.25, 0.48};
    double s = sqrt(share); /* small confusions are what one looks for */
    return (colour){1 - s * (1 - full.red), 1 - s * (1 - full.green), 1 - s * (1 - full.blue)};
}

static int64_t row_sum(const confusion *c, int64_t row)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < c->classes; i++)
        sum += c->count[row * c->classes + i];
    return sum;
}

static void draw_numbers(cairo_t *cr, const layout *l, double x, double y, int64_t count,
                         double share)
{
    char text[32];
    draw_colour(cr, share > 0.25 ? (colour){1, 1, 1} : draw_ink);
    draw_font(cr, 13, count > 0);
    snprintf(text, sizeof text, "%" PRId64, count);
    draw_text(cr, x + l->cell / 2, y + l->cell / 2 - 1, 0.5, text);
    draw_font(cr, 11, false);
    snprintf(text, sizeof text, share > 0 && share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
    if (count > 0)
        draw_text(cr, x + l->cell / 2, y + l->cell / 2 + 14, 0.5, text);
}

static void draw_cells(cairo_t *cr, const layout *l)
{
    const confusion *c = l->c;
    for (int64_t row = 0; row < c->classes; row++) {
        int64_t sum = row_sum(c, row);
        for (int64_t column = 0; column < c->classes; column++) {
            int64_t count = c->count[row * c->classes + column];
            double share = sum > 0 ? (double)count / (double)sum : 0;
            double x = l->left + l->cell * (double)column, y = l->top + l->cell * (double)row;
            draw_colour(cr, shade(share));
            cairo_rectangle(cr, x, y, l->cell, l->cell);
            cairo_fill(cr);
            if (c->classes <= NUMBERED)
                draw_numbers(cr, l, x, y, count, share);
        }
    }
}

static void draw_frame(cairo_t *cr, const layout *l)
{
    draw_colour(cr, draw_faint);
    for (int64_t i = 0; l->c->classes <= NUMBERED && i <= l->c->classes; i++) {
        double at = l->cell * (double)i;
        draw_line(cr, l->left + at, l->top, l->left + at, l->top + l->side);
        draw_line(cr, l->left, l->top + at, l->left + l->side, l->top + at);
    }
    draw_colour(cr, draw_grey);
    cairo_rectangle(cr, l->left, l->top, l->side, l->side);
    cairo_stroke(cr);
}

/* Names stand aslant below the columns, where they do not touch. */
static void draw_column_name(cairo_t *cr, double x, double y, const char *name)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -acos(-1) / 4);
    draw_text_within(cr, 0, 0, 1, NAME_WIDTH, name);
    cairo_restore(cr);
}

static void draw_names(cairo_t *cr, const layout *l)
{
    /* Cells that are narrower than a line of text have a name now and then. */
    int64_t every = (int64_t)ceil(16 / l->cell);
    draw_font(cr, 12, false);
    draw_colour(cr, draw_ink);
    for (int64_t i = 0; i < l->c->classes; i += every) {
        char number[32];
        const char *name = qn_dataset_class(l->c->dataset, (int)i);
        double at = l->cell * ((double)i + 0.5);
        snprintf(number, sizeof number, "%" PRId64, i);
        draw_text_within(cr, l->left - 8, l->top + at + 4, 1, NAME_WIDTH, name ? name : number);
        if (name)
            draw_column_name(cr, l->left + at + 4, l->top + l->side + 14, name);
        else if (every == 1 || i % (2 * every) == 0)
            draw_text(cr, l->left + at, l->top + l->side + 18, 0.5, number);
    }
}

static void draw_scale(cairo_t *cr, const layout *l)
{
    double x = l->left + l->side + 20, height = fmin(l->side, 240);
    for (int i = 0; i < 100; i++) {
        draw_colour(cr, shade((99.5 - i) / 100));
        cairo_rectangle(cr, x, l->top + height * i / 100, 14, height / 100 + 0.5);
        cairo_fill(cr);
    }
    draw_colour(cr, draw_grey);
    cairo_rectangle(cr, x, l->top, 14, height);
    cairo_stroke(cr);
    draw_font(cr, 11, false);
    for (int i = 0; i <= 4; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d %%", 25 * i);
        draw_text(cr, x + 20, l->top + height * (4 - i) / 4 + 4, 0, text);
    }
}

static void draw_titles(cairo_t *cr, const layout *l)
{
    const confusion *c = l->c;
    int64_t right = 0, all = 0;
    char text[128];
    for (int64_t row = 0; row < c->classes; row++) {
        right += c->count[row * c->classes + row];
        all += row_sum(c, row);
    }
    draw_colour(cr, draw_ink);
    draw_font(cr, 16, true);
    snprintf(text, sizeof text, "%" PRId64 " of %" PRId64 " %s samples right: %.2f %%", right, all,
             c->split, all > 0 ? 100 * (double)right / (double)all : 0);
    draw_text(cr, 20, 28, 0, text);
    draw_font(cr, 12, false);
    draw_colour(cr, draw_grey);
    draw_text(cr, 20, 48, 0,
              c->classes <= NUMBERED ? "count, and share of the true class (row)"
                                     : "share of the true class (row)");
    draw_font(cr, 13, true);
    draw_text(cr, l->left + l->side / 2, l->top + l->side + l->below, 0.5, "predicted");
    cairo_save(cr);
    cairo_translate(cr, 24, l->top + l->side / 2);
    cairo_rotate(cr, -acos(-1) / 2);
    draw_text(cr, 0, 0, 0.5, "true");
    cairo_restore(cr);
}

static void draw_matrix(cairo_t *cr, const void *what)
{
    layout l = lay_out(what);
    cairo_set_line_width(cr, 1);
    draw_titles(cr, &l);
    draw_cells(cr, &l);
    draw_frame(cr, &l);
    draw_names(cr, &l);
    draw_scale(cr, &l);
}

int draw_confusion(qn_context *ctx, const char *path, const confusion *what)
{
    layout l = lay_out(what);
    double width = fmax(l.left + l.side + RIGHT, 480);
    double height = l.top + fmax(l.side + l.below, 250) + 18;
    return draw_picture(ctx, path, width, height, draw_matrix, what);
}
