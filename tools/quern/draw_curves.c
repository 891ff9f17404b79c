/* SPDX-License-Identifier: Apache-2.0 */
/* Training curves: a panel per result, training and validation by epoch. */
#include "draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PANEL_WIDTH 480.0
#define PANEL_HEIGHT 300.0
#define HEAD 44.0 /* of the picture, for its title */
#define MARKED 40 /* epochs, up to which each has a dot */

/* Where numbers go within one panel. */
typedef struct axes {
    double left, top, right, bottom; /* on the picture */
    double low, high;                /* of the results */
    int64_t first, last;             /* epochs */
} axes;

typedef struct panel {
    const curves *c;
    const char *name;
    char validation[64];
    bool validated;
    bool measured; /* on samples: it is no learning rate */
    axes at;
} panel;

static double x_of(const axes *at, int64_t epoch)
{
    double span = (double)(at->last - at->first);
    if (span == 0)
        return (at->left + at->right) / 2;
    return at->left + (at->right - at->left) * (double)(epoch - at->first) / span;
}

static double y_of(const axes *at, double value)
{
    return at->bottom - (at->bottom - at->top) * (value - at->low) / (at->high - at->low);
}

/* ---- what is shown ---- */

static bool value_at(const curves *c, const char *name, int64_t index, double *value)
{
    return qn_history_get(c->model, name, index, value) && isfinite(*value);
}

static void widen(const curves *c, const char *name, axes *at, bool *any)
{
    double value;
    for (int64_t i = 0; i < qn_history_epochs(c->model); i++) {
        if (!value_at(c, name, i, &value))
            continue;
        at->low = *any ? fmin(at->low, value) : value;
        at->high = *any ? fmax(at->high, value) : value;
        *any = true;
    }
}

/* Ends on ticks, so that the first and the last have a label. */
static double round_ends(axes *at)
{
    double least = fmax(fabs(at->low), fabs(at->high)) * 1e-6;
    if (at->high - at->low <= least) {
        double middle = at->low, half = middle != 0 ? fabs(middle) * 0.1 : 0.5;
        at->low = middle - half;
        at->high = middle + half;
    }
    double step = draw_tick_step(at->high - at->low, 5);
    at->low = floor(at->low / step + 1e-9) * step;
    at->high = ceil(at->high / step - 1e-9) * step;
    return step;
}

/* ---- a panel ---- */

static void draw_value_axis(cairo_t *cr, const axes *at, double step)
{
    int count = (int)lround((at->high - at->low) / step);
    int decimals = (int)fmax(0, -floor(log10(step) + 1e-9));
    for (int i = 0; i <= count; i++) {
        char text[32];
        double value = at->low + i * step, y = y_of(at, value);
        if (fabs(value) < step * 1e-9)
            value = 0;
        if (decimals > 5 || fabs(value) >= 1e6)
            snprintf(text, sizeof text, "%.3g", value);
        else
            snprintf(text, sizeof text, "%.*f", decimals, value);
        draw_colour(cr, draw_faint);
        draw_line(cr, at->left, y, at->right, y);
        draw_colour(cr, draw_grey);
        draw_text(cr, at->left - 8, y + 4, 1, text);
    }
}

static void draw_epoch_axis(cairo_t *cr, const axes *at)
{
    int64_t span = at->last - at->first;
    int64_t step = span > 7 ? (int64_t)draw_tick_step((double)span, 7) : 1;
    draw_colour(cr, draw_grey);
    draw_line(cr, at->left, at->bottom, at->right, at->bottom);
    for (int64_t epoch = at->first; epoch <= at->last; epoch++) {
        char text[32];
        if (epoch % step != 0 && (epoch != at->first || step - epoch % step < (step + 1) / 2))
            continue;
        snprintf(text, sizeof text, "%" PRId64, epoch);
        draw_line(cr, x_of(at, epoch), at->bottom, x_of(at, epoch), at->bottom + 4);
        draw_text(cr, x_of(at, epoch), at->bottom + 18, 0.5, text);
    }
    draw_text(cr, (at->left + at->right) / 2, at->bottom + 34, 0.5, "epoch");
}

static void set_style(cairo_t *cr, bool validation)
{
    const double dashes[] = {6, 4};
    draw_colour(cr, validation ? draw_orange : draw_blue);
    cairo_set_line_width(cr, 2);
    cairo_set_dash(cr, dashes, validation ? 2 : 0, 0);
}

static void reset_style(cairo_t *cr)
{
    cairo_set_line_width(cr, 1);
    cairo_set_dash(cr, NULL, 0, 0);
}

/* A disc for training, a square for validation: told apart without colour as well. */
static void draw_marker(cairo_t *cr, double x, double y, bool validation)
{
    if (validation)
        cairo_rectangle(cr, x - 3, y - 3, 6, 6);
    else
        cairo_arc(cr, x, y, 3.2, 0, 2 * acos(-1));
    cairo_fill(cr);
}

