/* SPDX-License-Identifier: Apache-2.0 */
/* The lecture's Figure 2.2: plain gradient descent on a quadratic, with a learning rate that is too
 * small (a) and one that is too large (b), through the graph API.
 * usage: gradient_descent OUTPUT.svg; every step is printed to stdout. */
#include <quern/quern.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS 40
#define PI 3.14159265358979323846

/* L(theta) = theta' A theta / 2, where A has these eigenvalues: flat along an axis that is turned
 * by ANGLE, steep across it. Rates above 2 / STEEP diverge. */
#define FLAT 0.45
#define STEEP 8.0
#define ANGLE (24 * PI / 180)

static const float start[2] = {-4.37f, -0.52f};

typedef struct point {
    float theta[2], loss;
} point;

typedef struct descent {
    const char *title;
    float rate;
    point at[STEPS + 1];
} descent;

/* ---- the mathematics: a graph, its gradient, and a function that makes one step ---- */

typedef struct problem {
    qn_graph *graph;
    qn_function *step;
    qn_value *theta, *rate, *loss;
} problem;

static qn_status pose(qn_context *ctx, problem *p)
{
    float c = (float)cos(ANGLE), s = (float)sin(ANGLE), f = FLAT, t = STEEP;
    float a[4] = {f * c * c + t * s * s, (f - t) * c * s, (f - t) * c * s, f * s * s + t * c * c};
    qn_value *curvature, *gradient = NULL, *update;
    qn_status status = qn_graph_create(ctx, &p->graph);

    if (status)
        return status;
    p->theta = qn_graph_variable(p->graph, "theta", qn_f32(start, 2, 1));
    p->rate = qn_graph_input(p->graph, "learning_rate", QN_F32, 1, (int64_t[]){1});
    curvature = qn_graph_constant(p->graph, qn_f32(a, 2, 2));
    p->loss =
        qn_ops_sum(qn_ops_multiply(p->theta, qn_ops_matmul(curvature, p->theta, false, false)));
    p->loss = qn_ops_affine(p->loss, 0.5, 0);

    if ((status = qn_gradients(p->loss, 1, &p->theta, &gradient)))
        return status;
    update = qn_ops_subtract(p->theta, qn_ops_multiply(gradient, p->rate));
    update = qn_ops_assign(p->theta, update);
    return qn_function_create(p->graph, 1, &p->loss, 1, &update, &p->step);
}

/* Each run gives the loss where theta was, and where theta went. */
static qn_status walk(problem *p, descent *d)
{
    float theta[2] = {start[0], start[1]};
    qn_feed feed = {p->rate, qn_f32(&d->rate, 1)};
    qn_fetch fetches[2] = {{p->loss, {.dtype = QN_F32}}, {p->theta, qn_f32_out(theta, 2, 1)}};

    for (int i = 0; i <= STEPS; i++) {
        qn_status status;

        memcpy(d->at[i].theta, theta, sizeof theta);
        fetches[0].out.data = &d->at[i].loss;
        if ((status = qn_function_run(p->step, 1, &feed, 2, fetches)))
            return status;
    }
    return QN_OK;
}

static qn_status descend(qn_context *ctx, descent *d)
{
    problem p = {0};
    qn_status status = pose(ctx, &p);

    if (status == QN_OK)
        status = walk(&p, d);
    qn_function_destroy(&p.step);
    qn_graph_destroy(&p.graph);
    return status;
}

/* ---- the picture ---- */

/* A panel shows theta_1 in [LEFT, LEFT + WIDTH / UNIT] and theta_2 in [BOTTOM, ...]. */
#define WIDTH 520.0
#define HEIGHT 380.0
#define UNIT 72.0
#define LEFT (-5.1)
#define BOTTOM (-2.85)

static double across(double theta_1)
{
    return (theta_1 - LEFT) * UNIT;
}

static double down(double theta_2)
{
    return HEIGHT - (theta_2 - BOTTOM) * UNIT;
}

/* Where the loss is the same: ellipses, evenly spaced along each axis. Their thin fills add up, so
 * that the valley grows darker downwards. */
static void draw_contours(FILE *svg)
{
    fprintf(svg, "<g fill=\"#2471c2\" fill-opacity=\".04\" stroke=\"#2471c2\" "
                 "stroke-opacity=\".38\" stroke-width=\".9\">\n");
    for (int i = 20; i >= 1; i--) {
        double level = 0.5 * FLAT * (0.6 * i) * (0.6 * i);

        fprintf(svg,
                "<ellipse rx=\"%.2f\" ry=\"%.2f\" "
                "transform=\"translate(%.2f %.2f) rotate(%.2f)\"><title>L = %.3g</title>"
                "</ellipse>\n",
                UNIT * sqrt(2 * level / FLAT), UNIT * sqrt(2 * level / STEEP), across(0), down(0),
                -ANGLE * 180 / PI, level);
    }
    fprintf(svg, "</g>\n");
}

static void draw_path(FILE *svg, const descent *d)
{
    fprintf(svg, "<polyline class=\"path\" points=\"");
    for (int i = 0; i <= STEPS; i++)
        fprintf(svg, "%s%.2f,%.2f", i ? " " : "", across(d->at[i].theta[0]),
                down(d->at[i].theta[1]));
    fprintf(svg, "\"/>\n<g class=\"dot\">\n");
    for (int i = 1; i <= STEPS; i++)
        fprintf(svg, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"2.3\"/>\n", across(d->at[i].theta[0]),
                down(d->at[i].theta[1]));
    fprintf(svg, "</g>\n");
}

