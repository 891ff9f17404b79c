/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernels' tests share: a device, buffers with canaries behind them, both flavours, sizes,
 * numbers, and comparison with references in double. */
#ifndef TESTS_KERNELS_FIXTURE_H
#define TESTS_KERNELS_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "kernels/kernels.h"

#define MAX_BUFFERS 48

typedef struct fixture {
    qn_context *ctx;
    qn_device *device;
    qn_steps steps;
    qn_buffer *table;
    qn_buffer *buffer[MAX_BUFFERS];
    int buffer_count;
    uint64_t numbers; /* state of `number` */
} fixture;

/* cmocka's group set-up and tear-down. A missing device fails. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Stops the test with the context's message when a call failed. */
void check(fixture *f, qn_status status, const char *call, const char *file, int line);
#define OK(call) check(f, call, #call, __FILE__, __LINE__)

/* Sizes to test, ended by 0: ragged ones; fewer where QUERN_TEST_SMALL is set (slow devices). */
const int *test_sizes(void);
bool test_is_small(void);

/* Runs `test` for the device's CPU and GPU flavour. */
void each_flavour(fixture *f, void (*test)(fixture *f));

/* A buffer of `count` 4-byte elements with NaN canaries behind; `data` NULL: NaN all over. */
qn_buffer *put(fixture *f, const void *data, int64_t count);
/* Its elements, into memory that free() takes; fails when a canary has changed. */
void *take(fixture *f, qn_buffer *buffer, int64_t count);
/* Replays the recorded steps with the given row of the step table, and forgets them. The rows
 * beside it hold nonsense. */
void run(fixture *f, qn_step_row row);
/* Frees the buffers. */
void clear(fixture *f);

/* The next number of a fixed sequence: in [low, high), or an integer in [low, high]. */
double number(fixture *f, double low, double high);
int integer(fixture *f, int low, int high);
float *numbers(fixture *f, int64_t count, double low, double high);
float *integers(fixture *f, int64_t count, int low, int high);
int32_t *labels(fixture *f, int64_t count, int classes);

/* max|difference| <= tolerance * max|expected|; 0 for exact. Infinities must be equal. */
void compare(const char *what, const float *got, const double *expected, int64_t count,
             double tolerance);
/* Takes `buffer` and compares it. */
void expect(fixture *f, const char *what, qn_buffer *buffer, const double *expected, int64_t count,
            double tolerance);

#define TOLERANCE 1e-5

#endif
