/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations against the peaks that makers publish of their devices. */
#include "device/expect.h"
#include "support.h"

#include <math.h>

static qn_expectation of(qn_expect_facts facts)
{
    qn_expectation e = {.size = sizeof e};
    qn_expect_from(&facts, &e);
    return e;
}

static void near(double value, double published)
{
    if (!(fabs(value / published - 1) < 0.01))
        fail_msg("%g is not the published %g", value, published);
}

static void nvidia(void **state)
{
    static const struct {
        int major, minor;
        uint32_t units;
        double clock, gflops;
    } cards[] = {
        {6, 1, 20, 1733e6, 8873},   /* GeForce GTX 1080 */
        {7, 0, 80, 1530e6, 15700},  /* Tesla V100 SXM2 */
        {7, 5, 46, 1710e6, 10068},  /* GeForce RTX 2080 */
        {8, 0, 108, 1410e6, 19500}, /* A100 */
        {8, 6, 82, 1695e6, 35580},  /* GeForce RTX 3090 */
        {8, 9, 128, 2520e6, 82580}, /* GeForce RTX 4090 */
        {9, 0, 132, 1980e6, 66910}, /* H100 SXM */
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cards); i++) {
        qn_expectation e = of((qn_expect_facts){.type = "gpu",
                                                .units = cards[i].units,
                                                .clock = cards[i].clock,
                                                .nv_major = cards[i].major,
                                                .nv_minor = cards[i].minor});
        near(e.most_gflops, cards[i].gflops);
        near(e.least_gflops, cards[i].gflops / 2);
        assert_true(e.least_bandwidth > 0 && e.most_launch_seconds > 0);
    }
}

static void others(void **state)
{
    qn_expectation vega = of((qn_expect_facts){.type = "gpu",
                                               .units = 64,
                                               .clock = 1546e6,
                                               .amd_simds = 4,
                                               .amd_width = 16,
                                               .amd_ops = 1});
    qn_expectation uhd630 =
        of((qn_expect_facts){.type = "igpu", .units = 24, .clock = 1150e6, .intel = true});
    qn_expectation epyc = of(
        (qn_expect_facts){.type = "cpu", .units = 2, .clock = 2.6e9, .lanes = 16, .fuses = true});
    (void)state;
    near(2 * vega.least_gflops, 12660);
    near(2 * uhd630.least_gflops, 441.6);
    assert_true(uhd630.least_bandwidth < vega.least_bandwidth);
    near(epyc.least_gflops, 83.2);
    near(epyc.most_gflops, 332.8);
    assert_string_equal(epyc.basis, "2 units x 2.60 GHz x 16 lanes x 2 FLOP, x 0.5 to 2");
}

/* Nothing is expected where something is missing. */
static void unknown(void **state)
{
    const qn_expect_facts cases[] = {
        {.type = "gpu", .units = 8, .clock = 1e9},                      /* no maker's attributes */
        {.type = "gpu", .units = 8, .nv_major = 8},                     /* no clock */
        {.type = "gpu", .units = 8, .clock = 1e9, .nv_major = 1},       /* older than the table */
        {.type = "cpu", .units = 8, .clock = 1e6, .lanes = 8},          /* a clock that is none */
        {.type = "cpu", .units = 8, .clock = 2e9},                      /* vectors not known */
        {.type = "accelerator", .units = 8, .clock = 2e9, .lanes = 16}, /* whatever that is */
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_expectation e = of(cases[i]);
        assert_true(e.least_gflops == 0 && e.most_gflops == 0);
        assert_string_equal(e.basis, "");
        assert_true((e.least_bandwidth == 0) == (strcmp(cases[i].type, "accelerator") == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvidia),
        cmocka_unit_test(others),
        cmocka_unit_test(unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
