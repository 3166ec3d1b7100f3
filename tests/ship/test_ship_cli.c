/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle ship and the installing parts of trundle cart, as they are typed: from a key to a bundle that a cart runs, leaves and refuses. */
#define _XOPEN_SOURCE 700      /* terminals */
#include "tests/support/support.h"

#include "base/std/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[512];

static int ship(char **out, const char *arguments)
{
    return support_shell(out, "cd %s && %s ship %s 2>&1", folder, support_build("trundle"), arguments);
}

static int cart(const char *arguments)
{
    return support_shell(NULL, "cd %s && %s cart %s >cart.out 2>&1", folder, support_build("trundle"), arguments);
}

static const char *in(const char *name)
{
    static char path[4][600];
    static int n;
    char *at = path[n++ % 4];

    (void)snprintf(at, sizeof path[0], "%s/%s", folder, name);
    return at;
}

static void write_text(const char *name, const char *text)
{
    struct trundle_error err;

    support_ok(file_write(in(name), text, strlen(text), &err), &err);
}

static void from_a_key_to_a_cart(void **state)
{
    char *out = NULL;
    json_t *line = NULL;
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    write_text("gate.json", "{\"suite\":\"smoke\",\"seed0\":7,\"n\":3}\n{\"held\":true,\"findings\":[{\"statement\":\"event_f1 >= 0.5\",\"held\":true}]}\n");
    write_text("failed.json", "{\"held\":false,\"findings\":[{\"statement\":\"event_f1 >= 0.99\",\"held\":false}]}\n");
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/* %s", in("model"), support_source("models/baseline"), in("model")), 0);
    assert_int_equal(ship(NULL, "keys new root.key"), 0);
    assert_int_equal(ship(NULL, "keys new sign.key"), 0);
    assert_int_equal(ship(NULL, "keys new other.key"), 0);
    assert_int_equal(ship(NULL, "keys new sign.key"), 3);
    assert_int_equal(ship(NULL, "keys trust --root root.key --signing sign.key --with root.key --out trust.json"), 0);
    assert_int_equal(ship(NULL, "keys trust --root root.key --signing sign.key --with other.key --out x.json"), 3);
    assert_int_equal(ship(NULL, "build --model model --name b1 --serial 1 --hardware lab --gate gate.json --out b1.bundle"), 0);
    assert_int_equal(ship(NULL, "verify b1.bundle --trust trust.json"), 1);
    assert_int_equal(ship(NULL, "sign b1.bundle --key sign.key"), 0);
    assert_int_equal(ship(&out, "verify b1.bundle --trust trust.json --hardware lab --json"), 0);
    support_ok(json_parse(out, strlen(out), "verify", &line, &err), &err);
    assert_true(json_is_true(json_object_get(line, "taken")));
    json_decref(line);
    free(out);
    assert_int_equal(ship(&out, "verify b1.bundle --trust trust.json --hardware other"), 1);
    assert_non_null(strstr(out, "other hardware"));
    free(out);
    assert_int_equal(ship(NULL, "build --model model --name b2 --serial 2 --hardware lab --gate failed.json --out b2.bundle"), 0);
    assert_int_equal(ship(NULL, "sign b2.bundle --key sign.key"), 0);

    assert_int_equal(cart("install b1.bundle --hardware=lab --state=state"), 1);      /* no keyring */
    assert_int_equal(support_shell(NULL, "cp %s %s", in("trust.json"), in("state/trust.json")), 0);                 /* as joining leaves it */
    assert_int_equal(cart("install b1.bundle --hardware=lab --state=state"), 0);
    assert_int_equal(cart("slots --state=state --json"), 0);
    assert_int_equal(cart("good --state=state"), 0);
    assert_int_equal(cart("install b2.bundle --hardware=lab --state=state"), 1);      /* its gate did not hold */
    assert_int_equal(cart("install nothing --hardware=lab --state=state"), 3);
    assert_int_equal(cart("rollback --state=state --why=test"), 0);
    assert_int_equal(cart("rollback --state=state"), 3);                            /* the built-in model runs */
    assert_int_equal(cart("install b1.bundle --hardware=lab --state=state"), 1);      /* left before */
}

