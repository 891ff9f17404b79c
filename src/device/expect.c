/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: units x clock x what a unit does in a cycle, as ranges. They are to tell a device
 * that works from one that does not, not one that is tuned from one that is not. */
#include "device/expect.h"
#include "device/internal.h"
#include "device/quirks.h"
#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- rules ---- */

/* Multiply-adds in float32 that a multiprocessor ends in a cycle: CUDA C++ Programming Guide, table
 * "Throughput of Native Arithmetic Instructions". Newest first; one that is newer than the first is
 * taken as that. */
static const struct {
    int major, minor, lanes;
} nv_lanes[] = {{8, 6, 128}, {8, 0, 64},  {7, 0, 64},  {6, 1, 128},
                {6, 0, 64},  {5, 0, 128}, {3, 0, 192}, {2, 0, 32}};

/* Of the peak by clock and units. A GPU's stated clock is what it boosts to; under its power limit
 * half of it is not unusual. */
#define GPU_LEAST 0.5
/* An Intel execution unit has 8 float lanes up to Gen12 and Xe-HPG ("The Compute Architecture of
 * Intel Processor Graphics Gen9", 2015, section 5.3), and 16 in Xe2. */
#define INTEL_LANES 8
#define INTEL_MOST 2.0
/* RDNA 3 issues two operations at once ("RDNA3 Instruction Set Architecture", section 7.6). */
#define AMD_MOST 2.0
/* A core has one or two pipes for multiply-adds as wide as its registers (Agner Fog, "The
 * microarchitecture of Intel, AMD and VIA CPUs"); two units may be threads of one core. */
#define CPU_LEAST 0.5
#define CPU_MOST 2.0
#define CPU_SLOWEST 4e8 /* a stated clock outside of these is none */
#define CPU_FASTEST 8e9

/* Bytes a second. Half a channel of DDR3-1333 (JESD79-3: 10.7 GB/s), which is what a small board or
 * a share of a server has; and the slowest graphics cards with memory of their own (64 bits of
 * DDR4-2100: 16.8 GB/s). */
#define SHARED_MEMORY 5e9
#define OWN_MEMORY 15e9
/* Drivers take 5 to 50 microseconds for an empty launch and the wait for it: measured here on PoCL
 * and Intel's runtime, and what is reported of GPUs; with a wide margin. */
#define LAUNCH 200e-6

static int lanes_of_nv(int major, int minor)
{
    for (int i = 0; i < QN_COUNT(nv_lanes); i++)
        if (major > nv_lanes[i].major || (major == nv_lanes[i].major && minor >= nv_lanes[i].minor))
            return nv_lanes[i].lanes;
    return 0;
}

static bool is_cpu(const qn_expect_facts *f)
{
    return strcmp(f->type, "cpu") == 0;
}

/* Lanes of a unit, and the range of what they do as parts of that; false when nothing is known. */
static bool unit_of(const qn_expect_facts *f, int *lanes, double *least, double *most)
{
    *least = GPU_LEAST;
    *most = 1;
    if (is_cpu(f)) {
        *lanes = f->clock >= CPU_SLOWEST && f->clock <= CPU_FASTEST ? f->lanes : 0;
        *least = f->fuses ? CPU_LEAST : CPU_LEAST / 2;
        *most = CPU_MOST;
    } else if (f->nv_major) {
        *lanes = lanes_of_nv(f->nv_major, f->nv_minor);
    } else if (f->amd_simds) {
        *lanes = f->amd_simds * f->amd_width * f->amd_ops;
        *most = AMD_MOST;
    } else {
        *lanes = f->intel ? INTEL_LANES : 0;
        *most = INTEL_MOST;
    }
    return *lanes > 0 && f->units > 0 && f->clock > 0;
}

void qn_expect_from(const qn_expect_facts *f, qn_expectation *e)
{
    bool own = strcmp(f->type, "gpu") == 0;
    bool known = is_cpu(f) || own || strcmp(f->type, "igpu") == 0;
    double least, most, peak;
    int lanes;

    e->least_gflops = e->most_gflops = 0;
    e->basis[0] = '\0';
    e->least_bandwidth = !known ? 0 : own ? OWN_MEMORY : SHARED_MEMORY;
    e->most_launch_seconds = known ? LAUNCH : 0;
    if (!known || !unit_of(f, &lanes, &least, &most))
        return;
    peak = (double)f->units * f->clock * lanes * 2 * 1e-9;
    e->least_gflops = least * peak;
    e->most_gflops = most * peak;
    snprintf(e->basis, sizeof e->basis, "%u units x %.2f GHz x %d lanes x 2 FLOP, x %g to %g",
             (unsigned)f->units, f->clock * 1e-9, lanes, least, most);
}

