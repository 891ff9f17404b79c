/* SPDX-License-Identifier: Apache-2.0 */
/* The callback that writes for TensorBoard: what is where, at which steps, and what goes wrong. */
#include "train/fixture.h"

#include "base/file.h"
#include "failing_allocator.h"
#include "io/event_reader.h"
#include "io/histogram.h"
#include "scratch_folder.h"

#define LAYERS "dense(4, sigmoid), batch_normalization, dense(3, softmax)"
#define LOSS "categorical_crossentropy"
#define KERNEL "sequential/dense/kernel/histogram"

static problem data;
static qn_context *ctx;
static event_list train, validation;

static qn_model *make(void)
{
    return model_make(ctx, LAYERS, "sgd(learning_rate=0.1)", LOSS);
}

static qn_array x_of(int64_t rows)
{
    return problem_x(&data, rows);
}

static qn_array y_of(int64_t rows)
{
    return problem_y(&data, rows);
}

/* Reads both folders of a run; returns how many files there are. */
static int read_run(const char *folder)
{
    char path[600];
    int files;

    free_events(&train);
    free_events(&validation);
    snprintf(path, sizeof path, "%s/train", folder);
    files = read_folder(&ctx->env, path, &train);
    snprintf(path, sizeof path, "%s/validation", folder);
    return files + read_folder(&ctx->env, path, &validation);
}

/* The tag's value at a step. */
static const QnTb__Tensor *tensor_at(const event_list *list, const char *tag, int64_t step)
{
    for (int i = 0; i < list->count; i++) {
        const QnTb__SummaryValue *value = value_of(list->event[i]);

        if (value && strcmp(value->tag, tag) == 0 && list->event[i]->step == step)
            return value->tensor;
    }
    fail_msg("no %s at step %lld", tag, (long long)step);
    return NULL;
}

static void assert_scalar(const event_list *list, const char *tag, int64_t step, double value)
{
    assert_true(tensor_at(list, tag, step)->float_val[0] == (float)value);
}

/* ---- what is written ---- */

static void writes_what_the_history_has(void **in)
{
    const char *folder = scratch_path("plain");
    qn_model *model = make();

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(100), .y = y_of(100), .epochs = 3, .validation_split = 0.2,
                     .callback_specs =
                         (const qn_spec *const[]){qn_tensorboard(.log_dir = folder), NULL}));
    assert_int_equal(read_run(folder), 2);
    for (int e = 0; e < 3; e++) {
        static const char *const names[] = {"loss", "accuracy"};

        for (int i = 0; i < 2; i++) {
            char tag[64], result[64];
            double value;

            snprintf(tag, sizeof tag, "epoch_%s", names[i]);
            assert_true(qn_history_get(model, names[i], e, &value));
            assert_scalar(&train, tag, e, value);
            snprintf(result, sizeof result, "val_%s", names[i]);
            assert_true(qn_history_get(model, result, e, &value));
            assert_scalar(&validation, tag, e, value);
            snprintf(tag, sizeof tag, "evaluation_%s_vs_iterations", names[i]);
            assert_scalar(&validation, tag, 3 * (e + 1), value); /* 80 rows are 3 batches */
        }
        assert_scalar(&train, "epoch_learning_rate", e, 0.1);
    }
    /* version, layers, graph, three results an epoch; version, two results twice */
    assert_int_equal(train.count, 3 + 3 * 3);
    assert_int_equal(validation.count, 1 + 3 * 4);
    qn_model_destroy(&model);
}

static void writes_no_validation_without_one(void **in)
{
    const char *folder = scratch_path("no-validation");
    qn_model *model = make();

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50),
                     .callback_specs = (const qn_spec *const[]){
                         qn_tensorboard(.log_dir = folder, .write_graph = false,
                                        .write_steps_per_second = true),
                         NULL}));
    assert_int_equal(folder_count(folder), 1);
    assert_int_equal(read_run(folder), 1);
    assert_int_equal(train.count, 1 + 4);
    assert_true(tensor_at(&train, "epoch_steps_per_second", 0)->float_val[0] > 0);
    qn_model_destroy(&model);
}

