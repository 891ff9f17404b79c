/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of quern eval share: one run of it. */
#ifndef QUERN_EVAL_H
#define QUERN_EVAL_H

#include "classes.h"
#include "pictures.h"

typedef struct eval_run {
    const subcommand *command;
    const arguments *a;
    qn_context *ctx;
    qn_model *model;
    samples s;
    qn_logs logs;
    outputs o;      /* where classes are asked for; else values NULL */
    int64_t *count; /* [classes][classes]: by true class, then by predicted one; or NULL */
} eval_run;

/* ---- eval_classes.c ---- */

/* Predicts and counts. Says what is wrong and returns an exit code. */
int count_classes(eval_run *r);
/* What the model alone tells to be wrong. */
int check_classes(const eval_run *r);
int draw_confusion_matrix(const eval_run *r);
/* Precision, recall, f1 and support of each class. */
void print_per_class(const eval_run *r);
/* "classes", "confusion_matrix" */
void json_add_per_class(json_t *object, const eval_run *r);

/* ---- eval_worst.c ---- */

/* --worst wants samples that are images. Says so and returns an exit code. */
int check_images(const eval_run *r);
int draw_worst(const eval_run *r);

#endif
