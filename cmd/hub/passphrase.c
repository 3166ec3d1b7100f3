/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* passphrase.h. A signal that comes while the terminal is quiet ends the reading, the terminal is made as it was, and then the signal does what it would have done. */
#include "cmd/hub/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* Signals that are held up elsewhere come through here, and here alone: one that came just before a read would be waited for in vain. */
static bool wait_for(int fd, const sigset_t *through)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    while (!caught && pselect(fd + 1, &set, NULL, NULL, NULL, through) < 0 && errno == EINTR)
        FD_SET(fd, &set);
    return !caught;
}

/* One line, without its end. `where` names what is read; `through`: of a terminal, see above, else NULL. */
static enum trundle_status read_line(int fd, const char *where, const sigset_t *through, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    size_t n = 0;
    char c = '\0';

    for (;;) {
        ssize_t got;

        if (through && !wait_for(fd, through))
            return error_set(err, TRUNDLE_IO, where, NULL, "was interrupted");
        got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, TRUNDLE_IO, where, NULL, "cannot be read: %s", strerror(errno));
        if (got == 0 || c == '\n')
            break;
        if (c == '\0' || n + 1 == TRUST_PASSPHRASE)
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, c ? "the passphrase has over %d bytes" : "holds a NUL, which no passphrase does", TRUST_PASSPHRASE - 1);
        out[n++] = c;
    }
    if (n && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    return n ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "the passphrase is empty");
}

static void say(int tty, const char *a, const char *b, const char *c)
{
    (void)!write(tty, a, strlen(a));
    (void)!write(tty, b, strlen(b));
    (void)!write(tty, c, strlen(c));
}

static enum trundle_status from_terminal(const char *before, const char *path, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
    struct sigaction quiet = { .sa_handler = on_signal }, was[COUNT_OF(numbers)];
    struct termios shown, hidden;
    enum trundle_status status;
    sigset_t held, through;
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (tty < 0 || tty >= FD_SETSIZE || tcgetattr(tty, &shown) != 0) {
        if (tty >= 0)
            (void)close(tty);
        return error_set(err, TRUNDLE_DEVICE, path, "--passphrase-file FILE, or --passphrase-fd N", "needs a passphrase, and there is no terminal to ask for it");
    }
    caught = 0;
    (void)sigemptyset(&quiet.sa_mask);
    (void)sigemptyset(&held);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        (void)sigaddset(&held, numbers[i]);
    (void)sigprocmask(SIG_BLOCK, &held, &through);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        (void)sigaction(numbers[i], &quiet, &was[i]);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    (void)tcsetattr(tty, TCSAFLUSH, &hidden);
    say(tty, before, path, ": ");
    status = read_line(tty, path, &through, out, err);
    (void)tcsetattr(tty, TCSAFLUSH, &shown);
    say(tty, "\n", "", "");
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        (void)sigaction(numbers[i], &was[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &through, NULL);
    (void)close(tty);
    if (caught)
        (void)raise(caught);
    return status;
}

static enum trundle_status from_file(const char *file, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    enum trundle_status status;
    struct stat st;

    if (fd < 0)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, file, NULL, "cannot open: %s", strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        status = error_set(err, TRUNDLE_CONFLICT, file, "chmod 600, and think about who read it", "others than its owner may read this passphrase");
    else
        status = read_line(fd, file, NULL, out, err);
    (void)close(fd);
    return status;
}

static enum trundle_status from_fd(struct passphrase *p, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    if (p->fd > INT_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "--passphrase-fd", NULL, "%lld is no descriptor", p->fd);
    if (!p->has)
        TRY(read_line((int)p->fd, "--passphrase-fd", NULL, p->kept, err));
    p->has = true;
    memcpy(out, p->kept, sizeof p->kept);
    return TRUNDLE_OK;
}

bool passphrase_given(const struct passphrase *p)
{
    return p->file || p->fd >= 0;
}

enum trundle_status passphrase_ask(void *user, const char *path, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    struct passphrase *p = user;

    if (p->file)
        return from_file(p->file, out, err);
    return p->fd >= 0 ? from_fd(p, out, err) : from_terminal("passphrase of ", path, out, err);
}

enum trundle_status passphrase_new(struct passphrase *p, const char *path, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    char again[TRUST_PASSPHRASE] = "";
    enum trundle_status status;

    if (passphrase_given(p))
        return passphrase_ask(p, path, out, err);
    status = from_terminal("new passphrase of ", path, out, err);
    if (status == TRUNDLE_OK)
        status = from_terminal("once more: passphrase of ", path, again, err);
    if (status == TRUNDLE_OK && strcmp(out, again) != 0)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "try again", "the two passphrases differ; nothing was written");
    sodium_memzero(again, sizeof again);
    return status;
}

void passphrase_wipe(struct passphrase *p)
{
    sodium_memzero(p->kept, sizeof p->kept);
    p->has = false;
}