static void writes_histograms(void **in)
{
    const char *folder = scratch_path("histograms");
    static const char *const names[] = {"dense/kernel",
                                        "dense/bias",
                                        "batch_normalization/gamma",
                                        "batch_normalization/beta",
                                        "batch_normalization/moving_mean",
                                        "batch_normalization/moving_variance",
                                        "dense_1/kernel",
                                        "dense_1/bias"};
    qn_model *model = make();

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 5,
                     .callback_specs = (const qn_spec *const[]){
                         qn_tensorboard(.log_dir = folder, .histogram_freq = 2), NULL}));
    read_run(folder);
    for (int i = 0; i < QN_COUNT(names); i++) {
        float values[64];
        qn_bucket bucket[QN_BUCKETS];
        char tag[100];

        snprintf(tag, sizeof tag, "sequential/%s/histogram", names[i]);
        assert_string_equal(steps_of_tag(&train, tag), "0 2 4");
        must(ctx, qn_variable_read(qn_model_weight(model, i), values));
        qn_histogram(values, (size_t)qn_model_weight(model, i)->count, bucket);
        assert_memory_equal(tensor_at(&train, tag, 4)->double_val, bucket, sizeof bucket);
    }
    assert_int_equal(qn_weight_count(model), QN_COUNT(names));
    qn_model_destroy(&model);
}

/* ---- the graph ---- */

static const QnTb__Node *node_named(const QnTb__Graph *graph, const char *name)
{
    const QnTb__Node *found = NULL;

    for (size_t i = 0; i < graph->n_node; i++) {
        if (strcmp(graph->node[i]->name, name) != 0)
            continue;
        assert_null(found); /* names are of one node each */
        found = graph->node[i];
    }
    if (!found)
        fail_msg("no node %s", name);
    return found;
}

/* Every input names a node that is there. */
static void assert_whole(const QnTb__Graph *graph)
{
    for (size_t i = 0; i < graph->n_node; i++) {
        for (size_t j = 0; j < graph->node[i]->n_input; j++) {
            char name[200];

            snprintf(name, sizeof name, "%s", graph->node[i]->input[j]);
            name[strcspn(name, ":")] = '\0';
            node_named(graph, name);
        }
    }
}

static void assert_input(const QnTb__Node *node, const char *name)
{
    for (size_t i = 0; i < node->n_input; i++) {
        if (strcmp(node->input[i], name) == 0)
            return;
    }
    fail_msg("%s has no input %s", node->name, name);
}

static void assert_shape(const QnTb__Node *node, int64_t rows, int64_t columns)
{
    const QnTb__TensorShape *shape = node->attr[0]->value->list->shape[0];

    assert_string_equal(node->attr[0]->key, "_output_shapes");
    assert_int_equal(shape->n_dim, 2);
    assert_int_equal(shape->dim[0]->size, rows);
    assert_int_equal(shape->dim[1]->size, columns);
}

static const QnTb__Event *event_of(const event_list *list, int what)
{
    for (int i = 0; i < list->count; i++) {
        if ((int)list->event[i]->what_case == what)
            return list->event[i];
    }
    fail_msg("no event of kind %d", what);
    return NULL;
}

static void writes_the_graph(void **in)
{
    const char *folder = scratch_path("graph");
    qn_model *model = model_make(
        ctx, "dense(4, sigmoid, name=x), batch_normalization, dense(3, softmax)", "sgd", LOSS);
    const ProtobufCBinaryData *bytes;
    QnTb__Graph *graph;

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50),
                     .callback_specs =
                         (const qn_spec *const[]){qn_tensorboard(.log_dir = folder), NULL}));
    read_run(folder);
    bytes = &event_of(&train, QN_TB__EVENT__WHAT_GRAPH_DEF)->graph_def;
    graph = qn_tb__graph__unpack(NULL, bytes->len, bytes->data);
    assert_non_null(graph);
    assert_whole(graph);
    assert_string_equal(node_named(graph, "x/matmul")->op, "matmul");
    assert_string_equal(node_named(graph, "x/matmul")->input[1], "x/kernel");
    assert_string_equal(node_named(graph, "x/kernel")->op, "VariableV2");
    assert_shape(node_named(graph, "x/kernel"), FEATURES, 4);
    assert_shape(node_named(graph, "x/matmul"), -1, 4);
    assert_string_equal(node_named(graph, "dense/softmax")->device,
                        qn_context_device(ctx, 0)->selector);
    assert_string_equal(node_named(graph, "gradients/dense/softmax_grad")->op, "softmax_grad");
    node_named(graph, "gradients/x/matmul");
    node_named(graph, "x"); /* the data, beside the layer of that name */
    node_named(graph, "loss/loss");
    assert_input(node_named(graph, "optimizer/sgd"), "dense/bias");
    assert_input(node_named(graph, "optimizer/sgd"), "gradients/dense/column_sum");
    assert_input(node_named(graph, "batch_normalization/moving_average"),
                 "batch_normalization/moving_mean");
    qn_tb__graph__free_unpacked(graph, NULL);
    qn_model_destroy(&model);
}

