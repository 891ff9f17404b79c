/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout (Srivastava et al. 2014), AlphaDropout (Klambauer et al. 2017) and GaussianDropout: three
 * layers of one kind, which do nothing but in training. */
#include "nn/layers/list.h"
#include "nn/layers/noise.h"

#define MEMBER(member) .name = #member, .offset = offsetof(qn_dropout_params, member)

static const qn_field fields[] = {
    {MEMBER(rate), .kind = QN_FIELD_DOUBLE, .positional = true, .required = true, .minimum = 0,
     .maximum = 1, .open_maximum = true},
    {MEMBER(seed), .kind = QN_FIELD_INT, .positional = true, .minimum = -1,
     .maximum = QN_MOST_SEED},
    {MEMBER(name), .kind = QN_FIELD_TEXT},
};

/* The constant qn_layer_<kind>, whose op is qn_op_<kind>. */
#define DROPOUT(kind, class)                                                                       \
    static const qn_dropout_params kind##_defaults = {.spec = {sizeof(qn_dropout_params), class},  \
                                                      QN_DROPOUT_DEFAULTS(QN_DEFAULT_)};           \
    static qn_value *call_##kind(qn_call_step *step, qn_value *x)                                  \
    {                                                                                              \
        const qn_dropout_params *p = step->layer->params;                                          \
        return step->training ? qn_op_##kind(x, qn_noise_key(step, p->seed), p->rate) : x;         \
    }                                                                                              \
    const qn_layer_type qn_layer_##kind = {                                                        \
        .schema = {.type = class,                                                                  \
                   .name = #kind,                                                                  \
                   .defaults = &kind##_defaults,                                                   \
                   .size = sizeof kind##_defaults,                                                 \
                   .fields = fields,                                                               \
                   .field_count = QN_COUNT(fields)},                                               \
        .build = qn_build_same_shape,                                                              \
        .call = call_##kind,                                                                       \
        .name = offsetof(qn_dropout_params, name),                                                 \
    };

DROPOUT(dropout, "Dropout")
DROPOUT(alpha_dropout, "AlphaDropout")
DROPOUT(gaussian_dropout, "GaussianDropout")
