/* SPDX-License-Identifier: Apache-2.0 */
/* quern bench: the list of what it measures. */
#include "bench.h"
#include "model_options.h"

static const subcommand *const parts[] = {&bench_device, &bench_gemm, &bench_train, NULL};
static const char *const whats[] = {"device", "gemm", "train", NULL};
static const option operand = {
    "WHAT",
    OPTION_TEXT,
    offsetof(arguments, operand),
    NULL,
    NULL,
    "device: multiply-adds, memory, launches, transfers; gemm: matrix products, beside CLBlast; "
    "train: epochs of a model; each has options of its own (quern bench WHAT --help)",
    .required = true,
    .choice = whats};

/* Those that all of them take. */
static const option options[] = {
    DEVICE_OPTION,
    JSON_OPTION,
    {NULL},
};

const subcommand command_bench = {.name = "bench",
                                  .summary = "Measures a device, its matrix products, or training.",
                                  .options = options,
                                  .example = "quern bench device --device cpu",
                                  .operand = &operand,
                                  .parts = parts};
