/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: what is written is read; what is damaged is refused, with words, and never crashes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "base/util.h"
#include "io/safetensors.h"
#include "scratch_folder.h"

static qn_env env;

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

#define must(call)                                                                                 \
    do {                                                                                           \
        if ((call) != QN_OK)                                                                       \
            fail_msg("%s: %s", #call, env.message);                                                \
    } while (0)

/* Text after the length of a header, and bytes after that. */
static char *compose(const char *header, size_t data_bytes, size_t *size)
{
    size_t length = strlen(header);
    *size = 8 + length + data_bytes;
    char *bytes = qn_alloc(&env, *size);
    assert_non_null(bytes);
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (char)(length >> (8 * i));
    memcpy(bytes + 8, header, length);
    return bytes;
}

static qn_status parse(const char *header, size_t data_bytes, qn_safetensors **file)
{
    size_t size;
    char *bytes = compose(header, data_bytes, &size);
    return qn_safetensors_parse(&env, "some.file", bytes, size, file);
}

static const float kernel[2][3] = {{1, 2, 3}, {-4, 5e-42f, 6}};
static const float bias[3] = {7, 8, 9};
static const float scalar = 10;

static qn_status give(void *user, int index, float *values)
{
    static const void *const data[] = {kernel, bias, &scalar};
    static const size_t bytes[] = {sizeof kernel, sizeof bias, sizeof scalar};
    if (user != NULL && index == 1)
        return qn_fail(&env, QN_ERROR_DEVICE, "the device is gone");
    memcpy(values, data[index], bytes[index]);
    return QN_OK;
}

static qn_safetensors_write_request request(const char *path)
{
    static qn_tensor tensors[] = {{.name = "dense/kernel", .rank = 2, .shape = {2, 3}},
                                  {.name = "dense/b\"ias", .rank = 1, .shape = {3}},
                                  {.name = "s", .rank = 0}};
    return (qn_safetensors_write_request){.path = path,
                                          .metadata_key = "quern",
                                          .metadata = "{\"a\": \"b\\n\"}",
                                          .count = 3,
                                          .tensor = tensors,
                                          .read = give};
}

static void written_is_read(void **state)
{
    (void)state;
    const char *path = scratch_path("a.safetensors");
    qn_safetensors_write_request r = request(path);
    qn_safetensors *file = NULL;
    must(qn_safetensors_write(&env, &r));
    must(qn_safetensors_read(&env, path, &file));
    assert_int_equal(file->count, 3);
    const qn_tensor *found = qn_safetensors_find(file, "dense/kernel");
    assert_int_equal(found->rank, 2);
    assert_int_equal(found->shape[1], 3);
    assert_memory_equal(found->data, kernel, sizeof kernel);
    assert_int_equal((found->data - file->bytes) % 8, 0);
    assert_memory_equal(qn_safetensors_find(file, "dense/b\"ias")->data, bias, sizeof bias);
    assert_memory_equal(qn_safetensors_find(file, "s")->data, &scalar, sizeof scalar);
    assert_null(qn_safetensors_find(file, "dense"));
    assert_string_equal(qn_safetensors_metadata(file, "quern"), r.metadata);
    assert_null(qn_safetensors_metadata(file, "format"));
    qn_safetensors_free(&file);
    assert_null(file);
}

/* The old file stays when the new one cannot be finished, and nothing else is left. */
static void failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    const char *path = scratch_path("kept");
    char *data;
    size_t size;
    qn_safetensors_write_request r = request(path);
    int before = folder_count(scratch);
    r.user = &env;
    must(qn_file_replace(&env, path, "old", 3));
    assert_int_equal(qn_safetensors_write(&env, &r), QN_ERROR_DEVICE);
    assert_string_equal(env.message, "the device is gone");
    must(qn_file_read(&env, path, 0, &data, &size));
    assert_int_equal(size, 3);
    assert_string_equal(data, "old");
    assert_int_equal(folder_count(scratch), before + 1);
    qn_free(&env, data);
    r.path = scratch_path("no/such/folder");
    assert_int_equal(qn_safetensors_write(&env, &r), QN_ERROR_IO);
}

static void names_must_be_utf8(void **state)
{
    (void)state;
    qn_tensor tensor = {.name = "\xff\xfe", .rank = 1, .shape = {3}};
    qn_safetensors_write_request r = request(scratch_path("never"));
    r.tensor = &tensor;
    r.count = 1;
    assert_int_equal(qn_safetensors_write(&env, &r), QN_ERROR_USAGE);
    assert_non_null(strstr(env.message, "not UTF-8"));
    assert_false(qn_file_exists(r.path));
}

#define T(shape, begin, end)                                                                       \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void others_files_are_read(void **state)
{
    (void)state;
    qn_safetensors *file = NULL;
    /* In any order, without metadata, at any alignment, with empty tensors. */
    must(parse("{\"b\":" T("[1,2]", 4, 12) ",\"a\":" T("[]", 0, 4) ",\"e\":" T("[0,7]", 4, 4) "}",
               12, &file));
    assert_int_equal(file->count, 3);
    assert_null(qn_safetensors_metadata(file, "quern"));
    qn_safetensors_free(&file);
    must(parse("{}   ", 0, &file));
    assert_int_equal(file->count, 0);
    qn_safetensors_free(&file);
}

