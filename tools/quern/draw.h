/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing with cairo: what the pictures share. */
#ifndef QUERN_DRAW_H
#define QUERN_DRAW_H

#include "pictures.h"

#include <cairo.h>

extern const painter cairo_painter;

int draw_curves(qn_context *ctx, const char *path, const curves *what);
int draw_confusion(qn_context *ctx, const char *path, const confusion *what);
int draw_roofline(qn_context *ctx, const char *path, const json_t *profile);
int draw_images(qn_context *ctx, const char *path, const image_grid *what);

typedef struct colour {
    double red, green, blue;
} colour;

/* Okabe & Ito 2008: colours that colour-blind readers tell apart. */
extern const colour draw_ink, draw_grey, draw_faint, draw_blue, draw_orange, draw_green;

/* `width` x `height` units, a unit being a pixel or a point, on white; `draw` fills them. */
int draw_picture(qn_context *ctx, const char *path, double width, double height,
                 void (*draw)(cairo_t *cr, const void *what), const void *what);

void draw_colour(cairo_t *cr, colour c);
/* A size in units, bold or not, for the texts that follow. */
void draw_font(cairo_t *cr, double size, bool bold);
double draw_text_width(cairo_t *cr, const char *text);
/* `align` 0: begins at x; 0.5: centred; 1: ends there. y is the baseline. */
void draw_text(cairo_t *cr, double x, double y, double align, const char *text);
/* The same, cut with an ellipsis where it is wider than `width`. */
void draw_text_within(cairo_t *cr, double x, double y, double align, double width,
                      const char *text);
void draw_line(cairo_t *cr, double x0, double y0, double x1, double y1);
/* 1, 2 or 5 times a power of ten, so that `span` has about `count` steps of it. */
double draw_tick_step(double span, int count);

#endif