static void draw_curve(cairo_t *cr, const panel *p, const char *name, bool validation)
{
    int64_t count = qn_history_epochs(p->c->model);
    double value;
    bool joined = false; /* a number that is not finite leaves a gap */
    set_style(cr, validation);
    for (int64_t i = 0; i < count; i++) {
        if (value_at(p->c, name, i, &value)) {
            double x = x_of(&p->at, p->c->first + i), y = y_of(&p->at, value);
            if (joined)
                cairo_line_to(cr, x, y);
            else
                cairo_move_to(cr, x, y);
            joined = true;
        } else {
            joined = false;
        }
    }
    cairo_stroke(cr);
    for (int64_t i = 0; count <= MARKED && i < count; i++)
        if (value_at(p->c, name, i, &value))
            draw_marker(cr, x_of(&p->at, p->c->first + i), y_of(&p->at, value), validation);
    reset_style(cr);
}

/* A sample of the line, its name, its last value. Returns where the next one begins. */
static double draw_key(cairo_t *cr, const panel *p, double x, double y, const char *name,
                       bool validation)
{
    char text[64], number[24] = "-";
    double value;
    if (value_at(p->c, name, qn_history_epochs(p->c->model) - 1, &value))
        snprintf(number, sizeof number, fabs(value) >= 1e-3 || value == 0 ? "%.4f" : "%.3e", value);
    /* A learning rate, say, is of neither. */
    const char *title = validation ? "validation" : p->measured ? "train" : "";
    snprintf(text, sizeof text, "%s%s%s", title, title[0] ? " " : "", number);
    set_style(cr, validation);
    draw_line(cr, x, y - 4, x + 26, y - 4);
    if (qn_history_epochs(p->c->model) <= MARKED)
        draw_marker(cr, x + 13, y - 4, validation);
    reset_style(cr);
    draw_colour(cr, draw_ink);
    draw_text(cr, x + 32, y, 0, text);
    return x + 32 + draw_text_width(cr, text) + 18;
}

static void draw_panel(cairo_t *cr, panel *p, double x, double y)
{
    bool any = false;
    p->at = (axes){x + 64, y + 48, x + PANEL_WIDTH - 20, y + PANEL_HEIGHT - 44, 0, 1, 0, 0};
    p->at.first = p->c->first;
    p->at.last = p->c->first + qn_history_epochs(p->c->model) - 1;
    widen(p->c, p->name, &p->at, &any);
    if (p->validated)
        widen(p->c, p->validation, &p->at, &any);
    double step = round_ends(&p->at);

    draw_font(cr, 14, true);
    draw_colour(cr, draw_ink);
    draw_text_within(cr, p->at.left, y + 16, 0, PANEL_WIDTH - 84, p->name);
    draw_font(cr, 12, false);
    double next = draw_key(cr, p, p->at.left, y + 36, p->name, false);
    if (p->validated)
        draw_key(cr, p, next, y + 36, p->validation, true);
    draw_value_axis(cr, &p->at, step);
    draw_epoch_axis(cr, &p->at);
    draw_curve(cr, p, p->name, false);
    if (p->validated)
        draw_curve(cr, p, p->validation, true);
}

/* ---- the picture ---- */

typedef struct sheet {
    const curves *c;
    qn_logs logs; /* of the last epoch */
    int panels;
} sheet;

static bool is_validation(const char *name)
{
    return strncmp(name, "val_", 4) == 0;
}

static void draw_sheet(cairo_t *cr, const void *what)
{
    const sheet *s = what;
    char title[96];
    int drawn = 0;
    cairo_set_line_width(cr, 1);
    draw_font(cr, 16, true);
    draw_colour(cr, draw_ink);
    snprintf(title, sizeof title, "Training after epoch %" PRId64,
             s->c->first + qn_history_epochs(s->c->model) - 1);
    draw_text(cr, 64, 30, 0, title);
    for (int i = 0; i < s->logs.count; i++) {
        panel p = {.c = s->c, .name = s->logs.item[i].name};
        double unused;
        if (is_validation(p.name))
            continue;
        snprintf(p.validation, sizeof p.validation, "val_%s", p.name);
        p.validated = qn_logs_get(&s->logs, p.validation, &unused);
        p.measured = strcmp(p.name, "learning_rate") != 0;
        draw_panel(cr, &p, drawn % 2 * PANEL_WIDTH, HEAD + drawn / 2 * PANEL_HEIGHT);
        drawn++;
    }
}

int draw_curves(qn_context *ctx, const char *path, const curves *what)
{
    sheet s = {.c = what};
    double seconds;
    if (!qn_history_logs(what->model, qn_history_epochs(what->model) - 1, &s.logs, &seconds))
        return EXIT_OK;
    for (int i = 0; i < s.logs.count; i++)
        s.panels += !is_validation(s.logs.item[i].name);
    int columns = s.panels > 1 ? 2 : 1, rows = (s.panels + 1) / 2;
    return draw_picture(ctx, path, columns * PANEL_WIDTH, HEAD + rows * PANEL_HEIGHT, draw_sheet,
                        &s);
}
