/* SPDX-License-Identifier: Apache-2.0 */
/* The command: finds the subcommand, parses its options, runs it. */
#include "command.h"

#include <stdio.h>
#include <string.h>

static const subcommand *const commands[] = {&command_devices, &command_train,      &command_eval,
                                             &command_predict, &command_summary,    &command_plan,
                                             &command_weights, &command_profile,    &command_bench,
                                             &command_doctor,  &command_completion, &command_man};
#define COMMAND_COUNT ((int)(sizeof commands / sizeof commands[0]))

const subcommand *command_at(int index)
{
    return index >= 0 && index < COMMAND_COUNT ? commands[index] : NULL;
}

static void usage(FILE *file)
{
    fprintf(file, "usage: quern SUBCOMMAND [options]\n\n"
                  "Trains and runs dense neural networks on any OpenCL device.\n\nsubcommands:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
    fprintf(file, "\n  quern SUBCOMMAND --help    its options and an example\n"
                  "  quern --version            the version\n");
}

static int unknown_command(const char *word)
{
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    const char *nearest = qn_nearest_word(word, names, COMMAND_COUNT);
    fprintf(stderr, "quern: unknown %s \"%s\"", word[0] == '-' ? "option" : "subcommand", word);
    if (nearest)
        fprintf(stderr, "; did you mean %s?", nearest);
    fprintf(stderr, "\nsubcommands:");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stderr, " %s", names[i]);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

static int run(const subcommand *command, int count, char **words);

/* The part that `word` names; NULL: none. */
static const subcommand *part_named(const subcommand *command, const char *word)
{
    for (int i = 0; command->parts && command->parts[i]; i++)
        if (strcmp(word, command->operand->choice[i]) == 0)
            return command->parts[i];
    return NULL;
}

/* Of a part that is named after options, such as --json, which all of them have. */
static int run_later_part(const subcommand *command, const char *name, int count, char **words)
{
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (words[i] != name)
            words[kept++] = words[i];
    return run(part_named(command, name), kept, words);
}

static int run(const subcommand *command, int count, char **words)
{
    const subcommand *part = count > 0 ? part_named(command, words[0]) : NULL;
    arguments a;
    if (part)
        return run(part, count - 1, words + 1);
    if (command->run_words)
        return command->run_words(command, count, words);
    switch (options_parse(command, count, words, &a)) {
    case PARSED_HELP:
        options_help(command);
        return EXIT_OK;
    case PARSED_WRONG:
        return EXIT_USAGE;
    case PARSED_RUN:
        break;
    }
    if (command->parts)
        return run_later_part(command, a.operand, count, words);
    return command->run(command, &a);
}

static int dispatch(int count, char **words)
{
    if (count < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(words[1], "--version") == 0) {
        printf("quern %s\n", qn_version());
        return EXIT_OK;
    }
    if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0) {
        usage(stdout);
        return EXIT_OK;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(words[1], commands[i]->name) == 0)
            return run(commands[i], count - 2, words + 2);
    return unknown_command(words[1]);
}

int main(int count, char **words)
{
    int code = dispatch(count, words);
    /* A full disk or a closed pipe must not look like success. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_OK) {
        fprintf(stderr, "quern: could not write to standard output\n");
        code = EXIT_FAILED;
    }
    return code;
}
