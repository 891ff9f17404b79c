/* SPDX-License-Identifier: Apache-2.0 */
/* A grid of small images with a caption each. */
#include "draw.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HEAD 64.0
#define MARGIN 20.0
#define CAPTION 16.0 /* height of a line of it */
#define RIGHT 96.0   /* for the scale */

typedef struct layout {
    const image_grid *g;
    double width, height; /* of an image on the picture */
    double cell_width, cell_height;
    double picture_width, picture_height;
} layout;

static bool has_line(const image_grid *g, int line)
{
    return g->count > 0 && g->item[0].caption[line][0] != '\0';
}

static layout lay_out(const image_grid *g)
{
    layout l = {.g = g};
    int lines = has_line(g, 0) + has_line(g, 1),
        columns = g->count < g->columns ? g->count : g->columns;
    double wanted = lines > 1 ? 150 : 84; /* room for two lines of words, or for a number */
    double larger = (double)(g->height > g->width ? g->height : g->width);
    double zoom = wanted / larger > 1 ? floor(wanted / larger) : wanted / larger;
    l.width = (double)g->width * zoom;
    l.height = (double)g->height * zoom;
    l.cell_width = fmax(l.width, lines > 1 ? 150 : 40) + 12;
    l.cell_height = l.height + CAPTION * lines + 14;
    l.picture_width = 2 * MARGIN + l.cell_width * columns + (g->is_signed ? RIGHT : 0);
    l.picture_width = fmax(l.picture_width, 560); /* the title's */
    l.picture_height = HEAD + MARGIN + l.cell_height * ((g->count + g->columns - 1) / g->columns);
    if (g->is_signed)
        l.picture_height = fmax(l.picture_height, HEAD + MARGIN + 200);
    return l;
}

/* ---- colours ---- */

static colour between(colour a, colour b, double t)
{
    return (colour){a.red + t * (b.red - a.red), a.green + t * (b.green - a.green),
                    a.blue + t * (b.blue - a.blue)};
}

/* Blue below zero, white at it, brown above: told apart with any colour vision. */
static colour signed_colour(double t)
{
    const colour below = {0.02, 0.27, 0.58}, zero = {1, 1, 1}, above = {0.65, 0.27, 0};
    return t < 0.5 ? between(below, zero, 2 * t) : between(zero, above, 2 * t - 1);
}

static double place(const image_grid *g, double value)
{
    double t = g->high > g->low ? (value - g->low) / (g->high - g->low) : 0.5;
    return isfinite(t) ? fmin(fmax(t, 0), 1) : 0.5;
}

static colour colour_of(const image_grid *g, const float *value)
{
    if (g->channels == 3)
        return (colour){place(g, (double)value[0]), place(g, (double)value[g->stride]),
                        place(g, (double)value[2 * g->stride])};
    double t = place(g, (double)value[0]);
    return g->is_signed ? signed_colour(t) : (colour){t, t, t};
}

static uint32_t packed(colour c)
{
    return (uint32_t)lround(255 * c.red) << 16 | (uint32_t)lround(255 * c.green) << 8 |
           (uint32_t)lround(255 * c.blue);
}

/* ---- drawing ---- */

static cairo_surface_t *surface_of(const image_grid *g, const image *item)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)g->width, (int)g->height);
    unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int64_t row = 0; data && row < g->height; row++) {
        for (int64_t column = 0; column < g->width; column++) {
            int64_t at = (row * g->width + column) * g->channels * g->stride;
            uint32_t pixel = packed(colour_of(g, item->value + at));
            memcpy(data + row * stride + column * 4, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void draw_pixels(cairo_t *cr, const layout *l, const image *item, double x, double y)
{
    cairo_surface_t *surface = surface_of(l->g, item);
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, l->width / (double)l->g->width, l->height / (double)l->g->height);
    cairo_set_source_surface(cr, surface, 0, 0);
    if (l->width >= (double)l->g->width)
        cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(surface);
    draw_colour(cr, draw_grey);
    cairo_rectangle(cr, x - 0.5, y - 0.5, l->width + 1, l->height + 1);
    cairo_stroke(cr);
}

static void draw_item(cairo_t *cr, const layout *l, const image *item, double x, double y)
{
    double middle = x + l->cell_width / 2, below = y + l->height + 14;
    draw_pixels(cr, l, item, floor(middle - l->width / 2), y);
    for (int line = 0; line < 2; line++) {
        draw_font(cr, 12, line == 1);
        draw_colour(cr, line == 1 ? draw_orange : draw_ink);
        if (item->caption[line][0])
            draw_text_within(cr, middle, below + CAPTION * line, 0.5, l->cell_width - 6,
                             item->caption[line]);
    }
}

static void draw_scale(cairo_t *cr, const layout *l)
{
    const image_grid *g = l->g;
    const double height = 160;
    double x = l->picture_width - RIGHT;
    for (int i = 0; i < 100; i++) {
        draw_colour(cr, signed_colour((99.5 - i) / 100));
        cairo_rectangle(cr, x, HEAD + height * i / 100, 14, height / 100 + 0.5);
        cairo_fill(cr);
    }
    draw_colour(cr, draw_grey);
    cairo_rectangle(cr, x, HEAD, 14, height);
    cairo_stroke(cr);
    draw_font(cr, 11, false);
    for (int i = 0; i <= 2; i++) {
        char text[32];
        double value = g->low + (g->high - g->low) * i / 2;
        const char *mark = !g->beyond || i == 1 ? "" : i == 0 ? "\xe2\x89\xa4 " : "\xe2\x89\xa5 ";
        snprintf(text, sizeof text, "%s%.3g", mark, value);
        draw_text(cr, x + 20, HEAD + height * (2 - i) / 2 + 4, 0, text);
    }
}

static void draw_grid(cairo_t *cr, const void *what)
{
    layout l = lay_out(what);
    const image_grid *g = what;
    cairo_set_line_width(cr, 1);
    draw_font(cr, 15, true);
    draw_colour(cr, draw_ink);
    draw_text_within(cr, MARGIN, 28, 0, l.picture_width - 2 * MARGIN, g->title);
    draw_font(cr, 12, false);
    draw_colour(cr, draw_grey);
    if (g->subtitle)
        draw_text_within(cr, MARGIN, 48, 0, l.picture_width - 2 * MARGIN, g->subtitle);
    for (int i = 0; i < g->count; i++)
        draw_item(cr, &l, &g->item[i], MARGIN + i % g->columns * l.cell_width,
                  HEAD + i / g->columns * l.cell_height);
    if (g->is_signed && g->channels == 1)
        draw_scale(cr, &l);
}

int draw_images(qn_context *ctx, const char *path, const image_grid *what)
{
    layout l = lay_out(what);
    return draw_picture(ctx, path, l.picture_width, l.picture_height, draw_grid, what);
}
