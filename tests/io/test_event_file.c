/* SPDX-License-Identifier: Apache-2.0 */
/* Event files: framing, messages, names; disks that are full, files that go away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event_reader.h"
#include "failing_allocator.h"
#include "io/event_file.h"
#include "io/histogram.h"
#include "scratch_folder.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static qn_env env;

#define must(call)                                                                                 \
    do {                                                                                           \
        if ((call) != QN_OK)                                                                       \
            fail_msg("%s: %s", #call, env.message);                                                \
    } while (0)

static const char *make_folder(const char *name)
{
    const char *path = scratch_path(name);
    must(qn_make_folders(&env, path));
    return path;
}

static const float weights[] = {-1, -0.5f, 0.25f, 2};

static void write_some(qn_event_file *file)
{
    must(qn_event_file_scalar(file, "epoch_loss", 3, 0.1));
    must(qn_event_file_histogram(file, "dense/kernel", 4, weights, 4));
    must(qn_event_file_layers(file, "keras", "{\"class_name\": \"Sequential\"}"));
}

static void assert_plugin(const QnTb__SummaryValue *value, const char *tag, const char *name,
                          const char *content)
{
    const QnTb__PluginData *data = value->metadata->plugin_data;
    assert_string_equal(value->tag, tag);
    assert_string_equal(data->plugin_name, name);
    assert_int_equal(data->content.len, strlen(content));
    assert_memory_equal(data->content.data, content, strlen(content));
}

static void assert_histogram(const QnTb__SummaryValue *value)
{
    qn_bucket bucket[QN_BUCKETS];
    qn_histogram(weights, 4, bucket);
    assert_int_equal(value->tensor->dtype, QN_TB__DATA_TYPE__DT_DOUBLE);
    assert_int_equal(value->tensor->tensor_shape->n_dim, 2);
    assert_int_equal(value->tensor->tensor_shape->dim[0]->size, QN_BUCKETS);
    assert_int_equal(value->tensor->tensor_shape->dim[1]->size, 3);
    assert_int_equal(value->tensor->n_double_val, QN_BUCKETS * 3);
    assert_memory_equal(value->tensor->double_val, bucket, sizeof bucket);
}

static void writes_records(void **state)
{
    const char *folder = make_folder("records");
    time_t before = time(NULL);
    qn_event_file *file;
    event_list list = {.count = 0};
    (void)state;
    must(qn_event_file_create(&env, folder, &file));
    assert_int_equal(read_folder(&env, folder, &list), 1); /* the version is there at once */
    assert_int_equal(list.count, 1);
    free_events(&list);
    write_some(file);
    must(qn_event_file_flush(file));
    must(qn_event_file_scalar(file, "last", -1, NAN)); /* close flushes */
    must(qn_event_file_close(&file));
    assert_null(file);
    read_folder(&env, folder, &list);
    assert_int_equal(list.count, 5);
    assert_int_equal(list.event[0]->what_case, QN_TB__EVENT__WHAT_FILE_VERSION);
    assert_string_equal(list.event[0]->file_version, "brain.Event:2");
    for (int i = 0; i < list.count; i++)
        assert_true(list.event[i]->wall_time >= (double)before &&
                    list.event[i]->wall_time <= (double)before + 600);
    const QnTb__SummaryValue *scalar = value_of(list.event[1]);
    assert_plugin(scalar, "epoch_loss", "scalars", "");
    assert_int_equal(list.event[1]->step, 3);
    assert_int_equal(scalar->tensor->dtype, QN_TB__DATA_TYPE__DT_FLOAT);
    assert_int_equal(scalar->tensor->tensor_shape->n_dim, 0);
    assert_true(scalar->tensor->n_float_val == 1 && scalar->tensor->float_val[0] == 0.1f);
    assert_plugin(value_of(list.event[2]), "dense/kernel", "histograms", "");
    assert_int_equal(list.event[2]->step, 4);
    assert_histogram(value_of(list.event[2]));
    assert_plugin(value_of(list.event[3]), "keras", "graph_keras_model", "1");
    assert_int_equal(value_of(list.event[3])->tensor->string_val[0].len, 28);
    assert_int_equal(list.event[4]->step, -1);
    assert_true(isnan(value_of(list.event[4])->tensor->float_val[0]));
    free_events(&list);
}

