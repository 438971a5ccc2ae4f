/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate.h"

#include <zlib.h>

/* Largest window, plus 16: expects a gzip header (zlib.h, inflateInit2). */
#define GZIP_WINDOW_BITS (15 + 16)
#define STEP_SIZE (64 * 1024)

static int inflate_all(z_stream *stream, size_t size_max, tlm_buffer *out)
{
    size_t start = out->size;
    int state = Z_OK;

    while (state == Z_OK) {
        char *room = tlm_buffer_reserve(out, STEP_SIZE);
        if (!room)
            return -ENOMEM;
        stream->next_out = (Bytef *)room;
        stream->avail_out = STEP_SIZE;
        state = inflate(stream, Z_NO_FLUSH);
        out->size += STEP_SIZE - stream->avail_out;
        if (out->size - start > size_max)
            return -EFBIG;
    }
    if (state == Z_MEM_ERROR)
        return -ENOMEM;
    return state == Z_STREAM_END && stream->avail_in == 0 ? 0 : -EINVAL;
}

int tlm_rest_inflate(tlm_text gzip, size_t size_max, tlm_buffer *out)
{
    z_stream stream = {0};

    if (gzip.size > UINT32_MAX)
        return -EFBIG;
    if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
        return -ENOMEM;
    stream.next_in = (z_const Bytef *)(uintptr_t)gzip.data;
    stream.avail_in = (uInt)gzip.size;
    int result = inflate_all(&stream, size_max, out);
    inflateEnd(&stream);
    return result;
}
