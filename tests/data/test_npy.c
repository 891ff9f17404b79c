/* SPDX-License-Identifier: Apache-2.0 */
/* .npy files: what NumPy writes, what it would not, round trips, seeded mutations. */
#include "base/util.h"
#include "data/dataset.h"
#include "device/context.h"
#include "failing_allocator.h"
#include "scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static qn_context ctx;

static void assert_failed(qn_status status, qn_status expected, const char *piece)
{
    if (status != expected || !strstr(ctx.env.message, piece))
        fail_msg("%s: %s; expected %s: %s", qn_status_name(status), ctx.env.message,
                 qn_status_name(expected), piece);
}

static void put(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* A file of a version with this dictionary and `bytes` of data 0, 1, 2, ...; returns its length. */
static size_t make(unsigned char *file, int version, const char *dictionary, size_t bytes)
{
    size_t length = strlen(dictionary), at = version == 1 ? 10 : 12;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[7] = 0;
    for (size_t i = 8; i < at; i++)
        file[i] = (unsigned char)(length >> 8 * (i - 8));
    memcpy(file + at, dictionary, length);
    for (size_t i = 0; i < bytes; i++)
        file[at + length + i] = (unsigned char)i;
    return at + length + bytes;
}

static qn_status read_made(int version, const char *dictionary, size_t bytes, qn_loaded *loaded)
{
    unsigned char file[2048];
    const char *path = scratch_path("made.npy");
    put(path, file, make(file, version, dictionary, bytes));
    *loaded = (qn_loaded){.memory = NULL};
    qn_status status = qn_npy_read(&ctx.env, path, loaded);
    if (status != QN_OK)
        assert_null(loaded->memory);
    return status;
}

static void versions_and_types(void **state)
{
    static const struct {
        const char *descr;
        qn_dtype dtype;
    } types[] = {{"<f4", QN_F32}, {"|u1", QN_U8},  {"<i4", QN_I32}, {"|i1", QN_I8},
                 {"<u2", QN_U16}, {"<i2", QN_I16}, {"<u4", QN_U32}, {"<i8", QN_I64},
                 {"<f8", QN_F64}, {"|b1", QN_U8}};
    (void)state;
    for (int i = 0; i < QN_COUNT(types); i++) {
        char dictionary[128];
        qn_loaded loaded;
        size_t size = qn_dtype_size(types[i].dtype);
        /* an odd length, so that the data does not begin aligned */
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (3, 2), }%*s\n", types[i].descr,
                 i, "");
        if (read_made(1 + i % 3, dictionary, 6 * size, &loaded) != QN_OK)
            fail_msg("%s", ctx.env.message);
        assert_int_equal(loaded.array.dtype, types[i].dtype);
        assert_int_equal(loaded.array.rank, 2);
        assert_int_equal(loaded.array.shape[0] * 10 + loaded.array.shape[1], 32);
        assert_true(loaded.array.scale == 1.0f);
        assert_int_equal((uintptr_t)loaded.array.data % size, 0);
        for (size_t byte = 0; byte < 6 * size; byte++)
            assert_int_equal(((const unsigned char *)loaded.array.data)[byte], byte);
        qn_loaded_free(&ctx.env, &loaded);
    }
}

static void headers_of_other_shapes(void **state)
{
    qn_loaded loaded;
    (void)state;
    assert_int_equal(read_made(1, "{'shape':(5,),'fortran_order':True,'descr':'|u1'}", 5, &loaded),
                     QN_OK);
    assert_int_equal(loaded.array.rank, 1);
    qn_loaded_free(&ctx.env, &loaded);
    assert_int_equal(
        read_made(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 2L)}", 4, &loaded),
        QN_OK);
    qn_loaded_free(&ctx.env, &loaded);
    assert_int_equal(
        read_made(1, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, &loaded), QN_OK);
    assert_int_equal(loaded.array.rank, 0);
    qn_loaded_free(&ctx.env, &loaded);
}

static void bad_headers_are_refused(void **state)
{
    static const struct {
        const char *dictionary;
        size_t bytes;
        const char *message;
    } cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", 8,
         "'>f4' (big-endian); save it"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", 4, "'<f2'; save it with"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 4, "data type '|O'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8, "holds records"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}", 8, "Fortran order; save it"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 23,
         "truncated: expected 24 bytes of data for float32 (2, 3), found 23"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 25, "too long: expected 24"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "whole numbers in 'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,,)}", 4, "whole numbers in 'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", 4, "',' or ')' in 'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 3}", 4, "a tuple after 'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4,
         "more than 8 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9)}", 4,
         "whole numbers in 'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (922337203685477580, 9)}", 4,
         "impossibly large"},
        {"{'descr': '<f4', 'fortran_order': False}", 4, "each once"},
        {"{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", 4, "each once"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4, "True or False"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 4, "',' or '}'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, "nothing after '}'"},
        {"{'descr': '<f4", 4, "a data type"},
        {"", 4, "'{'"},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_loaded loaded;
        assert_failed(read_made(1, cases[i].dictionary, cases[i].bytes, &loaded), QN_ERROR_DATA,
                      cases[i].message);
        assert_non_null(strstr(ctx.env.message, "made.npy"));
    }
}

