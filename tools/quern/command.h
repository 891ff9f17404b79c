/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands share: their tables, contexts, data, models, output. */
#ifndef QUERN_COMMAND_H
#define QUERN_COMMAND_H

#include "options.h"

#include <jansson.h>
#include <quern/quern.h>
#include <quern/unstable.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

extern const subcommand command_devices, command_train, command_eval, command_predict,
    command_summary, command_plan, command_profile, command_completion, command_bench, command_man,
    command_doctor, command_weights;
/* All of them, in the order of --help; NULL past the end. */
const subcommand *command_at(int index);

/* ---- output.c ---- */

/* The exit code that a status means. */
int exit_code(qn_status status);
/* Says the context's error on stderr and returns the exit code. */
int report_failure(const qn_context *ctx, qn_status status);
/* Says that host memory did not suffice and returns the exit code. */
int out_of_memory(void);
/* A line on stderr unless --quiet. */
void note(const arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text as JSON; one that is not UTF-8 loses the bytes that are not. */
json_t *json_text(const char *text);
json_t *json_shape(int rank, const int64_t *shape);
/* A number as JSON; one that is not finite is null. */
json_t *json_number(double value);
/* A figure as JSON; one that was not measured, 0, is null. */
json_t *json_measured(double value);
/* Adds every result by its name. */
void json_add_logs(json_t *object, const qn_logs *logs);
/* Prints the object on stdout and frees it. Returns an exit code. */
int json_print(json_t *object);
/* "loss 0.3412  accuracy 0.8790" */
void print_logs(const char *title, const qn_logs *logs);
/* For qn_write_fn: writes to the FILE `user`. */
void write_to_file(void *user, const char *text);
/* Text that comes in pieces; `data`, NULL at first, is the user's to free. */
typedef struct collected_text {
    char *data;
    size_t length;
    bool failed; /* out of memory */
} collected_text;
/* For qn_write_fn: adds to the collected_text `user`. */
void collect_text(void *user, const char *text);
/* "(28, 28)"; returns `buffer`. */
const char *shape_text(int rank, const int64_t *shape, char *buffer, size_t size);
const char *bytes_text(uint64_t bytes, char *buffer, size_t size);

/* ---- profile.c ---- */

typedef struct profiling profiling;
/* Before a profiled run: fails when a file of the profile could not be written, and measures what
 * the device can do where that is not known. */
qn_status profiling_prepare(const arguments *a, qn_context *ctx);
/* Begins the region, once; nothing where the arguments do not say that the run is profiled. */
qn_status profiling_begin(const arguments *a, qn_model *model);
/* Of a profiled run: ends the region and prints it, unless the run failed. Returns an exit code. */
int profiling_finish(const arguments *a, qn_context *ctx, qn_status ran);

/* ---- limits.c ---- */

/* What the device of the context can do, measured in a context of its own where that is not known:
 * so its memory and programs are in no profile. Kept, so once for a device and driver. `what` wants
 * to know, in a note. A failure is said. */
qn_status device_limits(const arguments *a, qn_context *known, const char *what,
                        qn_bench_results *limits);

/* ---- session.c, data.c ---- */

/* A context as the arguments ask for; warnings go to stderr. */
qn_status open_context(const arguments *a, qn_context **ctx);
/* "pocl:0" and the device's own name, of the first device. */
const qn_device_info *context_device(const qn_context *ctx);

/* Samples and targets as the model takes them. */
typedef struct samples {
    qn_dataset *dataset;
    qn_array x, y;           /* y.data NULL: none */
    qn_array labels;         /* integer labels as the dataset has them, or data NULL */
    qn_array test_x, test_y; /* with split "train": a test split of its own; data NULL: none */
    float *one_hot[2];       /* memory of y and test_y where they were made here */
    qn_dataset *weights;
    qn_array weight; /* of --sample-weight; data NULL: none */
} samples;
qn_status open_samples(qn_context *ctx, const arguments *a, const char *split, samples *s);
/* Says what they are. */
void note_samples(const arguments *a, const samples *s);
/* Reads --sample-weight, where it is given. */
qn_status open_sample_weight(qn_context *ctx, const arguments *a, samples *s);
/* uint8 samples take the scale that the model was trained with. Says so. */
void take_scale(const arguments *a, const qn_model *model, qn_array *x);
/* Once the model is built: integer labels become one-hot where its loss wants them, uint8 samples
 * take the scale that the model was trained with. Says so. */
qn_status fit_samples_to_model(const arguments *a, qn_model *model, bool trained, samples *s);
void close_samples(samples *s);

/* The seed of a model's weights, shuffling and random ops. */
uint64_t model_seed(const qn_model *model);
/* A --seed must be the one that the model in `file` has. Returns an exit code. */
int check_seed(const subcommand *command, const arguments *a, const qn_model *model,
               const char *file);
/* The model of --layers or --init, built for samples and compiled as the arguments say. Says what
 * is wrong and returns the exit code. */
int make_model(const subcommand *command, const arguments *a, qn_context *ctx, const samples *s,
               qn_model **model);

/* From now on Ctrl-C asks `model` to stop after the current chunk; a second one ends the process.
 */
void stop_on_interrupt(qn_model *model);
void forget_interrupt(void);

#endif
