/* SPDX-License-Identifier: Apache-2.0 */
/* CLBlast's products, its self-test and those of our own, and which candidate is chosen. */
#include "kernels/gemm_case.h"

static qn_status record_clblast(qn_steps *steps, const qn_gemm *gemm, const void *user)
{
    (void)user;
    return qn_gemm_clblast(steps, gemm);
}

static void test_products(void **state)
{
    static const char *const activations[] = {"sigmoid", NULL, "leaky_relu", "linear"};
    int at = 0;

    for (const gemm_shape *shape = gemm_shapes(); shape->m > 0; shape++)
        for (int layout = 0; layout < 3; layout++, at++) {
            gemm_case one = {.m = shape->m, .n = shape->n, .k = shape->k};

            one.trans_a = layout == 1;
            one.trans_b = layout == 2;
            check_product(*state, &one, true, record_clblast, NULL);
            one.bias = at % 2 == 0;
            one.activation = activations[at % QN_COUNT(activations)];
            one.alpha = 0.1;
            check_product(*state, &one, false, record_clblast, NULL);
        }
}

/* What own kernels do in the write-back, others do behind the product. */
static void test_epilogues(void **state)
{
    static const gemm_case cases[] = {
        {.m = 19, .n = 35, .k = 21, .trans_b = true, .gradient = true, .activation = "relu"},
        {.m = 19, .n = 35, .k = 21, .trans_a = true, .sums = true},
    };

    for (int i = 0; i < QN_COUNT(cases); i++)
        check_product(*state, &cases[i], true, record_clblast, NULL);
}

static qn_status record_chosen(qn_steps *steps, const qn_gemm *gemm, const void *user)
{
    (void)user;
    return qn_kernel_gemm(steps, gemm);
}

/* One step for our own kernel; CLBlast's call, and a launch for its bias and activation. */
static void test_choice(void **state)
{
    static const gemm_case one = {.m = 17, .n = 33, .k = 9, .bias = true, .activation = "sigmoid"};
    fixture *f = *state;
    qn_buffer *any = put(f, NULL, 17 * 33);
    const qn_gemm gemm = {.m = 17, .n = 33, .k = 9, .a = any, .b = any, .c = any, .bias = any};
    bool cpu = qn_device_kind(f->device) == QN_CLASS_CPU;

    for (qn_gemm_choice choice = QN_GEMM_AUTO; choice <= QN_GEMM_CLBLAST; choice++) {
        bool own = choice == QN_GEMM_QUERN || (choice == QN_GEMM_AUTO && cpu);

        f->steps.gemm = choice;
        OK(qn_kernel_gemm(&f->steps, &gemm));
        assert_int_equal(f->steps.count, own ? 1 : 2);
        assert_int_equal(f->steps.step[0].kind, own ? QN_STEP_KERNEL : QN_STEP_CALL);
        assert_true(f->steps.step[0].cost.flops == 2.0 * 17 * 33 * 9);
        qn_steps_free(&f->steps);
    }
    clear(f);
    for (qn_gemm_choice choice = QN_GEMM_AUTO; choice <= QN_GEMM_CLBLAST; choice++) {
        f->steps.gemm = choice;
        check_product(f, &one, false, record_chosen, NULL);
    }
    f->steps.gemm = QN_GEMM_AUTO;
}

static void test_counts_calls(void **state)
{
    static const gemm_case one = {.m = 17, .n = 33, .k = 9};
    fixture *f = *state;
    uint64_t before = qn_device_count_of(f->device)->calls;

    check_product(f, &one, true, record_clblast, NULL); /* computes twice */
    assert_int_equal(qn_device_count_of(f->device)->calls - before, 2);
}

static void test_refuses_huge(void **state)
{
    fixture *f = *state;
    const qn_gemm gemm = {.m = (int64_t)1 << 16, .n = (int64_t)1 << 15, .k = 1};

    assert_int_equal(qn_gemm_clblast(&f->steps, &gemm), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(f->ctx), "2^31"));
    assert_int_equal(f->steps.count, 0);
}

static void test_names_a_failure(void **state)
{
    fixture *f = *state;
    qn_buffer *small = put(f, NULL, 4), *c = put(f, NULL, 100 * 100);
    const qn_gemm gemm = {.m = 100, .n = 100, .k = 100, .a = small, .b = c, .c = c};

    OK(qn_gemm_clblast(&f->steps, &gemm));
    assert_int_equal(qn_steps_replay(&f->steps, 0), QN_ERROR_DEVICE);
    /* CLBlast's B: operands are swapped */
    assert_non_null(strstr(qn_error(f->ctx), "CLBlastInsufficientMemoryB"));
    qn_steps_free(&f->steps);
    clear(f);
}

static void test_selftests_pass(void **state)
{
    fixture *f = *state;

    for (const qn_selftest_case *one = qn_selftest_gemm; one->kernel; one++) {
        char detail[256] = "";
        bool passed = false;

        OK(one->run(f->device, &passed, detail, sizeof detail));
        if (!passed)
            fail_msg("%s: %s", one->kernel, detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),       cmocka_unit_test(test_epilogues),
        cmocka_unit_test(test_choice),         cmocka_unit_test(test_counts_calls),
        cmocka_unit_test(test_refuses_huge),   cmocka_unit_test(test_names_a_failure),
        cmocka_unit_test(test_selftests_pass),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
