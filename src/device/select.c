/* SPDX-License-Identifier: Apache-2.0 */
/* The text that selects devices: grammar in quern/device.h. An item finds devices or leaves a
 * sentence; a set needs all its items; of several preferences the first whole set is taken. */
#include "device/internal.h"
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>

typedef struct search {
    qn_context *ctx;
    qn_device_list *list;
    qn_text *why;   /* what the items that found nothing have to say */
    bool list_them; /* the message ends with the list of devices */
} search;

static const char *const types[] = {"cpu", "gpu", "igpu", "accelerator"};

static qn_device_info *info_of(const search *s, int entry)
{
    return &s->list->entry[entry].info;
}

static qn_status add_choice(search *s, qn_selection *found, int entry, int sub)
{
    for (int i = 0; i < found->count; i++)
        if (found->choice[i].entry == entry && found->choice[i].sub == sub)
            return QN_OK;
    if (found->count == QN_MAX_DEVICES) {
        qn_text_add(s->why, "more than %d devices", QN_MAX_DEVICES);
        return QN_ERROR_USAGE;
    }
    found->choice[found->count].entry = entry;
    found->choice[found->count++].sub = sub;
    return QN_OK;
}

/* A device that was named: also when it is left out of `auto`, but not when it cannot work. */
static qn_status take_named(search *s, qn_selection *found, int entry, int sub)
{
    const qn_device_entry *e = &s->list->entry[entry];

    if (e->unusable) {
        qn_text_add(s->why, "%s (%s) cannot be used: %s", e->info.selector, e->info.name,
                    e->info.skipped);
        return QN_ERROR_DEVICE;
    }
    if (sub >= (int)e->info.compute_units) {
        qn_text_add(s->why, "%s (%s) has %u compute units, 0 to %u", e->info.selector, e->info.name,
                    (unsigned)e->info.compute_units, (unsigned)e->info.compute_units - 1);
        return QN_ERROR_USAGE;
    }
    if (e->info.skipped)
        qn_log(&s->ctx->env, QN_LOG_WARNING, "device %s (%s) is used because it was named: %s",
               e->info.selector, e->info.name, e->info.skipped);
    return add_choice(s, found, entry, sub);
}

/* "3" or "3.1": index and sub-device. False when it is something else. */
static bool read_index(const char *text, int *index, int *sub)
{
    char *end;
    long value;

    if (!isdigit((unsigned char)*text))
        return false;
    value = strtol(text, &end, 10);
    *index = value > INT_MAX ? INT_MAX : (int)value;
    *sub = -1;
    if (*end == '.' && isdigit((unsigned char)end[1])) {
        value = strtol(end + 1, &end, 10);
        *sub = value > INT_MAX ? INT_MAX : (int)value;
    }
    return *end == '\0';
}

static void list_devices(search *s)
{
    qn_text_add(s->why, "; devices: ");
    for (int i = 0; i < s->list->count; i++)
        qn_text_add(s->why, "%s%s (%s)", i ? ", " : "", info_of(s, i)->selector,
                    info_of(s, i)->name);
    if (s->list->count == 0)
        qn_text_add(s->why, "none");
    for (int i = 0; i < s->list->note_count; i++)
        qn_text_add(s->why, "; %s", s->list->note[i]);
}

/* Nothing fits the word: the nearest that would, and all devices. */
static qn_status fail_unknown(search *s, const char *word)
{
    const char *known[2 * 64 + 8] = {"auto", "all"};
    const char *nearest;
    int count = 2;

    for (int i = 0; i < QN_COUNT(types); i++)
        known[count++] = types[i];
    for (int i = 0; i < s->list->count && count + 2 <= QN_COUNT(known); i++) {
        known[count++] = info_of(s, i)->selector;
        known[count++] = info_of(s, i)->name;
    }
    nearest = qn_nearest(word, known, count);
    qn_text_add(s->why, "no device is called so");
    if (nearest)
        qn_text_add(s->why, ", did you mean '%s'?", nearest);
    else
        qn_text_add(s->why, "; it can be auto, all, cpu, gpu, igpu, accelerator, an index, a piece "
                            "of a name, or platform:index");
    s->list_them = true;
    return QN_ERROR_USAGE;
}

/* The platform's short name for `word`: itself, or a piece of the full name. NULL: left a reason.
 */
