/* SPDX-License-Identifier: Apache-2.0 */
/* Trust in kernels: cases are run once per device, driver, version and kernel sources; outcomes are
 * kept as facts of the context and as a small file in the cache folder. */
#include "kernels/selftest.h"
#include "base/text.h"
#include "base/util.h"
#include "device/keep.h"
#include "device/sources.h"
#include <quern/version.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_LINE "quern self-tests 1\n"

static const qn_selftest_case *const lists[] = {
    qn_selftest_elementwise, qn_selftest_rows, qn_selftest_steps, qn_selftest_random,
    qn_selftest_update,      qn_selftest_norm, qn_selftest_gemm,  qn_selftest_peak};

const qn_selftest_case *qn_selftest_case_at(int index)
{
    for (int i = 0; i < QN_COUNT(lists); i++)
        for (const qn_selftest_case *test = lists[i]; test->kernel; test++)
            if (index-- == 0)
                return test;
    return NULL;
}

static const qn_selftest_case *find_case(const char *kernel)
{
    const qn_selftest_case *test;

    for (int i = 0; (test = qn_selftest_case_at(i)); i++)
        if (strcmp(test->kernel, kernel) == 0)
            return test;
    return NULL;
}

/* ---- in memory ---- */

/* Of a case, or of the device's file ("" as the kernel's name). */
static uint64_t fact_key(const qn_device *device, const char *kernel)
{
    uint64_t hash = qn_hash_text(QN_HASH_START, "selftest");

    hash = qn_hash_text(hash, qn_device_fingerprint(device));
    return qn_hash_text(qn_hash(hash, "", 1), kernel);
}

static const qn_fact *find_fact(const qn_device *device, const char *kernel)
{
    uint64_t key = fact_key(device, kernel);

    for (const qn_fact *fact = qn_device_context(device)->facts; fact; fact = fact->next)
        if (fact->key == key)
            return fact;
    return NULL;
}

/* A new fact hides an older one. */
static qn_status add_fact(qn_device *device, const char *kernel, bool holds, const char *detail)
{
    qn_context *ctx = qn_device_context(device);
    qn_fact *fact = qn_alloc(&ctx->env, sizeof *fact + strlen(detail) + 1);

    if (!fact)
        return QN_ERROR_MEMORY;
    fact->key = fact_key(device, kernel);
    fact->holds = holds;
    strcpy(fact->detail, detail);
    fact->next = ctx->facts;
    ctx->facts = fact;
    return QN_OK;
}

/* ---- on disk ---- */

/* Sources that are being worked on (QUERN_CL_DIR) are tested anew by every process. */
static bool is_kept(void)
{
    const char *folder = getenv("QUERN_CL_DIR");

    return !folder || !*folder;
}

static uint64_t file_key(const qn_device *device)
{
    uint64_t key = qn_hash_text(QN_HASH_START, qn_device_fingerprint(device));

    key = qn_hash_text(key, QN_VERSION_STRING);
    for (const qn_source *source = qn_sources; source->name; source++)
        key = qn_hash(key, source->text, source->length);
    return key;
}

/* One line: "softmax passed", "adam failed element 0 of ...". Others are passed over. */
static qn_status read_line(qn_device *device, char *line)
{
    char *outcome = strchr(line, ' ');

    if (!outcome)
        return QN_OK;
    *outcome++ = '\0';
    if (!find_case(line))
        return QN_OK;
    if (strcmp(outcome, "passed") == 0)
        return add_fact(device, line, true, "");
    if (strncmp(outcome, "failed ", 7) == 0)
        return add_fact(device, line, false, outcome + 7);
    return QN_OK;
}

/* What an earlier process learnt, once per context and device. */
static qn_status load(qn_device *device)
{
    qn_status status = QN_OK;
    char *text;

    if (find_fact(device, ""))
        return QN_OK;
    QN_TRY(add_fact(device, "", true, ""));
    if (!is_kept())
        return QN_OK;
    text = qn_recall(qn_device_context(device), "selftests", file_key(device));
    if (text && strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) == 0) {
        char *line = text + strlen(FIRST_LINE);

        for (char *end; status == QN_OK && (end = strchr(line, '\n')); line = end + 1) {
            *end = '\0';
            status = read_line(device, line);
        }
    }
    qn_free(qn_device_env(device), text);
    return status;
}

