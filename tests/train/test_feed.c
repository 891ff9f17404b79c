/* SPDX-License-Identifier: Apache-2.0 */
/* Samples on the device: what gathers would find there, resident and streaming. */
#include "train/fixture.h"

#include "data/feed.h"
#include <stdlib.h>

#define MANY 50000
#define COLUMNS 30

/* x[r][c] of a type as what it reads as on the device. */
static uint8_t value_of(int64_t row, int64_t column)
{
    return (uint8_t)(row * 7 + column * 3 + (row >> 8));
}

typedef struct arrays {
    uint8_t u8[MANY][COLUMNS];
    double f64[MANY][COLUMNS];
    int64_t i64[MANY];
    float f32[MANY];
} arrays;

static arrays *make_arrays(void)
{
    arrays *a = malloc(sizeof *a);

    assert_non_null(a);
    for (int64_t r = 0; r < MANY; r++) {
        a->i64[r] = r * 3;
        a->f32[r] = (float)r * 0.5f;
        for (int64_t c = 0; c < COLUMNS; c++)
            a->f64[r][c] = a->u8[r][c] = value_of(r, c);
    }
    return a;
}

static qn_samples *open_samples(qn_context *ctx, const qn_samples_request *request)
{
    qn_samples *samples = NULL;

    must(ctx, qn_samples_create(request, &samples));
    must(ctx, qn_samples_load(samples, request));
    must(ctx, qn_samples_ready(samples));
    return samples;
}

/* A row of x as the device holds it, u8 or f32. */
static void check_x(qn_context *ctx, qn_samples *samples, bool bytes, uint32_t at, int64_t row)
{
    uint8_t u8[COLUMNS];
    float f32[COLUMNS];

    if (bytes)
        must(ctx, qn_buffer_read(qn_samples_buffer(samples, QN_SAMPLE_X), at * sizeof u8, sizeof u8,
                                 u8));
    else
        must(ctx, qn_buffer_read(qn_samples_buffer(samples, QN_SAMPLE_X), at * sizeof f32,
                                 sizeof f32, f32));
    for (int64_t c = 0; c < COLUMNS; c++)
        assert_true((bytes ? (float)u8[c] : f32[c]) == (float)value_of(row, c));
}

static void check_y_and_weight(qn_context *ctx, qn_samples *samples, uint32_t at, int64_t row)
{
    int32_t label;
    float weight;

    must(ctx, qn_buffer_read(qn_samples_buffer(samples, QN_SAMPLE_Y), at * sizeof label,
                             sizeof label, &label));
    assert_int_equal(label, row * 3);
    must(ctx, qn_buffer_read(qn_samples_buffer(samples, QN_SAMPLE_WEIGHT), at * sizeof weight,
                             sizeof weight, &weight));
    assert_true(weight == (float)row * 0.5f);
}

static void holds_what_fits(void **in)
{
    qn_context *ctx = context_open();
    arrays *a = make_arrays();

    (void)in;
    for (int bytes = 0; bytes < 2; bytes++) {
        qn_samples_request request = {.device = ctx->device[0],
                                      .array[QN_SAMPLE_X] = bytes ? qn_u8(a->u8, MANY, COLUMNS)
                                                                  : qn_f64(a->f64, MANY, COLUMNS),
                                      .array[QN_SAMPLE_Y] = qn_i64(a->i64, MANY),
                                      .array[QN_SAMPLE_WEIGHT] = qn_f32(a->f32, MANY),
                                      .ring_rows = 8};
        qn_samples *samples = open_samples(ctx, &request);
        uint32_t index[5];

        assert_true(qn_samples_resident(samples));
        assert_int_equal(qn_samples_ring_rows(samples), 0);
        must(ctx, qn_samples_stage(samples, 1, (uint32_t[]){0, 49999, 20000}, 0, 3, index));
        must(ctx, qn_samples_stage(samples, 0, NULL, 34952, 2, index + 3));
        for (int i = 0; i < 5; i++) {
            int64_t rows[] = {0, 49999, 20000, 34952, 34953};

            assert_int_equal(index[i], rows[i]);
            check_x(ctx, samples, bytes, index[i], rows[i]);
            check_y_and_weight(ctx, samples, index[i], rows[i]);
        }
        must(ctx, qn_samples_release(samples));
        qn_samples_destroy(&samples);
    }
    free(a);
    qn_context_destroy(&ctx);
}

