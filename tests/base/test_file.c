/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads, gzip streams whole and broken, atomic replacement. */
#include "base/file.h"
#include "base/util.h"
#include "failing_allocator.h"
#include "scratch_folder.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <zlib.h>

#include <cmocka.h>

static qn_env env;

static void put(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *content)
{
    char *data;
    size_t bytes;
    assert_int_equal(qn_file_read(&env, path, 0, &data, &bytes), QN_OK);
    assert_string_equal(data, content);
    assert_int_equal(bytes, strlen(content));
    qn_free(&env, data);
}

static void assert_failed(qn_status status, qn_status expected, const char *piece)
{
    assert_int_equal(status, expected);
    if (!strstr(env.message, piece))
        fail_msg("message: %s; expected: %s", env.message, piece);
}

/* Compressible and not: text and Philox words in turn. */
static size_t make_content(char **content)
{
    size_t bytes = 300000;
    *content = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        (*content)[i] = (char)(i / 5000 % 2 ? qn_random_word(1, 1, 1, 1, i) : 'a' + i % 7);
    return bytes;
}

static size_t gzip(const void *data, size_t bytes, char *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)bytes};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t length = z.total_out;
    deflateEnd(&z);
    return length;
}

static void whole_reads(void **state)
{
    char *data;
    size_t bytes;
    (void)state;
    put(scratch_path("plain"), "hello", 5);
    assert_content(scratch_path("plain"), "hello");
    put(scratch_path("empty"), "", 0);
    assert_content(scratch_path("empty"), "");
    assert_int_equal(qn_file_read(&env, scratch_path("plain"), 5, &data, &bytes), QN_OK);
    qn_free(&env, data);
    assert_failed(qn_file_read(&env, scratch_path("plain"), 4, &data, &bytes), QN_ERROR_DATA,
                  "longer than");
    assert_null(data);
    assert_failed(qn_file_read(&env, scratch_path("none"), 0, &data, &bytes), QN_ERROR_IO,
                  "/none: No such file");
    assert_failed(qn_file_read(&env, scratch, 0, &data, &bytes), QN_ERROR_IO, "Is a directory");
    assert_true(qn_file_exists(scratch_path("plain")));
    assert_false(qn_file_exists(scratch_path("none")));

    char *content;
    size_t length = make_content(&content);
    put(scratch_path("large"), content, length);
    assert_int_equal(qn_file_read(&env, scratch_path("large"), 0, &data, &bytes), QN_OK);
    assert_int_equal(bytes, length);
    assert_memory_equal(data, content, length);
    assert_int_equal(data[bytes], 0);
    qn_free(&env, data);
    free(content);
}

static void gzip_reads(void **state)
{
    char *content, *data;
    size_t length = make_content(&content), bytes;
    char *packed = malloc(2 * length);
    size_t packed_bytes = gzip(content, length, packed, 2 * length);
    const char *path = scratch_path("whole.gz");
    (void)state;

    put(path, packed, packed_bytes);
    assert_int_equal(qn_file_read_gz(&env, path, length, &data, &bytes), QN_OK);
    assert_int_equal(bytes, length);
    assert_memory_equal(data, content, length);
    assert_int_equal(data[bytes], 0);
    qn_free(&env, data);
    assert_failed(qn_file_read_gz(&env, path, length - 1, &data, &bytes), QN_ERROR_DATA,
                  "unpacks to more");
    assert_null(data);

    /* two members joined, as `cat a.gz b.gz` makes them */
    memcpy(packed + packed_bytes, packed, packed_bytes);
    put(path, packed, 2 * packed_bytes);
    assert_int_equal(qn_file_read_gz(&env, path, 0, &data, &bytes), QN_OK);
    assert_int_equal(bytes, 2 * length);
    assert_memory_equal(data + length, content, length);
    qn_free(&env, data);

    memset(packed + packed_bytes, 'x', 20);
    put(path, packed, packed_bytes + 20);
    assert_failed(qn_file_read_gz(&env, path, 0, &data, &bytes), QN_ERROR_DATA, "whole.gz");

    put(path, "plain text", 10); /* not gzip: as it is */
    assert_int_equal(qn_file_read_gz(&env, path, 0, &data, &bytes), QN_OK);
    assert_string_equal(data, "plain text");
    qn_free(&env, data);
    assert_failed(qn_file_read_gz(&env, path, 9, &data, &bytes), QN_ERROR_DATA, "longer than");
    free(packed);
    free(content);
}

