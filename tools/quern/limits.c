/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do at most: as it was measured, or measured now. */
#include "command.h"
#include "progress.h"

#include <stdlib.h>
#include <unistd.h>

/* What else runs while a limit is measured makes it look lower than it is. */
static void warn_of_load(const arguments *a)
{
    double load;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(&load, 1) == 1 && cores > 0 && load > 0.5 * (double)cores)
        note(a,
             "the machine is busy (load %.1f on %ld cores): the limits may look too low; quern "
             "bench device measures them anew",
             load, cores);
}

qn_status device_limits(const arguments *a, qn_context *known, const char *what,
                        qn_bench_results *limits)
{
    qn_context *ctx = NULL;
    if (qn_bench_known(known, limits))
        return QN_OK;
    note(a, "%s: measuring what the device can do, once", what);
    warn_of_load(a);
    qn_status status =
        qn_context_create(&ctx, .device = a->device, .activity = progress_activity(a));
    if (status == QN_OK)
        status = qn_bench_device(ctx, limits, NULL, NULL);
    if (status != QN_OK)
        report_failure(ctx, status);
    qn_context_destroy(&ctx);
    return status;
}
