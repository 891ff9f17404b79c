/* SPDX-License-Identifier: Apache-2.0 */
/* IDX datasets: good ones, every kind of bad one, seeded mutations. */
#include "base/util.h"
#include "data/dataset.h"
#include "device/context.h"
#include "failing_allocator.h"
#include "scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>

#include <cmocka.h>

static qn_context ctx;

static void assert_failed(qn_status status, qn_status expected, const char *piece)
{
    if (status != expected || !strstr(ctx.env.message, piece))
        fail_msg("%s: %s; expected %s: %s", qn_status_name(status), ctx.env.message,
                 qn_status_name(expected), piece);
}

static void put(const char *path, const void *data, size_t bytes, bool gzip)
{
    if (gzip) {
        gzFile file = gzopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, data, (unsigned)bytes), bytes);
        assert_int_equal(gzclose(file), Z_OK);
        return;
    }
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* An IDX file of `rank` dimensions with data 0, 1, 2, ...; returns its length. */
static size_t make(unsigned char *file, int rank, const uint32_t *shape)
{
    size_t elements = 1, at = 4 + 4 * (size_t)rank;
    memcpy(file, (unsigned char[]){0, 0, 8, (unsigned char)rank}, 4);
    for (int i = 0; i < rank; i++) {
        for (int byte = 0; byte < 4; byte++)
            file[4 + 4 * i + byte] = (unsigned char)(shape[i] >> (24 - 8 * byte));
        elements *= shape[i];
    }
    for (size_t i = 0; i < elements; i++)
        file[at + i] = (unsigned char)(rank == 1 ? i % 10 : i);
    return at + elements;
}

static void put_set(const char *folder, uint32_t train, uint32_t test, bool gzip)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    unsigned char file[4096];
    char path[1024];
    mkdir(folder, 0777);
    for (int i = 0; i < 4; i++) {
        uint32_t shape[3] = {i < 2 ? train : test, 4, 3};
        size_t bytes = make(file, i % 2 ? 1 : 3, shape);
        snprintf(path, sizeof path, "%s/%s%s", folder, names[i], gzip ? ".gz" : "");
        put(path, file, bytes, gzip);
    }
}

static qn_status open_set(const char *folder, qn_dataset **dataset)
{
    char spec[1024];
    snprintf(spec, sizeof spec, "idx:%s", folder);
    qn_status status = qn_dataset_open(&ctx, spec, dataset);
    if (status != QN_OK)
        assert_null(*dataset);
    return status;
}

static void check_set(const char *folder)
{
    qn_dataset *dataset;
    qn_array x, y;
    assert_int_equal(open_set(folder, &dataset), QN_OK);
    assert_int_equal(qn_dataset_get(dataset, "train", &x, &y), QN_OK);
    assert_int_equal(x.dtype, QN_U8);
    assert_int_equal(x.rank, 3);
    assert_int_equal(x.shape[0], 20);
    assert_int_equal(x.shape[1], 4);
    assert_int_equal(x.shape[2], 3);
    assert_true(x.scale == 1.0f / 255.0f);
    assert_int_equal(((const uint8_t *)x.data)[239], 239);
    assert_int_equal(y.rank, 1);
    assert_int_equal(y.shape[0], 20);
    assert_true(y.scale == 1.0f);
    assert_int_equal(((const uint8_t *)y.data)[13], 3);
    assert_int_equal(qn_dataset_get(dataset, "test", NULL, &y), QN_OK);
    assert_int_equal(y.shape[0], 5);
    assert_failed(qn_dataset_get(dataset, "tset", &x, &y), QN_ERROR_USAGE,
                  "unknown split \"tset\"; it is one of train, test");
    assert_null(qn_dataset_class(dataset, 0));
    qn_dataset_destroy(&dataset);
    assert_null(dataset);
    qn_dataset_destroy(&dataset);
}

static void plain_and_gzip(void **state)
{
    (void)state;
    put_set(scratch_path("plain"), 20, 5, false);
    check_set(scratch_path("plain"));
    put_set(scratch_path("gzip"), 20, 5, true);
    check_set(scratch_path("gzip"));
}

static void missing_files_are_named(void **state)
{
    qn_dataset *dataset, bare = {.env = &ctx.env};
    (void)state;
    assert_failed(open_set(scratch_path("nowhere"), &dataset), QN_ERROR_IO,
                  "nowhere of an IDX dataset is not there");
    put_set(scratch_path("partial"), 20, 5, false);
    unlink(scratch_path("partial/t10k-labels-idx1-ubyte"));
    assert_failed(open_set(scratch_path("partial"), &dataset), QN_ERROR_IO,
                  "partial/t10k-labels-idx1-ubyte is not there, neither plain nor as .gz");
    assert_failed(qn_dataset_read_fashion_mnist(&bare, scratch_path("nowhere")), QN_ERROR_IO,
                  "install the Debian package dataset-fashion-mnist");
    assert_failed(qn_dataset_open(&ctx, "fashion-mnits", &dataset), QN_ERROR_USAGE,
                  "unknown data \"fashion-mnits\"; did you mean \"fashion-mnist\"?");
    assert_failed(qn_dataset_open(&ctx, "", &dataset), QN_ERROR_USAGE,
                  "it is one of fashion-mnist");
}

