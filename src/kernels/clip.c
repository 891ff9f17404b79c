/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients clipped: cl/clip.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"

#define PIECE 4096      /* fewer elements are not worth a work-group */
#define MOST_PIECES 256 /* of everything, and one more for each range */

/* cl/clip.cl states the same struct for the device. */
_Static_assert(sizeof(qn_piece) == 16, "a piece has 16 bytes on the device");

qn_status qn_kernel_clip_value(qn_steps *steps, qn_buffer *gradients, int64_t count, double limit)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "clip.cl", "", "clip_value");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, gradients);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, limit);
    return qn_launch_end(&l, 2.0 * (double)count, 2.0 * (double)count);
}

/* Elements of a piece. */
static int64_t piece_size(const qn_extent *ranges, int variables)
{
    int64_t sum = 0, size;

    for (int i = 0; i < variables; i++)
        sum += ranges[i].count;
    size = qn_divide_up(sum, MOST_PIECES);
    return size < PIECE ? PIECE : (size + 15) / 16 * 16;
}

int qn_clip_pieces(const qn_extent *ranges, int variables, bool all, qn_piece *pieces)
{
    int64_t size = piece_size(ranges, variables);
    int count = 0;

    for (int i = 0; i < variables; i++) {
        int first = count, parts = (int)qn_divide_up(ranges[i].count, size);

        for (int64_t at = 0; at < ranges[i].count; at += size, count++) {
            int64_t left = ranges[i].count - at;

            if (pieces)
                pieces[count] = (qn_piece){.begin = (int32_t)(ranges[i].begin + at),
                                           .count = (int32_t)(left < size ? left : size),
                                           .first = first,
                                           .parts = parts};
        }
    }
    for (int i = 0; pieces && all && i < count; i++) {
        pieces[i].first = 0;
        pieces[i].parts = count;
    }
    return count;
}

static qn_status squares_of(qn_steps *steps, qn_buffer *gradients, qn_buffer *pieces,
                            qn_buffer *squares, int piece_count, int64_t count)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "clip.cl", "", "clip_squares");
    qn_launch_rows(&l, 1, count); /* checks the count */
    qn_launch_groups(&l, piece_count);
    qn_launch_buffer(&l, gradients);
    qn_launch_buffer(&l, pieces);
    qn_launch_buffer(&l, squares);
    return qn_launch_end(&l, 2.0 * (double)count, (double)count);
}

qn_status qn_kernel_clip_norm(qn_steps *steps, qn_buffer *gradients, qn_buffer *pieces,
                              qn_buffer *squares, int piece_count, bool all, int64_t count,
                              double limit)
{
    qn_launch l;

    QN_TRY(squares_of(steps, gradients, pieces, squares, piece_count, count));
    qn_launch_begin(&l, steps, "clip.cl", "", "clip_norm");
    qn_launch_groups(&l, piece_count);
    qn_launch_buffer(&l, gradients);
    qn_launch_buffer(&l, pieces);
    qn_launch_buffer(&l, squares);
    qn_launch_i32(&l, all);
    qn_launch_f32(&l, limit);
    return qn_launch_end(&l, 2.0 * (double)count, 2.0 * (double)count);
}
