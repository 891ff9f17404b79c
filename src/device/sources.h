/* SPDX-License-Identifier: Apache-2.0 */
/* Files within the library, embedded by cl/embed.py. */
#ifndef DEVICE_SOURCES_H
#define DEVICE_SOURCES_H

#include <stddef.h>

typedef struct qn_source {
    const char *name; /* "gemm_cpu.cl", "lib/philox.h" */
    const char *text;
    size_t length;
} qn_source;

/* The kernels of cl/. Ended by a NULL name, as all such tables are. */
extern const qn_source qn_sources[];

#endif
