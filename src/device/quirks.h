/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of drivers beyond what they say themselves: a table, each row with its reason. */
#ifndef DEVICE_QUIRKS_H
#define DEVICE_QUIRKS_H

#include "device/device.h"

typedef enum qn_quirk {
    QN_QUIRK_SKIP = 1 << 0,              /* left out of `auto` and `all` */
    QN_QUIRK_LOCAL_SIZE_BUILDS = 1 << 1, /* compiles anew for each local size */
    QN_QUIRK_SERIAL_BUILDS = 1 << 2,     /* compiles one program at a time in a process */
    QN_QUIRK_SLOW_LAUNCH = 1 << 3,       /* hundreds of microseconds a launch */
    QN_QUIRK_CLBLAST_GEMMK0 = 1 << 4,    /* CLBlast's Xgemm needs a GEMMK=0 parameter set */
    QN_QUIRK_SIMULATOR = 1 << 5,         /* executes kernels for their faults, not for speed */
    QN_QUIRK_WHOLE_WRITES = 1 << 6, /* memory counts as initialised only where a write was whole */
    QN_QUIRK_NO_BINARIES = 1 << 7,  /* compiled programs are not kept on disk */
    QN_QUIRK_NO_EVENT_TIMES = 1 << 8,    /* event times are not times */
    QN_QUIRK_FINISH_NEEDS_MARK = 1 << 9, /* clFinish waits only for what is not flushed yet */
    QN_QUIRK_LOOP_LIMIT = 1 << 10 /* a work-item stops after some thousand iterations: it takes the
                                     GPU flavour, whose work-items are many and short */
} qn_quirk;

typedef struct qn_quirk_row {
    /* Pieces, without case, of the platform's name, its version or the driver's, and the device's
     * name; NULL: any. */
    const char *platform, *version, *device;
    int below_major; /* platform's own version ("pocl 3.1") below this; 0: any */
    unsigned effect;
    const char *what;   /* one sentence; why a device is skipped, where the effect is that */
    const char *reason; /* how it is known */
    const char *advice; /* what the user can do, one sentence; NULL: Quern works around it */
} qn_quirk_row;

/* Ended by a row without `what`. */
extern const qn_quirk_row qn_quirk_table[];

/* Whether a quirk is known of an opened device. */
bool qn_device_quirk(const qn_device *device, qn_quirk quirk);

/* Effects of all rows that fit; *skip: the sentence of the first row that skips, else untouched. */
unsigned qn_quirks_of(const char *platform, const char *version, const char *device,
                      const char **skip);
/* What to do when a platform has no device, or NULL. */
const char *qn_quirk_no_device(const char *platform);

#endif
