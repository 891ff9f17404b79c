/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of quern train share: one run of it. */
#ifndef QUERN_TRAIN_H
#define QUERN_TRAIN_H

#include "command.h"

typedef struct train_run {
    const subcommand *command;
    arguments a;     /* as given; with --resume completed from the file, --tensorboard a callback */
    char *callbacks; /* the text with that; NULL: not given */
    qn_context *ctx;
    qn_model *model;
    samples s;
    qn_training_info before; /* of the file, with --resume */
    int64_t first;           /* epoch that training begins at: 0, or with --resume where it was */
    double first_epoch;      /* seconds from the process's start to the end of the first epoch */
    qn_logs test;
    bool tested, stopped;
    const char *saved; /* where the model went; NULL: nowhere */
    bool plot_failed;  /* said once, and not tried again */
} train_run;

/* ---- resume.c ---- */

/* Refuses options that say what the file says. Returns an exit code. */
int resume_check_options(const train_run *r);
/* Loads the file; the arguments that were not given are those of its last fit. Returns an exit
 * code. */
int resume_model(train_run *r);
/* Says where training stands. */
void resume_note(const train_run *r);

/* ---- train_tensorboard.c ---- */

/* --tensorboard joins the callbacks, which may have one of their own only to be replaced. Says what
 * is wrong and returns an exit code. */
int add_tensorboard(train_run *r, bool replace);

/* ---- train_report.c ---- */

/* Seconds since this process began. */
double process_seconds(void);
/* Prints what came of it on stdout; returns an exit code. */
int train_report(const train_run *r);

#endif
