/* SPDX-License-Identifier: Apache-2.0 */
/* Losses by name. */
#include "nn/loss.h"

static const qn_loss_params defaults = {.spec = {.size = sizeof(qn_loss_params)}};

static const qn_field smoothing[] = {
    {.name = "label_smoothing",
     .kind = QN_FIELD_DOUBLE,
     .offset = offsetof(qn_loss_params, label_smoothing),
     .minimum = 0,
     .maximum = 1},
};

#define LOSS(text, class, short_name, ...)                                                         \
    {                                                                                              \
        .schema = {                                                                                \
            .type = class,                                                                         \
            .name = text,                                                                          \
            .alias = short_name,                                                                   \
            .defaults = &defaults,                                                                 \
            .size = sizeof defaults,                                                               \
            __VA_ARGS__                                                                            \
        }
#define SMOOTHED                                                                                   \
    .fields = smoothing, .field_count = QN_COUNT(smoothing)                                        \
    }
#define PLAIN                                                                                      \
    .field_count = 0                                                                               \
    }

static const qn_loss_type types[] = {
    LOSS("categorical_crossentropy", "CategoricalCrossentropy", NULL, SMOOTHED,
         .kind = QN_LOSS_CATEGORICAL),
    LOSS("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", NULL, PLAIN,
         .kind = QN_LOSS_SPARSE, .sparse = true),
    LOSS("binary_crossentropy", "BinaryCrossentropy", "bce", SMOOTHED, .kind = QN_LOSS_BINARY),
    LOSS("mean_squared_error", "MeanSquaredError", "mse", PLAIN, .kind = QN_LOSS_SQUARED),
    LOSS("mean_absolute_error", "MeanAbsoluteError", "mae", PLAIN, .kind = QN_LOSS_ABSOLUTE),
};

static const qn_schema *schema(int index)
{
    return index < QN_COUNT(types) ? &types[index].schema : NULL;
}

const qn_kind qn_kind_loss = {.name = "loss", .plural = "losses", .schema = schema};

/* Keras: y (1 - s) + s / classes; for binary targets s / 2. */
static qn_value *smooth(const qn_loss_type *type, double part, qn_value *y_true)
{
    int64_t classes = type->kind == QN_LOSS_BINARY ? 2 : y_true->shape.dim[y_true->shape.rank - 1];
    return qn_ops_affine(y_true, 1 - part, part / (double)classes);
}

qn_value *qn_loss_rows(const qn_part *loss, qn_value *y_true, qn_value *y_pred)
{
    const qn_loss_type *type = (const qn_loss_type *)loss->schema;
    const qn_loss_params *params = loss->params;
    if (y_true != NULL && params->label_smoothing > 0)
        y_true = smooth(type, params->label_smoothing, y_true);
    return qn_op_loss(type->kind, y_true, y_pred);
}
