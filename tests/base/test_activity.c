/* SPDX-License-Identifier: Apache-2.0 */
/* Activities: what is told of them, one at a time, from the first to the last call. */
#include "base/env.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scratch_folder.h"

static char told[4096];

static void tell(void *user, const qn_activity *activity)
{
    size_t length = strlen(told);
    assert_ptr_equal(user, told);
    assert_int_equal(activity->size, sizeof *activity);
    snprintf(told + length, sizeof told - length, "%s %lld/%lld%s; ", activity->what,
             (long long)activity->done, (long long)activity->total,
             activity->ended ? " ended" : "");
}

static qn_env listened_to(void)
{
    qn_env env;
    qn_env_init(&env, NULL);
    env.activity = tell;
    env.activity_user = told;
    told[0] = '\0';
    return env;
}

static void one_after_another(void **state)
{
    qn_env env = listened_to();
    (void)state;
    qn_activity_begin(&env, 2, "making %s", "a");
    qn_activity_at(&env, 1);
    qn_activity_end(&env);
    qn_activity_begin(&env, 0, "making b");
    qn_activity_end(&env);
    assert_string_equal(told, "making a 0/2; making a 1/2; making a 1/2 ended; making b 0/0; "
                              "making b 0/0 ended; ");
}

/* The outer one alone is told. */
static void within_another(void **state)
{
    qn_env env = listened_to();
    (void)state;
    qn_activity_begin(&env, 3, "outer");
    qn_activity_begin(&env, 9, "inner");
    qn_activity_at(&env, 8);
    qn_activity_end(&env);
    qn_activity_at(&env, 2);
    qn_activity_end(&env);
    assert_string_equal(told, "outer 0/3; outer 2/3; outer 2/3 ended; ");
}

static void nobody_listens(void **state)
{
    qn_env env;
    (void)state;
    qn_env_init(&env, NULL);
    qn_activity_begin(&env, 1, "making %d", 1);
    qn_activity_at(&env, 1);
    qn_activity_end(&env);
    assert_int_equal(env.activity_depth, 0);
}

/* A file is read in bytes, and a failure ends what was begun. */
static void reading(void **state)
{
    qn_env env = listened_to();
    char wanted[4096], *data;
    const char *path = scratch_path("file");
    size_t bytes;
    (void)state;
    assert_int_equal(qn_file_replace(&env, path, "12345", 5), QN_OK);
    told[0] = '\0';
    assert_int_equal(qn_file_read(&env, path, 0, &data, &bytes), QN_OK);
    qn_free(&env, data);
    snprintf(wanted, sizeof wanted, "reading %s 0/5; ", path);
    assert_memory_equal(told, wanted, strlen(wanted));
    snprintf(wanted, sizeof wanted, "; reading %s 5/5 ended; ", path);
    assert_string_equal(told + strlen(told) - strlen(wanted), wanted);
    told[0] = '\0';
    assert_int_equal(qn_file_read(&env, path, 4, &data, &bytes), QN_ERROR_DATA);
    assert_non_null(strstr(told, " ended; "));
    assert_int_equal(env.activity_depth, 0);
}

static int make_scratch(void **state)
{
    (void)state;
    return scratch_make();
}

static int remove_scratch(void **state)
{
    (void)state;
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_another),
        cmocka_unit_test(within_another),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(reading),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
