/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Everything but quern/opencl.h and quern/unstable.h. */
#ifndef QUERN_QUERN_H
#define QUERN_QUERN_H

#include <quern/callbacks.h>
#include <quern/common.h>
#include <quern/context.h>
#include <quern/data.h>
#include <quern/device.h>
#include <quern/graph.h>
#include <quern/layers.h>
#include <quern/model.h>
#include <quern/optimizers.h>
#include <quern/profile.h>
#include <quern/version.h>

#endif
