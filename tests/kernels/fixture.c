/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernels' tests share. */
#include "kernels/fixture.h"

#define CANARIES 32
#define CANARY 0x7fc0dead /* a NaN: what reads it shows */
#define TABLE_ROWS 3
#define TABLE_ROW 1

int fixture_setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    if (qn_context_create(&f->ctx, .seed = 1) != QN_OK) {
        fprintf(stderr, "%s\n", qn_error(f->ctx));
        qn_context_destroy(&f->ctx);
        free(f);
        return -1;
    }
    f->device = f->ctx->device[0];
    f->numbers = 1;
    qn_steps_init(&f->steps, f->device);
    if (qn_buffer_create(f->device, TABLE_ROWS * sizeof(qn_step_row), &f->table) != QN_OK)
        return -1;
    f->steps.table = f->table;
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture *f = *state;

    if (!f) /* the set-up has failed */
        return 0;
    clear(f);
    qn_steps_free(&f->steps);
    qn_buffer_destroy(&f->table);
    qn_context_destroy(&f->ctx);
    free(f);
    return 0;
}

void check(fixture *f, qn_status status, const char *call, const char *file, int line)
{
    if (status == QN_OK)
        return;
    print_error("%s: %s: %s\n", call, qn_status_name(status), qn_error(f->ctx));
    _fail(file, line);
}

bool test_is_small(void)
{
    const char *small = getenv("QUERN_TEST_SMALL");

    return small && *small && strcmp(small, "0") != 0;
}

const int *test_sizes(void)
{
    static const int all[] = {1, 3, 16, 17, 100, 257, 1000, 5003, 0}, few[] = {1, 17, 100, 0};

    return test_is_small() ? few : all;
}

void each_flavour(fixture *f, void (*test)(fixture *f))
{
    for (qn_flavour flavour = QN_FLAVOUR_CPU; flavour <= QN_FLAVOUR_GPU; flavour++) {
        f->steps.flavour = flavour;
        test(f);
        clear(f);
    }
}

qn_buffer *put(fixture *f, const void *data, int64_t count)
{
    size_t bytes = (size_t)count * 4 + CANARIES * 4;
    uint32_t *words = malloc(bytes);
    qn_buffer *buffer;

    assert_non_null(words);
    assert_true(f->buffer_count < MAX_BUFFERS);
    for (int64_t i = 0; i < count + CANARIES; i++)
        words[i] = CANARY;
    if (data)
        memcpy(words, data, (size_t)count * 4);
    OK(qn_buffer_create(f->device, bytes, &buffer));
    f->buffer[f->buffer_count++] = buffer;
    /* Written, not filled: Oclgrind takes what a fill and later kernels wrote for uninitialized. */
    OK(qn_buffer_write(buffer, 0, bytes, words));
    free(words);
    return buffer;
}

void *take(fixture *f, qn_buffer *buffer, int64_t count)
{
    size_t bytes = (size_t)count * 4 + CANARIES * 4;
    uint32_t *words = malloc(bytes);

    assert_non_null(words);
    OK(qn_buffer_read(buffer, 0, bytes, words));
    for (int i = 0; i < CANARIES; i++)
        assert_int_equal(words[count + i], CANARY);
    return words;
}

void run(fixture *f, qn_step_row row)
{
    qn_step_row rows[TABLE_ROWS];

    memset(rows, 0xff, sizeof rows);
    rows[TABLE_ROW] = row;
    OK(qn_buffer_write(f->table, 0, sizeof rows, rows));
    OK(qn_steps_replay(&f->steps, TABLE_ROW));
    OK(qn_device_finish(f->device));
    qn_steps_free(&f->steps);
}

void clear(fixture *f)
{
    while (f->buffer_count > 0)
        qn_buffer_destroy(&f->buffer[--f->buffer_count]);
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_word(fixture *f)
{
    uint64_t z = f->numbers += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

double number(fixture *f, double low, double high)
{
    return low + (high - low) * ((double)(next_word(f) >> 11) * 0x1p-53);
}

int integer(fixture *f, int low, int high)
{
    return low + (int)(next_word(f) % (uint64_t)(high - low + 1));
}

static void *elements(int64_t count)
{
    void *data = malloc((size_t)count * 4);

    assert_non_null(data);
    return data;
}

float *numbers(fixture *f, int64_t count, double low, double high)
{
    float *data = elements(count);

    for (int64_t i = 0; i < count; i++)
        data[i] = (float)number(f, low, high);
    return data;
}

float *integers(fixture *f, int64_t count, int low, int high)
{
    float *data = elements(count);

    for (int64_t i = 0; i < count; i++)
        data[i] = (float)integer(f, low, high);
    return data;
}

int32_t *labels(fixture *f, int64_t count, int classes)
{
    int32_t *data = elements(count);

    for (int64_t i = 0; i < count; i++)
        data[i] = integer(f, 0, classes - 1);
    return data;
}

void compare(const char *what, const float *got, const double *expected, int64_t count,
             double tolerance)
{
    double scale = 0.0, worst = 0.0;
    int64_t at = 0;

    for (int64_t i = 0; i < count; i++)
        if (isfinite(expected[i]))
            scale = fmax(scale, fabs(expected[i]));
    for (int64_t i = 0; i < count; i++) {
        double difference = fabs((double)got[i] - expected[i]);

        if ((double)got[i] == expected[i] || (isnan(got[i]) && isnan(expected[i])))
            difference = 0.0;
        if (!(difference <= worst)) {
            worst = difference;
            at = i;
            if (isnan(difference))
                break;
        }
    }
    if (!(worst <= tolerance * scale))
        fail_msg("%s: element %lld of %lld is %.9g instead of %.9g; the tolerance is %.3g", what,
                 (long long)at, (long long)count, (double)got[at], expected[at], tolerance * scale);
}

void expect(fixture *f, const char *what, qn_buffer *buffer, const double *expected, int64_t count,
            double tolerance)
{
    float *got = take(f, buffer, count);

    compare(what, got, expected, count, tolerance);
    free(got);
}
