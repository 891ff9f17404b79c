/* SPDX-License-Identifier: Apache-2.0 */
/* Reads event files for tests: checks the framing of each record and unpacks it. */
#ifndef TESTS_EVENT_READER_H
#define TESTS_EVENT_READER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/util.h"
#include "io/tensorboard/event.pb-c.h"

#define MAX_EVENTS 512

typedef struct event_list {
    QnTb__Event *event[MAX_EVENTS];
    int count;
} event_list;

static inline uint64_t little_endian(const unsigned char *bytes, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* The checksum that is stored belongs to the bytes: rotated back, as TFRecord has it. */
static inline void assert_checksum(const unsigned char *stored, const void *data, size_t length)
{
    uint32_t unmasked = (uint32_t)little_endian(stored, 4) - 0xa282ead8u;
    assert_int_equal((uint32_t)(unmasked << 15 | unmasked >> 17), qn_crc32c(data, length));
}

/* Adds the events of a file. */
static inline void read_events(qn_env *env, const char *path, event_list *list)
{
    char *data;
    size_t bytes, at = 0;
    assert_int_equal(qn_file_read(env, path, 0, &data, &bytes), QN_OK);
    while (at < bytes) {
        const unsigned char *record = (const unsigned char *)data + at;
        assert_true(bytes - at > 16);
        uint64_t length = little_endian(record, 8);
        assert_true(length <= bytes - at - 16);
        assert_checksum(record + 8, record, 8);
        assert_checksum(record + 12 + length, record + 12, (size_t)length);
        assert_true(list->count < MAX_EVENTS);
        QnTb__Event *event = qn_tb__event__unpack(NULL, (size_t)length, record + 12);
        assert_non_null(event);
        list->event[list->count++] = event;
        at += 16 + (size_t)length;
    }
    qn_free(env, data);
}

static inline int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds those of all files of a folder, in the order of their names; returns how many files. */
static inline int read_folder(qn_env *env, const char *path, event_list *list)
{
    char *name[64];
    int count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char file[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        assert_true(count < 64);
        name[count++] = strdup(file);
    }
    if (folder)
        closedir(folder);
    qsort(name, (size_t)count, sizeof *name, by_text);
    for (int i = 0; i < count; i++) {
        read_events(env, name[i], list);
        free(name[i]);
    }
    return count;
}

static inline void free_events(event_list *list)
{
    for (int i = 0; i < list->count; i++)
        qn_tb__event__free_unpacked(list->event[i], NULL);
    list->count = 0;
}

/* The value of a summary; NULL: the event is something else. */
static inline const QnTb__SummaryValue *value_of(const QnTb__Event *event)
{
    if (event->what_case != QN_TB__EVENT__WHAT_SUMMARY)
        return NULL;
    assert_int_equal(event->summary->n_value, 1);
    return event->summary->value[0];
}

/* "0 1 2": the steps of a tag, in the files' order. */
static inline const char *steps_of_tag(const event_list *list, const char *tag)
{
    static char text[4][512];
    static int next;
    char *at = text[next++ % 4], *end = at + sizeof text[0];
    char *begin = at;
    *at = '\0';
    for (int i = 0; i < list->count; i++) {
        const QnTb__SummaryValue *value = value_of(list->event[i]);
        if (value && strcmp(value->tag, tag) == 0)
            at += snprintf(at, (size_t)(end - at), "%s%lld", at == begin ? "" : " ",
                           (long long)list->event[i]->step);
    }
    return begin;
}

#endif
