/* SPDX-License-Identifier: Apache-2.0 */
/* A machine without any OpenCL platform: what is said, and what to install. */
#include "support.h"

static void test_list(void **state)
{
    qn_device_list *list = NULL;

    (void)state;
    assert_int_equal(qn_device_list_create(&list), QN_ERROR_DEVICE);
    assert_non_null(list);
    assert_says(qn_device_list_error(list), "pocl-opencl-icd");
    assert_int_equal(qn_device_list_count(list), 0);
    qn_device_list_destroy(&list);
}

static void test_context(void **state)
{
    static const char *const texts[] = {"auto", "cpu", "0", "pocl:0"};
    qn_context *ctx = NULL;

    (void)state;
    for (int i = 0; i < QN_COUNT(texts); i++) {
        assert_int_equal(qn_context_create(&ctx, .device = texts[i]), QN_ERROR_DEVICE);
        assert_says(qn_error(ctx), "no OpenCL platform was found");
        assert_says(qn_error(ctx), "pocl-opencl-icd");
        qn_context_destroy(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_context),
    };
    char *empty = make_folder();

    setenv("OCL_ICD_VENDORS", empty, 1); /* before OpenCL's first call: the loader reads it once */
    free(empty);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
