/* SPDX-License-Identifier: Apache-2.0 */
/* What the showcase's experiments hand to its page. */
#ifndef STABILITY_H
#define STABILITY_H

#include <stdbool.h>

enum { DEPTH = 20, BINS = 40, MOST_POINTS = 400, MOST_CURVES = 2 };

/* How a layer's numbers spread: shares of them by the logarithm of their size. */
typedef struct spread {
    float share[DEPTH][BINS];
} spread;

/* Bin b holds sizes from 10^(LOW + b * STEP) on; the first also what is smaller, and zeros. */
#define ACTIVATION_LOW (-8.0)
#define ACTIVATION_STEP 0.3
#define GRADIENT_LOW (-14.0)
#define GRADIENT_STEP 0.4

/* One network of twenty layers. */
typedef struct deep_net {
    const char *activation, *initializer, *normalization; /* normalization "": none */
    double loss, accuracy; /* on test images after training; loss NaN: it diverged */
    bool measured;         /* the spreads are there */
    spread activations, gradients;
} deep_net;

typedef struct curve {
    const char *name;
    int count;
    double y[MOST_POINTS];
} curve;

/* One small picture: curves over epochs or steps. */
typedef struct panel {
    char title[96];
    const char *x_title;
    int count;
    curve curve[MOST_CURVES];
} panel;

enum { NETS = 27, REGULARIZED = 4, RATES = 3 };

typedef struct results {
    deep_net net[NETS];
    panel regularized[REGULARIZED];
    panel rate[RATES];
    double seconds;
    char device[160];
} results;

/* Writes the page. Returns 0, or 1 after a message to stderr. */
int write_page(const char *path, const results *r);

#endif
