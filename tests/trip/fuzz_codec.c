/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* First byte: the channel; the rest: its payload. What decodes must encode, and decode to a message that encodes the same. */
#include "base/trip/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct codec *c = NULL;
    struct trundle_message m = { 0 };
    struct bytes first = { 0 }, second = { 0 };

    if (!n || codec_new(&c, NULL) != TRUNDLE_OK)
        return 0;
    if (codec_decode(c, (enum trundle_channel)data[0], data + 1, n - 1, &m, NULL) == TRUNDLE_OK) {
        if (codec_encode(c, &m, 0, &first, NULL) != TRUNDLE_OK)
            abort();
        if (codec_decode(c, m.channel, first.data, first.n, &m, NULL) != TRUNDLE_OK || codec_encode(c, &m, 0, &second, NULL) != TRUNDLE_OK)
            abort();
        if (first.n != second.n || memcmp(first.data, second.data, first.n) != 0)
            abort();
    }
    bytes_done(&first);
    bytes_done(&second);
    codec_free(c);
    return 0;
}
