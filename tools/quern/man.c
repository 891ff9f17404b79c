/* SPDX-License-Identifier: Apache-2.0 */
/* quern man: the manual pages in man(7)'s language, from the tables that --help is made of. */
#include "command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Text as troff prints it unchanged. A minus that begins a word is typed by the reader; a line that
 * begins with a dot or an apostrophe would be a command. */
static void text(const char *words)
{
    char before = ' ';
    for (const char *c = words; *c; before = *c++) {
        bool typed = before == ' ' || before == '-' || before == '"' || before == '\\';
        if (*c == '\\')
            printf("\\e");
        else if (*c == '-' && typed)
            printf("\\-");
        else if (*c == '\'')
            printf("\\(aq");
        else if (*c == '"')
            printf("\\(dq");
        else if (*c == '.' && c == words)
            printf("\\&.");
        else
            putchar(*c);
    }
}

/* Every minus as the one that is typed. */
static void literal(const char *word)
{
    for (; *word; word++) {
        if (*word == '-')
            printf("\\-");
        else
            text((char[]){*word, '\0'});
    }
}

/* "quern-train" as the title has it: in capitals. */
static void heading(const char *name)
{
    printf(".TH QUERN");
    if (name) {
        putchar('-');
        for (; *name; name++)
            putchar(toupper((unsigned char)*name));
    }
    printf(" 1 \"\" \"quern %s\" \"User Commands\"\n", qn_version());
}

static void one_option(const option *o)
{
    printf(".TP\n\\fB");
    literal(o->name);
    printf("\\fR");
    if (o->alias) {
        printf(", \\fB");
        literal(o->alias);
        printf("\\fR");
    }
    if (o->value && *o->value) {
        printf(" \\fI");
        literal(o->value);
        printf("\\fR");
    }
    printf("\n");
    text(o->help);
    if (o->standard) {
        printf("\n(default: ");
        literal(o->standard);
        printf(")");
    }
    if (o->required)
        printf("\n(needed)");
    if (o->choice) {
        printf("\n.br\nOne of ");
        for (int i = 0; o->choice[i]; i++) {
            printf(i ? ", \\fB" : "\\fB");
            literal(o->choice[i]);
            printf("\\fR");
        }
        printf(".");
    }
    printf("\n");
}

static void synopsis(const subcommand *command)
{
    printf(".SH SYNOPSIS\n.B quern %s\n", command->name);
    if (command->operand)
        printf(command->operand->required ? "\\fI%s\\fR\n" : "[\\fI%s\\fR]\n",
               command->operand->name);
    for (const option *o = command->options; o->name; o++) {
        printf(o->required ? "\\fB" : "[\\fB");
        literal(o->name);
        printf("\\fR");
        if (o->value) {
            printf("\\~\\fI");
            literal(o->value);
            printf("\\fR");
        }
        printf(o->required ? "\n" : "]\n");
    }
}

static void options_of(const subcommand *command)
{
    for (const option *o = command->options; o->name; o++)
        one_option(o);
    printf(".TP\n\\fB\\-\\-help\\fR\nshow a short form of this page\n");
}

/* Of a subcommand's part. */
static void section_of(const subcommand *part)
{
    printf(".SS quern %s\n", part->name);
    text(part->summary);
    printf("\n");
    options_of(part);
}

static void page_of(const subcommand *command)
{
    heading(command->name);
    printf(".SH NAME\nquern\\-%s \\- ", command->name);
    text(command->summary);
    printf("\n");
    synopsis(command);
    printf(".SH DESCRIPTION\n");
    text(command->summary);
    printf("\n");
    if (command->operand)
        one_option(command->operand);
    printf(".SH OPTIONS\n");
    options_of(command);
    for (const subcommand *const *part = command->parts; part && *part; part++)
        section_of(*part);
    printf(".SH EXAMPLES\n.nf\n");
    literal(command->example);
    for (const subcommand *const *part = command->parts; part && *part; part++) {
        printf("\n");
        literal((*part)->example);
    }
    printf("\n.fi\n.SH SEE ALSO\n.BR quern (1)\n");
}

static void page_of_all(void)
{
    heading(NULL);
    printf(".SH NAME\nquern \\- trains and runs dense neural networks on any OpenCL device\n"
           ".SH SYNOPSIS\n.B quern\n\\fISUBCOMMAND\\fR\n[\\fIoptions\\fR]\n"
           ".SH DESCRIPTION\nThe options of a subcommand are in its own page,\n"
           ".BR quern\\-train (1)\nsay, and in short form in\n"
           ".BR \"quern train \\-\\-help\" .\n.SH SUBCOMMANDS\n");
    for (int i = 0; command_at(i); i++) {
        printf(".TP\n.BR quern\\-%s (1)\n", command_at(i)->name);
        text(command_at(i)->summary);
        printf("\n");
    }
    printf(".SH OPTIONS\n.TP\n\\fB\\-\\-help\\fR\nthe subcommands\n"
           ".TP\n\\fB\\-\\-version\\fR\nthe version\n"
           ".SH EXIT STATUS\n"
           ".TP\n%d\nsuccess\n.TP\n%d\nfailure: of a device, a file, the data, or the training\n"
           ".TP\n%d\na mistake in the arguments\n.TP\n%d\ninterrupted by Ctrl\\-C\n"
           ".SH ENVIRONMENT\n"
           ".TP\n.B QUERN_DEVICE\nthe device where \\fB\\-\\-device\\fR is not given\n"
           ".TP\n.B QUERN_CACHE_DIR\nfolder of compiled programs and of what was measured; "
           "\\fI$XDG_CACHE_HOME/quern\\fR or \\fI~/.cache/quern\\fR when not set, nothing is kept "
           "when empty\n",
           EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED);
}

static int run(const subcommand *command, const arguments *a)
{
    if (!a->operand) {
        page_of_all();
        return EXIT_OK;
    }
    const char *names[64];
    int count = 0;
    for (; command_at(count) && count < 64; count++) {
        names[count] = command_at(count)->name;
        if (strcmp(a->operand, names[count]) == 0) {
            page_of(command_at(count));
            return EXIT_OK;
        }
    }
    const char *nearest = qn_nearest_word(a->operand, names, count);
    fprintf(stderr, "quern %s: there is no subcommand \"%s\"%s%s%s; quern --help lists them\n",
            command->name, a->operand, nearest ? "; did you mean " : "", nearest ? nearest : "",
            nearest ? "?" : "");
    return EXIT_USAGE;
}

static const option options[] = {{NULL}};
static const option page = {"SUBCOMMAND",
                            OPTION_TEXT,
                            offsetof(arguments, operand),
                            NULL,
                            NULL,
                            "whose page; quern's own when not given",
                            .names = "subcommand"};

const subcommand command_man = {"man",   "Prints a manual page, for man to show.",
                                options, "quern man train | man -l -",
                                run,     &page};
