/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/device share and nobody else sees: the structs behind the handles. */
#ifndef DEVICE_INTERNAL_H
#define DEVICE_INTERNAL_H

#include "base/text.h"
#include "device/opencl.h"
#include "device/profile.h"
#include "device/quirks.h"
#include "device/steps.h"

/* ---- discovery ---- */

/* One device as found. The strings of `info` are owned, whatever their const says. */
typedef struct qn_device_entry {
    qn_device_info info;
    cl_platform_id platform;
    cl_device_id id;
    char *platform_version;
    bool uuid_known, pci_known;
    unsigned char uuid[16];
    uint32_t pci[4]; /* domain, bus, device, function */
    bool unusable;   /* skipped, and selecting it by name does not help */
    unsigned quirks; /* bits of qn_quirk */
    int first;       /* index of the first entry of the same chip; its own when there is none */
} qn_device_entry;

struct qn_device_list {
    qn_env own;  /* of a list that the user made */
    qn_env *env; /* own, or the context's */
    qn_device_entry *entry;
    int count;
    size_t capacity;
    char **note; /* what to know of platforms without a device */
    int note_count;
    size_t note_capacity;
    int platform_count;
};

qn_status qn_device_list_find(qn_env *env, qn_device_list *list);
/* Sets `first` and `duplicate_of`. */
void qn_device_list_compare(qn_device_list *list);
void qn_device_list_clear(qn_device_list *list);
/* Fills an entry whose platform and id are set; free it in any case (describe.c). */
qn_status qn_device_entry_describe(qn_device_list *list, qn_device_entry *entry);
void qn_device_entry_free(qn_env *env, qn_device_entry *entry);
/* A string as an owned copy, trimmed; "" when there is none. NULL on failure, with a message. */
char *qn_cl_platform_text(qn_env *env, cl_platform_id id, cl_platform_info what);

/* ---- selection ---- */

typedef struct qn_choice {
    int entry; /* index in the list */
    int sub;   /* compute unit, -1: the whole device */
} qn_choice;

typedef struct qn_selection {
    int count;
    qn_choice choice[QN_MAX_DEVICES];
} qn_selection;

/* `origin`: ends the message, to say where the text came from. */
qn_status qn_select(qn_context *ctx, const char *text, const char *origin, qn_selection *selection);
/* The best of `count` usable entries: by score, or by type where nothing is remembered and there is
 * no cache folder to remember it in. */
qn_status qn_rank_best(qn_context *ctx, const int *entry, int count, int *best);
/* Speed of one device in GFLOP/s, remembered or measured now; 0 when it failed, with a warning in
 * the log. Needs a cache folder. */
qn_status qn_score_get(qn_context *ctx, int entry, double *score);

/* ---- opened devices ---- */

typedef struct qn_program {
    struct qn_program *next;
    uint64_t key[2];
    cl_program cl;
} qn_program;

struct qn_event {
    qn_device *device;
    cl_event cl;
    qn_event *next; /* in the device's list of spare ones */
};

/* A region that is being profiled. */
typedef struct qn_profile_run qn_profile_run;

struct qn_device {
    qn_context *context;
    qn_env *env;
    qn_device_info info; /* strings are the list's, but for a sub-device's selector */
    char *sub_selector;
    char *fingerprint;
    cl_device_id id;
    bool is_sub;
    cl_context cl;
    cl_command_queue compute, transfer;
    size_t alignment;
    unsigned quirks;
    qn_device_counters counters;
    qn_profile_run *profile; /* NULL: not profiled */
    qn_program *programs;
    qn_event *spare_events;
    char *scratch; /* of whole.c */
    size_t scratch_bytes;
};

struct qn_buffer {
    qn_device *device;
    cl_mem cl;
    cl_mem root;   /* of a slice: the whole segment; otherwise `cl` */
    size_t offset; /* in root */
    size_t bytes;
    qn_use use; /* of a segment */
};

struct qn_staging {
    qn_device *device;
    cl_mem cl;
    void *data;
    size_t bytes;
};

