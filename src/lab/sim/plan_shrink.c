/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Shrink. */
#include "lab/sim/script.h"

struct shrink shrink_choose(struct script *s)
{
    (void)s;
    return (struct shrink){ 0 };
}

bool shrink_play(struct script *s, struct list *l, const struct shrink *shrink)
{
    (void)s;
    (void)l;
    (void)shrink;
    return true;
}
