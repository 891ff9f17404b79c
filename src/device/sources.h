/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of cl/, embedded by cl/embed.py. */
#ifndef DEVICE_SOURCES_H
#define DEVICE_SOURCES_H

#include <stddef.h>

typedef struct qn_source {
    const char *name; /* "gemm_cpu.cl", "lib/philox.h" */
    const char *text;
    size_t length;
} qn_source;

/* Ended by a NULL name. */
extern const qn_source qn_sources[];

#endif
