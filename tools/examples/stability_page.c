/* SPDX-License-Identifier: Apache-2.0 */
/* The showcase's page: one HTML file with its pictures inside. */
#include "stability.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Why networks are stable</title>\n<style>\n"
    ":root { --ink: #1b2430; --soft: #5a6676; --line: #c9d1da; --paper: #fff; --a: #2471c2; "
    "--b: #d1341f; --good: #d5ecd4; --fair: #fbeec2; --bad: #f8d3cd; color-scheme: light dark }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa7b6; "
    "--line: #3a4450; --paper: #14181d; --a: #6aaef2; --b: #ff7a66; --good: #1e4022; "
    "--fair: #4a3f13; --bad: #53211b } }\n"
    "body { font: 16px/1.5 system-ui, Helvetica, Arial, sans-serif; color: var(--ink); "
    "background: var(--paper); max-width: 68rem; margin: 0 auto; padding: 1rem 1.25rem 3rem }\n"
    "h1 { font-size: 1.7rem } h2 { font-size: 1.25rem; margin-top: 2.5rem }\n"
    ".table { overflow-x: auto } table { border-collapse: collapse } th, td { padding: .35rem "
    ".8rem; text-align: left; "
    "border: 1px solid var(--line) } td.number { text-align: right; "
    "font-variant-numeric: tabular-nums }\n"
    ".good { background: var(--good) } .fair { background: var(--fair) } "
    ".bad { background: var(--bad) }\n"
    ".row { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); "
    "gap: 1.4rem 1rem; align-items: end } figure { margin: 0 }\n"
    ".wide { grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)) }\n"
    "figcaption { font-size: .95rem; margin-bottom: .2rem }\n"
    "svg { display: block; max-width: 100%; height: auto } "
    "svg text { font-size: 11px; fill: var(--soft) }\n"
    ".frame { fill: none; stroke: var(--line) } .grid { stroke: var(--line); opacity: .6 }\n"
    ".c0 { fill: none; stroke: var(--a); stroke-width: 1.8; stroke-linejoin: round }\n"
    ".c1 { fill: none; stroke: var(--b); stroke-width: 1.8; stroke-linejoin: round }\n"
    ".k0 { color: var(--a) } .k1 { color: var(--b) } .heat { fill: var(--a) }\n"
    "small { color: var(--soft) }\n</style>\n</head>\n<body>\n";

static const char *plain_name(const char *normalization)
{
    return !normalization[0]                     ? "none"
           : !strncmp(normalization, "batch", 5) ? "batch normalization"
                                                 : "layer normalization";
}

/* ---- which networks train ---- */

static const char *verdict(const deep_net *net)
{
    return net->accuracy > 0.7 ? "good" : net->accuracy > 0.3 ? "fair" : "bad";
}

static void write_cell(FILE *f, const deep_net *net)
{
    if (isfinite(net->accuracy))
        fprintf(f, "<td class=\"number %s\">%.3f</td>", verdict(net), net->accuracy);
    else
        fprintf(f, "<td class=\"number bad\">diverged</td>");
}

static void write_nets(FILE *f, const results *r)
{
    fprintf(
        f,
        "<h2>Twenty layers: which networks train</h2>\n"
        "<p>20 hidden layers of 64 units, 8,000 images seen three times, Adam with its usual rate. "
        "Accuracy on 2,000 other images; one in ten is guessing.</p>\n"
        "<div class=\"table\"><table>\n<tr><th>activation</th><th>kernel initializer</th>");
    for (int i = 0; i < 3; i++)
        fprintf(f, "<th>%s</th>", plain_name(r->net[i].normalization));
    fprintf(f, "</tr>\n");
    for (int i = 0; i < NETS; i += 3) {
        fprintf(f, "<tr><td>%s</td><td>%s</td>", r->net[i].activation, r->net[i].initializer);
        for (int k = 0; k < 3; k++)
            write_cell(f, &r->net[i + k]);
        fprintf(f, "</tr>\n");
    }
    fprintf(f, "</table></div>\n");
}

