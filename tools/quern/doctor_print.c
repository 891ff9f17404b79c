/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of quern doctor as text, in colour on a terminal, or as JSON. */
#include "doctor.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const level_names[FINDING_LEVELS] = {"ok", "note", "problem"};

void doctor_add(doctor *d, finding_level level, const char *topic, const char *subject,
                const char *text, const char *advice)
{
    json_t *finding = json_object();
    json_object_set_new(finding, "level", json_text(level_names[level]));
    json_object_set_new(finding, "topic", json_text(topic));
    json_object_set_new(finding, "subject", json_text(subject));
    json_object_set_new(finding, "text", json_text(text));
    json_object_set_new(finding, "advice", json_text(advice));
    json_array_append_new(d->findings, finding);
    d->count[level]++;
}

void doctor_attach(doctor *d, const char *name, json_t *value)
{
    size_t count = json_array_size(d->findings);
    json_object_set_new(json_array_get(d->findings, count - 1), name, value);
}

/* ---- text ---- */

typedef struct printer {
    bool colour, utf8;
    int columns;
} printer;

static printer make_printer(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    bool terminal = isatty(STDOUT_FILENO) != 0;
    struct winsize size;
    printer p = {.columns = 100};
    p.colour = terminal && !(no && *no) && term && strcmp(term, "dumb") != 0;
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
        size.ws_col < p.columns)
        p.columns = size.ws_col;
    setlocale(LC_CTYPE, "");
    p.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return p;
}

/* Bytes of a driver's names that the terminal cannot show, and what could steer it, become "?". */
static void print_word(const printer *p, const char *word, int length)
{
    for (int i = 0; i < length; i++) {
        unsigned char c = (unsigned char)word[i];
        bool shown = c >= 0x80 ? p->utf8 : c >= 0x20 && c != 0x7f;
        putchar(shown ? c : '?');
    }
}

/* Words in lines that begin at `indent`, from *column on. */
static void print_text(const printer *p, const char *text, int indent, int *column)
{
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (*column > indent && *column + 1 + length > p->columns) {
            printf("\n%*s", indent, "");
            *column = indent;
        }
        if (*column > indent)
            putchar(' ');
        print_word(p, text, length);
        *column += length + (*column > indent);
        text += length;
        text += strspn(text, " ");
    }
}

static void print_finding(const printer *p, const json_t *finding)
{
    static const char *const colours[FINDING_LEVELS] = {"\033[32m", "\033[33m", "\033[1;31m"};
    const int indent = 20;
    int column = indent, level = 0;
    const char *name = json_string_value(json_object_get(finding, "level"));
    const char *subject = json_string_value(json_object_get(finding, "subject"));
    const char *advice = json_string_value(json_object_get(finding, "advice"));
    while (strcmp(name, level_names[level]) != 0)
        level++;
    printf("%s%-9s%s%-11s", p->colour ? colours[level] : "", name, p->colour ? "\033[0m" : "",
           json_string_value(json_object_get(finding, "topic")));
    if (subject) {
        print_text(p, subject, indent, &column);
        putchar(':');
        column++;
    }
    print_text(p, json_string_value(json_object_get(finding, "text")), indent, &column);
    putchar('\n');
    if (!advice)
        return;
    column = indent;
    printf("%*s", indent, "");
    print_text(p, advice, indent, &column);
    putchar('\n');
}

int doctor_print(doctor *d)
{
    bool fit = d->count[FINDING_PROBLEM] == 0;
    if (d->json) {
        json_t *object = json_object();
        json_object_set_new(object, "version", json_text(qn_version()));
        json_object_set_new(object, "fit", json_boolean(fit));
        json_object_set(object, "findings", d->findings);
        int code = json_print(object);
        return code != EXIT_OK ? code : fit ? EXIT_OK : EXIT_FAILED;
    }
    printer p = make_printer();
    for (size_t i = 0; i < json_array_size(d->findings); i++)
        print_finding(&p, json_array_get(d->findings, i));
    printf("\n%s: %d ok, %d note%s, %d problem%s\n",
           fit ? "This machine is fit" : "This machine is not fit", d->count[FINDING_OK],
           d->count[FINDING_NOTE], d->count[FINDING_NOTE] == 1 ? "" : "s",
           d->count[FINDING_PROBLEM], d->count[FINDING_PROBLEM] == 1 ? "" : "s");
    return fit ? EXIT_OK : EXIT_FAILED;
}
