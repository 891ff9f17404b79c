/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes, a checksum, the clock, and Philox. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bit. Start with QN_HASH_START and chain. */
#define QN_HASH_START 0xcbf29ce484222325ull
uint64_t qn_hash(uint64_t hash, const void *data, size_t bytes);
uint64_t qn_hash_text(uint64_t hash, const char *text);

/* CRC-32C (Castagnoli), as iSCSI computes it: RFC 3720, B.4. */
uint32_t qn_crc32c(const void *data, size_t bytes);

/* Seconds on a monotonic clock; and a sleep. */
double qn_seconds(void);
void qn_sleep(double seconds);

/* Philox4x32-10 (Salmon et al. 2011): four words from a counter and a key. cl/lib/philox.h is the
 * same on the device. */
void qn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Which stream of random numbers: they never overlap. */
enum { QN_RANDOM_WEIGHTS = 1, QN_RANDOM_SHUFFLE = 2, QN_RANDOM_OPS = 3 };

/* Word `element` of the stream keyed by (seed, purpose, stream, step): lane element % 4 of
 * philox(counter = {element / 4, step, stream, purpose}, key = {seed low, seed high}). */
uint32_t qn_random_word(uint64_t seed, uint32_t purpose, uint32_t stream, uint32_t step,
                        uint64_t element);
/* [0, 1) with 24 bits: (word >> 8) * 2^-24; exact in float. */
float qn_random_uniform(uint32_t word);
/* Fills `order` with a permutation of 0..n-1 (Fisher-Yates), keyed by (seed, epoch). */
void qn_random_permutation(uint64_t seed, uint32_t epoch, uint32_t *order, uint32_t n);
/* A seed from the system. */
uint64_t qn_random_seed(void);

static inline size_t qn_align_up(size_t bytes, size_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}
/* Of positive numbers. */
static inline int64_t qn_divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Fields of a params struct that a shorter, older caller did not have keep the defaults: copies
 * the first min(size, sizes) bytes of `given` over `defaults` copied to `params`. */
void qn_params_take(void *params, const void *defaults, size_t size, const void *given,
                    size_t given_size);

#endif
