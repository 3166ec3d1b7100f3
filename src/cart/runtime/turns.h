/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/turns - several recordings read by several threads as fast as they go, handed on in the order of their time.
 *
 *     turns_wait(turns, me, t_ns, &stop);       // returns when nobody else can still come with something earlier
 *     hand_on(...);                             // others wait until my next turns_wait or turns_leave
 *
 * Ties go to the lower place. Any thread; no heap after turns_new. Counted: each `turns_unref` undoes `turns_new` or `turns_ref`.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum { TURNS_MAX = 8 };

struct turns;

/* Every place 0..TURNS_MAX-1 is empty. NULL: no memory. */
struct turns *turns_new(void);
struct turns *turns_ref(struct turns *turns);
void turns_unref(struct turns *turns);
/* Takes a place before its thread starts: the others wait for its first turn. */
void turns_enter(struct turns *turns, unsigned place);
/* Waits until `place` is the earliest, or *stop. Times of one place do not decrease. */
void turns_wait(struct turns *turns, unsigned place, int64_t t_ns, const atomic_bool *stop);
/* Nobody waits for this place any more. */
void turns_leave(struct turns *turns, unsigned place);
/* Lets all waits look at their *stop again. */
void turns_wake(struct turns *turns);
