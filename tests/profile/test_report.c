/* SPDX-License-Identifier: Apache-2.0 */
/* The report's page in C: data that tries to leave its place, memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "profile/report.h"
#include <string.h>

#define HOSTILE "pocl:0: </script><!-- <script>alert(1)</script>"
#define DATA_BEGIN "<script type=\"application/json\" id=\"data\">"

static qn_env env;

/* On the stack, with nothing owned: what a report of it may allocate is the report's own. */
static qn_profile hostile(void)
{
    static char device[] = HOSTILE;

    return (qn_profile){.env = &env, .device = device, .wall = 1};
}

/* How often `piece` is in the text. */
static int count(const char *text, const char *piece)
{
    int found = 0;

    for (; (text = strstr(text, piece)) != NULL; text += strlen(piece))
        found++;
    return found;
}

/* Nothing of the data ends its element, and it reads back as it was. */
static void test_data_stays_in_place(void **state)
{
    const char *page = qn_report_page[0].text, *begin, *end;
    const qn_profile profile = hostile();
    qn_text text = {.env = &env};
    json_t *data;

    (void)state;
    assert_int_equal(qn_profile_report(&profile, &text), QN_OK);
    assert_false(text.failed);
    assert_int_equal(count(qn_text_get(&text), "</script>"), count(page, "</script>"));
    assert_int_equal(count(qn_text_get(&text), "<!--"), count(page, "<!--"));
    assert_int_equal(count(qn_text_get(&text), "@DATA@"), 0);
    begin = strstr(qn_text_get(&text), DATA_BEGIN);
    assert_non_null(begin);
    begin += strlen(DATA_BEGIN);
    end = strstr(begin, "</script>");
    data = json_loadb(begin, (size_t)(end - begin), 0, NULL);
    assert_non_null(data);
    assert_string_equal(json_string_value(json_object_get(data, "device")), HOSTILE);
    json_decref(data);
    assert_string_equal(strstr(qn_text_get(&text), "</html>"), "</html>\n");
    qn_text_free(&text);
}

static void write(void *user, const char *text)
{
    *(size_t *)user += strlen(text);
}

/* Whichever allocation fails: memory is the reason, nothing is written, nothing is left. */
static void test_out_of_memory(void **state)
{
    failing_allocator allocator = {0};
    const qn_allocator failing = failing_allocator_of(&allocator);
    const qn_profile profile = hostile();
    qn_status status = QN_ERROR_MEMORY;
    size_t written = 0;
    int fail_at = 0;

    (void)state;
    qn_env_init(&env, &failing);
    while (status != QN_OK) {
        allocator = (failing_allocator){.fail_at = ++fail_at};
        assert_int_equal(written, 0);
        status = qn_profile_write(&profile, QN_PROFILE_HTML, write, &written);
        assert_true(status == QN_OK || status == QN_ERROR_MEMORY);
        assert_int_equal(allocator.live, 0);
    }
    assert_true(fail_at > 1);
    assert_true(written > qn_report_page[0].length);
    qn_env_init(&env, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_stays_in_place),
        cmocka_unit_test(test_out_of_memory),
    };

    qn_env_init(&env, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
