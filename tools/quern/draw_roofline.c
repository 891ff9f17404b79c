/* SPDX-License-Identifier: Apache-2.0 */
/* The roofline of a profile: what each kernel reaches, by what it does with a byte, under the roofs
 * of the device (Williams, Waterman & Patterson 2009). */
#include "draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 1040.0
#define HEIGHT 600.0
#define LEFT 70.0
#define TOP 70.0
#define RIGHT 660.0
#define BOTTOM 540.0
#define KEY_LEFT 690.0
#define KEY_RIGHT (WIDTH - 20)
#define MOST_KERNELS 16 /* with a point each */
#define MOST_ROOFS 6
#define APART 14.0    /* the least distance of two points */
#define SAME_ROOF 1.3 /* levels nearer than this are one */

typedef struct roof {
    double rate; /* GB/s */
    double bytes;
    bool memory; /* beyond all levels */
} roof;

typedef struct plot {
    const json_t *profile;
    double peak;
    roof roof[MOST_ROOFS];
    int roofs;
    double x_low, x_high, y_low, y_high; /* powers of ten */
} plot;

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static double intensity(const json_t *kernel)
{
    double bytes = number(kernel, "bytes");
    return bytes > 0 ? number(kernel, "flops") / bytes : 0;
}

/* Whether it has a place: it computes, moves something and was measured. */
static bool has_point(const json_t *kernel)
{
    return intensity(kernel) > 0 && number(kernel, "gflops") > 0;
}

/* ---- where numbers go ---- */

static double x_of(const plot *p, double value)
{
    return LEFT + (RIGHT - LEFT) * (log10(value) - p->x_low) / (p->x_high - p->x_low);
}

static double y_of(const plot *p, double value)
{
    return BOTTOM - (BOTTOM - TOP) * (log10(value) - p->y_low) / (p->y_high - p->y_low);
}

/* Levels from the smallest on; one near the one before is the same plateau, which then reaches
 * further. */
static void find_roofs(plot *p, const json_t *roofline)
{
    const json_t *levels = json_object_get(roofline, "levels");
    double memory = number(roofline, "gbytes_per_second");
    for (size_t i = 0; i < json_array_size(levels); i++) {
        const json_t *level = json_array_get(levels, i);
        roof r = {number(level, "gbytes_per_second"), number(level, "working_set_bytes"), false};
        roof *last = p->roofs > 0 ? &p->roof[p->roofs - 1] : NULL;
        if (r.rate < SAME_ROOF * memory)
            break; /* no cache any more */
        if (last && last->rate < SAME_ROOF * r.rate)
            last->bytes = r.bytes;
        else if (p->roofs < MOST_ROOFS - 1)
            p->roof[p->roofs++] = r;
    }
    if (memory > 0)
        p->roof[p->roofs++] = (roof){memory, 0, true};
}

static void find_ends(plot *p)
{
    const json_t *kernels = json_object_get(p->profile, "kernels"), *kernel;
    double least_x = 0.1, most_x = 20, least_y = p->peak / 100;
    size_t i;
    json_array_foreach(kernels, i, kernel)
    {
        if (!has_point(kernel) || i >= MOST_KERNELS)
            continue;
        least_x = fmin(least_x, intensity(kernel));
        most_x = fmax(most_x, intensity(kernel));
        least_y = fmin(least_y, number(kernel, "gflops"));
    }
    p->x_low = floor(log10(least_x));
    p->x_high = log10(most_x * 1.5);
    p->y_low = floor(log10(least_y));
    p->y_high = log10(p->peak * 1.5);
}

/* ---- axes and roofs ---- */

static void draw_axes(cairo_t *cr, const plot *p)
{
    char label[32];
    draw_font(cr, 12, false);
    for (double e = p->x_low; e <= p->x_high; e++) {
        double x = x_of(p, pow(10, e));
        draw_colour(cr, draw_faint);
        draw_line(cr, x, TOP, x, BOTTOM);
        draw_colour(cr, draw_grey);
        snprintf(label, sizeof label, "%g", pow(10, e));
        draw_text(cr, x, BOTTOM + 18, 0.5, label);
    }
    for (double e = p->y_low; e <= p->y_high; e++) {
        double y = y_of(p, pow(10, e));
        draw_colour(cr, draw_faint);
        draw_line(cr, LEFT, y, RIGHT, y);
        draw_colour(cr, draw_grey);
        snprintf(label, sizeof label, "%g", pow(10, e));
        draw_text(cr, LEFT - 8, y + 4, 1, label);
    }
    draw_text(cr, (LEFT + RIGHT) / 2, BOTTOM + 38, 0.5, "FLOP per byte of the operands");
    draw_text(cr, LEFT, TOP - 8, 0.5, "GFLOP/s");
}