struct qn_kernel {
    qn_device *device;
    cl_kernel cl;
    char *name;
};

qn_status qn_device_open(qn_context *ctx, int entry, int sub, qn_device **device);
void qn_device_close(qn_device **device);
/* Text for the cache's keys, of a listed device. NULL on failure, with a message. */
char *qn_device_entry_fingerprint(qn_env *env, const qn_device_entry *entry);
/* clFinish as it should be. */
cl_int qn_queue_finish(qn_device *device, cl_command_queue queue);
/* A spare event or a new one, empty. */
qn_status qn_event_new(qn_device *device, qn_event **event);

/* One step onto the compute queue; `event` may be NULL, and is not used by a call. */
qn_status qn_step_enqueue(qn_device *device, qn_step *step, int32_t row, cl_event *event);
qn_status qn_kernel_enqueue(qn_kernel *kernel, const qn_range *range, cl_event *event);
qn_status qn_buffer_enqueue_copy(qn_buffer *from, size_t from_offset, qn_buffer *to,
                                 size_t to_offset, size_t bytes, cl_event *event);

/* ---- profiled regions; device->profile is not NULL ---- */

/* Enqueues a step and keeps its event. */
qn_status qn_profile_step(qn_steps *steps, size_t index, int32_t row);
/* Around a transfer: where its event goes. The end is called in any case; a transfer that left no
 * event is not recorded. */
cl_event *qn_profile_move_begin(qn_device *device, cl_command_queue queue, qn_move move,
                                size_t bytes);
void qn_profile_move_end(qn_device *device, cl_command_queue queue);
/* Makes records of the events that are done. */
void qn_profile_read(qn_device *device);
/* What memory of a use was taken or given back. */
void qn_profile_memory(qn_device *device, qn_use use);

/* For QN_QUIRK_WHOLE_WRITES: what changes a part of a buffer, as a blocking write of the whole.
 * `wait` may be NULL. */
cl_int qn_whole_write(qn_device *device, cl_command_queue queue, cl_mem buffer, size_t offset,
                      size_t bytes, const void *data, const cl_event *wait);
cl_int qn_whole_fill(qn_device *device, cl_mem buffer, size_t offset, size_t bytes,
                     uint32_t pattern);
cl_int qn_whole_copy(qn_device *device, cl_mem from, size_t from_offset, cl_mem to,
                     size_t to_offset, size_t bytes);

/* ---- programs ---- */

/* One file of an expanded source, for messages. */
typedef struct qn_source_file {
    char *name;
    char *text;
} qn_source_file;

/* A program's source with its includes in place. */
typedef struct qn_expansion {
    qn_env *env;
    qn_text text;
    qn_source_file *file;
    size_t count, capacity;
} qn_expansion;

/* `source` NULL: the file `title` of cl/. Free in any case. */
qn_status qn_expand(qn_env *env, const char *title, const char *source, qn_expansion *expansion);
void qn_expansion_free(qn_expansion *expansion);
/* Adds the source lines that a compiler's log names (quote.c). */
void qn_expansion_quote(const qn_expansion *expansion, const char *log, qn_text *text);

/* The program, from memory, disk or compiler; owned by the device. */
qn_status qn_program_get(qn_device *device, const char *title, const char *source,
                         const char *options, cl_program *program);

/* A compiled program on disk; the context has a cache folder. A missing or damaged file gives NULL
 * in *binary and QN_OK. */
qn_status qn_binary_load(qn_device *device, const uint64_t key[2], unsigned char **binary,
                         size_t *bytes);
/* A folder that cannot be written is logged and otherwise ignored. */
void qn_binary_store(qn_device *device, const uint64_t key[2], const unsigned char *binary,
                     size_t bytes);
void qn_binary_remove(qn_device *device, const uint64_t key[2]);
/* Removes the programs of a folder that were not used for longest, until `limit` bytes are left. */
void qn_binary_trim(qn_env *env, const char *folder, uint64_t limit);

#endif
