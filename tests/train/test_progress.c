/* SPDX-License-Identifier: Apache-2.0 */
/* The progress bar's text, to a file and to a terminal. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <quern/quern.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const qn_logs nothing;
static const qn_logs logs = {
    .count = 4,
    .item = {
        {"loss", 0.5678}, {"accuracy", 0.81234}, {"val_loss", 0.00012345}, {"val_accuracy", 1}}};

static qn_progress event_of(const char *task, qn_progress_event event, int verbose, int64_t step)
{
    qn_progress p = {
        .size = sizeof p,
        .event = event,
        .task = task,
        .verbose = verbose,
        .epoch = 1,
        .epochs = 5,
        .step = step,
        .steps = 1875,
        .seconds = 1.6,
        .logs = event == QN_PROGRESS_EPOCH_END || event == QN_PROGRESS_STEP ? &logs : &nothing};

    return p;
}

/* The events of one epoch. */
static void draw_epoch(FILE *file, const char *task, int verbose)
{
    static const struct {
        qn_progress_event event;
        int64_t step;
    } events[] = {{QN_PROGRESS_BEGIN, 0},
                  {QN_PROGRESS_EPOCH_BEGIN, 0},
                  {QN_PROGRESS_STEP, 900},
                  {QN_PROGRESS_EPOCH_END, 1875},
                  {QN_PROGRESS_END, 1875}};

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        qn_progress p = event_of(task, events[i].event, verbose, events[i].step);

        qn_progress_bar(file, &p);
    }
}

/* What an epoch writes to a file that is no terminal; static. */
static const char *to_file(const char *task, int verbose)
{
    static char text[4096];
    FILE *file = tmpfile();
    size_t length;

    assert_non_null(file);
    draw_epoch(file, task, verbose);
    rewind(file);
    length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static void one_line_an_epoch(void **in)
{
    (void)in;
    for (int verbose = 1; verbose <= 2; verbose++)
        assert_string_equal(to_file("fit", verbose),
                            "Epoch 2/5 - 1875/1875 - 2s - 853us/step - accuracy: 0.8123 - "
                            "loss: 0.5678 - val_accuracy: 1.0000 - val_loss: 1.2345e-04\n");
    assert_string_equal(to_file("evaluate", 1),
                        "1875/1875 - 2s - 853us/step - accuracy: 0.8123 - "
                        "loss: 0.5678 - val_accuracy: 1.0000 - val_loss: 1.2345e-04\n");
    assert_string_equal(to_file("fit", 0), "");
}

/* What an epoch writes to a terminal of that many columns; static. */
static const char *to_terminal(const char *task, int verbose, int columns)
{
    static char text[8192];
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    struct termios raw;
    FILE *file;
    ssize_t got;
    size_t length = 0;

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
    assert_int_equal(tcgetattr(slave, &raw), 0);
    raw.c_oflag &= (tcflag_t)~OPOST;
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    file = fdopen(slave, "w");
    draw_epoch(file, task, verbose);
    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    while ((got = read(master, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    fclose(file);
    close(master);
    return text;
}

static void set_environment(const char *locale, const char *no_color)
{
    setenv("LC_ALL", locale, 1);
    setenv("TERM", "xterm", 1);
    if (no_color)
        setenv("NO_COLOR", no_color, 1);
    else
        unsetenv("NO_COLOR");
}

#define TEN "━━━━━━━━━━"

static void bar_on_a_terminal(void **in)
{
    (void)in;
    set_environment("C.UTF-8", NULL);
    assert_string_equal(to_terminal("fit", 1, 200),
                        "Epoch 2/5\n"
                        "\r\033[1m 900/1875\033[0m \033[32m━━━━━━━━━\033[0m\033[37m━" TEN
                        "\033[0m \033[1m1s\033[0m 2ms/step - accuracy: 0.8123 - loss: 0.5678 - "
                        "val_accuracy: 1.0000 - val_loss: 1.2345e-04\033[K"
                        "\r\033[1m1875/1875\033[0m \033[32m" TEN TEN
                        "\033[0m \033[1m2s\033[0m 853us/step - accuracy: 0.8123 - loss: 0.5678 - "
                        "val_accuracy: 1.0000 - val_loss: 1.2345e-04\033[K\n");
}

static void plain_where_asked(void **in)
{
    const char *text;

    (void)in;
    set_environment("C", "1");
    assert_string_equal(to_terminal("evaluate", 1, 200),
                        "\r 900/1875 =========........... 1s 2ms/step - accuracy: 0.8123 - "
                        "loss: 0.5678 - val_accuracy: 1.0000 - val_loss: 1.2345e-04\033[K"
                        "\r1875/1875 ==================== 2s 853us/step - accuracy: 0.8123 - "
                        "loss: 0.5678 - val_accuracy: 1.0000 - val_loss: 1.2345e-04\033[K\n");
    set_environment("en_GB.utf8", "1");
    text = to_terminal("fit", 1, 200);
    assert_non_null(strstr(text, "━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌"));
    assert_null(strstr(text, "\033[3"));
    /* One line an epoch was asked for: no bar. */
    assert_null(strstr(to_terminal("fit", 2, 200), "\r"));
}

/* A line that is to be rewritten never wraps. */
static void fits_the_terminal(void **in)
{
    (void)in;
    set_environment("C", "1");
    for (int columns = 30; columns < 140; columns++) {
        const char *text = to_terminal("evaluate", 1, columns);
        const char *begin = strchr(text, '\r'), *end = strchr(text, '\033');

        assert_non_null(begin);
        assert_non_null(end);
        assert_true(end - begin - 1 < columns);
        if (columns > 60)
            assert_non_null(strstr(begin, " - accuracy: 0.8123"));
    }
}

/* What is stopped leaves the cursor on a line of its own. */
static void ends_a_stopped_line(void **in)
{
    qn_progress p = event_of("fit", QN_PROGRESS_END, 1, 900);
    FILE *file = tmpfile();

    (void)in;
    qn_progress_bar(file, &p);
    assert_int_equal(ftell(file), 0); /* a file has no half lines */
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_an_epoch),   cmocka_unit_test(bar_on_a_terminal),
        cmocka_unit_test(plain_where_asked),   cmocka_unit_test(fits_the_terminal),
        cmocka_unit_test(ends_a_stopped_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
