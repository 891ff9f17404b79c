/* SPDX-License-Identifier: Apache-2.0 */
/* Results to stdout, notes and errors to stderr, JSON. */
#include "command.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int exit_code(qn_status status)
{
    switch (status) {
    case QN_OK:
        return EXIT_OK;
    case QN_ERROR_USAGE:
        return EXIT_USAGE;
    case QN_STOPPED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}

int report_failure(const qn_context *ctx, qn_status status)
{
    fprintf(stderr, "quern: %s\n", qn_error(ctx));
    return exit_code(status);
}

int out_of_memory(void)
{
    fprintf(stderr, "quern: out of memory\n");
    return EXIT_FAILED;
}

void note(const arguments *a, const char *format, ...)
{
    if (a->quiet)
        return;
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

json_t *json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *made = json_string(text);
    if (made)
        return made;
    char *ascii = malloc(strlen(text) + 1), *end = ascii;
    if (!ascii)
        return NULL;
    for (; *text; text++)
        if ((unsigned char)*text < 0x80)
            *end++ = *text;
    *end = '\0';
    made = json_string(ascii);
    free(ascii);
    return made;
}

json_t *json_shape(int rank, const int64_t *shape)
{
    json_t *list = json_array();
    for (int i = 0; i < rank; i++)
        json_array_append_new(list, json_integer(shape[i]));
    return list;
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_measured(double value)
{
    return value > 0 ? json_number(value) : json_null();
}

void json_add_logs(json_t *object, const qn_logs *logs)
{
    for (int i = 0; i < logs->count; i++)
        json_object_set_new(object, logs->item[i].name, json_number(logs->item[i].value));
}

int json_print(json_t *object)
{
    int failed = !object || json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (failed) {
        fprintf(stderr, "quern: could not write the JSON result\n");
        return EXIT_FAILED;
    }
    putchar('\n');
    return EXIT_OK;
}

/* Small numbers, such as a learning rate, as the progress line has them. */
void print_logs(const char *title, const qn_logs *logs)
{
    printf("%-6s", title);
    for (int i = 0; i < logs->count; i++) {
        double value = logs->item[i].value;
        printf(fabs(value) > 1e-3 || value == 0 ? "%s%s %.4f" : "%s%s %.4e", i ? "  " : "",
               logs->item[i].name, value);
    }
    printf("\n");
}

void write_to_file(void *user, const char *text)
{
    fputs(text, user);
}

void collect_text(void *user, const char *text)
{
    collected_text *collected = user;
    size_t length = strlen(text);
    char *grown =
        collected->failed ? NULL : realloc(collected->data, collected->length + length + 1);
    if (!grown) {
        collected->failed = true;
        return;
    }
    memcpy(grown + collected->length, text, length + 1);
    collected->data = grown;
    collected->length += length;
}

const char *shape_text(int rank, const int64_t *shape, char *buffer, size_t size)
{
    size_t used = 0;
    for (int i = 0; i <= rank + 1 && used < size; i++) {
        int wrote = i == 0          ? snprintf(buffer, size, "(")
                    : i == rank + 1 ? snprintf(buffer + used, size - used, rank == 1 ? ",)" : ")")
                                    : snprintf(buffer + used, size - used, "%s%" PRId64,
                                               i > 1 ? ", " : "", shape[i - 1]);
        used += wrote > 0 ? (size_t)wrote : size;
    }
    return buffer;
}

const char *bytes_text(uint64_t bytes, char *buffer, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 6) {
        value /= 1024;
        unit++;
    }
    snprintf(buffer, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return buffer;
}
