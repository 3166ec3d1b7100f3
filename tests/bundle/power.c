/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/bundle/power.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool folder_is(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return !strncmp(path, folder, n) && path[n] == '/' && !strchr(path + n + 1, '/');
}

static void put_back(const char *path, const struct bytes *content)
{
    FILE *f = fopen(path, "wb");

    if (!f)
        return;
    (void)fwrite(content->data ? content->data : (const uint8_t *)"", 1, content->n, f);
    (void)fclose(f);
}

static void undo(const struct power_step *s)
{
    switch (s->step) {
    case DISK_CREATE:
    case DISK_MAKE_FOLDER:
        if (disk_remove(NULL, s->path, NULL) != TRUNDLE_OK)
            abort();
        break;
    case DISK_RENAME:
        (void)rename(s->other, s->path);
        if (s->was_there)
            put_back(s->other, &s->old);
        break;
    case DISK_REMOVE:
        if (s->was_there)
            put_back(s->path, &s->old);
        else
            (void)mkdir(s->path, 0755);
        break;
    default:
        break;
    }
}

static void cut(struct power *p)
{
    for (int i = 0; i < p->dirty_n && p->how != POWER_STOPS; i++)
        if (p->how != POWER_LOSES_SOME || rng_below(&p->rng, 2))
            if (truncate(p->dirty[i], 0) != 0)
                abort();
    for (int i = p->pending_n - 1; i >= 0 && p->how != POWER_STOPS; i--)
        if (p->how == POWER_LOSES_ALL || (p->how == POWER_LOSES_FIRST && i == 0) || (p->how == POWER_LOSES_SOME && rng_below(&p->rng, 2)))
            undo(&p->pending[i]);
    _exit(POWER_EXIT);
}

static void remember(struct power *p, enum disk_step step, const char *path, const char *other)
{
    struct power_step *s = &p->pending[p->pending_n++];
    const char *at_risk = step == DISK_RENAME ? other : path;
    struct stat st;

    if (p->pending_n >= POWER_STEPS_MAX)
        abort();
    *s = (struct power_step){ .step = step };
    (void)snprintf(s->path, sizeof s->path, "%s", path);
    (void)snprintf(s->other, sizeof s->other, "%s", other ? other : "");
    if ((step == DISK_RENAME || step == DISK_REMOVE) && lstat(at_risk, &st) == 0 && S_ISREG(st.st_mode))
        s->was_there = file_read(at_risk, 1 << 20, &s->old, NULL) == TRUNDLE_OK;
}

static void clean(struct power *p, const char *path)
{
    for (int i = 0; i < p->dirty_n; i++)
        if (!strcmp(p->dirty[i], path))
            memmove(p->dirty[i], p->dirty[i + 1], sizeof p->dirty[0] * (size_t)(--p->dirty_n - i));
}

static void folder_synced(struct power *p, const char *folder)
{
    int kept = 0;

    for (int i = 0; i < p->pending_n; i++) {
        if (folder_is(p->pending[i].path, folder))
            bytes_done(&p->pending[i].old);
        else
            p->pending[kept++] = p->pending[i];
    }
    p->pending_n = kept;
}

int power_before(void *user, enum disk_step step, const char *path, const char *other)
{
    struct power *p = user;

    if (++p->count == p->at) {
        if (p->how == POWER_FAILS)
            return EIO;
        cut(p);
    }
    switch (step) {
    case DISK_WRITE:
        clean(p, path);
        if (p->dirty_n == POWER_STEPS_MAX - 1)
            abort();
        (void)snprintf(p->dirty[p->dirty_n++], sizeof p->dirty[0], "%s", path);
        break;
    case DISK_SYNC:
        clean(p, path);
        break;
    case DISK_SYNC_FOLDER:
        folder_synced(p, path);
        break;
    default:
        remember(p, step, path, other);
        break;
    }
    return 0;
}