static void bad_files_are_refused(void **state)
{
    unsigned char file[256];
    qn_loaded loaded = {.memory = NULL};
    const char *path = scratch_path("bad.npy");
    const char *dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}";
    size_t bytes = make(file, 1, dictionary, 4);
    (void)state;
    assert_failed(qn_npy_read(&ctx.env, scratch_path("none.npy"), &loaded), QN_ERROR_IO,
                  "none.npy: No such file");
    for (size_t length = 0; length < bytes; length++) {
        put(path, file, length);
        assert_failed(qn_npy_read(&ctx.env, path, &loaded), QN_ERROR_DATA,
                      length < 6 ? "is no .npy file" : "truncated");
    }
    file[6] = 4;
    put(path, file, bytes);
    assert_failed(qn_npy_read(&ctx.env, path, &loaded), QN_ERROR_DATA, "version 4.0");
    put(path, "PK\3\4 archive", 12);
    assert_failed(qn_npy_read(&ctx.env, path, &loaded), QN_ERROR_DATA, "it is a .npz archive");
}

static void written_files_read_back(void **state)
{
    static const qn_dtype types[] = {QN_F32, QN_U8,  QN_I32, QN_I8, QN_U16,
                                     QN_I16, QN_U32, QN_I64, QN_F64};
    unsigned char bytes[60 * 8];
    const char *path = scratch_path("written.npy");
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    for (int i = 0; i < QN_COUNT(types); i++) {
        qn_array array = {bytes, types[i], 3, {3, 4, 5}, 0};
        qn_loaded loaded = {.memory = NULL};
        assert_int_equal(qn_npy_write(&ctx, path, array), QN_OK);
        if (qn_npy_read(&ctx.env, path, &loaded) != QN_OK)
            fail_msg("%s", ctx.env.message);
        assert_int_equal(loaded.array.dtype, types[i]);
        assert_int_equal(loaded.array.rank, 3);
        assert_memory_equal(loaded.array.shape, array.shape, sizeof array.shape);
        assert_memory_equal(loaded.array.data, bytes, 60 * qn_dtype_size(types[i]));
        assert_int_equal(((uintptr_t)loaded.array.data - (uintptr_t)loaded.memory) % 64, 0);
        qn_loaded_free(&ctx.env, &loaded);
    }
}

static void scaled_arrays_are_written_as_what_they_mean(void **state)
{
    uint8_t pixels[3] = {0, 51, 255};
    qn_array array = {pixels, QN_U8, 1, {3}, 1.0f / 255.0f};
    qn_loaded loaded = {.memory = NULL};
    (void)state;
    assert_int_equal(qn_npy_write(&ctx, scratch_path("scaled.npy"), array), QN_OK);
    assert_int_equal(qn_npy_read(&ctx.env, scratch_path("scaled.npy"), &loaded), QN_OK);
    assert_int_equal(loaded.array.dtype, QN_F32);
    for (int i = 0; i < 3; i++)
        assert_true(((const float *)loaded.array.data)[i] == (float)pixels[i] * (1.0f / 255.0f));
    qn_loaded_free(&ctx.env, &loaded);
    assert_failed(qn_npy_write(&ctx, scratch_path("no/folder.npy"), array), QN_ERROR_IO,
                  "no/folder");
    array.data = NULL;
    assert_failed(qn_npy_write(&ctx, scratch_path("null.npy"), array), QN_ERROR_USAGE, "no data");
}

