/* SPDX-License-Identifier: Apache-2.0 */
/* Philox against Random123's published vectors, streams, permutations, hashes, a checksum,
 * statuses. */
#include "base/util.h"

#include <quern/common.h>
#include <quern/version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* kat_vectors of Random123 (Salmon et al. 2011), philox4x32 10 */
static void philox_known_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        qn_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void words_are_philox_lanes(void **state)
{
    const uint64_t seed = 0x0123456789abcdefull;
    const uint32_t key[2] = {0x89abcdef, 0x01234567};
    (void)state;
    for (uint64_t element = 0; element < 9; element++) {
        const uint32_t counter[4] = {(uint32_t)(element / 4), 11, 5, QN_RANDOM_OPS};
        uint32_t out[4];
        qn_philox(counter, key, out);
        assert_int_equal(qn_random_word(seed, QN_RANDOM_OPS, 5, 11, element), out[element % 4]);
    }
}

static void uniform_is_in_range(void **state)
{
    (void)state;
    assert_true(qn_random_uniform(0) == 0.0f);
    assert_true(qn_random_uniform(0xffffffff) < 1.0f);
    assert_true(qn_random_uniform(0xffffffff) == 1.0f - 0x1p-24f);
    assert_true(qn_random_uniform(0x80000000) == 0.5f);
    double sum = 0;
    for (uint64_t i = 0; i < 100000; i++)
        sum += qn_random_uniform(qn_random_word(7, QN_RANDOM_WEIGHTS, 0, 0, i));
    assert_true(sum / 100000 > 0.495 && sum / 100000 < 0.505); /* 5 standard errors */
}

static void permutation_is_one(void **state)
{
    static const uint32_t sizes[] = {0, 1, 2, 3, 17, 1000, 60000};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        uint32_t n = sizes[s];
        uint32_t *order = malloc((n + 1) * sizeof *order);
        unsigned char *seen = calloc(n + 1, 1);
        order[n] = 0xdeadbeef;
        qn_random_permutation(42, 3, order, n);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(order[i] < n);
            assert_int_equal(seen[order[i]]++, 0);
        }
        assert_int_equal(order[n], 0xdeadbeef);
        free(seen);
        free(order);
    }
}

static void permutation_depends_on_seed_and_epoch(void **state)
{
    uint32_t a[100], b[100], c[100], d[100];
    (void)state;
    qn_random_permutation(1, 0, a, 100);
    qn_random_permutation(1, 0, b, 100);
    qn_random_permutation(1, 1, c, 100);
    qn_random_permutation(2, 0, d, 100);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    assert_memory_not_equal(a, d, sizeof a);
}

/* Every order of three comes equally often: 6000 draws, expected 1000 each, 5 standard deviations.
 */
static void permutation_is_fair(void **state)
{
    int count[27] = {0};
    (void)state;
    for (uint32_t epoch = 0; epoch < 6000; epoch++) {
        uint32_t order[3];
        qn_random_permutation(9, epoch, order, 3);
        count[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    static const int orders[6] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < 6; i++)
        assert_in_range(count[orders[i]], 1000 - 145, 1000 + 145);
}

static void hash_is_fnv1a(void **state)
{
    (void)state;
    assert_true(qn_hash(QN_HASH_START, "", 0) == 0xcbf29ce484222325ull);
    assert_true(qn_hash(QN_HASH_START, "a", 1) == 0xaf63dc4c8601ec8cull);
    assert_true(qn_hash(QN_HASH_START, "foobar", 6) == 0x85944171f73967e8ull);
    assert_true(qn_hash_text(qn_hash_text(QN_HASH_START, "ab"), "c") !=
                qn_hash_text(qn_hash_text(QN_HASH_START, "a"), "bc"));
}

/* RFC 3720, B.4, and the check value that catalogues of CRCs give. */
static void crc_is_castagnolis(void **state)
{
    unsigned char bytes[32] = {0};
    (void)state;
    assert_int_equal(qn_crc32c("", 0), 0);
    assert_int_equal(qn_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(qn_crc32c(bytes, 32), 0x8a9136aa);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(qn_crc32c(bytes, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    assert_int_equal(qn_crc32c(bytes, 32), 0x113fdb5c);
    for (int i = 0; i < 32; i++)
        bytes[i] = 0xff;
    assert_int_equal(qn_crc32c(bytes, 32), 0x62a8ab43);
}

static void clock_and_seed(void **state)
{
    (void)state;
    double start = qn_seconds();
    qn_sleep(0.01);
    assert_true(qn_seconds() - start >= 0.01);
    assert_true(qn_random_seed() != qn_random_seed());
}

static void statuses_and_types_have_names(void **state)
{
    (void)state;
    assert_string_equal(qn_status_name(QN_OK), "QN_OK");
    assert_string_equal(qn_status_name(QN_ERROR_INTERNAL), "QN_ERROR_INTERNAL");
    assert_string_equal(qn_status_name((qn_status)99), "unknown status");
    assert_string_equal(qn_version(), QN_VERSION_STRING);
    static const struct {
        qn_dtype dtype;
        const char *name;
        size_t size;
    } types[] = {
        {QN_F32, "float32", 4}, {QN_U8, "uint8", 1},   {QN_I32, "int32", 4},
        {QN_I8, "int8", 1},     {QN_U16, "uint16", 2}, {QN_I16, "int16", 2},
        {QN_U32, "uint32", 4},  {QN_I64, "int64", 8},  {QN_F64, "float64", 8},
    };
    for (int i = 0; i < 9; i++) {
        assert_string_equal(qn_dtype_name(types[i].dtype), types[i].name);
        assert_int_equal(qn_dtype_size(types[i].dtype), types[i].size);
    }
    assert_int_equal(qn_dtype_size((qn_dtype)99), 0);
    assert_int_equal(qn_dtype_size((qn_dtype)-1), 0);
    assert_non_null(qn_dtype_name((qn_dtype)99));
}

static void logs_are_found_by_name(void **state)
{
    qn_logs logs = {.count = 2, .item = {{"loss", 0.5}, {"accuracy", 0.75}}};
    double value = -1;
    (void)state;
    assert_true(qn_logs_get(&logs, "accuracy", &value));
    assert_true(value == 0.75);
    assert_false(qn_logs_get(&logs, "val_loss", &value));
    assert_true(value == 0.75);
}

static void shorter_structs_keep_defaults(void **state)
{
    struct {
        size_t size;
        int a, b;
    } defaults = {sizeof defaults, 1, 2}, given = {0, 0, 7}, taken;
    (void)state;
    qn_params_take(&taken, &defaults, sizeof defaults, &given, sizeof(size_t) + sizeof(int));
    assert_int_equal(taken.a, 0);
    assert_int_equal(taken.b, 2);
    qn_params_take(&taken, &defaults, sizeof defaults, &given, sizeof given + 100);
    assert_int_equal(taken.b, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(words_are_philox_lanes),
        cmocka_unit_test(uniform_is_in_range),
        cmocka_unit_test(permutation_is_one),
        cmocka_unit_test(permutation_depends_on_seed_and_epoch),
        cmocka_unit_test(permutation_is_fair),
        cmocka_unit_test(hash_is_fnv1a),
        cmocka_unit_test(crc_is_castagnolis),
        cmocka_unit_test(clock_and_seed),
        cmocka_unit_test(statuses_and_types_have_names),
        cmocka_unit_test(logs_are_found_by_name),
        cmocka_unit_test(shorter_structs_keep_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
