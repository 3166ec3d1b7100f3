/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/scan_bytes - what a barcode scanner sends, to codes: lines of a serial scanner, key events of a keyboard wedge.
 * Pure functions; what the code means is read by `scan`.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <trundle/message.h>

enum { SCAN_IDLE_MS = 500 };       /* a code whose end has not come by then is cut short, and refused */

/* One line of a scanner as a code: printable ASCII and GS (0x1d), at most TRUNDLE_CODE_TEXT - 1 bytes. An AIM symbology
 * identifier in front (ISO/IEC 15424: `]E0`) stays in the text and gives the symbology.
 * BAD_INPUT: other bytes. TOO_LARGE: longer. */
TRUNDLE_MUST_USE enum trundle_status scan_line_code(const char *text, size_t n, struct trundle_code *out, struct trundle_error *err);

/* Key events of a keyboard wedge with the US layout, as scanners have it. Enter ends a code. GS comes as Ctrl+], as F8, or
 * as Alt with 29 on the keypad, whichever the scanner is set to. A zeroed struct is ready. */
struct scan_keys {
    bool shift, control, alt;
    bool over, odd;                /* the code in hand is too long; holds a key that is no character */
    unsigned keypad, keypad_n;     /* digits typed while Alt is down */
    uint16_t n;
    char text[TRUNDLE_CODE_TEXT];
    uint8_t part[32];              /* of a struct input_event */
    uint8_t part_n;
};

/* One struct input_event's type, code and value (linux/input.h). OK: *out is a code. AGAIN: not yet.
 * BAD_INPUT, TOO_LARGE: a code ended that cannot be believed; it is thrown away. */
TRUNDLE_MUST_USE enum trundle_status scan_keys_push(struct scan_keys *keys, uint16_t type, uint16_t code, int32_t value, struct trundle_code *out,
                                                    struct trundle_error *err);
/* Takes one byte of the device's stream of struct input_event; results as above. */
TRUNDLE_MUST_USE enum trundle_status scan_keys_byte(struct scan_keys *keys, uint8_t byte, struct trundle_code *out, struct trundle_error *err);
/* Throws away what is there of a code; true when there was something. Shift, Ctrl and Alt stay as they are. */
bool scan_keys_drop(struct scan_keys *keys);
