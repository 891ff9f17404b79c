/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as the subcommands ask for them: what is shown, and no word on how it is drawn. */
#ifndef QUERN_PICTURES_H
#define QUERN_PICTURES_H

#include "command.h"

/* Results by epoch. A result "loss" and its "val_loss" share a panel. */
typedef struct curves {
    const qn_model *model; /* its history */
    int64_t first;         /* the number of the history's first epoch, from 1 */
} curves;

/* How often a sample of a true class (row) was predicted as each class (column). */
typedef struct confusion {
    int64_t classes;
    const int64_t *count;      /* [classes][classes] */
    const qn_dataset *dataset; /* whose class names are shown */
    const char *split;
} confusion;

/* One image of a grid: height x width x channels numbers, `stride` apart. */
typedef struct image {
    const float *value;
    char caption[2][48];
} image;

typedef struct image_grid {
    const char *title;
    const char *subtitle; /* NULL: none */
    const image *item;
    int count; /* 0: the title alone */
    int columns;
    int64_t height, width, channels; /* channels: 1 or 3 */
    int64_t stride;                  /* from one number of an image to the next */
    bool is_signed;                  /* colours about zero, with a scale; else black to white */
    double low, high;                /* the ends of the colours */
    bool beyond;                     /* there are numbers outside of them */
} image_grid;

/* Draws into a file whose name ends in .png, .svg or .pdf. The file is replaced whole. Says what is
 * wrong and returns an exit code. */
typedef struct painter {
    int (*curves)(qn_context *ctx, const char *path, const curves *what);
    int (*confusion)(qn_context *ctx, const char *path, const confusion *what);
    int (*images)(qn_context *ctx, const char *path, const image_grid *what);
    int (*roofline)(qn_context *ctx, const char *path, const json_t *profile); /* QN_PROFILE_JSON */
} painter;

/* NULL: built without one; check_picture says so. */
extern const painter *const pictures;

/* Whether option `name` can have its picture: one can be drawn at all, and the name's end is known.
 * Says what is wrong. `path` NULL is right. Returns an exit code. */
int check_picture(const subcommand *command, const char *name, const char *path);

#endif
