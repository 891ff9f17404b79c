/* SPDX-License-Identifier: Apache-2.0 */
/* quern doctor's benchmark: what a device reaches, beside what such a device should. */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below the least by so much, the device does not do what it is for; before that, the machine may
 * be busy. */
#define BROKEN 10.0
#define BUSY 0.75 /* of the processors that are taken on average */

typedef enum advice_kind { ADVICE_COMPUTE, ADVICE_MEMORY, ADVICE_LAUNCH, ADVICE_KINDS } advice_kind;

/* By what is slow; of a CPU, and of all else. */
static const char *const advice[ADVICE_KINDS][2] = {
    [ADVICE_COMPUTE] = {"End what else computes here (uptime, top), look at the power profile "
                        "(powerprofilesctl, cpupower frequency-info), and take a driver that is "
                        "built for this processor: pocl-opencl-icd or Intel's runtime.",
                        "End what else uses it, look at its power limit and temperature "
                        "(nvidia-smi, rocm-smi, intel_gpu_top), and take its vendor's driver."},
    [ADVICE_MEMORY] = {"End what else uses memory here (top), and see that every channel of the "
                       "board has its memory module.",
                       "End what else uses it, and see that its memory runs at full clock "
                       "(nvidia-smi, rocm-smi, intel_gpu_top)."},
    [ADVICE_LAUNCH] = {"End what else computes here (uptime, top); larger batches need fewer "
                       "launches.",
                       "Take its vendor's newest driver, and a power profile for performance; "
                       "larger batches need fewer launches."},
};
static const char software_advice[] =
    "A renderer computes in place of a driver: install the Debian package pocl-opencl-icd to "
    "compute on this processor.";

typedef struct judge {
    doctor *d;
    const char *selector;
    const qn_expectation *expected;
    bool cpu;
    char load[96]; /* what the machine does beside, where that is much */
} judge;

/* The benchmark itself has been running for seconds: it is in the average of the last minute, and a
 * load that was there before is in that of five. */
static void look_at_load(judge *j)
{
    double load[2];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(load, 2) == 2 && processors > 0 && load[1] > BUSY * (double)processors)
        snprintf(j->load, sizeof j->load,
                 "; the machine is busy: load average %.1f on %ld processor%s", load[1], processors,
                 processors == 1 ? "" : "s");
}

/* `ratio`: how far from what was expected, above 1 where it is within. */
static void remark(judge *j, advice_kind kind, double ratio, const char *text)
{
    char whole[512];
    if (ratio >= 1)
        return;
    bool broken = ratio * BROKEN < 1;
    snprintf(whole, sizeof whole, "%s%s%s", text, broken ? ", an order of magnitude from it" : "",
             j->load);
    /* A renderer is as slow as it must be: the machine may have another device. */
    bool problem = broken && !j->expected->software;
    doctor_add(j->d, problem ? FINDING_PROBLEM : FINDING_NOTE, "benchmark", j->selector, whole,
               j->expected->software ? software_advice : advice[kind][!j->cpu]);
}

static void compare(judge *j, const qn_bench_results *r)
{
    const qn_expectation *e = j->expected;
    char text[320];
    if (e->least_gflops > 0 && r->peak_gflops > 0) {
        snprintf(text, sizeof text,
                 "%.1f GFLOP/s measured, %.0f to %.0f expected of such a device (%s)",
                 r->peak_gflops, e->least_gflops, e->most_gflops, e->basis);
        remark(j, ADVICE_COMPUTE, r->peak_gflops / e->least_gflops, text);
    }
    if (e->software)
        return; /* all of it for the same reason */
    if (e->least_bandwidth > 0 && r->memory_bandwidth > 0) {
        snprintf(text, sizeof text, "memory at %.1f GB/s measured, %.0f or more expected",
                 r->memory_bandwidth * 1e-9, e->least_bandwidth * 1e-9);
        remark(j, ADVICE_MEMORY, r->memory_bandwidth / e->least_bandwidth, text);
    }
    if (e->most_launch_seconds > 0 && r->launch_seconds_waited > 0) {
        snprintf(text, sizeof text,
                 "a launch and the wait for it take %.0f us, %.0f or less expected",
                 r->launch_seconds_waited * 1e6, e->most_launch_seconds * 1e6);
        remark(j, ADVICE_LAUNCH, e->most_launch_seconds / r->launch_seconds_waited, text);
    }
}

/* ---- what was measured ---- */

static json_t *figures(const qn_bench_results *r, const qn_expectation *e)
{
    json_t *measured = json_object(), *expected = json_object(), *both = json_object();
    json_object_set_new(measured, "gflops", json_measured(r->peak_gflops));
    json_object_set_new(measured, "memory_bytes_per_second", json_measured(r->memory_bandwidth));
    json_object_set_new(measured, "launch_seconds_waited", json_measured(r->launch_seconds_waited));
    json_object_set_new(measured, "launch_seconds_queued", json_measured(r->launch_seconds_queued));
    json_object_set_new(expected, "least_gflops", json_measured(e->least_gflops));
    json_object_set_new(expected, "most_gflops", json_measured(e->most_gflops));
    json_object_set_new(expected, "least_memory_bytes_per_second",
                        json_measured(e->least_bandwidth));
    json_object_set_new(expected, "most_launch_seconds_waited",
                        json_measured(e->most_launch_seconds));
    json_object_set_new(expected, "basis", *e->basis ? json_text(e->basis) : json_null());
    json_object_set_new(both, "measured", measured);
    json_object_set_new(both, "expected", expected);
    return both;
}

static void say_figures(judge *j, const qn_bench_results *r)
{
    const qn_expectation *e = j->expected;
    char memory[64] = "", range[64] = "", text[320];
    if (r->memory_bandwidth > 0)
        snprintf(memory, sizeof memory, ", memory at %.1f GB/s", r->memory_bandwidth * 1e-9);
    if (e->least_gflops > 0)
        snprintf(range, sizeof range, " (%.0f to %.0f expected)", e->least_gflops, e->most_gflops);
    snprintf(text, sizeof text, "%.1f GFLOP/s%s%s, a launch waited for in %.0f us", r->peak_gflops,
             range, memory, r->launch_seconds_waited * 1e6);
    doctor_add(j->d, FINDING_OK, "benchmark", j->selector, text, NULL);
    doctor_attach(j->d, "figures", figures(r, e));
}

void doctor_bench(doctor *d, qn_context *ctx, const char *selector)
{
    qn_expectation e = {.size = sizeof e};
    qn_bench_results r = {.size = sizeof r};
    judge j = {.d = d, .selector = selector, .expected = &e};
    qn_status status = qn_expect_device(ctx, &e);
    if (status == QN_OK && e.simulated) {
        doctor_add(d, FINDING_NOTE, "benchmark", selector, "not measured: it is a simulator",
                   "Nothing to do: it is for finding faults, and no model trains on it in time.");
        return;
    }
    if (status == QN_OK)
        status = qn_bench_device(ctx, &r, NULL, NULL);
    if (status != QN_OK) {
        doctor_add(d, FINDING_PROBLEM, "benchmark", selector, qn_error(ctx),
                   "Update or reinstall its driver, or choose another device.");
        return;
    }
    j.cpu = strcmp(context_device(ctx)->type, "cpu") == 0;
    look_at_load(&j);
    say_figures(&j, &r);
    compare(&j, &r);
}
