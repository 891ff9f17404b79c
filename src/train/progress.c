/* SPDX-License-Identifier: Apache-2.0 */
/* The progress bar, which reads as Keras's. It keeps nothing between events: each line is made from
 * the event alone, and a terminal's line is rewritten in place. */
#include <quern/model.h>

#include <ctype.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 20
#define DEFAULT_COLUMNS 80
#define LINE_MAX_BYTES 2048

/* What the output can show. */
typedef struct screen {
    FILE *file;
    bool terminal, color, utf8;
    int columns;
} screen;

/* A line under way: bytes, and the columns that they take. */
typedef struct line {
    char text[LINE_MAX_BYTES];
    size_t length;
    int columns;
} line;

/* The locale as the environment names it: the program may not have called setlocale. */
static bool utf8_locale(void)
{
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL, *set;

    for (int i = 0; i < 3 && !(value && *value); i++)
        value = getenv(names[i]);
    set = value ? strrchr(value, '.') : NULL;
    if (!set)
        return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return toupper((unsigned char)set[1]) == 'U' && toupper((unsigned char)set[2]) == 'T' &&
           toupper((unsigned char)set[3]) == 'F' && strchr(set, '8');
}

static screen look_at(FILE *file)
{
    screen s = {.file = file, .terminal = isatty(fileno(file)) == 1, .columns = DEFAULT_COLUMNS};
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    struct winsize size;

    if (!s.terminal)
        return s;
    s.utf8 = utf8_locale();
    s.color = !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
    if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        s.columns = size.ws_col;
    return s;
}

/* ---- pieces of a line ---- */

static void add(line *l, int columns, const char *text)
{
    size_t length = strlen(text);

    if (length >= sizeof l->text - l->length)
        return;
    memcpy(l->text + l->length, text, length + 1);
    l->length += length;
    l->columns += columns;
}

static void add_plain(line *l, const char *text)
{
    add(l, (int)strlen(text), text);
}

static void add_style(line *l, const screen *s, const char *code)
{
    if (s->color)
        add(l, 0, code);
}

static int digits(int64_t number)
{
    int count = 1;

    for (; number >= 10; number /= 10)
        count++;
    return count;
}

static void add_counter(line *l, const qn_progress *p)
{
    char text[64];

    snprintf(text, sizeof text, "%*lld/%lld", digits(p->steps), (long long)p->step,
             (long long)p->steps);
    add_plain(l, text);
}

static void add_bar(line *l, const screen *s, const qn_progress *p, int width)
{
    int filled = p->steps > 0 ? (int)((double)width * (double)p->step / (double)p->steps) : 0;

    add_style(l, s, "\033[32m");
    for (int i = 0; i < width; i++) {
        if (i == filled)
            add_style(l, s, "\033[0m\033[37m");
        /* Without colours the rest of the bar must look different. */
        add(l, 1, s->utf8 ? (i < filled || s->color ? "━" : "╌") : i < filled ? "=" : ".");
    }
    add_style(l, s, "\033[0m");
}

