/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's table of layers, as it prints it on a terminal of 80 columns. */
#include "nn/model.h"

#include <inttypes.h>
#include <stdio.h>

#define COLUMNS 3

/* Text inside a cell, without the space on either side. */
static const int widths[COLUMNS] = {31, 22, 13};

static void add_rule(qn_text *text, const char *left, const char *line, const char *middle,
                     const char *right)
{
    for (int c = 0; c < COLUMNS; c++) {
        qn_text_add(text, "%s", c == 0 ? left : middle);
        for (int i = 0; i < widths[c] + 2; i++)
            qn_text_add(text, "%s", line);
    }
    qn_text_add(text, "%s\n", right);
}

/* Characters of UTF-8. */
static int count_characters(const char *text, size_t bytes)
{
    int count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static size_t bytes_of(const char *text, int characters)
{
    size_t bytes = 0;
    while (text[bytes] != '\0' && count_characters(text, bytes + 1) <= characters)
        bytes++;
    return bytes;
}

static void add_padded(qn_text *text, const char *word, size_t bytes, bool cut, int width,
                       bool right)
{
    int pad = width - count_characters(word, bytes) - cut;
    if (right)
        qn_text_add(text, "%*s", pad, "");
    qn_text_add_bytes(text, word, bytes);
    if (cut)
        qn_text_add(text, "…");
    if (!right)
        qn_text_add(text, "%*s", pad, "");
}

/* Writes one line of a cell: as many words as fit; a word longer than the cell is cut. Gives back
 * what is left. */
static const char *add_cell_line(qn_text *text, const char *cell, int width, bool right)
{
    size_t taken = 0;
    for (;;) {
        size_t space = cell[taken] == ' ' ? 1 : 0;
        size_t word = strcspn(cell + taken + space, " ");
        if (word == 0 || count_characters(cell, taken + space + word) > width)
            break;
        taken += space + word;
    }
    size_t length = strcspn(cell, " ");
    bool cut = taken == 0 && length > 0;
    add_padded(text, cell, cut ? bytes_of(cell, width - 1) : taken, cut, width, right);
    cell += cut ? length : taken;
    return cell + (*cell == ' ');
}

static void add_row(qn_text *text, const char *const cells[COLUMNS], const char *bar)
{
    const char *left[COLUMNS] = {cells[0], cells[1], cells[2]};
    do {
        for (int c = 0; c < COLUMNS; c++) {
            qn_text_add(text, "%s ", bar);
            left[c] = add_cell_line(text, left[c], widths[c], c == COLUMNS - 1);
            qn_text_add(text, " ");
        }
        qn_text_add(text, "%s\n", bar);
    } while (*left[0] != '\0' || *left[1] != '\0' || *left[2] != '\0');
}

/* "78,500" */
static const char *with_commas(int64_t number, char *buffer, size_t size)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    buffer[used] = '\0';
    return buffer;
}

static int64_t count_parameters(const qn_layer *layer, qn_role role)
{
    int64_t count = 0;
    for (int i = 0; i < layer->weight_count; i++)
        if (layer->weight[i].variable->role == role)
            count += layer->weight[i].variable->count;
    return count;
}

static void add_layer(qn_text *text, const qn_layer *layer)
{
    char shape[160] = "?", number[40], count[64];
    qn_text name = {.env = text->env};
    bool built = layer->output.rank > 0;
    qn_text_add(&name, "%s (%s)", layer->name, layer->type->schema.type);
    if (built)
        qn_shape_print(&layer->output, shape, sizeof shape);
    with_commas(count_parameters(layer, QN_ROLE_PARAMETER) + count_parameters(layer, QN_ROLE_STATE),
                number, sizeof number);
    snprintf(count, sizeof count, "%s%s", number, built ? "" : " (unbuilt)");
    add_row(text, (const char *const[COLUMNS]){qn_text_get(&name), shape, count}, "│");
    text->failed = text->failed || name.failed;
    qn_text_free(&name);
}

/* " Total params: 79,510 (310.59 KB)": four bytes each. */
static void add_total(qn_text *text, const char *title, int64_t count)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    char number[40];
    double size = 4.0 * (double)count;
    int unit = 0;
    while (size >= 1024 && unit < QN_COUNT(units) - 1) {
        size /= 1024;
        unit++;
    }
    qn_text_add(text, " %s params: %s (%.2f %s)\n", title,
                with_commas(count, number, sizeof number), size, units[unit]);
}

static void add_totals(qn_text *text, const qn_model *model)
{
    int64_t trainable = 0, state = 0, optimizer = 0;
    for (int i = 0; i < model->layer_count; i++) {
        trainable += count_parameters(model->layer[i], QN_ROLE_PARAMETER);
        state += count_parameters(model->layer[i], QN_ROLE_STATE);
    }
    /* Keras counts the step and the learning rate among an optimizer's own, once it has begun. */
    if (model->optimizer.schema != NULL && model->iterations > 0)
        optimizer = qn_model_slots(model) * trainable + 2;
    add_total(text, "Total", trainable + state + optimizer);
    add_total(text, "Trainable", trainable);
    add_total(text, "Non-trainable", state);
    if (optimizer > 0)
        add_total(text, "Optimizer", optimizer);
}

qn_status qn_summary(const qn_model *model, qn_write_fn write, void *user)
{
    static const char *const titles[COLUMNS] = {"Layer (type)", "Output Shape", "Param #"};
    qn_text text = {.env = model->env};
    qn_text_add(&text, "Model: \"sequential\"\n");
    add_rule(&text, "┏", "━", "┳", "┓");
    add_row(&text, titles, "┃");
    add_rule(&text, "┡", "━", "╇", "┩");
    int shown = 0;
    for (int i = 0; i < model->layer_count; i++) {
        /* Keras's list of layers leaves the input out. */
        if (strcmp(model->layer[i]->type->schema.type, "InputLayer") == 0)
            continue;
        if (shown++ > 0)
            add_rule(&text, "├", "─", "┼", "┤");
        add_layer(&text, model->layer[i]);
    }
    add_rule(&text, "└", "─", "┴", "┘");
    add_totals(&text, model);
    qn_status status = text.failed ? qn_fail_memory(model->env, text.length) : QN_OK;
    if (status == QN_OK)
        write(user, qn_text_get(&text));
    qn_text_free(&text);
    return status;
}
