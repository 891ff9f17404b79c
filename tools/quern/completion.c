/* SPDX-License-Identifier: Apache-2.0 */
/* quern completion: the script that completes quern's words in bash, zsh or fish, from the tables
 * that parsing and --help are made of. */
#include "completion.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

const char *completion_word(const option *o, int index)
{
    for (const char *const *word = o->choice; word && *word; word++)
        if (index-- == 0)
            return *word;
    for (const char *const *word = o->suggestion; word && *word; word++)
        if (index-- == 0)
            return *word;
    if (!o->names)
        return NULL;
    if (strcmp(o->names, "subcommand") == 0)
        return command_at(index) ? command_at(index)->name : NULL;
    return qn_names(o->names, index);
}

completion_kind completion_kind_of(const option *o)
{
    if (o->kind == OPTION_FLAG)
        return COMPLETE_FLAG;
    for (const char *const *word = o->suggestion; word && *word; word++)
        if ((*word)[strlen(*word) - 1] == ':')
            return COMPLETE_PREFIX;
    if (o->names && strcmp(o->value, "NAME") != 0)
        return COMPLETE_LIST;
    if (completion_word(o, 0))
        return COMPLETE_WORDS;
    if (o->kind == OPTION_TEXT && strstr(o->value, "FILE"))
        return COMPLETE_FILES;
    if (o->kind == OPTION_TEXT && strstr(o->value, "DIR"))
        return COMPLETE_FOLDERS;
    return COMPLETE_NOTHING;
}

void completion_each(void (*print)(const subcommand *command))
{
    for (int i = 0; command_at(i); i++) {
        const subcommand *const *parts = command_at(i)->parts;
        print(command_at(i));
        for (; parts && *parts; parts++)
            print(*parts);
    }
}

void completion_words(const option *o)
{
    for (int i = 0; completion_word(o, i); i++)
        printf("%s%s", i ? " " : "", completion_word(o, i));
}

/* ---- bash ---- */

static const char bash_end[] =
    "    # For bash, = and : end a word: --data=idx:DIR is five of them. `whole` joins them.\n"
    "    while ((at > 2)) && [[ ${COMP_WORDS[at]} == [:=] || ${COMP_WORDS[at - 1]} == [:=] ]]; do\n"
    "        ((at--))\n"
    "        whole=${COMP_WORDS[at]}$whole\n"
    "    done\n"
    "    if [[ $word == [:=] ]]; then word=; fi\n"
    "    if [[ $word == [\\'\\\"]* ]]; then word=${word:1} whole=${whole/[\\'\\\"]/}; fi\n"
    "    if [[ $whole == --*=* ]]; then\n"
    "        option=${whole%%=*} value=${whole#*=}\n"
    "    else\n"
    "        option=${COMP_WORDS[at - 1]} value=$whole\n"
    "    fi\n"
    "    _quern_values \"$command\" \"$option\"\n"
    "    if [[ $kind == none ]]; then\n"
    "        value=$whole\n"
    "        _quern_options \"$outer\"\n"
    "        more=$words\n"
    "        _quern_options \"$command\"\n"
    "        if [[ $outer != \"$command\" ]]; then words=\"$more $words\"; fi\n"
    "    fi\n"
    "    # What of the value stands before the part that is completed.\n"
    "    case $kind in\n"
    "    list) head=${value%\"${value##*[, ]}\"} ;;\n"
    "    prefix) head=${value%\"${value##*[:,]}\"} ;;\n"
    "    *) head= ;;\n"
    "    esac\n"
    "    part=${value#\"$head\"}\n"
    "    if [[ $kind == prefix && $head == *: || $kind == prefix && $head == *:*, ]]; then\n"
    "        kind=files\n"
    "    fi\n"
    "    case $kind in\n"
    "    files) mapfile -t found < <(compgen -f -- \"$part\") ;;\n"
    "    folders) mapfile -t found < <(compgen -d -- \"$part\") ;;\n"
    "    nothing) found=() ;;\n"
    "    *) mapfile -t found < <(compgen -W \"$words\" -- \"$part\") ;;\n"
    "    esac\n"
    "    case $kind in\n"
    "    files | folders) compopt -o filenames 2>/dev/null ;;\n"
    "    list | prefix) compopt -o nospace 2>/dev/null ;;\n"
    "    esac\n"
    "    # Only what follows the last = or : replaces the word under the cursor.\n"
    "    local keep=${whole%\"$value\"}$head cut=${whole%\"$word\"}\n"
    "    for item in \"${found[@]}\"; do\n"
    "        item=$keep$item\n"
    "        COMPREPLY+=(\"${item#\"$cut\"}\")\n"
    "    done\n"
    "}\n"
    "complete -F _quern quern\n";

static void bash_options(const subcommand *command)
{
    printf(strchr(command->name, ' ') ? "    '%s') words='" : "    %s) words='", command->name);
    for (const option *o = command->options; o->name; o++)
        printf("%s%s%s ", o->name, o->alias ? " " : "", o->alias ? o->alias : "");
    printf("--help");
    if (command->operand) {
        printf(" ");
        completion_words(command->operand);
    }
    printf("' ;;\n");
}

static void bash_value(const subcommand *command, const option *o)
{
    static const char *const kinds[] = {"flag",  "words",   "list",   "prefix",
                                        "files", "folders", "nothing"};
    completion_kind kind = completion_kind_of(o);
    if (kind == COMPLETE_FLAG)
        return;
    printf("    '%s %s'", command->name, o->name);
    if (o->alias)
        printf(" | '%s %s'", command->name, o->alias);
    printf(") kind=%s words='", kinds[kind]);
    completion_words(o);
    printf("' ;;\n");
}