static void streams_what_does_not(void **in)
{
    qn_context *ctx = context_open();
    arrays *a = make_arrays();

    (void)in;
    for (int bytes = 0; bytes < 2; bytes++) {
        qn_samples_request request = {.device = ctx->device[0],
                                      .array[QN_SAMPLE_X] = bytes ? qn_u8(a->u8, MANY, COLUMNS)
                                                                  : qn_f64(a->f64, MANY, COLUMNS),
                                      .array[QN_SAMPLE_Y] = qn_i64(a->i64, MANY),
                                      .array[QN_SAMPLE_WEIGHT] = qn_f32(a->f32, MANY),
                                      .ring_rows = 8,
                                      .limit = 100000};
        qn_samples *samples = open_samples(ctx, &request);
        uint32_t order[] = {7, 49999, 0, 123}, index[8];

        assert_false(qn_samples_resident(samples));
        assert_int_equal(qn_samples_ring_rows(samples), 8);
        assert_true(qn_samples_bytes(samples) < 100000);
        /* Both halves, one after the other, and each of them again. */
        for (int round = 0; round < 3; round++) {
            int64_t first = 1000 * round;

            must(ctx, qn_samples_stage(samples, 0, order, 0, 4, index));
            must(ctx, qn_samples_stage(samples, 1, NULL, first, 3, index + 4));
            for (int i = 0; i < 4; i++) {
                check_x(ctx, samples, bytes, index[i], order[i]);
                check_y_and_weight(ctx, samples, index[i], order[i]);
            }
            for (int i = 0; i < 3; i++) {
                check_x(ctx, samples, bytes, index[4 + i], first + i);
                check_y_and_weight(ctx, samples, index[4 + i], first + i);
            }
        }
        must_fail(ctx, QN_ERROR_INTERNAL, "5 samples",
                  qn_samples_stage(samples, 0, NULL, 0, 5, index));
        qn_samples_destroy(&samples);
    }
    free(a);
    qn_context_destroy(&ctx);
}

static void suits_what_is_alike(void **in)
{
    static float x[100][4], wide[100][5], weight[100];
    static int32_t y[100];
    qn_context *ctx = context_open();
    qn_samples_request whole = {
        .device = ctx->device[0], .array = {qn_f32(x, 100, 4), qn_i32(y, 100)}, .ring_rows = 20};
    qn_samples_request fewer = whole, other = whole, none = whole, limited = whole, more = whole;
    qn_samples *samples = open_samples(ctx, &whole), *ring;

    (void)in;
    fewer.array[QN_SAMPLE_X].shape[0] = fewer.array[QN_SAMPLE_Y].shape[0] = 90;
    other.array[QN_SAMPLE_X] = qn_f32(wide, 100, 5);
    none.array[QN_SAMPLE_Y].data = NULL;
    more.array[QN_SAMPLE_WEIGHT] = qn_f32(weight, 100);
    limited.limit = 64;
    ring = open_samples(ctx, &limited);
    assert_true(qn_samples_suit(samples, &whole));
    assert_true(qn_samples_suit(samples, &fewer));
    assert_false(qn_samples_suit(samples, &other));
    assert_false(qn_samples_suit(samples, &none));
    assert_false(qn_samples_suit(samples, &more));
    assert_false(qn_samples_suit(samples, &limited));
    assert_true(qn_samples_suit(ring, &limited));
    assert_false(qn_samples_suit(ring, &whole));
    limited.ring_rows = 40;
    assert_false(qn_samples_suit(ring, &limited));
    qn_samples_destroy(&samples);
    qn_samples_destroy(&ring);
    qn_context_destroy(&ctx);
}

/* A number that no 32-bit integer holds is found on its way, with its row. */
static void names_a_row_that_does_not_convert(void **in)
{
    static float x[100][4];
    static int64_t y[100];
    qn_context *ctx = context_open();
    qn_samples_request request = {
        .device = ctx->device[0], .array = {qn_f32(x, 100, 4), qn_i64(y, 100)}, .ring_rows = 20};
    uint32_t index[10];

    (void)in;
    y[57] = INT64_C(5000000000);
    for (uint64_t limit = 0; limit < 2; limit++) {
        qn_samples *samples = NULL;
        qn_status status;

        request.limit = limit;
        must(ctx, qn_samples_create(&request, &samples));
        status = qn_samples_load(samples, &request);
        if (limit)
            status = qn_samples_stage(samples, 0, NULL, 50, 10, index);
        assert_int_equal(status, QN_ERROR_DATA);
        assert_non_null(strstr(qn_error(ctx), "57"));
        qn_samples_destroy(&samples);
    }
    qn_context_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_fits),
        cmocka_unit_test(streams_what_does_not),
        cmocka_unit_test(suits_what_is_alike),
        cmocka_unit_test(names_a_row_that_does_not_convert),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
