/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Reshaping copies; plans avoid it where they can. */
#include "base/net/op/ref.h"

static void run(const struct net_call *c)
{
    int64_t begin, end;

    net_share((int64_t)net_tensor_bytes(c->site->out), c->part, c->parts, &begin, &end);
    memcpy((char *)c->out + begin, (const char *)c->in[0] + begin, (size_t)(end - begin));
}

NET_REF(NET_RESHAPE, reshape, NULL)
