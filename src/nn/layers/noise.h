/* SPDX-License-Identifier: Apache-2.0 */
/* What the layers of random numbers share: their seeds. */
#ifndef NN_LAYERS_NOISE_H
#define NN_LAYERS_NOISE_H

#include "nn/layer.h"

/* A seed of the layer's own replaces the model's; the stream is still the layer's. */
static inline qn_random_key qn_noise_key(const qn_call_step *step, int64_t seed)
{
    qn_random_key key = step->key;
    if (seed >= 0)
        key.seed = (uint64_t)seed;
    return key;
}

#endif