static void writes_the_layers(void **in)
{
    const char *folder = scratch_path("layers");
    qn_model *model = make();
    const ProtobufCBinaryData *text;
    char *json;

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(50), .y = y_of(50),
                     .callback_specs =
                         (const qn_spec *const[]){qn_tensorboard(.log_dir = folder), NULL}));
    read_run(folder);
    text = &tensor_at(&train, "keras", 0)->string_val[0];
    json = strndup((const char *)text->data, text->len);
    assert_non_null(strstr(json, "\"class_name\":\"Sequential\""));
    assert_non_null(strstr(json, "\"name\":\"input_layer\",\"dtype\":\"float32\","
                                 "\"batch_shape\":[null,6]"));
    assert_non_null(strstr(json, "\"name\":\"batch_normalization\""));
    assert_non_null(strstr(json, "\"class_name\":\"Dense\",\"config\":{\"units\":3"));
    free(json);
    qn_model_destroy(&model);
}

/* ---- batches ---- */

static void writes_batches(void **in)
{
    static const struct {
        const char *frequency, *steps;
    } cases[] = {{"batch", "1 2 3 4 5 6 7 8"}, {"3", "3 6"}, {"epoch", ""}};

    (void)in;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        const char *folder = scratch_path(cases[i].frequency);
        qn_model *model = make();
        qn_run_stats stats = {.size = sizeof stats};
        double loss;

        must(ctx, qn_fit(model, .x = x_of(100), .y = y_of(100), .epochs = 2,
                         .callback_specs = (const qn_spec *const[]){
                             qn_tensorboard(.log_dir = folder, .update_freq = cases[i].frequency),
                             NULL}));
        read_run(folder);
        assert_string_equal(steps_of_tag(&train, "batch_loss"), cases[i].steps);
        assert_string_equal(steps_of_tag(&train, "batch_accuracy"), cases[i].steps);
        must(ctx, qn_model_stats(model, &stats));
        assert_int_equal(stats.chunks == 8, i < 2); /* one by one only when it is needed */
        assert_true(qn_history_get(model, "loss", 1, &loss));
        if (i == 0) /* the running mean at an epoch's last batch is the epoch's */
            assert_scalar(&train, "batch_loss", 8, loss);
        qn_model_destroy(&model);
    }
}

/* ---- going on ---- */

static void goes_on(void **in)
{
    const char *folder = scratch_path("on");
    const char *path = scratch_path("on.quern");
    char text[700];
    qn_model *model = make(), *loaded = NULL;

    (void)in;
    snprintf(text, sizeof text, "tensorboard(\"%s\", 1, update_freq=2)", folder);
    must(ctx, qn_fit(model, .x = x_of(100), .y = y_of(100), .epochs = 2, .validation_split = 0.2,
                     .callbacks = text));
    must(ctx, qn_save(model, path));
    must(ctx, qn_load(ctx, path, &loaded));
    must(ctx, qn_fit(loaded, .x = x_of(100), .y = y_of(100), .epochs = 4,
                     .initial_epoch = qn_model_epochs(loaded), .validation_split = 0.2,
                     .callbacks = text));
    assert_int_equal(read_run(folder), 4);
    assert_string_equal(steps_of_tag(&train, "epoch_loss"), "0 1 2 3");
    assert_string_equal(steps_of_tag(&train, KERNEL), "0 1 2 3");
    assert_string_equal(steps_of_tag(&train, "batch_loss"), "2 4 6 8 10 12");
    assert_string_equal(steps_of_tag(&validation, "evaluation_loss_vs_iterations"), "3 6 9 12");
    qn_model_destroy(&model);
    qn_model_destroy(&loaded);
}

static void evaluates(void **in)
{
    const char *folder = scratch_path("evaluated");
    qn_model *model = make();
    qn_logs logs;

    (void)in;
    must(ctx, qn_fit(model, .x = x_of(64), .y = y_of(64)));
    must(ctx, qn_evaluate(model, .x = x_of(50), .y = y_of(50), .logs = &logs,
                          .callback_specs =
                              (const qn_spec *const[]){qn_tensorboard(.log_dir = folder), NULL}));
    assert_int_equal(read_run(folder), 1);
    assert_scalar(&validation, "evaluation_loss_vs_iterations", 2, logs.item[0].value);
    qn_model_destroy(&model);
}