static const char *find_platform(search *s, const char *word)
{
    const char *found = NULL;

    for (int i = 0; i < s->list->count; i++)
        if (qn_equal_nocase(info_of(s, i)->platform, word))
            return info_of(s, i)->platform;
    for (int i = 0; i < s->list->count; i++) {
        const qn_device_info *info = info_of(s, i);

        if (!qn_contains_nocase(info->platform_name, word) ||
            (found && strcmp(found, info->platform) == 0))
            continue;
        if (found) {
            qn_text_add(s->why, "platform '%s' fits both %s and %s", word, found, info->platform);
            return NULL;
        }
        found = info->platform;
    }
    if (!found) {
        qn_text_add(s->why, "no platform with a device is called '%s'", word);
        s->list_them = true;
    }
    return found;
}

static qn_status find_in_platform(search *s, const char *word, const char *colon,
                                  qn_selection *found)
{
    char *name = qn_strndup(&s->ctx->env, word, (size_t)(colon - word));
    const char *platform;
    int index, sub, place = 0;

    if (!name)
        return QN_ERROR_MEMORY;
    platform = find_platform(s, name);
    qn_free(&s->ctx->env, name);
    if (!platform)
        return QN_ERROR_USAGE;
    if (!read_index(colon + 1, &index, &sub)) {
        qn_text_add(s->why, "after the colon comes a number, as in pocl:0 or pocl:0.1, not '%s'",
                    colon + 1);
        return QN_ERROR_USAGE;
    }
    for (int i = 0; i < s->list->count; i++)
        if (strcmp(info_of(s, i)->platform, platform) == 0 && place++ == index)
            return take_named(s, found, i, sub);
    qn_text_add(s->why, "platform %s has %d device%s", platform, place, place == 1 ? "" : "s");
    s->list_them = true;
    return QN_ERROR_USAGE;
}

static bool is_type(const qn_device_info *info, const char *type)
{
    return strcmp(info->type, type) == 0 ||
           (strcmp(type, "gpu") == 0 && strcmp(info->type, "igpu") == 0);
}

/* The first that is not left out; else the first that works at all, with a warning. */
static qn_status find_type(search *s, const char *type, qn_selection *found)
{
    int first = -1;

    for (int i = 0; i < s->list->count; i++) {
        const qn_device_entry *e = &s->list->entry[i];

        if (!is_type(&e->info, type))
            continue;
        if (!e->info.skipped)
            return add_choice(s, found, i, -1);
        if (first < 0 || (s->list->entry[first].unusable && !e->unusable))
            first = i;
    }
    if (first >= 0)
        return take_named(s, found, first, -1);
    qn_text_add(s->why, "there is no device of this type");
    s->list_them = true;
    return QN_ERROR_USAGE;
}

/* Devices whose name has the piece; usable ones only, where there are some. */
static int match_name(const search *s, const char *word, bool skipped, int *first)
{
    int count = 0;

    for (int i = 0; i < s->list->count; i++) {
        const qn_device_info *info = info_of(s, i);

        if ((info->skipped != NULL) != skipped || !qn_contains_nocase(info->name, word))
            continue;
        if (qn_equal_nocase(info->name, word)) {
            *first = i;
            return 1;
        }
        if (count++ == 0)
            *first = i;
    }
    return count;
}

static qn_status find_name(search *s, const char *word, qn_selection *found)
{
    bool skipped = false;
    const char *comma = "";
    int first = -1, count = match_name(s, word, false, &first);

    if (count == 0) {
        skipped = true;
        count = match_name(s, word, true, &first);
    }
    if (count == 0)
        return fail_unknown(s, word);
    if (count == 1)
        return take_named(s, found, first, -1);
    qn_text_add(s->why, "it fits %d devices, name one: ", count);
    for (int i = 0; i < s->list->count; i++) {
        const qn_device_info *info = info_of(s, i);

        if ((info->skipped != NULL) != skipped || !qn_contains_nocase(info->name, word))
            continue;
        qn_text_add(s->why, "%s%s (%s)", comma, info->selector, info->name);
        comma = ", ";
    }
    return QN_ERROR_USAGE;
}

static qn_status fail_none_usable(search *s)
{
    const char *comma = "";

    qn_text_add(s->why, "no device is usable: ");
    for (int i = 0; i < s->list->count; i++) {
        qn_text_add(s->why, "%s%s (%s): %s", comma, info_of(s, i)->selector, info_of(s, i)->name,
                    info_of(s, i)->skipped);
        comma = "; ";
    }
    for (int i = 0; i < s->list->note_count; i++) {
        qn_text_add(s->why, "%s%s", comma, s->list->note[i]);
        comma = "; ";
    }
    qn_text_add(s->why, ". Install the GPU vendor's OpenCL driver, or the Debian package "
                        "pocl-opencl-icd to compute on the CPU");
    return QN_ERROR_DEVICE;
}

