/* SPDX-License-Identifier: Apache-2.0 */
/* Quern's own matrix products, the CPU flavour: every shape, and how a product is cut up. */
#include "kernels/gemm_case.h"

static void test_products(void **state)
{
    fixture *f = *state;

    f->steps.flavour = QN_FLAVOUR_CPU;
    check_all_shapes(f);
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
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_choice_of_blocks),
        cmocka_unit_test(test_refuses_huge),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