/* ---- what goes wrong ---- */

static void finds_what_it_cannot_write(void **in)
{
    const char *file = scratch_path("a-file");
    qn_model *model = make();
    uint64_t launches = qn_device_count_of(model->device)->launches;

    (void)in;
    must(ctx, qn_file_append(&ctx->env, file, "text", true));
    must_fail(
        ctx, QN_ERROR_IO, "a-file",
        qn_fit(model, .x = x_of(50), .y = y_of(50),
               .callback_specs = (const qn_spec *const[]){qn_tensorboard(.log_dir = file), NULL}));
    assert_non_null(strstr(qn_error(ctx), "fit: tensorboard: could not create the folder"));
    must_fail(ctx, QN_ERROR_IO, "fit: tensorboard: could not",
              qn_fit(model, .x = x_of(50), .y = y_of(50), .callbacks = "tensorboard(/proc/self)"));
    assert_int_equal(qn_device_count_of(model->device)->launches, launches);
    qn_model_destroy(&model);
}

static qn_status remove_folder(void *user, qn_model *model, int64_t epoch, qn_logs *logs)
{
    (void)model, (void)logs;
    if (epoch == 2)
        folder_remove(user);
    return QN_OK;
}

/* Shown at each epoch's end, so the epoch whose end cannot be written ends training. */
static void ends_when_its_folder_goes(void **in)
{
    char folder[512];
    qn_model *model = make();

    (void)in;
    snprintf(folder, sizeof folder, "%s", scratch_path("vanishing"));
    must_fail(ctx, QN_ERROR_IO, "vanishing/train/events.out.tfevents.",
              qn_fit(model, .x = x_of(50), .y = y_of(50), .epochs = 5,
                     .callback_specs = (const qn_spec *const[]){
                         qn_tensorboard(.log_dir = folder),
                         qn_callback(.on_epoch_begin = remove_folder, .user = folder), NULL}));
    assert_non_null(strstr(qn_error(ctx), "was removed while it was written"));
    assert_int_equal(qn_history_epochs(model), 2);
    qn_model_destroy(&model);
}

static void survives_failing_allocations(void **in)
{
    failing_allocator allocator = {0};
    qn_context *own = NULL;
    int allocations = 1, failures = 0;
    char text[600];

    (void)in;
    snprintf(text, sizeof text, "tensorboard(\"%s\", 1, update_freq=batch)",
             scratch_path("memory"));
    must(own, qn_context_create(&own, .seed = SEED, .allocator = failing_allocator_of(&allocator)));
    for (int n = 0; n <= allocations; n++) { /* 0: none, to count them */
        qn_model *model = model_make(own, LAYERS, "sgd", LOSS);
        qn_status status;

        must(own, qn_fit(model, .x = x_of(32), .y = y_of(32))); /* plans are there */
        allocator.count = 0;
        allocator.fail_at = n;
        status = qn_fit(model, .x = x_of(32), .y = y_of(32), .callbacks = text);
        allocator.fail_at = 0;
        if (n == 0)
            allocations = allocator.count;
        if (status != QN_OK && (n == 0 || status != QN_ERROR_MEMORY))
            fail_msg("%d of %d: %s: %s", n, allocations, qn_status_name(status), qn_error(own));
        failures += status != QN_OK;
        qn_model_destroy(&model);
    }
    assert_true(failures > allocations / 2);
    qn_context_destroy(&own);
    assert_int_equal(allocator.live, 0);
}

static int setup(void **in)
{
    (void)in;
    problem_make(&data);
    ctx = context_open();
    return scratch_make();
}

static int teardown(void **in)
{
    (void)in;
    free_events(&train);
    free_events(&validation);
    qn_context_destroy(&ctx);
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_the_history_has),
        cmocka_unit_test(writes_no_validation_without_one),
        cmocka_unit_test(writes_histograms),
        cmocka_unit_test(writes_the_graph),
        cmocka_unit_test(writes_the_layers),
        cmocka_unit_test(writes_batches),
        cmocka_unit_test(goes_on),
        cmocka_unit_test(evaluates),
        cmocka_unit_test(finds_what_it_cannot_write),
        cmocka_unit_test(ends_when_its_folder_goes),
        cmocka_unit_test(survives_failing_allocations),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