/* ---- spreads ---- */

#define CELL_WIDTH 13.0
#define CELL_HEIGHT 4.0
#define MARGIN 34.0

/* A column for each layer, a row for each bin; the darker the more of its numbers. */
static void write_spread(FILE *f, const spread *s, double low, double step, const char *what)
{
    double width = CELL_WIDTH * DEPTH, height = CELL_HEIGHT * BINS;

    fprintf(f, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" aria-label=\"%s\">\n",
            width + MARGIN + 2, height + 38, width + MARGIN + 2, what);
    fprintf(f, "<g transform=\"translate(%.0f 10)\">\n", MARGIN);
    for (int layer = 0; layer < DEPTH; layer++)
        for (int bin = 0; bin < BINS; bin++)
            if (s->share[layer][bin] >= 0.004f)
                fprintf(f,
                        "<rect class=\"heat\" x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" "
                        "height=\"%.0f\" opacity=\"%.2f\"/>\n",
                        layer * CELL_WIDTH, height - (bin + 1) * CELL_HEIGHT, CELL_WIDTH - 1,
                        CELL_HEIGHT, fmin(1, 0.12 + 3 * (double)s->share[layer][bin]));
    fprintf(f, "<rect class=\"frame\" width=\"%.0f\" height=\"%.0f\"/>\n", width, height);
    for (int power = (int)ceil(low); power <= low + BINS * step; power += 4) {
        double y = height - (power - low) / step * CELL_HEIGHT;

        fprintf(f,
                "<path class=\"grid\" d=\"M0 %.1fh%.0f\"/><text x=\"-5\" y=\"%.1f\" "
                "text-anchor=\"end\">10<tspan dy=\"-4\" font-size=\"8\">%d</tspan></text>\n",
                y, width, y + 4, power);
    }
    fprintf(f,
            "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">1</text>"
            "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%d</text>"
            "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">layer</text>\n</g>\n</svg>\n",
            CELL_WIDTH / 2, height + 14, width - CELL_WIDTH / 2, height + 14, DEPTH, width / 2,
            height + 14);
}

static void write_spreads(FILE *f, const results *r)
{
    fprintf(f,
            "<h2>Why: how activations and gradients spread by layer</h2>\n"
            "<p>Before training, on 128 images. Above the activations, below the gradients of the "
            "kernels: each column is a layer's histogram of sizes, on a logarithmic scale. Where "
            "activations shrink or all become alike, or gradients "
            "fade on their way back to the first layers, there is nothing to learn from.</p>\n"
            "<div class=\"row wide\">\n");
    for (int i = 0; i < NETS; i++) {
        const deep_net *net = &r->net[i];

        if (!net->measured)
            continue;
        fprintf(f, "<figure><figcaption>%s, %s%s%s: %.3f</figcaption>\n", net->activation,
                net->initializer, net->normalization[0] ? ", " : "",
                net->normalization[0] ? plain_name(net->normalization) : "", net->accuracy);
        write_spread(f, &net->activations, ACTIVATION_LOW, ACTIVATION_STEP, "activations by layer");
        write_spread(f, &net->gradients, GRADIENT_LOW, GRADIENT_STEP, "gradients by layer");
        fprintf(f, "</figure>\n");
    }
    fprintf(f, "</div>\n");
}

/* ---- curves ---- */

#define PANEL_WIDTH 206.0
#define PANEL_HEIGHT 160.0

static void write_curve(FILE *f, const curve *c, int which, double top)
{
    fprintf(f, "<polyline class=\"c%d\" points=\"", which);
    for (int i = 0; i < c->count; i++) {
        double y = isfinite(c->y[i]) ? fmin(c->y[i], top) : top;

        fprintf(f, "%s%.1f,%.1f", i ? " " : "", c->count > 1 ? PANEL_WIDTH * i / (c->count - 1) : 0,
                PANEL_HEIGHT * (1 - y / top));
    }
    fprintf(f, "\"/>\n");
}