/* Memory is a solid line, each cache dashed in its own way. */
static void set_roof_style(cairo_t *cr, const plot *p, int index)
{
    const double dashes[] = {2.0 + 3.0 * index, 3};
    draw_colour(cr, p->roof[index].memory ? draw_ink : draw_grey);
    cairo_set_line_width(cr, 1.5);
    cairo_set_dash(cr, dashes, p->roof[index].memory ? 0 : 2, 0);
}

static void reset_style(cairo_t *cr)
{
    cairo_set_line_width(cr, 1);
    cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_roofs(cairo_t *cr, const plot *p)
{
    double least = pow(10, p->x_low), first = least;
    cairo_save(cr);
    cairo_rectangle(cr, LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    cairo_clip(cr);
    for (int i = 0; i < p->roofs; i++) {
        double ridge = p->peak / p->roof[i].rate;
        set_roof_style(cr, p, i);
        draw_line(cr, x_of(p, least), y_of(p, least * p->roof[i].rate), x_of(p, ridge),
                  y_of(p, p->peak));
        first = i == 0 ? fmax(ridge, least) : first;
    }
    reset_style(cr);
    draw_colour(cr, draw_ink);
    cairo_set_line_width(cr, 1.5);
    draw_line(cr, x_of(p, first), y_of(p, p->peak), RIGHT, y_of(p, p->peak));
    cairo_restore(cr);
    reset_style(cr);
}

/* ---- kernels ---- */

static colour phase_colour(const json_t *kernel)
{
    const char *phase = text(kernel, "phase");
    return strcmp(phase, "forward") == 0    ? draw_blue
           : strcmp(phase, "backward") == 0 ? draw_orange
                                            : draw_green;
}

/* A disc, whose area grows with the share, with the kernel's number in it. */
static void draw_point(cairo_t *cr, double x, double y, double share, colour c, int index)
{
    char label[16];
    double radius = 8 + 16 * sqrt(fmin(fmax(share, 0), 1));
    cairo_arc(cr, x, y, radius, 0, 2 * acos(-1));
    cairo_set_source_rgba(cr, c.red, c.green, c.blue, 0.85);
    cairo_fill_preserve(cr);
    draw_colour(cr, (colour){1, 1, 1});
    cairo_stroke(cr);
    snprintf(label, sizeof label, "%d", index);
    draw_font(cr, 11, true);
    draw_text(cr, x, y + 4, 0.5, label);
}

/* One that would lie on another is moved aside, with a line to where it belongs. */
static void draw_points(cairo_t *cr, const plot *p)
{
    const json_t *kernels = json_object_get(p->profile, "kernels"), *kernel;
    double placed_x[MOST_KERNELS], placed_y[MOST_KERNELS];
    int placed = 0;
    size_t i;
    json_array_foreach(kernels, i, kernel)
    {
        if (i >= MOST_KERNELS || !has_point(kernel))
            continue;
        double x = x_of(p, intensity(kernel)), y = y_of(p, number(kernel, "gflops")), at = x;
        for (int k = 0; k < placed; k++) {
            if (hypot(placed_x[k] - at, placed_y[k] - y) < APART) {
                at = placed_x[k] + 1.5 * APART;
                k = -1;
            }
        }
        placed_x[placed] = at;
        placed_y[placed++] = y;
        draw_colour(cr, draw_ink);
        if (at != x)
            draw_line(cr, x, y, at, y);
        draw_point(cr, at, y, number(kernel, "share"), phase_colour(kernel), (int)i + 1);
    }
}

/* "<1 %", as 0 % would say that it was not. */
static void percent(const json_t *value, char *buffer, size_t size)
{
    double percent = 100 * json_number_value(value);
    if (!json_is_number(value))
        snprintf(buffer, size, "-");
    else if (percent < 1)
        snprintf(buffer, size, "<1 %%");
    else
        snprintf(buffer, size, "%.0f %%", percent);
}

static void draw_key_row(cairo_t *cr, const json_t *kernel, int index, double y)
{
    char name[160], share[32], reached[32];
    snprintf(name, sizeof name, "%d  %s%s%s", index, text(kernel, "layer"),
             *text(kernel, "layer") ? "/" : "", text(kernel, "op"));
    percent(json_object_get(kernel, "share"), share, sizeof share);
    percent(json_object_get(kernel, "roofline_share"), reached, sizeof reached);
    draw_colour(cr, phase_colour(kernel));
    cairo_rectangle(cr, KEY_LEFT, y - 9, 8, 10);
    cairo_fill(cr);
    draw_colour(cr, has_point(kernel) ? draw_ink : draw_grey);
    draw_text_within(cr, KEY_LEFT + 14, y, 0, KEY_RIGHT - KEY_LEFT - 124, name);
    draw_text(cr, KEY_RIGHT - 50, y, 1, share);
    draw_text(cr, KEY_RIGHT, y, 1, reached);
}

/* The roofs: a sample of the line, what it is. */
static void draw_roof_key(cairo_t *cr, const plot *p, double y)
{
    char name[80], bytes[32];
    for (int i = 0; i <= p->roofs; i++, y += 18) {
        const roof *r = &p->roof[i];
        if (i == p->roofs)
            snprintf(name, sizeof name, "compute, %.0f GFLOP/s", p->peak);
        else if (r->memory)
            snprintf(name, sizeof name, "memory, %.0f GB/s", r->rate);
        else
            snprintf(name, sizeof name, "cache, up to %s, %.0f GB/s",
                     bytes_text((uint64_t)r->bytes, bytes, sizeof bytes), r->rate);
        set_roof_style(cr, p, i < p->roofs ? i : p->roofs - 1);
        draw_line(cr, KEY_LEFT, y - 4, KEY_LEFT + 32, y - 4);
        reset_style(cr);
        draw_colour(cr, draw_ink);
        draw_text(cr, KEY_LEFT + 40, y, 0, name);
    }
}

static void draw_key(cairo_t *cr, const plot *p)
{
    static const char *const names[] = {"forward", "backward", "update"};
    const colour colours[] = {draw_blue, draw_orange, draw_green};
    const json_t *kernels = json_object_get(p->profile, "kernels"), *kernel;
    double y = TOP, x = KEY_LEFT;
    size_t i;
    draw_font(cr, 12, false);
    for (int k = 0; k < 3; k++) {
        draw_colour(cr, colours[k]);
        cairo_rectangle(cr, x, y - 9, 8, 10);
        cairo_fill(cr);
        draw_colour(cr, draw_ink);
        draw_text(cr, x + 14, y, 0, names[k]);
        x += 32 + draw_text_width(cr, names[k]);
    }
    y += 28;
    draw_colour(cr, draw_grey);
    draw_text(cr, KEY_RIGHT - 50, y, 1, "time");
    draw_text(cr, KEY_RIGHT, y, 1, "roof");
    json_array_foreach(kernels, i, kernel)
    {
        if (i >= MOST_KERNELS || strcmp(text(kernel, "phase"), "transfer") == 0)
            continue;
        y += 21;
        draw_key_row(cr, kernel, (int)i + 1, y);
    }
    draw_colour(cr, draw_grey);
    draw_font(cr, 11, false);
    draw_text(cr, KEY_LEFT, y + 24, 0, "roof: the least time that the device could take, over");
    draw_text(cr, KEY_LEFT, y + 39, 0, "the measured one. A disc's area grows with its time.");
    draw_roof_key(cr, p, y + 66);
}

static void draw(cairo_t *cr, const void *what)
{
    const json_t *profile = what, *roofline = json_object_get(profile, "roofline");
    plot p = {.profile = profile, .peak = number(roofline, "peak_gflops")};
    find_roofs(&p, roofline);
    find_ends(&p);
    draw_font(cr, 16, true);
    draw_colour(cr, draw_ink);
    draw_text_within(cr, LEFT - 50, 30, 0, WIDTH - 40, text(profile, "device"));
    draw_axes(cr, &p);
    draw_roofs(cr, &p);
    draw_points(cr, &p);
    draw_key(cr, &p);
}

int draw_roofline(qn_context *ctx, const char *path, const json_t *profile)
{
    if (number(json_object_get(profile, "roofline"), "peak_gflops") <= 0) {
        fprintf(stderr, "quern: %s was not drawn: what the device can do is not known\n", path);
        return EXIT_FAILED;
    }
    return draw_picture(ctx, path, WIDTH, HEIGHT, draw, profile);
}
