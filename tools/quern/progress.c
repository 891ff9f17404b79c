/* SPDX-License-Identifier: Apache-2.0 */
/* The line of what takes long. A driver's compiler blocks the thread that called it for seconds, so
 * a thread of its own draws, and only what has lasted for half a second. */
#include "progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SHOWN_AFTER 0.5
#define DRAWN_EVERY 0.1
#define PAUSE 0.2 /* what follows sooner goes on with the clock of what was before */
#define MAX_COLUMNS 200
#define PERCENT_FROM 1000

/* Guarded by `lock`; the thread is made when there is something to draw for the first time. */
static struct line {
    pthread_mutex_t lock;
    pthread_cond_t begun;
    bool has_thread;
    bool active; /* something is under way */
    bool held;   /* until it goes on nothing is drawn */
    bool drawn;  /* the line is on the screen */
    char what[256];
    int64_t done, total;
    char text[384]; /* that was drawn last */
    double since, ended, drawn_at;
} line = {.lock = PTHREAD_MUTEX_INITIALIZER, .begun = PTHREAD_COND_INITIALIZER, .ended = -1e9};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- drawing; the lock is held ---- */

static int columns(void)
{
    struct winsize size;
    int count = 80;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        count = size.ws_col;
    return count < MAX_COLUMNS ? count : MAX_COLUMNS;
}

/* As much of `what` as fits, whole characters; what could steer the terminal becomes "?". */
static void fit(const char *what, int room, char *text)
{
    int length = 0, used = 0;
    for (; what[length]; length++) {
        unsigned char c = (unsigned char)what[length];
        bool begins = (c & 0xc0) != 0x80;
        if (begins && ++used > room)
            break;
        text[length] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    text[length] = '\0';
}

static void draw(void)
{
    char count[64] = "", time[32] = "", what[sizeof line.what], text[sizeof line.text];
    line.drawn_at = now();
    if (line.total >= PERCENT_FROM)
        snprintf(count, sizeof count, " %d %%",
                 (int)(100.0 * (double)line.done / (double)line.total));
    else if (line.total > 0)
        snprintf(count, sizeof count, " %d/%d", (int)line.done, (int)line.total);
    if (line.drawn_at - line.since >= 1)
        snprintf(time, sizeof time, " (%d s)", (int)(line.drawn_at - line.since));
    fit(line.what, columns() - 1 - (int)(strlen(count) + strlen(time)), what);
    snprintf(text, sizeof text, "%s%s%s", what, count, time);
    if (line.drawn && strcmp(text, line.text) == 0)
        return;
    snprintf(line.text, sizeof line.text, "%s", text);
    fprintf(stderr, "\r%s\033[K", text);
    line.drawn = true;
}

static void erase(void)
{
    if (line.drawn)
        fputs("\r\033[K", stderr);
    line.drawn = false;
}

static void *tick(void *user)
{
    const struct timespec pause = {0, (long)(DRAWN_EVERY * 1e9)};
    pthread_mutex_lock(&line.lock);
    for (;;) {
        while (!line.active)
            pthread_cond_wait(&line.begun, &line.lock);
        pthread_mutex_unlock(&line.lock);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&line.lock);
        if (line.active && !line.held && now() - line.since >= SHOWN_AFTER)
            draw();
    }
    return user;
}

/* Signals are for the command's own thread. Without a thread there is no line. */
static bool make_thread(void)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(&thread, NULL, tick, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (made)
        pthread_detach(thread);
    return made;
}

/* ---- what happens ---- */

static void begin(const char *what)
{
    double time = now();
    if (time - line.ended > PAUSE)
        line.since = time;
    snprintf(line.what, sizeof line.what, "%s", what);
    line.active = true;
    if (!line.has_thread)
        line.has_thread = make_thread();
    pthread_cond_signal(&line.begun);
}

static void end(void)
{
    line.active = false;
    line.ended = now();
    erase();
}

static void take(void *user, const qn_activity *activity)
{
    (void)user;
    pthread_mutex_lock(&line.lock);
    line.held = false;
    line.done = activity->done;
    line.total = activity->total;
    if (activity->ended)
        end();
    else if (!line.active || strcmp(line.what, activity->what) != 0)
        begin(activity->what);
    else if (line.drawn && now() - line.drawn_at >= DRAWN_EVERY)
        draw();
    pthread_mutex_unlock(&line.lock);
}

static bool shown(const arguments *a)
{
    const char *term = getenv("TERM");
    return !a->quiet && isatty(STDERR_FILENO) == 1 && term && *term && strcmp(term, "dumb") != 0;
}

qn_activity_fn progress_activity(const arguments *a)
{
    return shown(a) ? take : NULL;
}

void progress_begin(const arguments *a, const char *what)
{
    const qn_activity activity = {.size = sizeof activity, .what = what};
    if (shown(a))
        take(NULL, &activity);
}

void progress_end(void)
{
    const qn_activity activity = {.size = sizeof activity, .what = "", .ended = true};
    take(NULL, &activity);
}

void progress_hide(void)
{
    pthread_mutex_lock(&line.lock);
    line.held = true;
    erase();
    pthread_mutex_unlock(&line.lock);
}
