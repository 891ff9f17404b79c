/* SPDX-License-Identifier: Apache-2.0 */
/* Clipped gradients against double: by value, by the norm of each of several ranges, by the norm of
 * all; gaps between the ranges, norms within the limit, zeros, and numbers that are none. */
#include "kernels/fixture.h"

static void value_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        float *g = numbers(f, *n, -1, 1);
        double *expected = calloc((size_t)*n, sizeof *expected);
        qn_buffer *b;

        g[*n - 1] = NAN;
        for (int i = 0; i < *n; i++)
            expected[i] = isnan(g[i]) ? NAN : fmin(fmax((double)g[i], -0.25), 0.25);
        b = put(f, g, *n);
        OK(qn_kernel_clip_value(&f->steps, b, *n, 0.25));
        run(f, (qn_step_row){0});
        expect(f, "clip_value", b, expected, *n, 0);
        free(g);
        free(expected);
        clear(f);
    }
}

static void test_value(void **state)
{
    each_flavour(*state, value_case);
}

#define RANGES 5
#define GAP 32

/* Ranges of n, 1, 3 n, 17 and n elements, gaps of zeros between. */
typedef struct layout {
    qn_extent range[RANGES];
    int64_t count; /* with the gaps */
    int pieces;
    qn_piece *piece;
} layout;

static layout lay_out(int n, bool all)
{
    const int counts[RANGES] = {n, 1, 3 * n, 17, n};
    layout l = {.count = 0};

    for (int i = 0; i < RANGES; i++) {
        l.range[i] = (qn_extent){l.count, counts[i]};
        l.count += counts[i] + GAP;
    }
    l.pieces = qn_clip_pieces(l.range, RANGES, all, NULL);
    l.piece = calloc((size_t)l.pieces, sizeof *l.piece);
    assert_non_null(l.piece);
    assert_int_equal(qn_clip_pieces(l.range, RANGES, all, l.piece), l.pieces);
    return l;
}

static float *gradients(fixture *f, const layout *l)
{
    float *g = calloc((size_t)l->count, sizeof *g);

    assert_non_null(g);
    for (int i = 0; i < RANGES; i++)
        for (int64_t k = 0; k < l->range[i].count; k++)
            g[l->range[i].begin + k] = (float)number(f, -1, 1);
    return g;
}

static double norm_of(const float *g, qn_extent range)
{
    double square = 0.0;

    for (int64_t k = 0; k < range.count; k++)
        square += (double)g[range.begin + k] * (double)g[range.begin + k];
    return sqrt(square);
}

static void clip(fixture *f, const layout *l, bool all, double limit, const float *g,
                 const double *expected)
{
    qn_buffer *b = put(f, g, l->count), *table = put(f, l->piece, 4 * l->pieces);

    OK(qn_kernel_clip_norm(&f->steps, b, table, put(f, NULL, l->pieces), l->pieces, all, l->count,
                           limit));
    run(f, (qn_step_row){0});
    expect(f, all ? "global norm" : "norms", b, expected, l->count, TOLERANCE);
    clear(f);
}

/* The limit is between the norms: some are clipped, others are not. */
static void norm_of_each(fixture *f, int n)
{
    layout l = lay_out(n, false);
    float *g = gradients(f, &l);
    double *expected = calloc((size_t)l.count, sizeof *expected), limit = norm_of(g, l.range[3]);

    for (int i = 0; i < RANGES; i++) {
        double largest = fmax(norm_of(g, l.range[i]), limit);

        for (int64_t k = l.range[i].begin; k < l.range[i].begin + l.range[i].count; k++)
            expected[k] = g[k] * limit / largest;
    }
    clip(f, &l, false, limit, g, expected);
    free(g);
    free(expected);
    free(l.piece);
}

/* Variants: clipped to a third, or within the limit. */
static void norm_of_all(fixture *f, int n, bool within)
{
    layout l = lay_out(n, true);
    float *g = gradients(f, &l);
    double *expected = calloc((size_t)l.count, sizeof *expected);
    double norm = norm_of(g, (qn_extent){0, l.count}), limit = norm * (within ? 2.0 : 1.0 / 3.0);

    for (int64_t k = 0; k < l.count; k++)
        expected[k] = within ? (double)g[k] : g[k] * limit / norm;
    clip(f, &l, true, limit, g, expected);
    free(g);
    free(expected);
    free(l.piece);
}

static void norm_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        norm_of_each(f, *n);
        norm_of_all(f, *n, false);
        norm_of_all(f, *n, true);
    }
    if (!test_is_small())
        norm_of_each(f, 300000); /* more than a piece for each of the others */
}

static void test_norm(void **state)
{
    each_flavour(*state, norm_case);
}

/* Zeros stay zero; an infinity makes NaN of its norm's gradients, and of no others. */
static void special_case(fixture *f)
{
    for (int all = 0; all < 2; all++) {
        layout l = lay_out(100, all);
        float *g = calloc((size_t)l.count, sizeof *g);
        double *expected = calloc((size_t)l.count, sizeof *expected);

        clip(f, &l, all, 1.0, g, expected);
        g[l.range[0].begin + 3] = INFINITY;
        for (int64_t k = 0; k < l.count; k++)
            expected[k] = k == l.range[0].begin + 3 ? NAN : 0.0;
        for (int i = 0; all && i < RANGES; i++)
            for (int64_t k = 0; k < l.range[i].count; k++)
                expected[l.range[i].begin + k] = NAN;
        clip(f, &l, all, 1.0, g, expected);
        free(g);
        free(expected);
        free(l.piece);
    }
}

static void test_special(void **state)
{
    each_flavour(*state, special_case);
}

/* Pieces cover each range once, in order, and never reach over its end. */
static void test_pieces(void **state)
{
    layout l = lay_out(123457, false);
    int at = 0;

    (void)state;
    for (int i = 0; i < RANGES; i++) {
        int64_t covered = 0;
        int first = at;

        for (; covered < l.range[i].count; at++) {
            assert_int_equal(l.piece[at].begin, l.range[i].begin + covered);
            assert_true(l.piece[at].count > 0);
            assert_int_equal(l.piece[at].first, first);
            covered += l.piece[at].count;
        }
        assert_int_equal(covered, l.range[i].count);
        assert_int_equal(l.piece[first].parts, at - first);
    }
    assert_int_equal(at, l.pieces);
    assert_true(l.pieces <= 256 + RANGES);
    free(l.piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_special),
        cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
