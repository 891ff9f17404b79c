/* SPDX-License-Identifier: Apache-2.0 */
/* Quern's own matrix products, the GPU flavour. */
#include "kernels/gemm_case.h"

static void test_products(void **state)
{
    fixture *f = *state;

    f->steps.flavour = QN_FLAVOUR_GPU;
    check_all_shapes(f);
}

static void test_order(void **state)
{
    fixture *f = *state;

    f->steps.flavour = QN_FLAVOUR_GPU;
    check_order(f);
}

static void test_epilogues(void **state)
{
    fixture *f = *state;

    f->steps.flavour = QN_FLAVOUR_GPU;
    check_epilogues(f);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_epilogues),
        cmocka_unit_test(test_gpu_tiles),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