static void format_duration(char *text, size_t size, double seconds)
{
    long long whole = seconds > 0 && seconds < 1e15 ? (long long)seconds : 0;

    if (whole > 3600)
        snprintf(text, size, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    else if (whole > 60)
        snprintf(text, size, "%lld:%02lld", whole / 60, whole % 60);
    else
        snprintf(text, size, "%llds", whole);
}

static void format_step_time(char *text, size_t size, double seconds)
{
    if (seconds >= 1 || seconds == 0)
        snprintf(text, size, "%.0fs/step", seconds);
    else if (seconds >= 1e-3)
        snprintf(text, size, "%.0fms/step", seconds * 1e3);
    else
        snprintf(text, size, "%.0fus/step", seconds * 1e6);
}

static double seconds_a_step(const qn_progress *p)
{
    return p->step > 0 ? p->seconds / (double)p->step : 0;
}

/* Adds what fits: a name is never cut. `columns` 0: no limit. */
static void add_metric(line *l, int columns, const char *name, double value)
{
    char text[96];

    if (fabs(value) > 1e-3)
        snprintf(text, sizeof text, " - %s: %.4f", name, value);
    else
        snprintf(text, sizeof text, " - %s: %.4e", name, value);
    if (columns == 0 || l->columns + (int)strlen(text) < columns)
        add_plain(l, text);
}

/* In alphabetical order, as Keras shows them. */
static void add_metrics(line *l, int columns, const qn_logs *logs)
{
    const char *last = "";

    for (int shown = 0; shown < logs->count; shown++) {
        int next = -1;

        for (int i = 0; i < logs->count; i++) {
            const char *name = logs->item[i].name;

            if (strcmp(name, last) > 0 && (next < 0 || strcmp(name, logs->item[next].name) < 0))
                next = i;
        }
        if (next < 0)
            return;
        last = logs->item[next].name;
        add_metric(l, columns, last, logs->item[next].value);
    }
}

/* ---- lines ---- */

/* Columns of the bar: what the terminal leaves beside counter and times. */
static int bar_width(const screen *s, const qn_progress *p)
{
    int room = s->columns - 2 * digits(p->steps) - 24;

    return room >= BAR_WIDTH ? BAR_WIDTH : room > 0 ? room : 0;
}

static void draw_bar(const screen *s, const qn_progress *p)
{
    line l = {.length = 0};
    char text[64];
    bool end = p->event == QN_PROGRESS_EPOCH_END;
    double left = seconds_a_step(p) * (double)(p->steps - p->step);
    int width = bar_width(s, p);

    add_style(&l, s, "\033[1m");
    add_counter(&l, p);
    add_style(&l, s, "\033[0m");
    add_plain(&l, " ");
    add_bar(&l, s, p, width);
    add_plain(&l, width > 0 ? " " : "");
    add_style(&l, s, "\033[1m");
    if (end)
        snprintf(text, sizeof text, "%.0fs", p->seconds);
    else
        format_duration(text, sizeof text, left);
    add_plain(&l, text);
    add_style(&l, s, "\033[0m");
    format_step_time(text, sizeof text, seconds_a_step(p));
    add_plain(&l, " ");
    add_plain(&l, text);
    /* A finished line may wrap: it is not drawn over. */
    add_metrics(&l, end ? 0 : s->columns, p->logs);
    fprintf(s->file, "\r%s\033[K%s", l.text, end ? "\n" : "");
}

/* One line for the whole epoch. */
static void draw_line(const screen *s, const qn_progress *p, bool fit)
{
    line l = {.length = 0};
    char text[64];

    if (fit) {
        snprintf(text, sizeof text, "Epoch %lld/%lld - ", (long long)p->epoch + 1,
                 (long long)p->epochs);
        add_plain(&l, text);
    }
    add_counter(&l, p);
    snprintf(text, sizeof text, " - %.0fs - ", p->seconds);
    add_plain(&l, text);
    format_step_time(text, sizeof text, seconds_a_step(p));
    add_plain(&l, text);
    add_metrics(&l, 0, p->logs);
    fprintf(s->file, "%s\n", l.text);
}

void qn_progress_bar(void *user, const qn_progress *p)
{
    screen s;
    bool bar, fit;

    if (!p || p->verbose == 0)
        return;
    s = look_at(user ? user : stderr);
    bar = s.terminal && p->verbose == 1;
    fit = strcmp(p->task, "fit") == 0;
    if (p->event == QN_PROGRESS_EPOCH_BEGIN && bar && fit)
        fprintf(s.file, "Epoch %lld/%lld\n", (long long)p->epoch + 1, (long long)p->epochs);
    else if (p->event == QN_PROGRESS_STEP && bar)
        draw_bar(&s, p);
    else if (p->event == QN_PROGRESS_EPOCH_END && bar)
        draw_bar(&s, p);
    else if (p->event == QN_PROGRESS_EPOCH_END)
        draw_line(&s, p, fit);
    else if (p->event == QN_PROGRESS_END && bar && p->step < p->steps)
        fputc('\n', s.file); /* stopped: what follows begins on a line of its own */
    fflush(s.file);
}