/* On a terminal of its own: what is typed when the prompt is there, what the terminal shows, how it ends (exit code, or minus the signal). */
static int on_terminal(const char *arguments, const char *const *typed, char *shown, size_t size)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), code = 0;
    size_t n = 0, prompts = 0;
    char command[2000];
    pid_t child;
    ssize_t got;

    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    (void)snprintf(command, sizeof command, "cd %s && exec %s ship %s", folder, support_build("trundle"), arguments);
    child = fork();
    if (child == 0) {
        int fd;

        (void)alarm(60);               /* a question that is not answered ends */
        (void)setsid();
        fd = open(ptsname(terminal), O_RDWR);          /* the session's from now on */
        (void)dup2(fd, 0);
        (void)dup2(fd, 1);
        (void)dup2(fd, 2);
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(126);
    }
    assert_true(child > 0);
    while (n + 1 < size && (got = read(terminal, shown + n, size - n - 1)) > 0) {
        const char *at = shown;
        size_t seen = 0;

        n += (size_t)got;
        shown[n] = '\0';
        while ((at = strstr(at, ".key: ")) != NULL) {
            seen++;
            at++;
        }
        for (; prompts < seen && typed[prompts]; prompts++)
            assert_int_equal(write(terminal, typed[prompts], strlen(typed[prompts])), strlen(typed[prompts]));
    }
    shown[n] = '\0';
    assert_int_equal(waitpid(child, &code, 0), child);
    (void)close(terminal);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -WTERMSIG(code);
}

/* The passphrase of a signing key: from a file, a descriptor, or typed, where it is not to be seen. */
static void a_key_with_a_passphrase_signs(void **state)
{
    static const char *const right[] = { "four words are enough\n", "four words are enough\n", NULL }, *const two[] = { "four words are enough\n", "five words are enough\n", NULL },
                             *const wrong[] = { "not these words\n", NULL }, *const broken_off[] = { "\003", NULL };
    char shown[4000], *out = NULL;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    write_text("gate.json", "{\"held\":true,\"findings\":[{\"statement\":\"event_f1 >= 0.5\",\"held\":true}]}\n");
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/* %s", in("model"), support_source("models/baseline"), in("model")), 0);
    write_text("words", "four words are enough\n");
    write_text("others", "not these words\n");
    assert_int_equal(chmod(in("words"), 0644), 0);
    assert_int_equal(ship(&out, "keys new file.key --passphrase-file words"), 3);      /* anybody reads it */
    assert_non_null(strstr(out, "chmod 600"));
    free(out);
    assert_int_equal(chmod(in("words"), 0600) | chmod(in("others"), 0600), 0);
    assert_int_equal(ship(&out, "keys new file.key --passphrase-file words"), 0);
    assert_non_null(strstr(out, "locked with a passphrase"));
    free(out);
    assert_int_equal(ship(&out, "keys show file.key --json"), 0);                      /* the public half takes none */
    assert_non_null(strstr(out, "\"locked\":true"));
    free(out);
    assert_int_equal(ship(NULL, "keys new root.key"), 0);
    assert_int_equal(ship(NULL, "keys trust --root root.key --signing file.key --with root.key --out trust.json"), 0);
    assert_int_equal(ship(NULL, "build --model model --name b1 --serial 1 --hardware lab --gate gate.json --out b1.bundle"), 0);
    assert_int_equal(ship(&out, "sign b1.bundle --key file.key --passphrase-file others"), 3);
    assert_non_null(strstr(out, "the passphrase does not open this key"));
    free(out);
    assert_int_equal(ship(NULL, "verify b1.bundle --trust trust.json"), 1);
    assert_int_equal(ship(NULL, "sign b1.bundle --key file.key --passphrase-fd 7 7<words"), 0);
    assert_int_equal(ship(NULL, "verify b1.bundle --trust trust.json"), 0);
    assert_int_equal(support_shell(&out, "cd %s && setsid %s ship sign b1.bundle --key file.key 2>&1 </dev/null", folder, support_build("trundle")), 4);
    assert_non_null(strstr(out, "--passphrase-file"));
    free(out);

    assert_int_equal(on_terminal("keys new typed.key --passphrase", two, shown, sizeof shown), 3);
    assert_non_null(strstr(shown, "differ"));
    assert_int_not_equal(access(in("typed.key"), F_OK), 0);
    assert_int_equal(on_terminal("keys new typed.key --passphrase", right, shown, sizeof shown), 0);
    assert_null(strstr(shown, "words"));                                               /* no echo */
    assert_int_equal(on_terminal("sign b1.bundle --key typed.key", right, shown, sizeof shown), 0);
    assert_non_null(strstr(shown, "signed by"));
    assert_null(strstr(shown, "words"));
    assert_int_equal(on_terminal("sign b1.bundle --key typed.key", wrong, shown, sizeof shown), 3);
    assert_non_null(strstr(shown, "does not open"));
    assert_int_equal(on_terminal("sign b1.bundle --key typed.key", broken_off, shown, sizeof shown), -2);      /* Ctrl-C does what it does */

    assert_int_equal(ship(NULL, "keys new plain.key"), 0);                             /* one that was made without gets one */
    assert_int_equal(ship(NULL, "keys lock plain.key --out later.key --passphrase-file words"), 0);
    assert_int_equal(ship(NULL, "keys trust --root later.key --signing file.key --with later.key --passphrase-file words --out trust2.json"), 0);
    assert_int_equal(ship(NULL, "keys lock later.key --out twice.key --passphrase-file words"), 3);
    assert_int_equal(ship(NULL, "keys lock plain.key --out root.key --passphrase-file words"), 3);             /* nothing is written over */
}

