/* SPDX-License-Identifier: Apache-2.0 */
/* The bench of the self-tests. */
#include "kernels/trial.h"
#include <math.h>
#include <stdio.h>

#define BYTES (QN_TRIAL_COUNT * sizeof(float))

static qn_status prepare(qn_trial *trial, qn_device *device)
{
    qn_steps_init(&trial->steps, device);
    for (int i = 0; i < QN_TRIAL_ARRAYS; i++)
        QN_TRY(qn_buffer_create(device, BYTES, &trial->buffer[i]));
    return qn_buffer_create(device, sizeof trial->row, &trial->steps.table);
}

static void tear_down(qn_trial *trial)
{
    qn_steps_free(&trial->steps);
    qn_buffer_destroy(&trial->steps.table);
    for (int i = 0; i < QN_TRIAL_ARRAYS; i++)
        qn_buffer_destroy(&trial->buffer[i]);
}

qn_status qn_trial_upload(qn_trial *trial)
{
    for (int i = 0; i < QN_TRIAL_ARRAYS; i++)
        QN_TRY(qn_buffer_write(trial->buffer[i], 0, BYTES, &trial->in[i]));
    return qn_buffer_write(trial->steps.table, 0, sizeof trial->row, &trial->row);
}

qn_status qn_trial_judge(qn_trial *trial, int which, int count, double tolerance)
{
    qn_trial_array found;
    double scale = 0.0;

    QN_TRY(qn_steps_replay(&trial->steps, 0));
    QN_TRY(qn_buffer_read(trial->buffer[which], 0, (size_t)count * 4, &found));
    for (int i = 0; i < count; i++)
        scale = fmax(scale, fabs(trial->expected[i]));
    for (int i = 0; i < count && trial->passed; i++) {
        double value = trial->integers ? (double)found.i[i] : (double)found.f[i];

        /* Not "greater than": a NaN must fail. */
        if (fabs(value - trial->expected[i]) <= tolerance * scale)
            continue;
        trial->passed = false;
        snprintf(trial->detail, trial->size, "element %d of %d should be %.9g and is %.9g", i,
                 count, trial->expected[i], value);
    }
    return QN_OK;
}

static qn_status run_trial(qn_device *device, const qn_selftest_case *test, bool *passed,
                           char *detail, size_t size)
{
    qn_trial trial = {.passed = true, .detail = detail, .size = size};
    qn_status status = prepare(&trial, device);

    if (status == QN_OK)
        status = test->trial(&trial, test->variant);
    tear_down(&trial);
    *passed = trial.passed;
    return status;
}

qn_status qn_selftest_run(qn_device *device, const qn_selftest_case *test, bool *passed,
                          char *detail, size_t size)
{
    qn_status status = test->run ? test->run(device, passed, detail, size)
                                 : run_trial(device, test, passed, detail, size);

    if (status != QN_ERROR_DEVICE)
        return status;
    *passed = false;
    snprintf(detail, size, "%s", qn_device_env(device)->message);
    return QN_OK;
}
