/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads (plain or gzip) and atomic replacement. Messages name the file and the
 * system's reason. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/env.h"

/* Reads a whole file, at most `limit` bytes (0: no limit). The bytes end with an extra NUL. */
qn_status qn_file_read(qn_env *env, const char *path, size_t limit, char **data, size_t *bytes);
/* The same through zlib when the file starts with gzip's magic; a truncated or corrupt stream is
 * QN_ERROR_DATA. */
qn_status qn_file_read_gz(qn_env *env, const char *path, size_t limit, char **data, size_t *bytes);
bool qn_file_exists(const char *path);

/* An atomic replacement: write to a temporary file beside `path`, then commit (flush, fsync,
 * rename, fsync of the folder) or abandon. Nothing half-written is ever left under `path`. */
typedef struct qn_file_writer qn_file_writer;
qn_status qn_file_writer_open(qn_env *env, const char *path, qn_file_writer **writer);
qn_status qn_file_writer_add(qn_file_writer *writer, const void *data, size_t bytes);
/* Frees the writer in any case; after a failure the temporary file is removed. */
qn_status qn_file_writer_commit(qn_file_writer **writer);
void qn_file_writer_abandon(qn_file_writer **writer);
/* open + add + commit */
qn_status qn_file_replace(qn_env *env, const char *path, const void *data, size_t bytes);
/* Fails now when `path` could not be replaced: creates and removes the temporary file. */
qn_status qn_file_check_writable(qn_env *env, const char *path);
/* Adds text to the end of a file, made where there is none; `fresh` empties it first. */
qn_status qn_file_append(qn_env *env, const char *path, const char *text, bool fresh);
/* Creates a folder and its parents. */
qn_status qn_make_folders(qn_env *env, const char *path);

#endif
