/* SPDX-License-Identifier: Apache-2.0 */
/* Quern's own matrix products, both flavours. */
#include "kernels/gemm_case.h"

static qn_status record_own(qn_steps *steps, const qn_gemm *gemm, const void *user)
{
    (void)user;
    return qn_gemm_quern(steps, gemm);
}

static qn_status record_tiled(qn_steps *steps, const qn_gemm *gemm, const void *user)
{
    return qn_gemm_quern_tiled(steps, gemm, user);
}

/* Plain sums of integers; random numbers with an epilogue of the layout's own, as every combination
 * is a program to compile. */
static void products_of_all_shapes(fixture *f)
{
    static const gemm_case layouts[] = {
        {.bias = true, .activation = "sigmoid"},
        {.trans_a = true, .bias = true, .activation = "tanh"},
        {.trans_b = true, .activation = "relu"},
    };

    for (const gemm_shape *shape = gemm_shapes(); shape->m > 0; shape++)
        for (int i = 0; i < QN_COUNT(layouts); i++) {
            gemm_case one = layouts[i];

            one.m = shape->m;
            one.n = shape->n;
            one.k = shape->k;
            check_product(f, &one, false, record_own, NULL);
            if (f->steps.flavour == QN_FLAVOUR_GPU)
                continue; /* its exact sums: test_gpu_tiles */
            one.bias = false;
            one.activation = NULL;
            check_product(f, &one, true, record_own, NULL);
        }
}

static void test_products(void **state)
{
    each_flavour(*state, products_of_all_shapes);
}

/* The stated order: an element is a chain of fused multiply-adds along k, bit for bit. */
static void sums_in_order(fixture *f)
{
    enum { M = 21, N = 67 };
    const int K = test_is_small() ? 24 : 300; /* more than a slice of k */
    float *a = numbers(f, M * K, -1.0, 1.0), *b = numbers(f, K * N, -1.0, 1.0);
    double *wanted = malloc(M * N * sizeof *wanted);

    assert_non_null(wanted);
    for (int layout = 0; layout < 3; layout++) {
        const bool trans_a = layout == 1, trans_b = layout == 2;
        const qn_gemm gemm = {.m = M,
                              .n = N,
                              .k = K,
                              .trans_a = trans_a,
                              .trans_b = trans_b,
                              .a = put(f, a, M * K),
                              .b = put(f, b, K * N),
                              .c = put(f, NULL, M * N)};

        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) {
                float sum = 0.0f;

                for (int k = 0; k < K; k++)
                    sum = fmaf(a[trans_a ? k * M + i : i * K + k],
                               b[trans_b ? j * K + k : k * N + j], sum);
                wanted[i * N + j] = (double)sum;
            }
        OK(qn_gemm_quern(&f->steps, &gemm));
        run(f, (qn_step_row){.rows = M});
        expect(f, "chains of fma", gemm.c, wanted, M * N, 0.0);
    }
    free(wanted);
    free(a);
    free(b);
}

static void test_sums_in_order(void **state)
{
    each_flavour(*state, sums_in_order);
}

static void exact_epilogues(fixture *f)
{
    static const gemm_case cases[] = {
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "linear"},
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "relu"},
        {.m = 9, .n = 7, .k = 21, .bias = true},
    };

    for (int i = 0; i < QN_COUNT(cases); i++)
        check_product(f, &cases[i], true, record_own, NULL);
}

static void test_exact_epilogues(void **state)
{
    each_flavour(*state, exact_epilogues);
}

/* Every vector width, slices of k, several groups along both sides, ends of all kinds. */
static void test_cpu_tiles(void **state)
{
    /* Small: a wide tile takes minutes to compile where its vectors are split (llvmpipe). */
    static const struct {
        bool trans_a, trans_b;
        qn_gemm_tiles tiles;
    } cuts[] = {
        {false,
         true,
         {.cpu = true,
          .width = 4,
          .mr = 4,
          .nv = 3,
          .pack = true,
          .kc = 16,
          .block_rows = 8,
          .shares = 3}},
        {false,
         true,
         {.cpu = true,
          .width = 8,
          .mr = 4,
          .nv = 2,
          .pack = true,
          .kc = 32,
          .block_rows = 4,
          .shares = 2}},
        {true,
         false,
         {.cpu = true,
          .width = 16,
          .mr = 2,
          .nv = 2,
          .pack = true,
          .kc = 16,
          .block_rows = 16,
          .shares = 2}},
        {false,
         false,
         {.cpu = true, .width = 4, .mr = 3, .nv = 1, .kc = 16, .block_rows = 6, .shares = 1}},
    };
    static const gemm_case shapes[] = {
        {.m = 21, .n = 67, .k = 37}, {.m = 8, .n = 64, .k = 16}, {.m = 3, .n = 85, .k = 5}};

    for (int t = 0; t < QN_COUNT(cuts); t++)
        for (int s = 0; s < QN_COUNT(shapes); s++) {
            gemm_case one = shapes[s];

            one.trans_a = cuts[t].trans_a;
            one.trans_b = cuts[t].trans_b;
            check_product(*state, &one, true, record_tiled, &cuts[t].tiles);
        }
}

static void test_gpu_tiles(void **state)
{
    static const struct {
        bool trans_a, trans_b;
        qn_gemm_tiles tiles;
    } cuts[] = {
        {true, false, {.items_m = 16, .items_n = 16, .rm = 4, .rn = 4, .kt = 16}},
        {false, true, {.items_m = 8, .items_n = 8, .rm = 4, .rn = 2, .kt = 16}},
        {false, false, {.items_m = 1, .items_n = 1, .rm = 2, .rn = 2, .kt = 16}},
    };
    gemm_case one = {.m = 21, .n = 67, .k = 37};

    for (int t = 0; t < QN_COUNT(cuts); t++) {
        one.trans_a = cuts[t].trans_a;
        one.trans_b = cuts[t].trans_b;
        check_product(*state, &one, true, record_tiled, &cuts[t].tiles);
    }
}

/* Whatever the shape, the blocks cover c, and shares of less than two vectors are never shared. */
static void test_choice_of_blocks(void **state)
{
    static const int sizes[] = {1, 7, 16, 17, 33, 100, 512, 784, 4096};
    fixture *f = *state;

    for (int i = 0; i < QN_COUNT(sizes); i++)
        for (int j = 0; j < QN_COUNT(sizes); j++)
            for (int k = 0; k < QN_COUNT(sizes); k++) {
                const qn_gemm gemm = {.m = sizes[i], .n = sizes[j], .k = sizes[k]};
                qn_gemm_tiles tiles;

                qn_gemm_tiles_choose(f->device, true, &gemm, &tiles);
                assert_true(tiles.block_rows > 0 && tiles.block_rows % tiles.mr == 0);
                assert_true(tiles.shares == 1 ||
                            tiles.shares * 2 <= (gemm.n + tiles.width - 1) / tiles.width);
            }
}

static void test_refuses_huge(void **state)
{
    fixture *f = *state;
    const qn_gemm gemm = {.m = (int64_t)1 << 31, .n = 1, .k = 1};

    assert_int_equal(qn_gemm_quern(&f->steps, &gemm), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(f->ctx), "2147483648"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_in_order),   cmocka_unit_test(test_products),
        cmocka_unit_test(test_exact_epilogues), cmocka_unit_test(test_cpu_tiles),
        cmocka_unit_test(test_gpu_tiles),       cmocka_unit_test(test_choice_of_blocks),
        cmocka_unit_test(test_refuses_huge),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
