/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* power.h. Real syncs are left out: what counts is what we remember of them. */
#define _GNU_SOURCE
#include "tests/support/power.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES = 400, NAMES = 200 };

struct name {
    char  text[80];
    ino_t inode;
};

/* A file's content, or a folder's names, at its last sync. Open, so that its number is not given to another. */
struct durable {
    ino_t        inode;
    int          fd;
    struct bytes content;
    struct name *name;
    size_t       names;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool watching, only_one;
static long calls, fail_at_call;
static char root[4096];
static struct durable known[FILES];
static size_t known_n;

#define INTERPOSED(symbol) __asm__(symbol) __attribute__((visibility("default"), used))
ssize_t power_write(int fd, const void *data, size_t n) INTERPOSED("write");
ssize_t power_pwrite(int fd, const void *data, size_t n, off_t at) INTERPOSED("pwrite64");
int power_fsync(int fd) INTERPOSED("fsync");
int power_fdatasync(int fd) INTERPOSED("fdatasync");
int power_rename(const char *from, const char *to) INTERPOSED("rename");
int power_unlink(const char *path) INTERPOSED("unlink");
int power_mkdir(const char *path, mode_t mode) INTERPOSED("mkdir");
int power_rmdir(const char *path) INTERPOSED("rmdir");
int power_open(const char *path, int flags, ...) INTERPOSED("open64");
int power_ftruncate(int fd, off_t size) INTERPOSED("ftruncate64");

/* True: the power is gone. */
static bool gone(void)
{
    bool lost = false;

    (void)pthread_mutex_lock(&mutex);
    if (watching) {
        calls++;
        lost = fail_at_call && (only_one ? calls == fail_at_call : calls >= fail_at_call);
    }
    (void)pthread_mutex_unlock(&mutex);
    if (lost)
        errno = EIO;
    return lost;
}

ssize_t power_write(int fd, const void *data, size_t n)
{
    return gone() ? -1 : (ssize_t)syscall(SYS_write, fd, data, n);
}

ssize_t power_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return gone() ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, data, n, at);
}

int power_rename(const char *from, const char *to)
{
    return gone() ? -1 : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int power_unlink(const char *path)
{
    return gone() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int power_mkdir(const char *path, mode_t mode)
{
    return gone() ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int power_rmdir(const char *path)
{
    return gone() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* Only what makes a file is a change. */
int power_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    if (flags & O_CREAT) {
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && gone())
            return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int power_ftruncate(int fd, off_t size)
{
    return gone() ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

static struct durable *find(ino_t inode)
{
    for (size_t i = 0; i < known_n; i++)
        if (known[i].inode == inode)
            return &known[i];
    return NULL;
}

static void content_of(int fd, struct bytes *out)
{
    struct stat st;

    out->n = 0;
    if (fstat(fd, &st) != 0 || st.st_size == 0)
        return;
    if (bytes_reserve(out, (size_t)st.st_size) != TRUNDLE_OK)
        abort();
    out->n = (size_t)pread(fd, out->data, (size_t)st.st_size, 0);
}

static size_t names_of(const char *path, struct name *out)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    size_t n = 0;

    while (dir && (entry = readdir(dir)) && n < NAMES) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(out[n].text, sizeof out[n].text, "%s", entry->d_name);
        out[n++].inode = entry->d_ino;
    }
    if (dir)
        (void)closedir(dir);
    return n;
}

static void remember(int fd)
{
    struct durable *d;
    char path[64];
    struct stat st;

    if (fstat(fd, &st) != 0)
        abort();
    d = find(st.st_ino);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (!d) {
        if (known_n == FILES)
            abort();
        d = &known[known_n++];
        *d = (struct durable){ .inode = st.st_ino, .fd = open(path, O_RDONLY | O_CLOEXEC) };
    }
    if (!S_ISDIR(st.st_mode)) {
        content_of(d->fd, &d->content);
        return;
    }
    if (!d->name && !(d->name = calloc(NAMES, sizeof *d->name)))
        abort();
    d->names = names_of(path, d->name);
}

static int synced(int fd)
{
    if (gone())
        return -1;
    (void)pthread_mutex_lock(&mutex);
    if (watching)
        remember(fd);
    (void)pthread_mutex_unlock(&mutex);
    return 0;
}

int power_fsync(int fd)
{
    return synced(fd);
}

int power_fdatasync(int fd)
{
    return synced(fd);
}

/* What was there before counts as synced. */
static void remember_all(const char *path)
{
    struct name *list = calloc(NAMES, sizeof *list);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t n;

    if (!list || fd < 0 || fstat(fd, &st) != 0)
        abort();
    remember(fd);
    (void)close(fd);
    n = S_ISDIR(st.st_mode) ? names_of(path, list) : 0;
    for (size_t i = 0; i < n; i++) {
        char below[4200];

        (void)snprintf(below, sizeof below, "%s/%s", path, list[i].text);
        remember_all(below);
    }
    free(list);
}

static void watch(const char *folder, long fail_at, bool one)
{
    for (size_t i = 0; i < known_n; i++) {
        (void)close(known[i].fd);
        bytes_done(&known[i].content);
        free(known[i].name);
    }
    known_n = 0;
    (void)snprintf(root, sizeof root, "%s", folder);
    remember_all(folder);
    calls = 0;
    fail_at_call = fail_at;
    only_one = one;
    watching = true;
}

void power_watch(const char *folder, long fail_at)
{
    watch(folder, fail_at, false);
}

void power_watch_one(const char *folder, long fail_at)
{
    watch(folder, fail_at, true);
}

long power_stop(void)
{
    watching = false;
    return calls;
}

/* ---- what is left ---- */

struct choice {
    enum power_left left;
    struct rng rng;
    uint64_t asked, one;
};

/* Whether what was not synced is kept. */
static bool chosen(struct choice *c)
{
    c->asked++;
    return c->left == POWER_ALL || (c->left == POWER_MIXED && rng_below(&c->rng, 2)) || (c->left == POWER_BUT_ONE && c->asked != c->one + 1);
}

static bool same(const struct bytes *a, const struct bytes *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->data, b->data, a->n));
}

static void file_rebuild(ino_t inode, const char *now, const char *to, struct choice *c)
{
    const struct durable *d = find(inode);
    struct bytes current = { 0 }, kept = { 0 };
    int fd = now ? open(now, O_RDONLY | O_CLOEXEC) : -1;

    if (d && d->fd >= 0)
        content_of(d->fd, &current);
    else if (fd >= 0)
        content_of(fd, &current);
    if (d && bytes_append(&kept, d->content.data, d->content.n) != TRUNDLE_OK)
        abort();
    if ((!d || !same(&current, &kept)) && chosen(c)) {
        size_t n = c->left == POWER_MIXED && current.n ? rng_below(&c->rng, 2) ? current.n : rng_below(&c->rng, (uint32_t)current.n + 1) : current.n;

        if (n > kept.n && bytes_reserve(&kept, n - kept.n) != TRUNDLE_OK)
            abort();
        if (n)
            memcpy(kept.data, current.data, n);
        if (c->left != POWER_MIXED || n > kept.n)
            kept.n = n;
    }
    if (fd >= 0)
        (void)close(fd);
    fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || (kept.n && write(fd, kept.data, kept.n) != (ssize_t)kept.n))
        abort();
    (void)close(fd);
    bytes_done(&current);
    bytes_done(&kept);
}

