/* SPDX-License-Identifier: Apache-2.0 */
/* The completion script for zsh, in the words of its _arguments. */
#include "command.h"
#include "completion.h"

#include <stdio.h>
#include <string.h>

/* Inside single quotes; `special` characters get a backslash. */
static void quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            printf("'\\''");
        else
            printf(strchr(special, *text) ? "\\%c" : "%c", *text);
    }
}

static void value(const option *o)
{
    static const char *const before[] = {
        "", "(", "{_sequence -s , compadd - ", "{_quern_prefixed ", "_files", "_files -/", " "};
    static const char *const after[] = {"", ")", "}", "}", "", "", ""};
    completion_kind kind = completion_kind_of(o);
    printf(":%s:%s", o->value, before[kind]);
    if (kind == COMPLETE_PREFIX)
        for (int i = 0; completion_word(o, i); i++) {
            printf(" ");
            quoted(completion_word(o, i), ":\\");
        }
    else
        completion_words(o);
    printf("%s", after[kind]);
}

static void one_option(const option *o, const char *name)
{
    bool takes = completion_kind_of(o) != COMPLETE_FLAG;
    printf(" \\\n            '");
    if (o->alias)
        printf("(%s %s)", o->name, o->alias);
    printf("%s%s[", name, takes ? "=" : "");
    quoted(o->help, "[]:\\");
    printf("]");
    if (takes)
        value(o);
    printf("'");
}

static void one_command(const subcommand *command)
{
    printf(strchr(command->name, ' ') ? "    \"%s\")\n        _arguments"
                                      : "    %s)\n        _arguments",
           command->name);
    for (const option *o = command->options; o->name; o++) {
        one_option(o, o->name);
        if (o->alias)
            one_option(o, o->alias);
    }
    printf(" \\\n            '(- *)--help[show this help]'");
    if (command->operand) {
        printf(" \\\n            '%s:%s:(",
               command->operand->required ? "1" : "1:", command->operand->name);
        completion_words(command->operand);
        printf(")'");
    }
    printf("\n        ;;\n");
}

void completion_zsh(void)
{
    printf("#compdef quern\n"
           "# Completion of quern for zsh, made by: quern completion zsh\n\n"
           "_quern_prefixed() # words; after one that ends in a colon come files\n{\n"
           "    local word\n"
           "    for word in ${(M)@:#*:}; do\n"
           "        if compset -P $word; then\n"
           "            compset -P '*,'\n"
           "            _files\n"
           "            return\n"
           "        fi\n"
           "    done\n"
           "    compadd - ${@:#*:}\n"
           "    compadd -S '' - ${(M)@:#*:}\n}\n\n"
           "_quern()\n{\n"
           "    local -a commands\n"
           "    if ((CURRENT == 2)); then\n"
           "        commands=(");
    for (int i = 0; command_at(i); i++) {
        printf("\n            '%s:", command_at(i)->name);
        quoted(command_at(i)->summary, "\\");
        printf("'");
    }
    printf(
        "\n            '--help:the subcommands'\n            '--version:the version'\n        )\n"
        "        _describe -t commands subcommand commands\n"
        "        return\n"
        "    fi\n"
        "    shift words\n"
        "    ((CURRENT--))\n");
    for (int i = 0; command_at(i); i++)
        if (command_at(i)->run_words)
            printf("    # The options of its task follow it.\n"
                   "    if [[ $words[1] == %s ]] && ((CURRENT > 2)); then\n"
                   "        shift words\n        ((CURRENT--))\n    fi\n",
                   command_at(i)->name);
        else if (command_at(i)->parts)
            printf("    # What follows has options of its own.\n"
                   "    if [[ $words[1] == %s ]] && ((CURRENT > 2)); then\n"
                   "        words[2]=\"%s $words[2]\"\n"
                   "        shift words\n        ((CURRENT--))\n    fi\n",
                   command_at(i)->name, command_at(i)->name);
    printf("    case $words[1] in\n");
    completion_each(one_command);
    printf("    esac\n}\n\n"
           "if [[ $funcstack[1] == _quern ]]; then\n    _quern \"$@\"\n"
           "else\n    compdef _quern quern\nfi\n");
}