static void datasets_of_arrays(void **state)
{
    float x[6] = {1, 2, 3, 4, 5, 6};
    int64_t y[3] = {0, 1, 0};
    char spec[2048];
    qn_dataset *dataset;
    qn_array a, b;
    (void)state;
    assert_int_equal(qn_npy_write(&ctx, scratch_path("x.npy"), qn_f32(x, 3, 2)), QN_OK);
    assert_int_equal(qn_npy_write(&ctx, scratch_path("y.npy"), qn_i64(y, 3)), QN_OK);
    assert_int_equal(qn_npy_write(&ctx, scratch_path("y2.npy"), qn_i64(y, 2)), QN_OK);
    assert_int_equal(qn_npy_write(&ctx, scratch_path("none.npy"), qn_f32(x, 0, 2)), QN_OK);

    snprintf(spec, sizeof spec, "npy:%s,%s", scratch_path("x.npy"), scratch_path("y.npy"));
    assert_int_equal(qn_dataset_open(&ctx, spec, &dataset), QN_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(qn_dataset_get(dataset, i ? "test" : "train", &a, &b), QN_OK);
        assert_memory_equal(a.data, x, sizeof x);
        assert_memory_equal(b.data, y, sizeof y);
        assert_true(a.scale == 1.0f);
    }
    qn_dataset_destroy(&dataset);

    snprintf(spec, sizeof spec, "npy:%s", scratch_path("x.npy"));
    assert_int_equal(qn_dataset_open(&ctx, spec, &dataset), QN_OK);
    assert_int_equal(qn_dataset_get(dataset, "train", &a, &b), QN_OK);
    assert_null(b.data);
    qn_dataset_destroy(&dataset);

    snprintf(spec, sizeof spec, "npy:%s,%s", scratch_path("x.npy"), scratch_path("y2.npy"));
    assert_failed(qn_dataset_open(&ctx, spec, &dataset), QN_ERROR_DATA,
                  "x.npy holds 3 samples, but");
    snprintf(spec, sizeof spec, "npy:%s", scratch_path("none.npy"));
    assert_failed(qn_dataset_open(&ctx, spec, &dataset), QN_ERROR_DATA,
                  "none.npy holds no samples");
    assert_failed(qn_dataset_open(&ctx, "npy:", &dataset), QN_ERROR_USAGE, "one or two files");
    assert_failed(qn_dataset_open(&ctx, "npy:a,b,c", &dataset), QN_ERROR_USAGE, "one or two files");
    assert_failed(qn_dataset_open(&ctx, "npy:a,", &dataset), QN_ERROR_USAGE, "one or two files");
    assert_null(dataset);
}

/* Seeded mutations of header and length: read whole, or refused by name. */
static void mutations_are_survived(void **state)
{
    static const char bytes_of_headers[] = "{}()',: 0123456789<>|uifL\x93\xff";
    unsigned char good[256], bad[256];
    const char *path = scratch_path("mutated.npy");
    size_t bytes =
        make(good, 1, "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 2), }\n", 12);
    int read = 0, refused = 0;
    (void)state;
    for (uint32_t round = 0; round < 5000; round++) {
        memcpy(bad, good, bytes);
        uint32_t changes = 1 + qn_random_word(6, 9, 0, round, 0) % 3;
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t word = qn_random_word(6, 9, 1, round, i);
            bad[word % bytes] =
                (unsigned char)bytes_of_headers[word / 1024 % (sizeof bytes_of_headers - 1)];
        }
        uint32_t cut = qn_random_word(6, 9, 2, round, 0);
        size_t length = cut % 8 == 0 ? cut / 8 % bytes : bytes;
        put(path, bad, length);
        qn_loaded loaded = {.memory = NULL};
        qn_status status = qn_npy_read(&ctx.env, path, &loaded);
        if (status == QN_OK) {
            size_t size = qn_dtype_size(loaded.array.dtype);
            for (int i = 0; i < loaded.array.rank; i++)
                size *= (size_t)loaded.array.shape[i];
            volatile unsigned char last = 0; /* the sanitizer sees a read beyond the file */
            if (size)
                last = ((const unsigned char *)loaded.array.data)[size - 1];
            (void)last;
            read++;
        } else {
            assert_failed(status, QN_ERROR_DATA, path);
            refused++;
        }
        qn_loaded_free(&ctx.env, &loaded);
    }
    assert_true(read > 100 && refused > 100);
}

static void every_failed_allocation_is_clean(void **state)
{
    float x[2] = {1, 2};
    char spec[2048];
    (void)state;
    assert_int_equal(qn_npy_write(&ctx, scratch_path("mx.npy"), qn_f32(x, 2)), QN_OK);
    snprintf(spec, sizeof spec, "npy:%s,%s", scratch_path("mx.npy"), scratch_path("mx.npy"));
    const char *out = scratch_path("mo.npy");
    for (int n = 1;; n++) {
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_context own = {.seed = 0};
        qn_env_init(&own.env, &allocator);
        qn_dataset *dataset;
        qn_status status = qn_dataset_open(&own, spec, &dataset);
        qn_dataset_destroy(&dataset);
        if (status == QN_OK)
            status = qn_npy_write(&own, out, qn_f32(x, 2));
        assert_int_equal(failing.live, 0);
        if (status == QN_OK) {
            assert_true(n > 8);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
        assert_int_equal(access(out, F_OK), -1);
    }
}

static int set_up(void **state)
{
    (void)state;
    qn_env_init(&ctx.env, NULL);
    return scratch_make();
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_and_types),
        cmocka_unit_test(headers_of_other_shapes),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(written_files_read_back),
        cmocka_unit_test(scaled_arrays_are_written_as_what_they_mean),
        cmocka_unit_test(datasets_of_arrays),
        cmocka_unit_test(mutations_are_survived),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
