/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars, histograms and descriptions of models, in the form of TensorFlow 2's summaries: tensors
 * with the name of the page that shows them. */
#include "io/event_record.h"
#include "io/histogram.h"

/* `content` is the plugin's own; pages for scalars and histograms want none. */
static qn_status add_summary(qn_event_file *file, const char *tag, int64_t step, const char *plugin,
                             const char *content, QnTb__Tensor *tensor)
{
    QnTb__PluginData data = QN_TB__PLUGIN_DATA__INIT;
    QnTb__SummaryMetadata metadata = QN_TB__SUMMARY_METADATA__INIT;
    QnTb__SummaryValue value = QN_TB__SUMMARY_VALUE__INIT, *values[] = {&value};
    QnTb__Summary summary = QN_TB__SUMMARY__INIT;
    QnTb__Event event = QN_TB__EVENT__INIT;
    data.plugin_name = (char *)plugin; /* packing changes nothing */
    data.content = (ProtobufCBinaryData){strlen(content), (uint8_t *)content};
    metadata.plugin_data = &data;
    value.tag = (char *)tag;
    value.metadata = &metadata;
    value.tensor = tensor;
    summary.n_value = 1;
    summary.value = values;
    event.step = step;
    event.what_case = QN_TB__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return qn_event_file_add(file, &event);
}

qn_status qn_event_file_scalar(qn_event_file *file, const char *tag, int64_t step, double value)
{
    QnTb__TensorShape shape = QN_TB__TENSOR_SHAPE__INIT;
    QnTb__Tensor tensor = QN_TB__TENSOR__INIT;
    float number = (float)value;
    tensor.dtype = QN_TB__DATA_TYPE__DT_FLOAT;
    tensor.tensor_shape = &shape;
    tensor.n_float_val = 1;
    tensor.float_val = &number;
    return add_summary(file, tag, step, "scalars", "", &tensor);
}

qn_status qn_event_file_histogram(qn_event_file *file, const char *tag, int64_t step,
                                  const float *values, size_t count)
{
    QnTb__Dim rows = QN_TB__DIM__INIT, columns = QN_TB__DIM__INIT, *dims[] = {&rows, &columns};
    QnTb__TensorShape shape = QN_TB__TENSOR_SHAPE__INIT;
    QnTb__Tensor tensor = QN_TB__TENSOR__INIT;
    qn_bucket bucket[QN_BUCKETS];
    double number[QN_BUCKETS * 3];
    qn_histogram(values, count, bucket);
    for (int i = 0; i < QN_BUCKETS; i++) {
        number[3 * i] = bucket[i].left;
        number[3 * i + 1] = bucket[i].right;
        number[3 * i + 2] = bucket[i].count;
    }
    rows.size = QN_BUCKETS;
    columns.size = 3;
    shape.n_dim = 2;
    shape.dim = dims;
    tensor.dtype = QN_TB__DATA_TYPE__DT_DOUBLE;
    tensor.tensor_shape = &shape;
    tensor.n_double_val = QN_BUCKETS * 3;
    tensor.double_val = number;
    return add_summary(file, tag, step, "histograms", "", &tensor);
}

qn_status qn_event_file_layers(qn_event_file *file, const char *tag, const char *json)
{
    QnTb__TensorShape shape = QN_TB__TENSOR_SHAPE__INIT;
    QnTb__Tensor tensor = QN_TB__TENSOR__INIT;
    ProtobufCBinaryData text = {strlen(json), (uint8_t *)json};
    tensor.dtype = QN_TB__DATA_TYPE__DT_STRING;
    tensor.tensor_shape = &shape;
    tensor.n_string_val = 1;
    tensor.string_val = &text;
    return add_summary(file, tag, 0, "graph_keras_model", "1", &tensor);
}