static void bash_values(const subcommand *command)
{
    for (const option *o = command->options; o->name; o++)
        bash_value(command, o);
}

static void bash(void)
{
    printf("# Completion of quern for bash, made by: quern completion bash\n\n"
           "_quern_options() # subcommand: sets words to its options\n{\n    case $1 in\n");
    completion_each(bash_options);
    printf("    *) words= ;;\n    esac\n}\n\n"
           "_quern_values() # subcommand, option: sets kind, and words to its values\n{\n"
           "    case \"$1 $2\" in\n");
    completion_each(bash_values);
    printf("    *) kind=none words= ;;\n    esac\n}\n\n"
           "_quern()\n{\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} whole=${COMP_WORDS[COMP_CWORD]}\n"
           "    local command=${COMP_WORDS[1]} outer=${COMP_WORDS[1]} at=$COMP_CWORD\n"
           "    local option value kind words more head part item found\n"
           "    COMPREPLY=()\n"
           "    if ((COMP_CWORD == 1)); then\n"
           "        words='");
    for (int i = 0; command_at(i); i++)
        printf("%s ", command_at(i)->name);
    printf("--help --version'\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
           "        return\n    fi\n");
    for (int i = 0; command_at(i); i++)
        if (command_at(i)->run_words)
            printf("    # The options of its task follow it.\n"
                   "    if [[ $outer == %s ]] && ((COMP_CWORD > 2)); then\n"
                   "        command=${COMP_WORDS[2]}\n    fi\n",
                   command_at(i)->name);
        else if (command_at(i)->parts)
            printf("    # What follows has options of its own.\n"
                   "    if [[ $outer == %s ]] && ((COMP_CWORD > 2)); then\n"
                   "        command=\"%s ${COMP_WORDS[2]}\" outer=\"%s ${COMP_WORDS[2]}\"\n"
                   "    fi\n",
                   command_at(i)->name, command_at(i)->name, command_at(i)->name);
    printf("%s", bash_end);
}

/* ---- fish ---- */

static void fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++)
        printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
    putchar('\'');
}

static void fish_option(const subcommand *command, const option *o, const char *name)
{
    completion_kind kind = completion_kind_of(o);
    printf("complete -c quern -n '__quern_is %s' -l %s", command->name, name + 2);
    if (kind == COMPLETE_FILES)
        printf(" -r -F");
    else if (kind == COMPLETE_FOLDERS)
        printf(" -x -a '(__fish_complete_directories)'");
    else if (kind == COMPLETE_PREFIX)
        printf(" -r -F");
    else if (kind != COMPLETE_FLAG)
        printf(" -x");
    if (completion_word(o, 0)) {
        printf(" -a '");
        completion_words(o);
        printf("'");
    }
    printf(" -d ");
    fish_text(o->help);
    printf("\n");
}

static void fish_options(const subcommand *command)
{
    printf("\n");
    for (const option *o = command->options; o->name; o++) {
        fish_option(command, o, o->name);
        if (o->alias)
            fish_option(command, o, o->alias);
    }
    printf("complete -c quern -n '__quern_is %s' -l help -d 'show this help'\n", command->name);
    if (command->operand) {
        printf("complete -c quern -n '__quern_is %s' -a '", command->name);
        completion_words(command->operand);
        printf("'\n");
    }
}

static void fish(void)
{
    printf("# Completion of quern for fish, made by: quern completion fish\n\n"
           "function __quern_is --description 'the subcommand is this one, or there is none yet'\n"
           "    set -l words (commandline -opc)\n"
           "    test (count $words) -eq 1 -a -z \"$argv\"; or test \"$words[2]\" = \"$argv\" -a -n "
           "\"$argv\"\n");
    for (int i = 0; command_at(i); i++)
        if (command_at(i)->run_words)
            printf("    or test \"$words[2]\" = %s -a \"$words[3]\" = \"$argv\" -a -n \"$argv\"\n",
                   command_at(i)->name);
        else if (command_at(i)->parts)
            printf("    or test \"$words[2] $words[3]\" = \"$argv\" -a \"$words[2]\" = %s\n",
                   command_at(i)->name);
    printf("end\n\n"
           "complete -c quern -f\n"
           "complete -c quern -n __quern_is -l help -d 'the subcommands'\n"
           "complete -c quern -n __quern_is -l version -d 'the version'\n");
    for (int i = 0; command_at(i); i++) {
        printf("complete -c quern -n __quern_is -a %s -d ", command_at(i)->name);
        fish_text(command_at(i)->summary);
        printf("\n");
    }
    completion_each(fish_options);
}

/* ---- the subcommand ---- */

static int run(const subcommand *command, const arguments *a)
{
    (void)command;
    if (strcmp(a->operand, "bash") == 0)
        bash();
    else if (strcmp(a->operand, "zsh") == 0)
        completion_zsh();
    else
        fish();
    return EXIT_OK;
}

static const option options[] = {{NULL}};
static const option shell = {"SHELL",
                             OPTION_TEXT,
                             offsetof(arguments, operand),
                             NULL,
                             NULL,
                             "bash, zsh or fish",
                             .required = true,
                             .choice = (const char *const[]){"bash", "zsh", "fish", NULL}};

const subcommand command_completion = {
    "completion", "Prints the script that completes quern's words in a shell.",
    options,      "quern completion bash > ~/.local/share/bash-completion/completions/quern",
    run,          &shell};
