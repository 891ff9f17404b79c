/* SPDX-License-Identifier: Apache-2.0 */
/* The table of driver quirks. */
#include "device/quirks.h"
#include "device/internal.h"
#include <ctype.h>
#include <quern/unstable.h>
#include <stdlib.h>

const qn_quirk_row qn_quirk_table[] = {
    {.platform = "Portable Computing Language",
     .below_major = 4,
     .effect = QN_QUIRK_LOCAL_SIZE_BUILDS | QN_QUIRK_SERIAL_BUILDS,
     .what = "compiles a kernel anew for each local size, one at a time in a process",
     .reason = "PoCL 3.1 specialises the work-group function at the first launch of each local "
               "size (100 ms and more each), and holds one compiler lock for the process; so local "
               "sizes are explicit and few"},
    {.platform = "Portable Computing Language",
     .below_major = 4,
     .effect = QN_QUIRK_NO_BINARIES,
     .what = "compiles every kernel of a program once more when asked for its binary",
     .reason = "PoCL 3.1 builds a form for any local size of all its kernels then: 0.7 s a program "
               "instead of 0.13 s cold, to save 0.03 s warm; its own cache keeps what it compiled"},
    {.platform = "rusticl",
     .version = "22.",
     .effect = QN_QUIRK_SLOW_LAUNCH,
     .what = "takes about 350 microseconds a launch",
     .reason = "measured on rusticl of Mesa 22.3 with llvmpipe, whatever the kernel",
     .advice = "Take a newer Mesa, or larger batches: they need fewer launches."},
    {.platform = "rusticl",
     .version = "22.",
     .effect = QN_QUIRK_NO_BINARIES,
     .what = "aborts the process on a binary that it does not know",
     .reason = "clCreateProgramWithBinary of Mesa 22.3 panics ('unknown version', program.rs); and "
               "it compiles in 10 ms, the work being done at the first launch"},
    {.platform = "rusticl",
     .version = "22.",
     .effect = QN_QUIRK_NO_EVENT_TIMES,
     .what = "gives event times of a few nanoseconds since nowhere",
     .reason = "seen with Mesa 22.3: every command began at 2 ns and ended at 3 ns",
     .advice = "Take a newer Mesa to have times in profiles."},
    {.platform = "rusticl",
     .version = "22.",
     .effect = QN_QUIRK_FINISH_NEEDS_MARK,
     .what = "does not wait in clFinish for commands that were flushed before",
     .reason = "seen with Mesa 22.3: a read, clFlush, clFinish, and the data was not there; a "
               "marker before clFinish makes it wait"},
    {.platform = "rusticl",
     .device = "llvmpipe",
     .effect = QN_QUIRK_LOOP_LIMIT,
     .what = "ends every loop of a work-item after 65535 iterations in all",
     .reason =
         "gallivm's loop limiter (LP_MAX_TGSI_LOOP_ITERATIONS), seen with Mesa 22.3: a sum of "
         "200000 ones is 65535; a product's tile of the CPU flavour needs more"},
    {.platform = "Clover",
     .effect = QN_QUIRK_SKIP,
     .what = "Clover has OpenCL 1.1 only: use rusticl (RUSTICL_ENABLE)",
     .reason = "Mesa replaced it by rusticl; what it states of 1.2 is incomplete"},
    {.platform = "Oclgrind",
     .effect = QN_QUIRK_SKIP | QN_QUIRK_SIMULATOR,
     .what = "a simulator for finding faults in kernels, thousands of times slower than a device",
     .reason = "interprets LLVM IR and states to be CPU, GPU and accelerator at once"},
    {.platform = "Oclgrind",
     .effect = QN_QUIRK_WHOLE_WRITES,
     .what = "takes a buffer that was filled, or written or copied to in part, for uninitialised",
     .reason = "Oclgrind 21.10 with --uninitialized: fills mark nothing, and a write or copy to a "
               "part loses the marks of the rest; only a write of the whole is seen"},
    {.platform = "Intel",
     .effect = QN_QUIRK_CLBLAST_GEMMK0,
     .what = "CLBlast's own tuning for it may select a wrong kernel",
     .reason = "CLBlast 1.5.3's GEMMK=1 kernel is wrong for MWG != NWG, and its database has such "
               "sets for some Intel GPUs and CPUs: override Xgemm with a GEMMK=0 set"},
    {.device = "Intel",
     .effect = QN_QUIRK_CLBLAST_GEMMK0,
     .what = "CLBlast's own tuning for it may select a wrong kernel",
     .reason = "CLBlast 1.5.3's GEMMK=1 kernel is wrong for MWG != NWG, and its database has such "
               "sets for some Intel GPUs and CPUs: override Xgemm with a GEMMK=0 set"},
    {0}};

/* The driver's own major version: the number after "PoCL ", or the first of the text. */
static int major_version(const char *version)
{
    const char *own = strstr(version, "PoCL ");

    version = own ? own + 5 : version;
    while (*version && !isdigit((unsigned char)*version))
        version++;
    return atoi(version);
}

static bool fits(const qn_quirk_row *row, const char *platform, const char *version,
                 const char *device)
{
    return (!row->platform || qn_contains_nocase(platform, row->platform)) &&
           (!row->version || qn_contains_nocase(version, row->version)) &&
           (!row->device || qn_contains_nocase(device, row->device)) &&
           (!row->below_major || major_version(version) < row->below_major);
}

const char *qn_device_list_quirk(const qn_device_list *list, int device, int index,
                                 const char **advice)
{
    if (!list || device < 0 || device >= list->count || index < 0)
        return NULL;
    const qn_device_entry *entry = &list->entry[device];
    const char *platform = entry->info.platform_name, *name = entry->info.name;

    for (const qn_quirk_row *row = qn_quirk_table; row->what; row++) {
        if (!fits(row, platform, entry->platform_version, name) &&
            !fits(row, platform, entry->info.driver, name))
            continue;
        if (index-- == 0) {
            if (advice)
                *advice = row->advice;
            return row->what;
        }
    }
    return NULL;
}

unsigned qn_quirks_of(const char *platform, const char *version, const char *device,
                      const char **skip)
{
    unsigned effects = 0;

    for (const qn_quirk_row *row = qn_quirk_table; row->what; row++) {
        if (!fits(row, platform, version, device))
            continue;
        if (row->effect & ~effects & QN_QUIRK_SKIP)
            *skip = row->what;
        effects |= row->effect;
    }
    return effects;
}

bool qn_device_quirk(const qn_device *device, qn_quirk quirk)
{
    return (device->quirks & (unsigned)quirk) != 0;
}

const char *qn_quirk_no_device(const char *platform)
{
    if (qn_contains_nocase(platform, "rusticl"))
        return "rusticl enables no driver by itself: set RUSTICL_ENABLE (iris, radeonsi, nouveau, "
               "llvmpipe)";
    if (qn_contains_nocase(platform, "Clover"))
        return "Clover found no GPU that it knows";
    if (qn_contains_nocase(platform, "Portable Computing Language"))
        return "PoCL's devices come from POCL_DEVICES: unset it, or name devices that it has";
    return NULL;
}