static void save(qn_device *device)
{
    qn_text text = {.env = qn_device_env(device)};
    const qn_selftest_case *test;

    if (!is_kept())
        return;
    qn_text_add(&text, FIRST_LINE);
    for (int i = 0; (test = qn_selftest_case_at(i)); i++) {
        const qn_fact *fact = find_fact(device, test->kernel);

        if (fact)
            qn_text_add(&text, fact->holds ? "%s passed\n" : "%s failed %s\n", test->kernel,
                        fact->detail);
    }
    if (!text.failed)
        qn_keep(qn_device_context(device), "selftests", file_key(device), qn_text_get(&text));
    qn_text_free(&text);
}

/* ---- trust ---- */

/* One line, for the file. */
static void flatten(char *detail)
{
    for (; *detail; detail++)
        if (*detail == '\n' || *detail == '\r')
            *detail = ' ';
}

static qn_status run_case(qn_device *device, const qn_selftest_case *test)
{
    char detail[QN_SELFTEST_DETAIL] = "";
    bool passed = false;

    QN_TRY(qn_selftest_run(device, test, &passed, detail, sizeof detail));
    flatten(detail);
    qn_log(qn_device_env(device), passed ? QN_LOG_DEBUG : QN_LOG_WARNING,
           "%s: self-test of kernel %s %s%s", qn_device_description(device)->selector, test->kernel,
           passed ? "passed" : "failed: ", passed ? "" : detail);
    return add_fact(device, test->kernel, passed, passed ? "" : detail);
}

/* The fact about a kernel; *fresh is set when it was found out now. */
static qn_status learn(qn_device *device, const char *kernel, const qn_fact **fact, bool *fresh)
{
    const qn_selftest_case *test;

    QN_TRY(load(device));
    *fact = find_fact(device, kernel);
    if (*fact)
        return QN_OK;
    test = find_case(kernel);
    if (!test)
        return qn_fail(qn_device_env(device), QN_ERROR_INTERNAL, "kernel %s has no self-test",
                       kernel);
    QN_TRY(run_case(device, test));
    *fact = find_fact(device, kernel);
    *fresh = true;
    return QN_OK;
}

static void begin_testing(qn_device *device, int64_t total)
{
    qn_activity_begin(qn_device_env(device), total, "testing kernels on %s",
                      qn_device_description(device)->selector);
}

qn_status qn_selftest_trust(qn_device *device, const char *kernel, bool *trusted)
{
    const qn_fact *fact;
    bool fresh = false;
    qn_status status;

    begin_testing(device, 0);
    status = learn(device, kernel, &fact, &fresh);
    qn_activity_end(qn_device_env(device));
    QN_TRY(status);
    if (fresh)
        save(device);
    *trusted = fact->holds;
    return QN_OK;
}

static qn_status require_step(qn_device *device, const qn_step *step, bool *fresh)
{
    const qn_device_info *info = qn_device_description(device);
    const char *name =
        step->kind == QN_STEP_KERNEL ? qn_kernel_name(step->kernel) : step->call.name;
    const qn_fact *fact;

    QN_TRY(learn(device, name, &fact, fresh));
    if (fact->holds)
        return QN_OK;
    return qn_fail(
        qn_device_env(device), QN_ERROR_DEVICE,
        "%s (%s) computes kernel %s wrongly in its self-test: %s; take another device or "
        "another version of its driver",
        info->selector, info->name, name, fact->detail);
}

qn_status qn_selftest_require(qn_steps *steps)
{
    qn_env *env = qn_device_env(steps->device);
    qn_status status = QN_OK;
    bool fresh = false;

    begin_testing(steps->device, (int64_t)steps->count);
    for (size_t i = 0; i < steps->count && status == QN_OK; i++) {
        qn_activity_at(env, (int64_t)i);
        if (steps->step[i].kind != QN_STEP_COPY)
            status = require_step(steps->device, &steps->step[i], &fresh);
    }
    qn_activity_end(env);
    if (fresh)
        save(steps->device);
    return status;
}

static qn_status test_all(qn_device *device, qn_selftest_fn report, void *user, int *failures)
{
    const qn_selftest_case *test;

    for (int i = 0; (test = qn_selftest_case_at(i)); i++) {
        const qn_fact *fact;

        qn_activity_at(qn_device_env(device), i);
        QN_TRY(run_case(device, test));
        fact = find_fact(device, test->kernel);
        *failures += !fact->holds;
        if (report)
            report(user, test->kernel, fact->holds, fact->detail);
    }
    return QN_OK;
}

qn_status qn_selftest_all(qn_device *device, qn_selftest_fn report, void *user, int *failures)
{
    qn_status status;
    int count = 0;

    *failures = 0;
    QN_TRY(load(device));
    while (qn_selftest_case_at(count))
        count++;
    begin_testing(device, count);
    status = test_all(device, report, user, failures);
    qn_activity_end(qn_device_env(device));
    if (status == QN_OK)
        save(device);
    return status;
}
