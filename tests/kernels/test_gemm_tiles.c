/* SPDX-License-Identifier: Apache-2.0 */
/* Quern's own matrix products, the CPU flavour: order of sums, epilogues, tiles. */
#include "kernels/gemm_case.h"

static void test_order(void **state)
{
    fixture *f = *state;

    f->steps.flavour = QN_FLAVOUR_CPU;
    check_order(f);
}

static void test_epilogues(void **state)
{
    fixture *f = *state;

    f->steps.flavour = QN_FLAVOUR_CPU;
    check_epilogues(f);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_epilogues),
        cmocka_unit_test(test_cpu_tiles),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
