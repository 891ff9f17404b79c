/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing with cairo: files, text, lines. */
#include "draw.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const painter cairo_painter = {draw_curves, draw_confusion, draw_images, draw_roofline};

const colour draw_ink = {0.13, 0.13, 0.13}, draw_grey = {0.38, 0.38, 0.38},
             draw_faint = {0.87, 0.87, 0.87}, draw_blue = {0, 0.447, 0.698},
             draw_orange = {0.835, 0.369, 0}, draw_green = {0, 0.62, 0.451};

/* ---- files ---- */

/* Where cairo writes; the file is replaced from it at once. */
typedef struct memory {
    unsigned char *data;
    size_t bytes, room;
} memory;

static cairo_status_t add(void *user, const unsigned char *data, unsigned int bytes)
{
    memory *m = user;
    if (m->bytes + bytes > m->room) {
        size_t room = 2 * m->room + bytes;
        unsigned char *grown = realloc(m->data, room);
        if (!grown)
            return CAIRO_STATUS_NO_MEMORY;
        m->data = grown;
        m->room = room;
    }
    memcpy(m->data + m->bytes, data, bytes);
    m->bytes += bytes;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *open_surface(const char *path, double width, double height, memory *m)
{
    const char *end = path + strlen(path) - 4; /* check_picture has seen it */
    if (strcasecmp(end, ".svg") == 0)
        return cairo_svg_surface_create_for_stream(add, m, width, height);
    if (strcasecmp(end, ".pdf") == 0)
        return cairo_pdf_surface_create_for_stream(add, m, width, height);
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width), (int)ceil(height));
}

static cairo_status_t finish(cairo_surface_t *surface, cairo_t *cr, memory *m)
{
    cairo_status_t status = cairo_status(cr);
    if (status == CAIRO_STATUS_SUCCESS &&
        cairo_surface_get_type(surface) == CAIRO_SURFACE_TYPE_IMAGE)
        status = cairo_surface_write_to_png_stream(surface, add, m);
    cairo_surface_finish(surface);
    return status == CAIRO_STATUS_SUCCESS ? cairo_surface_status(surface) : status;
}

int draw_picture(qn_context *ctx, const char *path, double width, double height,
                 void (*draw)(cairo_t *cr, const void *what), const void *what)
{
    memory m = {NULL, 0, 0};
    cairo_surface_t *surface = open_surface(path, width, height, &m);
    cairo_t *cr = cairo_create(surface);
    draw_colour(cr, (colour){1, 1, 1});
    cairo_paint(cr);
    draw(cr, what);
    cairo_status_t drawn = finish(surface, cr, &m);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    int code = EXIT_FAILED;
    if (drawn != CAIRO_STATUS_SUCCESS) {
        fprintf(stderr, "quern: could not draw %s: %s\n", path, cairo_status_to_string(drawn));
    } else {
        qn_status status = qn_replace_file(ctx, path, m.data, m.bytes);
        code = status == QN_OK ? EXIT_OK : report_failure(ctx, status);
    }
    free(m.data);
    return code;
}

/* ---- text and lines ---- */

void draw_colour(cairo_t *cr, colour c)
{
    cairo_set_source_rgb(cr, c.red, c.green, c.blue);
}

void draw_font(cairo_t *cr, double size, bool bold)
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

double draw_text_width(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

void draw_text(cairo_t *cr, double x, double y, double align, const char *text)
{
    cairo_move_to(cr, x - align * draw_text_width(cr, text), y);
    cairo_show_text(cr, text);
    cairo_new_path(cr);
}

/* The last character goes, all of its UTF-8 bytes. */
static void shorten(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    text[length > 0 ? length - 1 : 0] = '\0';
}

void draw_text_within(cairo_t *cr, double x, double y, double align, double width, const char *text)
{
    char part[256], shown[264];
    snprintf(part, sizeof part, "%s", text);
    if (strlen(text) >= sizeof part)
        shorten(part); /* it may have been cut within a character */
    snprintf(shown, sizeof shown, "%s", part);
    while (part[0] && draw_text_width(cr, shown) > width) {
        shorten(part);
        snprintf(shown, sizeof shown, "%s\xe2\x80\xa6", part);
    }
    draw_text(cr, x, y, align, shown);
}

void draw_line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

double draw_tick_step(double span, int count)
{
    double rough = span / count, power = pow(10, floor(log10(rough))), digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}
