/* SPDX-License-Identifier: Apache-2.0 */
/* File names with fields: "model-{epoch:02d}-{val_loss:.2f}.quern". */
#ifndef TRAIN_CALLBACKS_PATH_H
#define TRAIN_CALLBACKS_PATH_H

#include "base/env.h"

/* Fills the fields in as Python's str.format does: `epoch` (of which the file name shows one more)
 * and results by name; width, precision and the types d, e, f, g. A name that is neither is
 * QN_ERROR_USAGE, unless `open`: then it stands for 0. *path is to be freed with qn_free. */
qn_status qn_path_fill(qn_env *env, const char *pattern, int64_t epoch, const qn_logs *results,
                       bool open, char **path);

#endif