static void draw_marks(FILE *svg, const descent *d)
{
    double x = across(start[0]), y = down(start[1]);

    fprintf(svg, "<circle class=\"start\" cx=\"%.2f\" cy=\"%.2f\" r=\"5\"/>\n", x, y);
    fprintf(svg, "<text class=\"note\" x=\"%.2f\" y=\"%.2f\">start</text>\n", x - 12, y - 12);
    x = across(0), y = down(0);
    fprintf(svg, "<path class=\"cross\" d=\"M%.2f %.2fh12m-6-6v12\"/>\n", x - 6, y);
    fprintf(svg, "<text class=\"note\" x=\"%.2f\" y=\"%.2f\">minimum</text>\n", x + 12, y + 20);
    fprintf(svg,
            "<text class=\"note\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">"
            "after %d steps: L = %#.2g</text>\n",
            WIDTH - 14, HEIGHT - 14, STEPS, d->at[STEPS].loss);
}

static const char *minus(int number)
{
    return number < 0 ? "\xe2\x88\x92" : "";
}

static void draw_axes(FILE *svg)
{
    for (int tick = -4; tick <= 2; tick += 2)
        fprintf(svg,
                "<path class=\"tick\" d=\"M%.2f %.2fv5\"/>"
                "<text class=\"number\" x=\"%.2f\" y=\"%.2f\" text-anchor=\"middle\">%s%d</text>\n",
                across(tick), HEIGHT, across(tick), HEIGHT + 19, minus(tick), abs(tick));
    for (int tick = -2; tick <= 2; tick++)
        fprintf(svg,
                "<path class=\"tick\" d=\"M0 %.2fh-5\"/>"
                "<text class=\"number\" x=\"-9\" y=\"%.2f\" text-anchor=\"end\">%s%d</text>\n",
                down(tick), down(tick) + 4, minus(tick), abs(tick));
    fprintf(svg,
            "<text class=\"axis\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">"
            "\xce\xb8<tspan class=\"sub\" dy=\"4\">1</tspan></text>\n"
            "<text class=\"axis\" x=\"-38\" y=\"%.0f\" text-anchor=\"middle\">"
            "\xce\xb8<tspan class=\"sub\" dy=\"4\">2</tspan></text>\n",
            WIDTH / 2, HEIGHT + 38, HEIGHT / 2);
}

static void draw_panel(FILE *svg, const descent *d, double x)
{
    fprintf(svg, "<g transform=\"translate(%.0f 52)\">\n", x);
    fprintf(svg, "<text class=\"title\" x=\"0\" y=\"-16\">%s</text>\n", d->title);
    fprintf(svg, "<g clip-path=\"url(#panel)\">\n");
    draw_contours(svg);
    draw_path(svg, d);
    draw_marks(svg, d);
    fprintf(svg, "</g>\n<rect class=\"frame\" width=\"%.0f\" height=\"%.0f\"/>\n", WIDTH, HEIGHT);
    draw_axes(svg);
    fprintf(svg, "</g>\n");
}

static void draw(FILE *svg, const descent *d)
{
    fprintf(svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 490\" width=\"1200\" "
            "height=\"490\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n"
            "<title>Gradient descent on a quadratic with two learning rates</title>\n"
            "<style>\n"
            ".title { font-size: 18px; fill: #1b2430 }\n"
            ".axis { font-size: 17px; font-style: italic; fill: #1b2430 }\n"
            ".sub { font-size: 11px; font-style: normal }\n"
            ".number { font-size: 12px; fill: #5a6676 }\n"
            ".note { font-size: 13px; fill: #1b2430 }\n"
            ".tick { stroke: #8b96a5 } .frame { fill: none; stroke: #8b96a5 }\n"
            ".path { fill: none; stroke: #d1341f; stroke-width: 1.5; stroke-linejoin: round }\n"
            ".dot { fill: #fff; stroke: #d1341f; stroke-width: 1.2 }\n"
            ".start { fill: #d1341f } .cross { stroke: #1b2430; stroke-width: 1.8; fill: none }\n"
            "</style>\n"
            "<clipPath id=\"panel\"><rect width=\"%.0f\" height=\"%.0f\"/></clipPath>\n"
            "<rect width=\"1200\" height=\"490\" fill=\"#fff\"/>\n",
            WIDTH, HEIGHT);
    draw_panel(svg, &d[0], 64);
    draw_panel(svg, &d[1], 660);
    fprintf(svg, "</svg>\n");
}

static int write_picture(const char *path, const descent *d)
{
    FILE *svg = fopen(path, "w");
    int failed;

    if (!svg) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    draw(svg, d);
    failed = ferror(svg);
    failed |= fclose(svg);
    if (failed)
        fprintf(stderr, "%s could not be written\n", path);
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    descent d[2] = {
        {.title = "(a) \xce\xb7 = 0.02 is too small: it crawls along the valley", .rate = 0.02f},
        {.title = "(b) \xce\xb7 = 0.245 is too large: it leaps from wall to wall", .rate = 0.245f},
    };
    qn_context *ctx = NULL;
    int rc = 1;

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: gradient_descent OUTPUT.svg\n");
        return 2;
    }
    if (qn_context_create(&ctx) || descend(ctx, &d[0]) || descend(ctx, &d[1])) {
        fprintf(stderr, "%s\n", qn_error(ctx));
        goto out;
    }
    for (int k = 0; k < 2; k++)
        for (int i = 0; i <= STEPS; i++)
            printf("%.3f %2d %12.8f %12.8f %.8g\n", d[k].rate, i, d[k].at[i].theta[0],
                   d[k].at[i].theta[1], d[k].at[i].loss);
    rc = write_picture(argv[1], d);
out:
    qn_context_destroy(&ctx);
    return rc;
}
