/* SPDX-License-Identifier: Apache-2.0 */
/* Ending at a loss that is not finite: what fit does in any case. */
#include "train/callbacks/list.h"

static const qn_terminate_on_nan_params defaults = {.spec = {sizeof defaults, "TerminateOnNaN"}};

const qn_callback_type qn_callback_terminate_on_nan = {
    .schema = {.type = "TerminateOnNaN",
               .name = "terminate_on_nan",
               .defaults = &defaults,
               .size = sizeof defaults},
};