static const struct name *in_list(const struct name *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].text, text) == 0)
            return &list[i];
    return NULL;
}

static void folder_rebuild(ino_t inode, const char *now, const char *to, struct choice *c);

static void name_rebuild(const struct name *name, const char *folder, const char *to_folder, struct choice *c)
{
    const struct durable *d = find(name->inode);
    char now[4200], to[4200];
    struct stat st;
    bool there, is_folder;

    (void)snprintf(now, sizeof now, "%s/%s", folder, name->text);
    (void)snprintf(to, sizeof to, "%s/%s", to_folder, name->text);
    there = lstat(now, &st) == 0 && st.st_ino == name->inode;
    is_folder = d ? d->name != NULL : there && S_ISDIR(st.st_mode);
    if (is_folder)
        folder_rebuild(name->inode, now, to, c);
    else
        file_rebuild(name->inode, there ? now : NULL, to, c);
}

static void folder_rebuild(ino_t inode, const char *now, const char *to, struct choice *c)
{
    struct name *current = calloc(NAMES, sizeof *current);
    const struct durable *d = find(inode);
    size_t n, durable_n = d ? d->names : 0;

    if (!current || mkdir(to, 0700) != 0)
        abort();
    n = names_of(now, current);
    for (size_t i = 0; i < durable_n; i++) {
        const struct name *other = in_list(current, n, d->name[i].text);

        if (other && other->inode == d->name[i].inode)
            name_rebuild(other, now, to, c);
        else if (!chosen(c))
            name_rebuild(&d->name[i], now, to, c);
        else if (other)
            name_rebuild(other, now, to, c);
    }
    for (size_t i = 0; i < n; i++)
        if (!in_list(d ? d->name : NULL, durable_n, current[i].text) && chosen(c))
            name_rebuild(&current[i], now, to, c);
    free(current);
}

uint64_t power_rebuild(const char *to, enum power_left left, uint64_t seed)
{
    struct choice c = { .left = left, .rng = rng_seed(seed, "power"), .one = seed };
    struct stat st;

    if (stat(root, &st) != 0)
        abort();
    folder_rebuild(st.st_ino, root, to, &c);
    return c.asked;
}
