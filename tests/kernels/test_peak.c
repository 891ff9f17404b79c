/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels that measure a device do all of their work: sums of small integers, both flavours. */
#include "kernels/fixture.h"
#include "kernels/launch.h"
#include "kernels/peak.h"

#define CHAINS 12
#define UNROLL 8

static int lanes(const fixture *f)
{
    return (int)qn_flavour_local(&f->steps);
}

/* x = x / 2 + 3 runs to 6; one round, and so many that every chain is there. */
static void check_fma(fixture *f, int width, int groups, int count)
{
    float *x = integers(f, 16, -9, 9);
    double *expected = calloc((size_t)groups, sizeof *expected);
    qn_buffer *from = put(f, x, 16), *to = put(f, NULL, groups);

    for (int item = 0; item < lanes(f); item++)
        for (int chain = 0; chain < CHAINS; chain++)
            for (int lane = 0; lane < width; lane++)
                expected[0] += 6.0 + ((double)x[lane] + item + chain - 6.0) / exp2(count);
    for (int group = 1; group < groups; group++)
        expected[group] = expected[0];
    OK(qn_kernel_peak_fma(&f->steps, width, from, to, 0.5, 3.0, groups, count));
    assert_true(f->steps.step[0].cost.flops ==
                2.0 * CHAINS * width * (double)count * (double)lanes(f) * groups);
    run(f, (qn_step_row){0});
    expect(f, "fma", to, expected, groups, TOLERANCE);
    free(expected);
    free(x);
    clear(f);
}

static void fma_case(fixture *f)
{
    static const int widths[] = {1, 4, 8, 16}, counts[] = {1, 2, 7};

    for (int w = 0; w < QN_COUNT(widths); w++)
        for (int c = 0; c < QN_COUNT(counts); c++)
            check_fma(f, widths[w], 1 + 2 * c, counts[c]);
}

/* Groups begin evenly spread, and come around at the end of a power of two of blocks. */
static void check_read(fixture *f, int blocks, int groups, int count)
{
    const int block = (int)qn_peak_block(&f->steps), elements = blocks * block;
    const int stride = blocks / groups ? blocks / groups * block : block;
    float *x = integers(f, elements, -4, 4);
    double *expected = calloc((size_t)groups, sizeof *expected);
    qn_buffer *from = put(f, x, elements), *to = put(f, NULL, groups);

    for (int group = 0; group < groups; group++)
        for (int i = 0; i < count * block; i++)
            expected[group] += (double)x[(group * stride + i) % elements];
    OK(qn_kernel_peak_read(&f->steps, from, to, elements, groups, count));
    assert_true(f->steps.step[0].cost.bytes == 4.0 * groups * count * block);
    run(f, (qn_step_row){0});
    expect(f, "read", to, expected, groups, 0.0);
    free(expected);
    free(x);
    clear(f);
}

static void read_case(fixture *f)
{
    check_read(f, 1, 1, 1);
    check_read(f, 1, 3, 5);
    check_read(f, 2, 3, 3);
    check_read(f, 8, 3, 9);
    check_read(f, 16, 4, 4);
}

/* Exactly the elements of all groups; what follows stays. */
static void check_store(fixture *f, int groups, int count)
{
    const int64_t moved = (int64_t)groups * count * qn_peak_block(&f->steps), all = moved + 100;
    float *x = integers(f, all, -4, 4);
    double *copied = malloc((size_t)all * sizeof *copied), *set = malloc((size_t)all * sizeof *set);
    qn_buffer *from = put(f, x, all), *to = put(f, x, all), *filled = put(f, x, all);

    for (int64_t i = 0; i < all; i++) {
        copied[i] = (double)x[i];
        set[i] = i < moved ? 7.0 : (double)x[i];
    }
    OK(qn_buffer_fill(to, 0, (size_t)moved * 4, 0));
    OK(qn_kernel_peak_copy(&f->steps, from, to, groups, count));
    OK(qn_kernel_peak_write(&f->steps, filled, 7.0, groups, count));
    assert_true(f->steps.step[0].cost.bytes == 8.0 * (double)moved);
    assert_true(f->steps.step[1].cost.bytes == 4.0 * (double)moved);
    run(f, (qn_step_row){0});
    expect(f, "copy", to, copied, all, 0.0);
    expect(f, "write", filled, set, all, 0.0);
    free(copied);
    free(set);
    free(x);
    clear(f);
}

static void store_case(fixture *f)
{
    check_store(f, 1, 1);
    check_store(f, 3, 1);
    check_store(f, 2, 5);
}

static void check_local(fixture *f, int stride, int groups, int count)
{
    double expected[4] = {0.0};
    qn_buffer *to = put(f, NULL, groups);

    for (int item = 0; item < lanes(f); item++)
        for (int k = 0; k < count * UNROLL; k++)
            expected[0] += (item + k / UNROLL * stride + k % UNROLL * lanes(f)) % 1024 % 8;
    for (int group = 1; group < groups; group++)
        expected[group] = expected[0];
    OK(qn_kernel_peak_local(&f->steps, to, stride, groups, count));
    run(f, (qn_step_row){0});
    expect(f, "local", to, expected, groups, 0.0);
    clear(f);
}

static void local_case(fixture *f)
{
    check_local(f, 1, 1, 1);
    check_local(f, 33, 4, 50); /* around the end */
}

static void launch_case(fixture *f)
{
    const float before[] = {1.0f, 2.0f};
    const double after[] = {5.0, 2.0};
    qn_buffer *to = put(f, before, 2);

    OK(qn_kernel_peak_launch(&f->steps, to, 5.0));
    run(f, (qn_step_row){0});
    expect(f, "launch", to, after, 2, 0.0);
    clear(f);
}

#define TEST(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        each_flavour(*state, name##_case);                                                         \
    }
TEST(fma)
TEST(read)
TEST(store)
TEST(local)
TEST(launch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fma),   cmocka_unit_test(test_read),   cmocka_unit_test(test_store),
        cmocka_unit_test(test_local), cmocka_unit_test(test_launch),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
