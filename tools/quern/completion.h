/* SPDX-License-Identifier: Apache-2.0 */
/* What completion offers for an option's value. */
#ifndef QUERN_COMPLETION_H
#define QUERN_COMPLETION_H

#include "options.h"

typedef enum completion_kind {
    COMPLETE_FLAG,    /* it takes no value */
    COMPLETE_WORDS,   /* one of its words */
    COMPLETE_LIST,    /* its words, separated by commas */
    COMPLETE_PREFIX,  /* one of its words; after one that ends in a colon, files */
    COMPLETE_FILES,   /* files */
    COMPLETE_FOLDERS, /* folders */
    COMPLETE_NOTHING  /* a value of which nothing is known */
} completion_kind;

completion_kind completion_kind_of(const option *o);
/* The index-th word to offer; NULL past the end. */
const char *completion_word(const option *o, int index);
/* Prints all of them, separated by spaces. */
void completion_words(const option *o);

/* Calls `print` for every subcommand, and after it for its parts. */
void completion_each(void (*print)(const subcommand *command));

/* Prints the script for zsh (completion_zsh.c). */
void completion_zsh(void);

#endif
