/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle/power - a disk that fails or loses power at its Nth step (base/bundle/disk.h).
 *
 *     struct power p = { .at = 7, .how = POWER_LOSES_ALL };
 *     config.disk = &(struct disk){ power_before, &p };
 *
 * What a power cut leaves is the worst that POSIX allows: data that was not synced is gone, names that were made, moved or removed in a folder that was not synced since are as
 * they were before. The process ends with POWER_EXIT, so use it in a child.
 */
#pragma once

#include "base/bundle/disk.h"
#include "base/std/rng.h"

enum { POWER_EXIT = 77, POWER_STEPS_MAX = 512 };
enum power_how { POWER_FAILS /* the step returns EIO */, POWER_STOPS /* killed; all that was written stays */, POWER_LOSES_ALL,
                 POWER_LOSES_FIRST /* the oldest name only: others overtook it */, POWER_LOSES_SOME, POWER_WAYS };

struct power_step { enum disk_step step; char path[700], other[700]; struct bytes old; bool was_there; };
struct power {
    int at;                              /* 1: the first step; 0: never */
    enum power_how how;
    struct rng rng;                      /* what is lost, of POWER_LOSES_SOME */
    int count;
    int pending_n;                       /* names that are not on disk yet */
    struct power_step pending[POWER_STEPS_MAX];
    int dirty_n;                         /* files whose data is not */
    char dirty[POWER_STEPS_MAX][700];
};
int power_before(void *user, enum disk_step step, const char *path, const char *other);