static void write_axes(FILE *f, const panel *p, double top)
{
    fprintf(f, "<rect class=\"frame\" width=\"%.0f\" height=\"%.0f\"/>\n", PANEL_WIDTH,
            PANEL_HEIGHT);
    for (int i = 0; i <= 4; i++) {
        double y = PANEL_HEIGHT * (1 - i / 4.0);

        fprintf(f,
                "<path class=\"grid\" d=\"M0 %.1fh%.0f\"/><text x=\"-5\" y=\"%.1f\" "
                "text-anchor=\"end\">%.3g</text>\n",
                y, PANEL_WIDTH, y + 4, top * i / 4);
    }
    fprintf(f,
            "<text x=\"0\" y=\"%.0f\">1</text><text x=\"%.0f\" y=\"%.0f\" "
            "text-anchor=\"end\">%d</text><text x=\"%.0f\" y=\"%.0f\" "
            "text-anchor=\"middle\">%s</text>\n",
            PANEL_HEIGHT + 14, PANEL_WIDTH, PANEL_HEIGHT + 14, p->curve[0].count, PANEL_WIDTH / 2,
            PANEL_HEIGHT + 14, p->x_title);
}

/* Losses above `top` are drawn at it. */
static void write_panel(FILE *f, const panel *p, double top)
{
    fprintf(f, "<figure><figcaption>%s<br><small>", p->title);
    for (int i = 0; i < p->count; i++)
        fprintf(f, "%s<span class=\"k%d\">%s</span>", i ? ", " : "", i, p->curve[i].name);
    fprintf(f,
            "</small></figcaption>\n<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" "
            "aria-label=\"loss\">\n<g transform=\"translate(%.0f 4)\">\n",
            PANEL_WIDTH + MARGIN + 4, PANEL_HEIGHT + 24, PANEL_WIDTH + MARGIN + 4, MARGIN);
    write_axes(f, p, top);
    for (int i = 0; i < p->count; i++)
        write_curve(f, &p->curve[i], i, top);
    fprintf(f, "</g>\n</svg></figure>\n");
}

static void write_curves(FILE *f, const results *r)
{
    fprintf(f, "<h2>Two thousand images: with and without regularization</h2>\n"
               "<p>Two hidden layers of 256 units, 40 epochs. Cross-entropy without penalties; "
               "accuracy on 2,000 images not trained on.</p>\n<div class=\"row\">\n");
    for (int i = 0; i < REGULARIZED; i++)
        write_panel(f, &r->regularized[i], 1.2);
    fprintf(f, "</div>\n<h2>The learning rate</h2>\n"
               "<p>The lecture's network, plain gradient descent, batches of 32.</p>\n"
               "<div class=\"row\">\n");
    for (int i = 0; i < RATES; i++)
        write_panel(f, &r->rate[i], 4);
    fprintf(f, "</div>\n");
}

/* ---- */

int write_page(const char *path, const results *r)
{
    FILE *f = fopen(path, "w");
    int failed;

    if (!f) {
        fprintf(stderr, "stability: %s: %s\n", path, strerror(errno));
        return 1;
    }
    fprintf(f, "%s<h1>Why networks are stable, and when they are not</h1>\n", head);
    fprintf(f, "<p>Fashion-MNIST on %s, by Quern; %.0f s in all.</p>\n", r->device, r->seconds);
    write_nets(f, r);
    write_spreads(f, r);
    write_curves(f, r);
    fprintf(f, "</body>\n</html>\n");
    failed = ferror(f);
    failed |= fclose(f);
    if (failed)
        fprintf(stderr, "stability: %s could not be written: %s\n", path, strerror(errno));
    return failed ? 1 : 0;
}
