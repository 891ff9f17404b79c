/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line options: one table per subcommand, from which parsing and --help are made. */
#ifndef QUERN_OPTIONS_H
#define QUERN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every option of every subcommand; each one fills those of its table. */
typedef struct arguments {
    const char *device, *gemm, *data, *layers, *optimizer, *loss, *metrics, *save, *init;
    const char *model, *split, *out, *after, *task;
    const char *callbacks, *schedule, *resume, *sample_weight, *class_weight;
    const char *plot, *confusion, *worst, *png, *tensorboard;
    const char *operand, *csv, *trace, *roofline, *html;
    const char *shapes, *trans;
    struct profiling *profiling; /* profile.c: of a profiled run; NULL: it is not */
    int64_t batch_size, epochs, seed, count, layer, histogram_freq;
    double validation_split;
    bool json, quiet, self_test, dot, per_class;
    uint64_t given; /* bit i: option i of the table was written; the last bit: the operand */
} arguments;

typedef enum option_kind { OPTION_TEXT, OPTION_INT, OPTION_NUMBER, OPTION_FLAG } option_kind;

typedef struct option {
    const char *name; /* "--batch-size" */
    option_kind kind;
    size_t offset;        /* in struct arguments */
    const char *value;    /* what stands for its value in --help: "N" */
    const char *standard; /* its default, as text; NULL: none */
    const char *help;
    const char *alias; /* "--batch" */
    bool required;
    double minimum;            /* numbers */
    double below;              /* numbers: exclusive upper limit; 0: none */
    const char *const *choice; /* texts: one of these, ended by NULL */
    /* What completion offers beside: words, ended by NULL, and qn_names of a kind. */
    const char *const *suggestion;
    const char *names;
} option;

typedef struct subcommand {
    const char *name;
    const char *summary;   /* one line */
    const option *options; /* ended by a NULL name */
    const char *example;
    int (*run)(const struct subcommand *self, const arguments *a);
    const option *operand; /* the one argument that is no option; NULL: takes none */
    /* Takes the words itself, instead of `run`; NULL: does not. */
    int (*run_words)(const struct subcommand *self, int count, char **words);
    /* Subcommands of its own ("bench gemm"), ended by NULL: the i-th is run where the operand is
     * its i-th choice. `options` are those that all of them have. NULL: none. */
    const struct subcommand *const *parts;
} subcommand;

/* What parsing found. */
typedef enum parsed { PARSED_RUN, PARSED_HELP, PARSED_WRONG } parsed;

/* Fills `a` with the defaults, then with the arguments. Mistakes are said on stderr. */
parsed options_parse(const subcommand *command, int count, char **words, arguments *a);
/* Whether the user wrote this option. */
bool options_given(const subcommand *command, const arguments *a, const char *name);
/* --help, on stdout. */
void options_help(const subcommand *command);

#endif
