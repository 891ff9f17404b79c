/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator for tests: fails the n-th allocation, and counts what was not freed. */
#ifndef TESTS_FAILING_ALLOCATOR_H
#define TESTS_FAILING_ALLOCATOR_H

#include <quern/context.h>
#include <stdlib.h>

typedef struct failing_allocator {
    int fail_at; /* which allocation fails, from 1; 0: none */
    int count;   /* allocations asked for */
    int live;    /* blocks not freed */
} failing_allocator;

static inline void *failing_resize(void *user, void *pointer, size_t bytes)
{
    failing_allocator *allocator = user;
    if (bytes == 0) {
        allocator->live -= pointer != NULL;
        free(pointer);
        return NULL;
    }
    if (++allocator->count == allocator->fail_at)
        return NULL;
    void *made = realloc(pointer, bytes);
    allocator->live += !pointer && made;
    return made;
}

static inline qn_allocator failing_allocator_of(failing_allocator *allocator)
{
    return (qn_allocator){.resize = failing_resize, .user = allocator};
}

#endif
