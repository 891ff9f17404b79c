/* SPDX-License-Identifier: Apache-2.0 */
/* All of a model but its tensors, as JSON text. */
#ifndef IO_MODEL_JSON_H
#define IO_MODEL_JSON_H

#include "nn/model.h"

/* *text is to be freed with qn_free. */
qn_status qn_model_to_json(qn_model *model, char **text);
/* The built model's layers as Keras's to_json lays them out: name, class, config, shapes; parts of
 * a layer stay in their text form. For readers of its structure; *text is to be freed. */
qn_status qn_model_to_keras_json(const qn_model *model, char **text);
/* Adds the layers to an empty model, builds it with values from `weights`, compiles it if it was,
 * and takes over where training stands, with values from `state` (io/model_tensors.h has the
 * names). A text that is not what qn_model_to_json writes is QN_ERROR_DATA or QN_ERROR_USAGE. */
qn_status qn_model_from_json(qn_model *model, const char *text, const qn_value_source *weights,
                             const qn_value_source *state);

#endif
