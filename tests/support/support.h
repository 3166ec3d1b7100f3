/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * support - what every cmocka test needs: cmocka itself, the seed (printed, replayable with TRUNDLE_TEST_SEED), the real
 * data (skipped with a reason when $TRUNDLE_DATA is unset), a scratch folder, paths in the source tree.
 *
 *     static void finds_it(void **state) { (void)state; ... }
 *     int main(void) { const struct CMUnitTest tests[] = { cmocka_unit_test(finds_it) }; return support_run(tests); }
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/std/status.h"

/* Runs a whole table as one cmocka group. */
#define support_run(tests) cmocka_run_group_tests((tests), NULL, NULL)

uint64_t support_seed(void);
/* Path of a file below $TRUNDLE_DATA; skips the running test with a printed reason when there is none. Static storage, 8 deep. */
const char *support_data(const char *relative);
/* Path in the source tree; in the build tree. */
const char *support_source(const char *relative);
const char *support_build(const char *relative);
/* Skips the running test and prints why. */
void support_skip(const char *why) __attribute__((noreturn));
/* A fresh folder under $TMPDIR, removed (with content) by the next call or at exit. */
const char *support_scratch(void);
/* Fails with the error's text unless the status is OK. */
void support_ok(enum trundle_status status, const struct trundle_error *err);
/* Runs a shell command; returns its exit code and its standard output (NUL-terminated, malloc'd) when `out` is not NULL. */
int support_shell(char **out, const char *command, ...) TRUNDLE_PRINTF(2, 3);

/* Fails unless |a - b| <= tolerance. */
#define assert_near(a, b, tolerance) support_near((double)(a), (double)(b), (double)(tolerance), #a, __FILE__, __LINE__)
void support_near(double a, double b, double tolerance, const char *what, const char *file, int line);
