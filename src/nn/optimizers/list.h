/* SPDX-License-Identifier: Apache-2.0 */
/* The constants that list.c lists. */
#ifndef NN_OPTIMIZERS_LIST_H
#define NN_OPTIMIZERS_LIST_H

#include "nn/optimizer.h"
#include <quern/optimizers.h>

extern const qn_optimizer_type qn_optimizer_sgd;
extern const qn_optimizer_type qn_optimizer_adam;

#endif
