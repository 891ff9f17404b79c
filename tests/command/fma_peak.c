/* SPDX-License-Identifier: Apache-2.0 */
/* The multiply-adds that plain C reaches: what quern bench device must agree with on a CPU.
 * usage: fma_peak THREADS; prints the best rate of several, in GFLOP/s. Built for this machine. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define CHAINS 12
#define ROUNDS 500000 /* a few milliseconds: some are undisturbed on a busy machine */
#define SAMPLES 150
#define MOST_THREADS 1024

typedef float vector __attribute__((vector_size(BYTES)));
#define LANES (BYTES / (int)sizeof(float))

static float factor = 0.5f, summand = 0.25f; /* not constants: set from the arguments */
static pthread_barrier_t gate;

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Independent chains of s = s * factor + summand, which the compiler contracts to multiply-adds.
 * `begin` comes from the last call, so that no call can be left out. */
static float loop(float begin)
{
    vector s[CHAINS], zero = {0}, a = zero + factor, b = zero + summand;
    float sum = 0.0f;

    for (int c = 0; c < CHAINS; c++)
        for (int k = 0; k < LANES; k++)
            s[c][k] = begin + (float)(c + k);
    for (int round = 0; round < ROUNDS; round++)
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            s[c] = s[c] * a + b;
    for (int c = 0; c < CHAINS; c++)
        for (int k = 0; k < LANES; k++)
            sum += s[c][k];
    return sum;
}

typedef struct worker {
    float sum;
    double begin[SAMPLES], end[SAMPLES];
} worker;

/* Every thread takes its own times: one that wakes late has not worked before. */
static void *work(void *user)
{
    worker *w = user;

    for (int i = 0; i < SAMPLES; i++) {
        pthread_barrier_wait(&gate);
        w->begin[i] = seconds();
        w->sum = loop(w->sum);
        w->end[i] = seconds();
    }
    return NULL;
}

/* From the first begin to the last end. */
static double duration(const worker *w, int threads, int i)
{
    double begin = w[0].begin[i], end = w[0].end[i];

    for (int k = 1; k < threads; k++) {
        begin = w[k].begin[i] < begin ? w[k].begin[i] : begin;
        end = w[k].end[i] > end ? w[k].end[i] : end;
    }
    return end - begin;
}

int main(int argc, char **argv)
{
    static worker workers[MOST_THREADS];
    static pthread_t thread[MOST_THREADS];
    const int threads = argc > 1 ? atoi(argv[1]) : 0;
    const double flops = 2.0 * ROUNDS * CHAINS * LANES * threads;
    double best = 0.0;
    float sum = 0.0f;

    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: fma_peak THREADS\n");
        return 2;
    }
    if (argc > 2)
        factor = (float)atof(argv[2]);
    pthread_barrier_init(&gate, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, work, &workers[i]) != 0)
            return 1;
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        sum += workers[i].sum;
    }
    for (int i = 0; i < SAMPLES; i++) {
        double rate = flops / duration(workers, threads, i);

        best = rate > best ? rate : best;
    }
    printf("%.6f\n", best * 1e-9);
    return sum != sum; /* the sums are used */
}