/* Cut at any byte, and one byte changed anywhere: never success with other content. */
static void broken_gzip_is_refused(void **state)
{
    char content[2000], packed[3000], broken[3000], *data;
    size_t bytes;
    (void)state;
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)(qn_random_word(3, 1, 1, 1, i) % 9);
    size_t packed_bytes = gzip(content, sizeof content, packed, sizeof packed);
    const char *path = scratch_path("broken.gz");

    for (size_t length = 2; length < packed_bytes; length += 1 + length / 50) {
        put(path, packed, length);
        assert_failed(qn_file_read_gz(&env, path, 0, &data, &bytes), QN_ERROR_DATA,
                      "it ends in the middle of the stream");
        assert_null(data);
    }
    int refused = 0;
    for (size_t at = 2; at < packed_bytes; at += 3) { /* beyond the magic */
        memcpy(broken, packed, packed_bytes);
        broken[at] ^= 0x10;
        put(path, broken, packed_bytes);
        qn_status status = qn_file_read_gz(&env, path, 100000, &data, &bytes);
        if (status == QN_OK) { /* a bit of the header or of padding, which says nothing */
            assert_int_equal(bytes, sizeof content);
            assert_memory_equal(data, content, bytes);
        }
        if (status != QN_OK) {
            assert_int_equal(status, QN_ERROR_DATA);
            refused++;
        }
        qn_free(&env, data);
    }
    assert_true(refused > 100);
}

static void abandoned_writes_change_nothing(void **state)
{
    const char *folder = scratch_path("out");
    qn_file_writer *writer;
    char path[512];
    (void)state;
    assert_int_equal(qn_make_folders(&env, folder), QN_OK);
    snprintf(path, sizeof path, "%s/target", folder);

    assert_int_equal(qn_file_replace(&env, path, "one", 3), QN_OK);
    assert_content(path, "one");
    assert_int_equal(qn_file_writer_open(&env, path, &writer), QN_OK);
    assert_int_equal(qn_file_writer_add(writer, "two", 3), QN_OK);
    assert_int_equal(folder_count(folder), 2);
    assert_content(path, "one");
    qn_file_writer_abandon(&writer);
    assert_null(writer);
    assert_content(path, "one");
    assert_int_equal(folder_count(folder), 1);
    qn_file_writer_abandon(&writer);

    assert_int_equal(qn_file_check_writable(&env, path), QN_OK);
    assert_content(path, "one");
    assert_int_equal(folder_count(folder), 1);
}