/* ---- facts ---- */

static int number(const qn_device *device, cl_device_info what)
{
    cl_uint value = 0;

    if (clGetDeviceInfo(device->id, what, sizeof value, &value, NULL) != CL_SUCCESS)
        return 0;
    return value <= 4096 ? (int)value : 0;
}

static double number_in(const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    double number = 0;
    char text[256];

    while (file && number == 0 && fgets(text, sizeof text, file))
        if (strncmp(text, key, strlen(key)) == 0)
            number = strtod(text + strcspn(text, "0123456789"), NULL);
    if (file)
        fclose(file);
    return number;
}

/* Of the host; drivers may state 0 (Intel's on other processors) or a fixed number (llvmpipe). */
static double host_clock(void)
{
    double most = 1e3 * number_in("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "");

    return most > 0 ? most : 1e6 * number_in("/proc/cpuinfo", "cpu MHz");
}

/* A CPU device is this host; more units than it has processors, as llvmpipe states, are none. */
static void ask_host(qn_expect_facts *f)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    if (f->clock < CPU_SLOWEST || f->clock > CPU_FASTEST)
        f->clock = host_clock();
    if (online > 0 && f->units > (uint32_t)online)
        f->units = (uint32_t)online;
#if defined(__x86_64__) || defined(__i386__)
    f->fuses = __builtin_cpu_supports("fma");
    f->lanes = __builtin_cpu_supports("avx512f") ? 16 : __builtin_cpu_supports("avx") ? 8 : 4;
#elif defined(__aarch64__)
    f->fuses = true;
    f->lanes = 4;
#endif
}

static void ask(const qn_device *device, qn_expect_facts *f)
{
    cl_uint mhz = 0;

    *f = (qn_expect_facts){.type = device->info.type, .units = device->info.compute_units};
    if (clGetDeviceInfo(device->id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof mhz, &mhz, NULL) ==
        CL_SUCCESS)
        f->clock = 1e6 * mhz;
    if (is_cpu(f)) {
        ask_host(f);
    } else if (strcmp(device->info.platform, "nvidia") == 0) {
        f->nv_major = number(device, CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV);
        f->nv_minor = number(device, CL_DEVICE_COMPUTE_CAPABILITY_MINOR_NV);
    } else if (strcmp(device->info.platform, "amd") == 0) {
        f->amd_simds = number(device, CL_DEVICE_SIMD_PER_COMPUTE_UNIT_AMD);
        f->amd_width = number(device, CL_DEVICE_SIMD_WIDTH_AMD);
        f->amd_ops = number(device, CL_DEVICE_SIMD_INSTRUCTION_WIDTH_AMD);
    }
    f->intel = strcmp(device->info.platform, "intel") == 0;
}

qn_status qn_expect_device(qn_context *ctx, qn_expectation *expectation)
{
    size_t size = expectation->size;
    qn_expectation found = {.size = size};
    qn_expect_facts facts;
    qn_device *device;

    if (size < sizeof expectation->size)
        return qn_fail(&ctx->env, QN_ERROR_USAGE,
                       "qn_expect_device: expectation->size is %zu: set it to "
                       "sizeof(qn_expectation)",
                       size);
    QN_TRY(qn_context_only_device(ctx, &device));
    ask(device, &facts);
    qn_expect_from(&facts, &found);
    found.simulated = qn_device_quirk(device, QN_QUIRK_SIMULATOR);
    found.software = strstr(device->info.name, "llvmpipe") || strstr(device->info.name, "softpipe");
    if (qn_device_quirk(device, QN_QUIRK_SLOW_LAUNCH))
        found.most_launch_seconds = 0; /* it is known to be slow */
    memcpy(expectation, &found, size < sizeof found ? size : sizeof found);
    return QN_OK;
}
