/* SPDX-License-Identifier: Apache-2.0 */
/* What quern bench measures, each with its own options: a file each. */
#ifndef QUERN_BENCH_H
#define QUERN_BENCH_H

#include "options.h"

extern const subcommand bench_device, bench_gemm, bench_train;

#endif