/* The best of the usable devices of one chip, or of all (chip -1), is added. */
static qn_status add_best(search *s, int chip, int *room, qn_selection *found, bool *any)
{
    int count = 0, best;

    for (int i = 0; i < s->list->count; i++)
        if (!info_of(s, i)->skipped && (chip < 0 || s->list->entry[i].first == chip))
            room[count++] = i;
    *any |= count > 0;
    if (count == 0)
        return QN_OK;
    QN_TRY(qn_rank_best(s->ctx, room, count, &best));
    return add_choice(s, found, best, -1);
}

/* `auto`: the best device. `all`: of each chip the driver that is best. */
static qn_status find_best(search *s, bool every_chip, qn_selection *found)
{
    int *room = qn_alloc_array(&s->ctx->env, (size_t)s->list->count, sizeof *room);
    qn_status status = room ? QN_OK : QN_ERROR_MEMORY;
    bool any = false;

    if (!every_chip && status == QN_OK)
        status = add_best(s, -1, room, found, &any);
    for (int chip = 0; every_chip && chip < s->list->count && status == QN_OK; chip++)
        status = add_best(s, chip, room, found, &any);
    qn_free(&s->ctx->env, room);
    return status == QN_OK && !any ? fail_none_usable(s) : status;
}

static qn_status find_item(search *s, const char *word, qn_selection *found)
{
    const char *colon = strchr(word, ':');
    int index, sub;

    if (!*word) {
        qn_text_add(s->why, "a name is missing");
        return QN_ERROR_USAGE;
    }
    for (int i = 0; i < s->list->count; i++)
        if (qn_equal_nocase(info_of(s, i)->id, word))
            return take_named(s, found, i, -1);
    if (qn_equal_nocase(word, "auto"))
        return find_best(s, false, found);
    if (qn_equal_nocase(word, "all"))
        return find_best(s, true, found);
    if (colon)
        return find_in_platform(s, word, colon, found);
    if (read_index(word, &index, &sub)) {
        if (index < s->list->count)
            return take_named(s, found, index, sub);
        qn_text_add(s->why, "there %s %d device%s, counted from 0",
                    s->list->count == 1 ? "is" : "are", s->list->count,
                    s->list->count == 1 ? "" : "s");
        s->list_them = true;
        return QN_ERROR_USAGE;
    }
    for (int i = 0; i < QN_COUNT(types); i++)
        if (qn_equal_nocase(word, types[i]))
            return find_type(s, types[i], found);
    return find_name(s, word, found);
}

/* The next part of `*text` up to one of `ends`, trimmed, owned; NULL on failure. */
static char *next_part(qn_env *env, const char **text, const char *ends)
{
    size_t skip = strspn(*text, " \t"), length = strcspn(*text + skip, ends), end = length;
    char *part;

    while (end > 0 && strchr(" \t", (*text)[skip + end - 1]))
        end--;
    part = qn_strndup(env, *text + skip, end);
    *text += skip + length;
    return part;
}

/* One set: all of its items. On failure `why` names the word. */
static qn_status find_set(search *s, const char *set, qn_selection *found)
{
    qn_status status = QN_OK;

    found->count = 0;
    for (bool more = true; more && status == QN_OK;) {
        char *word = next_part(&s->ctx->env, &set, ",");
        size_t before = s->why->length;

        if (!word)
            return QN_ERROR_MEMORY;
        qn_text_add(s->why, "%s'%s': ", before ? "; " : "device ", word);
        status = find_item(s, word, found);
        if (status == QN_OK && s->why->data) {
            s->why->length = before;
            s->why->data[before] = '\0';
        }
        qn_free(&s->ctx->env, word);
        more = *set == ',';
        set += more;
    }
    return status;
}

qn_status qn_select(qn_context *ctx, const char *text, const char *origin, qn_selection *selection)
{
    qn_text why = {.env = &ctx->env};
    search s = {.ctx = ctx, .list = ctx->list, .why = &why};
    qn_status status = QN_OK, first = QN_OK;
    const char *at = text;

    for (bool more = true; more;) {
        char *set = next_part(&ctx->env, &at, "/");

        status = set ? find_set(&s, set, selection) : QN_ERROR_MEMORY;
        qn_free(&ctx->env, set);
        if (status == QN_OK || status == QN_ERROR_MEMORY)
            break;
        /* One that is there but cannot be used outweighs names of what is not there. */
        first = first == QN_ERROR_DEVICE ? first : status;
        more = *at == '/';
        at += more;
    }
    if (status != QN_OK && s.list_them)
        list_devices(&s);
    if (status != QN_OK && status != QN_ERROR_MEMORY && !why.failed)
        status = qn_fail(&ctx->env, first, "%s%s", qn_text_get(&why), origin);
    if (why.failed)
        status = QN_ERROR_MEMORY;
    qn_text_free(&why);
    return status;
}