static void bad_files_are_refused(void **state)
{
    unsigned char good[512], bad[600];
    const uint32_t shape[3] = {6, 4, 3};
    const char *path = scratch_path("images");
    qn_loaded loaded = {.memory = NULL};
    size_t bytes = make(good, 3, shape);
    (void)state;

    put(path, good, bytes - 1, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "images is truncated: expected 88 bytes (header and 6 images), found 87");
    put(path, good, 11, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "images is truncated: expected an IDX header of 16 bytes, found 11 bytes");
    put(path, good, 0, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "found 0 bytes");
    memcpy(bad, good, bytes);
    put(path, bad, bytes + 7, true);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "images is too long: expected 88 bytes (header and 6 images), found 95");
    bad[2] = 13; /* float32 */
    put(path, bad, bytes, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "expected the magic number 0x00000803 of an IDX file of uint8 images, found "
                  "0x00000d03");
    put(path, "hello, world", 12, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA, "0x68656c6c");
    put(path, good, bytes, false);
    assert_failed(qn_idx_read(&ctx.env, path, 1, "labels", &loaded), QN_ERROR_DATA,
                  "expected an IDX file of labels with 1 dimension, found one with 3");
    memcpy(bad, good, bytes);
    memset(bad + 4, 0, 4);
    put(path, bad, bytes, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "holds no images: dimension 0 is 0");
    memset(bad + 4, 0xff, 12);
    put(path, bad, bytes, false);
    assert_failed(qn_idx_read(&ctx.env, path, 3, "images", &loaded), QN_ERROR_DATA,
                  "impossibly large");
    assert_null(loaded.memory);
}

static void counts_and_sizes_must_agree(void **state)
{
    unsigned char file[4096];
    qn_dataset *dataset;
    (void)state;
    put_set(scratch_path("counts"), 20, 5, false);
    put(scratch_path("counts/train-labels-idx1-ubyte"), file, make(file, 1, (uint32_t[]){19}),
        false);
    assert_failed(open_set(scratch_path("counts"), &dataset), QN_ERROR_DATA,
                  "train-images-idx3-ubyte holds 20 samples, but");
    assert_non_null(strstr(ctx.env.message, "train-labels-idx1-ubyte holds 19 targets"));
    put_set(scratch_path("sizes"), 20, 5, false);
    put(scratch_path("sizes/t10k-images-idx3-ubyte"), file, make(file, 3, (uint32_t[]){5, 4, 4}),
        false);
    assert_failed(open_set(scratch_path("sizes"), &dataset), QN_ERROR_DATA,
                  "training images have 4 x 3 pixels, its test images 4 x 4");
}

/* Seeded mutations: each is read with a length that fits the file, or refused by name. */
static void mutations_are_survived(void **state)
{
    unsigned char good[512], bad[512];
    size_t bytes = make(good, 3, (uint32_t[]){6, 4, 3});
    const char *path = scratch_path("mutated");
    int read = 0, refused = 0;
    (void)state;
    for (uint32_t round = 0; round < 3000; round++) {
        memcpy(bad, good, bytes);
        uint32_t changes = 1 + qn_random_word(5, 9, 0, round, 0) % 3;
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t word = qn_random_word(5, 9, 1, round, i);
            bad[word % (word % 2 ? 16 : bytes)] ^= (unsigned char)(1u << word / 1024 % 8);
        }
        uint32_t cut = qn_random_word(5, 9, 2, round, 0);
        size_t length = cut % 8 == 0 ? cut / 8 % bytes : bytes;
        put(path, bad, length, round % 4 == 0);
        qn_loaded loaded = {.memory = NULL};
        qn_status status = qn_idx_read(&ctx.env, path, 3, "images", &loaded);
        if (status == QN_OK) {
            const qn_array *a = &loaded.array;
            assert_int_equal(a->shape[0] * a->shape[1] * a->shape[2] + 16, length);
            assert_int_equal(((const uint8_t *)a->data)[length - 17], bad[length - 1]);
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
    char spec[1024];
    (void)state;
    put_set(scratch_path("memory"), 20, 5, true);
    snprintf(spec, sizeof spec, "idx:%s", scratch_path("memory"));
    for (int n = 1;; n++) {
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_context own = {.seed = 0};
        qn_env_init(&own.env, &allocator);
        qn_dataset *dataset;
        qn_status status = qn_dataset_open(&own, spec, &dataset);
        qn_dataset_destroy(&dataset);
        assert_int_equal(failing.live, 0);
        if (status == QN_OK) {
            assert_true(n > 20);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
    }
}

static void fashion_mnist_is_whole(void **state)
{
    qn_dataset *dataset;
    qn_array x, y;
    int count[10] = {0};
    (void)state;
    if (qn_dataset_open(&ctx, "fashion-mnist", &dataset) != QN_OK)
        fail_msg("%s", ctx.env.message);
    assert_int_equal(qn_dataset_get(dataset, "train", &x, &y), QN_OK);
    assert_int_equal(x.shape[0], 60000);
    assert_int_equal(x.shape[1] * x.shape[2], 784);
    for (int64_t i = 0; i < y.shape[0]; i++)
        count[((const uint8_t *)y.data)[i]]++;
    for (int i = 0; i < 10; i++)
        assert_int_equal(count[i], 6000);
    assert_int_equal(qn_dataset_get(dataset, "test", &x, &y), QN_OK);
    assert_int_equal(x.shape[0], 10000);
    assert_string_equal(qn_dataset_class(dataset, 0), "T-shirt/top");
    assert_string_equal(qn_dataset_class(dataset, 9), "Ankle boot");
    assert_null(qn_dataset_class(dataset, 10));
    assert_null(qn_dataset_class(dataset, -1));
    qn_dataset_destroy(&dataset);
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
        cmocka_unit_test(plain_and_gzip),
        cmocka_unit_test(missing_files_are_named),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(counts_and_sizes_must_agree),
        cmocka_unit_test(mutations_are_survived),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(fashion_mnist_is_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