/* What the reader of these tests expects is what TensorFlow writes: its record of five letters. */
static void reads_as_tensorflow_frames(void **state)
{
    static const unsigned char record[] = {5,    0,   0,   0,   0,   0,   0,    0,    0xea, 0xb2, 4,
                                           0x3e, 'q', 'u', 'e', 'r', 'n', 0x20, 0x35, 0xdc, 0x28};
    (void)state;
    assert_checksum(record + 8, record, 8);
    assert_checksum(record + 17, record + 12, 5);
}

static void never_replaces_a_file(void **state)
{
    const char *folder = make_folder("many");
    qn_event_file *file[5];
    (void)state;
    for (int i = 0; i < 5; i++)
        must(qn_event_file_create(&env, folder, &file[i]));
    assert_int_equal(folder_count(folder), 5);
    for (int i = 0; i < 5; i++)
        must(qn_event_file_close(&file[i]));
}

static void says_what_it_cannot_create(void **state)
{
    qn_event_file *file;
    (void)state;
    assert_int_equal(qn_event_file_create(&env, scratch_path("nowhere"), &file), QN_ERROR_IO);
    assert_null(file);
    assert_non_null(strstr(env.message, "nowhere/events.out.tfevents."));
    assert_non_null(strstr(env.message, "No such file"));
}

/* The system refuses more bytes, as a full disk does. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void survives_a_full_disk(void **state)
{
    qn_event_file *file;
    qn_status status = QN_OK;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    must(qn_event_file_create(&env, make_folder("full"), &file));
    limit_files(20000);
    for (int i = 0; i < 10000 && status == QN_OK; i++)
        status = qn_event_file_scalar(file, "loss", i, i);
    assert_int_equal(status, QN_ERROR_IO);
    assert_non_null(strstr(env.message, "could not write"));
    assert_non_null(strstr(env.message, "full/events.out.tfevents."));
    assert_non_null(strstr(env.message, strerror(EFBIG)));
    assert_int_equal(qn_event_file_scalar(file, "loss", 0, 0), QN_ERROR_IO);
    assert_int_equal(qn_event_file_flush(file), QN_ERROR_IO);
    assert_int_equal(qn_event_file_close(&file), QN_ERROR_IO);
    assert_null(file);
    /* The last bytes may be those that do not fit. */
    must(qn_event_file_create(&env, make_folder("full"), &file));
    must(qn_event_file_scalar(file, "loss", 0, 0));
    limit_files(80);
    assert_int_equal(qn_event_file_close(&file), QN_ERROR_IO);
    limit_files(RLIM_INFINITY);
}

static void notices_that_its_file_is_gone(void **state)
{
    const char *folder = make_folder("gone");
    qn_event_file *file;
    (void)state;
    must(qn_event_file_create(&env, folder, &file));
    must(qn_event_file_scalar(file, "loss", 0, 0));
    folder_remove(folder);
    assert_int_equal(qn_event_file_flush(file), QN_ERROR_IO);
    assert_non_null(strstr(env.message, "was removed while it was written"));
    assert_int_equal(qn_event_file_close(&file), QN_ERROR_IO);
}

static qn_status write_all(qn_env *own, const char *folder)
{
    qn_event_file *file;
    QN_TRY(qn_event_file_create(own, folder, &file));
    qn_status status = qn_event_file_scalar(file, "loss", 0, 0);
    if (status == QN_OK)
        status = qn_event_file_histogram(file, "kernel", 0, weights, 4);
    if (status == QN_OK)
        status = qn_event_file_layers(file, "keras", "{}");
    qn_status closed = qn_event_file_close(&file);
    return status == QN_OK ? closed : status;
}

static void survives_failing_allocations(void **state)
{
    const char *folder = make_folder("memory");
    int needed = 1;
    (void)state;
    for (int n = 0; n <= needed; n++) { /* 0: none fails, to count them */
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_env own;
        qn_env_init(&own, &allocator);
        assert_int_equal(write_all(&own, folder), n == 0 ? QN_OK : QN_ERROR_MEMORY);
        assert_int_equal(failing.live, 0);
        if (n == 0)
            needed = failing.count;
    }
    assert_true(needed >= 5);
}

static int setup(void **state)
{
    (void)state;
    qn_env_init(&env, NULL);
    return scratch_make();
}

static int teardown(void **state)
{
    (void)state;
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_records),
        cmocka_unit_test(reads_as_tensorflow_frames),
        cmocka_unit_test(never_replaces_a_file),
        cmocka_unit_test(says_what_it_cannot_create),
        cmocka_unit_test(survives_a_full_disk),
        cmocka_unit_test(notices_that_its_file_is_gone),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
