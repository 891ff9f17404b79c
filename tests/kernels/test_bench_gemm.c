/* SPDX-License-Identifier: Apache-2.0 */
/* A measured product: its exact check sees one wrong element; the figures of both candidates. */
#include "failing_allocator.h"
#include "kernels/bench.h"
#include "kernels/fixture.h"
#include "kernels/gemm.h"

/* ---- the check ---- */

/* The product in the plain way, from the operands as they lie. */
static float *product_of(const qn_gemm_exact *x)
{
    float *c = malloc((size_t)(x->m * x->n) * sizeof *c);

    assert_non_null(c);
    for (int64_t i = 0; i < x->m; i++)
        for (int64_t j = 0; j < x->n; j++) {
            double sum = 0.0;

            for (int64_t p = 0; p < x->k; p++)
                sum += (double)x->a[x->trans_a ? p * x->m + i : i * x->k + p] *
                       (double)x->b[x->trans_b ? j * x->k + p : p * x->n + j];
            c[i * x->n + j] = (float)sum;
        }
    return c;
}

/* One element at a time is made wrong, and must be named. */
static void check_sees(const qn_gemm_exact *x, float *c, float wrong_by)
{
    char detail[160], where[64];

    for (int64_t at = 0; at < x->m * x->n; at++) {
        const float right = c[at];

        c[at] += wrong_by;
        assert_false(qn_gemm_exact_check(x, c, detail, sizeof detail));
        snprintf(where, sizeof where, "row %d, column %d should be %.0f ", (int)(at / x->n),
                 (int)(at % x->n), (double)right);
        assert_non_null(strstr(detail, where));
        c[at] = right;
    }
    assert_true(qn_gemm_exact_check(x, c, detail, sizeof detail));
}

static void test_exact(void **state)
{
    static const struct {
        bool a, b;
    } trans[] = {{false, false}, {false, true}, {true, false}, {true, true}};
    fixture *f = *state;
    char detail[160];

    for (int i = 0; i < QN_COUNT(trans); i++) {
        const qn_gemm gemm = {
            .m = 7, .n = 11, .k = 29, .trans_a = trans[i].a, .trans_b = trans[i].b};
        qn_gemm_exact x;
        float *c, first;

        OK(qn_gemm_exact_init(&f->ctx->env, &gemm, &x));
        c = product_of(&x);
        check_sees(&x, c, 1.0f);
        check_sees(&x, c, -1e-3f); /* not whole */
        check_sees(&x, c, NAN);
        check_sees(&x, c, INFINITY);
        first = c[0]; /* the same sum of the row */
        c[0] += 2.0f;
        c[1] -= 2.0f;
        assert_false(qn_gemm_exact_check(&x, c, detail, sizeof detail));
        c[0] = first;
        free(c);
        qn_gemm_exact_free(&f->ctx->env, &x);
    }
}

/* ---- the figures ---- */

static void check_measured(const qn_bench_rate *rate)
{
    if (rate->verdict != QN_BENCH_MEASURED)
        fail_msg("not measured: %s", rate->why);
    assert_string_equal(rate->why, "");
    assert_true(rate->samples >= 5);
    assert_true(rate->median > 0.0 && rate->best >= rate->median && rate->spread >= 0.0);
}

static void test_measured(void **state)
{
    qn_bench_product p = {
        .size = sizeof p, .m = 17, .n = 33, .k = 5, .trans_b = true, .most_seconds = 60.0};
    fixture *f = *state;

    OK(qn_bench_gemm(f->ctx, &p));
    check_measured(&p.quern);
    check_measured(&p.clblast);
}

/* What would take too long is not begun. */
static void test_skipped(void **state)
{
    qn_bench_product p = {.size = sizeof p, .m = 257, .n = 3, .k = 5, .most_seconds = 1e-12};
    const qn_bench_rate *rates[] = {&p.quern, &p.clblast};
    fixture *f = *state;

    OK(qn_bench_gemm(f->ctx, &p));
    for (int i = 0; i < QN_COUNT(rates); i++) {
        assert_int_equal(rates[i]->verdict, QN_BENCH_SKIPPED);
        assert_non_null(strstr(rates[i]->why, "1e-12 s is the limit"));
        assert_int_equal(rates[i]->samples, 0);
        assert_true(rates[i]->median == 0.0);
    }
}

static void test_refused(void **state)
{
    static const int64_t sizes[][3] = {{0, 1, 1},         {1, -1, 1},
                                       {1, 1, 0},         {((int64_t)1 << 24) + 1, 1, 1},
                                       {1, INT64_MAX, 1}, {1, 1, QN_GEMM_EXACT_K + 1}};
    qn_bench_product p = {.size = sizeof p};
    fixture *f = *state;

    for (int i = 0; i < QN_COUNT(sizes); i++) {
        p.m = sizes[i][0];
        p.n = sizes[i][1];
        p.k = sizes[i][2];
        assert_int_equal(qn_bench_gemm(f->ctx, &p), QN_ERROR_USAGE);
        assert_non_null(strstr(qn_error(f->ctx), "M and N are from 1 to 16777216"));
    }
    p.size = 8;
    assert_int_equal(qn_bench_gemm(f->ctx, &p), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(f->ctx), "sizeof(qn_bench_product)"));
}

/* Nothing is left behind, whichever allocation fails. */
static void test_memory(void **state)
{
    failing_allocator failing = {.fail_at = 0};
    const qn_allocator allocator = failing_allocator_of(&failing);
    qn_context *ctx = NULL;
    int refused = 0, n;

    (void)state;
    assert_int_equal(qn_context_create(&ctx, .allocator = allocator), QN_OK);
    for (n = 1;; n++) {
        qn_bench_product p = {.size = sizeof p, .m = 5, .n = 6, .k = 7};
        qn_status status;

        failing.count = 0;
        failing.fail_at = n;
        status = qn_bench_gemm(ctx, &p);
        if (failing.count < n) { /* all of them were there */
            assert_int_equal(status, QN_OK);
            break;
        }
        assert_true(status == QN_OK || status == QN_ERROR_MEMORY);
        refused += status == QN_ERROR_MEMORY;
    }
    assert_true(refused > 10);
    failing.fail_at = 0;
    qn_context_destroy(&ctx);
    assert_int_equal(failing.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),   cmocka_unit_test(test_measured),
        cmocka_unit_test(test_skipped), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