static void mistakes_are_said(void **state)
{
    static const struct { const char *arguments; int code; const char *says; } cases[] = {
        { "", 2, "usage" },
        { "fly", 2, "no part 'fly'" },
        { "--help", 0, "publish" },
        { "keys", 2, "usage" },
        { "keys new", 2, "FILE" },
        { "keys show /nonexistent", 3, "cannot open" },
        { "keys trust --out x", 2, "--with" },
        { "build --help", 0, "--gate" },
        { "build --model m", 2, "--name" },
        { "build --model /nonexistent --name x --serial 1 --hardware lab --out x", 3, "model directory" },
        { "build --model . --name x --serial -1 --hardware lab --out x", 3, "serial" },
        { "build --model . --name x --serial 1 --hardware a,,b --out x", 2, "commas" },
        { "sign x", 2, "--key" },
        { "sign x --key /nonexistent", 3, "cannot open" },
        { "verify x", 2, "--trust" },
        { "publish x", 2, "which hub" },
        { "publish x --hub http://127.0.0.1:9", 2, "token" },
        { "publish /nonexistent --hub http://127.0.0.1:9 --token t", 3, "cannot open" },
        { "status --hub http://127.0.0.1:9 --token t", 4, "does the hub run there" },
        { "status --hub http://hub.invalid:9 --token t", 2, "in the clear" },
        { "status --hub http://127.0.0.1.hub.invalid:9 --token t", 2, "in the clear" },
        { "status --hub http://127.0.0.1:x@hub.invalid --token t", 2, "in the clear" },
        { "status seven --hub http://127.0.0.1:9 --token t", 2, "number" },
        { "stop 1 --hub http://127.0.0.1:9 --token t", 2, "--why" },
        { "stop 1 --force --why x", 2, "no option" },
        { "rollback 1 --why x --hub file:///etc/passwd --token t", 2, "which hub" },
        { "advance 1 --why x --hub http://127.0.0.1:9 --token t", 4, "hub" },
    };

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    (void)unsetenv("TRUNDLE_HUB");
    (void)unsetenv("TRUNDLE_TOKEN");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *out = NULL;
        int code = ship(&out, cases[i].arguments);

        if (code != cases[i].code || !strstr(out, cases[i].says))
            print_error("ship %s: %d: %s\n", cases[i].arguments, code, out);
        assert_int_equal(code, cases[i].code);
        assert_non_null(strstr(out, cases[i].says));
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(from_a_key_to_a_cart), cmocka_unit_test(a_key_with_a_passphrase_signs), cmocka_unit_test(mistakes_are_said) };

    return support_run(tests);
}