static void commits_replace_whole(void **state)
{
    char *content, *data;
    size_t length = make_content(&content), bytes;
    const char *path = scratch_path("replaced");
    qn_file_writer *writer;
    struct stat about;
    (void)state;
    put(path, "old", 3);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink("replaced", scratch_path("link")), 0);
    assert_int_equal(qn_file_writer_open(&env, scratch_path("link"), &writer), QN_OK);
    for (size_t at = 0; at < length;) { /* pieces shorter and longer than the buffer */
        size_t piece = at % 3 ? 7 : 70001;
        piece = piece < length - at ? piece : length - at;
        assert_int_equal(qn_file_writer_add(writer, content + at, piece), QN_OK);
        at += piece;
    }
    assert_int_equal(qn_file_writer_commit(&writer), QN_OK);
    assert_null(writer);
    assert_int_equal(qn_file_read(&env, path, 0, &data, &bytes), QN_OK);
    assert_int_equal(bytes, length);
    assert_memory_equal(data, content, length);
    qn_free(&env, data);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0640);
    assert_int_equal(lstat(scratch_path("link"), &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    free(content);
}

static void unwritable_targets_are_named(void **state)
{
    (void)state;
    assert_failed(qn_file_check_writable(&env, scratch_path("no/such/file")), QN_ERROR_IO,
                  "no/such/file: no file can be created in");
    assert_failed(qn_file_check_writable(&env, scratch), QN_ERROR_IO, "it is a folder");
    assert_failed(qn_file_check_writable(&env, "/dev/null"), QN_ERROR_IO, "device");
    assert_failed(qn_file_check_writable(&env, ""), QN_ERROR_IO, "names no file");
    assert_failed(qn_file_check_writable(&env, scratch_path("x/")), QN_ERROR_IO, "names no file");
    assert_failed(qn_file_replace(&env, "/proc/quern", "x", 1), QN_ERROR_IO, "/proc");
}

/* A full disk, by a limit on the size of files, in a process of its own. */
static void full_disk_leaves_the_old_file(void **state)
{
    const char *folder = scratch_path("full");
    char path[512];
    (void)state;
    assert_int_equal(qn_make_folders(&env, folder), QN_OK);
    snprintf(path, sizeof path, "%s/target", folder);
    assert_int_equal(qn_file_replace(&env, path, "old", 3), QN_OK);
    pid_t child = fork();
    if (child == 0) {
        static char content[200000];
        struct rlimit limit = {100000, 100000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        qn_status status = qn_file_replace(&env, path, content, sizeof content);
        _exit(status == QN_ERROR_IO && strstr(env.message, "target: File too large") ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_content(path, "old");
    assert_int_equal(folder_count(folder), 1);
}

static void text_is_appended(void **state)
{
    const char *path = scratch_path("log");
    (void)state;
    assert_int_equal(qn_file_append(&env, path, "a\n", false), QN_OK);
    assert_int_equal(qn_file_append(&env, path, "b\n", false), QN_OK);
    assert_content(path, "a\nb\n");
    assert_int_equal(qn_file_append(&env, path, "", true), QN_OK);
    assert_content(path, "");
    assert_failed(qn_file_append(&env, scratch_path("no/log"), "a", false), QN_ERROR_IO, "no/log");
    assert_failed(qn_file_append(&env, "/dev/full", "a", false), QN_ERROR_IO, "/dev/full");
}

static void folders_are_made(void **state)
{
    (void)state;
    assert_int_equal(qn_make_folders(&env, scratch_path("a//b/c/")), QN_OK);
    assert_int_equal(qn_make_folders(&env, scratch_path("a/b/c")), QN_OK);
    assert_int_equal(folder_count(scratch_path("a/b")), 1);
    put(scratch_path("a/file"), "", 0);
    assert_failed(qn_make_folders(&env, scratch_path("a/file/b")), QN_ERROR_IO, "a/file");
}

static void every_failed_allocation_is_clean(void **state)
{
    char content[5000], packed[6000];
    const char *path = scratch_path("memory.gz"), *out = scratch_path("memory.out");
    (void)state;
    memset(content, 'x', sizeof content);
    put(path, packed, gzip(content, sizeof content, packed, sizeof packed));
    for (int n = 1;; n++) {
        failing_allocator failing = {.fail_at = n};
        qn_allocator allocator = failing_allocator_of(&failing);
        qn_env own;
        char *data;
        size_t bytes;
        qn_env_init(&own, &allocator);
        qn_status status = qn_file_read_gz(&own, path, 0, &data, &bytes);
        qn_free(&own, data);
        if (status == QN_OK)
            status = qn_file_replace(&own, out, "x", 1);
        assert_int_equal(failing.live, 0);
        if (status == QN_OK) {
            assert_true(n > 6);
            return;
        }
        assert_int_equal(status, QN_ERROR_MEMORY);
        assert_false(qn_file_exists(out));
    }
}

static int set_up(void **state)
{
    (void)state;
    qn_env_init(&env, NULL);
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
        cmocka_unit_test(whole_reads),
        cmocka_unit_test(gzip_reads),
        cmocka_unit_test(broken_gzip_is_refused),
        cmocka_unit_test(abandoned_writes_change_nothing),
        cmocka_unit_test(commits_replace_whole),
        cmocka_unit_test(unwritable_targets_are_named),
        cmocka_unit_test(full_disk_leaves_the_old_file),
        cmocka_unit_test(text_is_appended),
        cmocka_unit_test(folders_are_made),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
