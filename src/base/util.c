/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes, a checksum, the clock, Philox, and params structs that grow. */
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t qn_hash(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3ull;
    return hash;
}

uint64_t qn_hash_text(uint64_t hash, const char *text)
{
    /* With the NUL, so that ("ab", "c") and ("a", "bc") differ. */
    return qn_hash(hash, text, strlen(text) + 1);
}

/* Four bits at a time: the table is of the remainders of their sixteen values. */
uint32_t qn_crc32c(const void *data, size_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    const unsigned char *byte = data;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < bytes; i++) {
        crc = table[(crc ^ byte[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ (uint32_t)byte[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

double qn_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void qn_sleep(double seconds)
{
    if (!(seconds > 0))
        return;
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

void qn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The counter has 32 bits for element / 4: a stream repeats after 2^34 elements. */
static void random_block(uint64_t seed, uint32_t purpose, uint32_t stream, uint32_t step,
                         uint64_t block, uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)block, step, stream, purpose};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    qn_philox(counter, key, out);
}

uint32_t qn_random_word(uint64_t seed, uint32_t purpose, uint32_t stream, uint32_t step,
                        uint64_t element)
{
    uint32_t out[4];
    random_block(seed, purpose, stream, step, element / 4, out);
    return out[element % 4];
}

float qn_random_uniform(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

/* A number in [0, n) without bias (Lemire 2019): words whose product falls in the short last piece
 * are drawn again. */
static uint32_t bounded(uint64_t seed, uint32_t epoch, uint64_t *next, uint32_t block[4],
                        uint32_t n)
{
    uint32_t threshold = (0u - n) % n;
    for (;;) {
        if (*next % 4 == 0)
            random_block(seed, QN_RANDOM_SHUFFLE, 0, epoch, *next / 4, block);
        uint64_t product = (uint64_t)block[(*next)++ % 4] * n;
        if ((uint32_t)product >= threshold)
            return (uint32_t)(product >> 32);
    }
}

void qn_random_permutation(uint64_t seed, uint32_t epoch, uint32_t *order, uint32_t n)
{
    uint64_t next = 0;
    uint32_t block[4];
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = bounded(seed, epoch, &next, block, i);
        uint32_t swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

uint64_t qn_random_seed(void)
{
    uint64_t seed = 0;
    FILE *file = fopen("/dev/urandom", "rb");
    size_t got = file ? fread(&seed, sizeof seed, 1, file) : 0;
    if (file)
        fclose(file);
    if (got != 1) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = qn_hash(QN_HASH_START, &now, sizeof now) ^ (uint64_t)getpid();
    }
    return seed;
}

void qn_params_take(void *params, const void *defaults, size_t size, const void *given,
                    size_t given_size)
{
    memcpy(params, defaults, size);
    memcpy(params, given, given_size < size ? given_size : size);
}