static void wrong_headers_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t data_bytes;
        const char *words;
    } cases[] = {
        {"", 0, "not JSON"},
        {"{\"a\":", 0, "not JSON"},
        {"[1]", 0, "should be a JSON object"},
        {"{\"a\":1}", 0, "has no dtype"},
        {"{\"a\":" T("[2]", 0, 8) ",\"a\":" T("[2]", 0, 8) "}", 8, "duplicate"},
        {"{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
         "tensor 'a' has the type I64; Quern reads F32"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "the type U8"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "should have a shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets of two numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", 8, "two numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8.5]}}", 8, "two numbers"},
        {"{\"a\":" T("[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "at most 8 dimensions"},
        {"{\"a\":" T("[-2]", 0, 8) "}", 8, "dimension 0 of tensor 'a' is not possible"},
        {"{\"a\":" T("[2.0]", 0, 8) "}", 8, "not possible"},
        {"{\"a\":" T("[1073741824,4294967296]", 0, 0) "}", 0, "dimension 1 of tensor 'a'"},
        {"{\"a\":" T("[4294967296,4294967296,4]", 0, 0) "}", 0, "not possible"},
        {"{\"a\":" T("[99999999999999999999]", 0, 8) "}", 8, "not JSON"},
        {"{\"a\":" T("[2]", 0, 12) "}", 12, "should have 8 bytes, its data_offsets give 12"},
        {"{\"a\":" T("[2]", 8, 0) "}", 8, "truncated or damaged"},
        {"{\"a\":" T("[2]", -8, 0) "}", 8, "truncated or damaged"},
        {"{\"a\":" T("[2]", 4, 12) "}", 8, "should lie in bytes 4 to 12 of the data, which has 8"},
        {"{\"a\":" T("[2]", 0, 8) ",\"b\":" T("[2]", 4, 12) "}", 12, "two tensors overlap"},
        {"{\"a\":" T("[2]", 0, 8) ",\"b\":" T("[2]", 0, 8) "}", 8, "two tensors overlap"},
        {"{\"a\":" T("[2]", 0, 8) ",\"b\":" T("[1]", 12, 16) "}", 16, "there is a gap"},
        {"{\"a\":" T("[2]", 4, 12) "}", 12, "there is a gap"},
        {"{\"a\":" T("[2]", 0, 8) "}", 12, "the tensors take 8 bytes, but 12 follow"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ should be a JSON object"},
        {"{\"__metadata__\":{\"quern\":1}}", 0, "'quern' of __metadata__ should be a string"},
    };
    (void)state;
    for (int i = 0; i < QN_COUNT(cases); i++) {
        qn_safetensors *file = NULL;
        assert_int_equal(parse(cases[i].header, cases[i].data_bytes, &file), QN_ERROR_DATA);
        assert_null(file);
        if (!strstr(env.message, cases[i].words) || strncmp(env.message, "some.file", 9) != 0)
            fail_msg("%s: %s", cases[i].header, env.message);
    }
}

static void file_lengths(void **state)
{
    (void)state;
    const char *path = scratch_path("whole");
    qn_safetensors_write_request r = request(path);
    qn_safetensors *file = NULL;
    char *whole;
    size_t size;
    must(qn_safetensors_write(&env, &r));
    must(qn_file_read(&env, path, 0, &whole, &size));
    for (size_t length = 0; length <= size + 1; length++) {
        char *bytes = qn_alloc(&env, length);
        memcpy(bytes, whole, length < size ? length : size);
        qn_status status = qn_safetensors_parse(&env, path, bytes, length, &file);
        assert_int_equal(status, length == size ? QN_OK : QN_ERROR_DATA);
        if (length != size)
            assert_non_null(strstr(env.message, path));
        qn_safetensors_free(&file);
    }
    qn_free(&env, whole);
    assert_int_equal(qn_safetensors_read(&env, scratch_path("none"), &file), QN_ERROR_IO);
    assert_non_null(strstr(env.message, "none"));
}

/* Random bytes changed, in the header above all: whatever is accepted lies inside the file. */
static void mutations(void **state)
{
    (void)state;
    const char *path = scratch_path("mutated");
    qn_safetensors_write_request r = request(path);
    char *whole;
    size_t size;
    int refused = 0, accepted = 0;
    must(qn_safetensors_write(&env, &r));
    must(qn_file_read(&env, path, 0, &whole, &size));
    for (uint32_t seed = 0; seed < 5000; seed++) {
        qn_safetensors *file = NULL;
        char *bytes = qn_alloc(&env, size);
        memcpy(bytes, whole, size);
        uint32_t changes = 1 + qn_random_word(seed, 0, 0, 0, 0) % 3;
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t at = qn_random_word(seed, 0, 1, 0, i),
                     value = qn_random_word(seed, 0, 2, 0, i);
            static const char likely[] = "0123456789[]{}\",:-.e\\";
            bytes[at % size] =
                (char)(value % 2 ? likely[value / 2 % (sizeof likely - 1)] : (int)(value >> 8));
        }
        qn_status status = qn_safetensors_parse(&env, path, bytes, size, &file);
        assert_true(status == QN_OK || status == QN_ERROR_DATA);
        refused += status != QN_OK;
        accepted += status == QN_OK;
        for (size_t i = 0; file != NULL && i < file->count; i++) {
            const qn_tensor *tensor = &file->tensor[i];
            assert_true(tensor->data >= file->bytes);
            assert_true(tensor->data + tensor->bytes <= file->bytes + size);
        }
        qn_safetensors_free(&file);
    }
    /* Both happen: a changed weight is a valid file, a changed header mostly is none. */
    assert_true(refused > 1000 && accepted > 500);
    qn_free(&env, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(failed_write_leaves_the_old_file),
        cmocka_unit_test(names_must_be_utf8),
        cmocka_unit_test(others_files_are_read),
        cmocka_unit_test(wrong_headers_are_refused),
        cmocka_unit_test(file_lengths),
        cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
