/* SPDX-License-Identifier: Apache-2.0 */
/* Do the arrays fit the model? Asked before the first launch, answered with both shapes. */
#include "data/convert.h"
#include "nn/model.h"

#include <inttypes.h>

/* Has data, a type, and samples. */
static qn_status check_array(qn_env *env, const char *name, const qn_array *array)
{
    char text[192];
    if (array->data == NULL)
        return qn_fail(env, QN_ERROR_USAGE,
                       "no %s was given: write it as qn_f32(pointer, samples, ...)", name);
    QN_TRY(qn_array_check(env, array, name));
    for (int i = 0; i < array->rank; i++)
        if (array->shape[i] == 0)
            return qn_fail(env, QN_ERROR_USAGE, "%s has the shape %s: it holds nothing", name,
                           qn_shape_text(array->rank, array->shape, text, sizeof text));
    return QN_OK;
}

/* Samples of `shape`; a last dimension of one may be there or not, as Keras takes it. */
static bool fits(const qn_array *array, const qn_shape *shape)
{
    int rank = shape->rank;
    if (array->rank == rank + 1 && array->shape[rank] != 1)
        return false;
    if (array->rank == rank - 1 && shape->dim[rank - 1] != 1)
        return false;
    if (array->rank > rank + 1 || array->rank < rank - 1)
        return false;
    for (int i = 1; i < rank && i < array->rank; i++)
        if (array->shape[i] != shape->dim[i])
            return false;
    return true;
}

qn_status qn_model_check_x(qn_model *model, const qn_array *x)
{
    char given[192], wanted[192];
    QN_TRY(check_array(model->env, "x", x));
    if (fits(x, &model->input_shape))
        return QN_OK;
    return qn_fail(model->env, QN_ERROR_USAGE,
                   "x has the shape %s, but the model takes %s (None: any number of samples)",
                   qn_shape_text(x->rank, x->shape, given, sizeof given),
                   qn_shape_print(&model->input_shape, wanted, sizeof wanted));
}

static qn_shape target_shape(const qn_model *model)
{
    qn_shape shape = model->output_shape;
    if (qn_model_loss_type(model)->sparse)
        shape.rank--;
    return shape;
}

qn_dtype qn_model_target_dtype(const qn_model *model)
{
    return qn_model_loss_type(model)->sparse ? QN_I32 : QN_F32;
}

int64_t qn_model_target_columns(const qn_model *model)
{
    qn_shape shape = target_shape(model);
    return qn_shape_count(&shape, 1);
}

/* What the shape of a wrong y suggests to do. */
static const char *advice(const qn_model *model, const qn_array *y)
{
    qn_shape labels = model->output_shape;
    labels.rank--;
    if (qn_model_loss_type(model)->sparse && fits(y, &model->output_shape))
        return "; these look like one-hot rows: use the loss 'categorical_crossentropy'";
    if (qn_model_loss_type(model)->kind == QN_LOSS_CATEGORICAL && fits(y, &labels))
        return "; these look like integer labels: use the loss "
               "'sparse_categorical_crossentropy', or make one-hot rows with qn_one_hot";
    return "";
}

static qn_status check_labels(qn_model *model, const qn_array *y)
{
    int64_t classes = model->output_shape.dim[model->output_shape.rank - 1];
    int64_t columns = qn_model_target_columns(model);
    if (!qn_dtype_is_integer(y->dtype))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "y is %s, but the loss '%s' takes integer labels: give them as qn_i32(...)",
                       qn_dtype_name(y->dtype), qn_model_loss_type(model)->schema.name);
    for (int64_t i = 0; i < y->shape[0] * columns; i++) {
        int64_t label = qn_array_integer(y, i);
        if (label < 0 || label >= classes)
            return qn_fail(model->env, QN_ERROR_DATA,
                           "y: row %" PRId64 " has the label %" PRId64
                           ", but the model has %" PRId64 " classes, 0 to %" PRId64,
                           i / columns, label, classes, classes - 1);
    }
    return QN_OK;
}

qn_status qn_model_check_y(qn_model *model, const qn_array *x, const qn_array *y)
{
    char given[192], wanted[192], output[192];
    if (model->loss.schema == NULL)
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "the model is not compiled: call qn_compile with an optimizer and a loss");
    QN_TRY(check_array(model->env, "y", y));
    qn_shape target = target_shape(model);
    if (!fits(y, &target))
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "y has the shape %s, but the loss '%s' of an output %s takes %s%s",
                       qn_shape_text(y->rank, y->shape, given, sizeof given),
                       qn_model_loss_type(model)->schema.name,
                       qn_shape_print(&model->output_shape, output, sizeof output),
                       qn_shape_print(&target, wanted, sizeof wanted), advice(model, y));
    if (x->shape[0] != y->shape[0])
        return qn_fail(model->env, QN_ERROR_USAGE,
                       "x and y have different numbers of samples: x has the shape %s, y has %s",
                       qn_shape_text(x->rank, x->shape, given, sizeof given),
                       qn_shape_text(y->rank, y->shape, wanted, sizeof wanted));
    return qn_model_loss_type(model)->sparse ? check_labels(model, y) : QN_OK;
}
