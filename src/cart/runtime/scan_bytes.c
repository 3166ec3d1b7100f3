/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Scanner bytes and keys to codes, as pure functions; reading the port is in scanner.c. */
#include "cart/runtime/scan_bytes.h"

#include <linux/input.h>
#include <string.h>

enum { GS = 0x1d };

/* ISO/IEC 15424: flag character, code character, modifier. UPC-A comes as EAN-13 with a leading 0. */
static enum trundle_symbology symbology_of(const char *text, size_t n)
{
    if (n < 3 || text[0] != ']')
        return TRUNDLE_SYM_UNKNOWN;
    switch (text[1]) {
    case 'E': return text[2] == '0' ? TRUNDLE_SYM_EAN13 : text[2] == '4' ? TRUNDLE_SYM_EAN8 : TRUNDLE_SYM_OTHER;
    case 'C': return TRUNDLE_SYM_CODE128;
    case 'e': return n == 19 && text[3] == '0' && text[4] == '1' ? TRUNDLE_SYM_DATABAR : TRUNDLE_SYM_DATABAR_EXPANDED;
    case 'Q': return TRUNDLE_SYM_QR;
    default: return TRUNDLE_SYM_OTHER;
    }
}

enum trundle_status scan_line_code(const char *text, size_t n, struct trundle_code *out, struct trundle_error *err)
{
    struct trundle_code code = { .source = TRUNDLE_CODE_SCANNER, .symbology = symbology_of(text, n), .text_bytes = (uint16_t)n };

    if (n == 0 || n >= sizeof code.text)
        return error_set(err, n ? TRUNDLE_TOO_LARGE : TRUNDLE_BAD_INPUT, "", "", "%zu bytes; a code has 1 to %zu", n, sizeof code.text - 1);
    for (size_t i = 0; i < n; i++)
        if ((text[i] < ' ' || text[i] > '~') && text[i] != GS)
            return error_set(err, TRUNDLE_BAD_INPUT, "", "is the baud rate right?", "byte 0x%02x in a code", (unsigned)(uint8_t)text[i]);
    memcpy(code.text, text, n);
    *out = code;
    return TRUNDLE_OK;
}

static const char plain_keys[KEY_CNT] = {
    [KEY_1] = '1', [KEY_2] = '2', [KEY_3] = '3', [KEY_4] = '4', [KEY_5] = '5', [KEY_6] = '6', [KEY_7] = '7', [KEY_8] = '8',
    [KEY_9] = '9', [KEY_0] = '0', [KEY_A] = 'a', [KEY_B] = 'b', [KEY_C] = 'c', [KEY_D] = 'd', [KEY_E] = 'e', [KEY_F] = 'f',
    [KEY_G] = 'g', [KEY_H] = 'h', [KEY_I] = 'i', [KEY_J] = 'j', [KEY_K] = 'k', [KEY_L] = 'l', [KEY_M] = 'm', [KEY_N] = 'n',
    [KEY_O] = 'o', [KEY_P] = 'p', [KEY_Q] = 'q', [KEY_R] = 'r', [KEY_S] = 's', [KEY_T] = 't', [KEY_U] = 'u', [KEY_V] = 'v',
    [KEY_W] = 'w', [KEY_X] = 'x', [KEY_Y] = 'y', [KEY_Z] = 'z', [KEY_SPACE] = ' ', [KEY_MINUS] = '-', [KEY_EQUAL] = '=',
    [KEY_LEFTBRACE] = '[', [KEY_RIGHTBRACE] = ']', [KEY_BACKSLASH] = '\\', [KEY_SEMICOLON] = ';', [KEY_APOSTROPHE] = '\'',
    [KEY_GRAVE] = '`', [KEY_COMMA] = ',', [KEY_DOT] = '.', [KEY_SLASH] = '/', [KEY_KP0] = '0', [KEY_KP1] = '1', [KEY_KP2] = '2',
    [KEY_KP3] = '3', [KEY_KP4] = '4', [KEY_KP5] = '5', [KEY_KP6] = '6', [KEY_KP7] = '7', [KEY_KP8] = '8', [KEY_KP9] = '9',
    [KEY_KPASTERISK] = '*', [KEY_KPMINUS] = '-', [KEY_KPPLUS] = '+', [KEY_KPDOT] = '.', [KEY_KPSLASH] = '/', [KEY_F8] = GS,
};

static char with_shift(char c)
{
    static const char from[] = "1234567890-=[]\\;'`,./", to[] = "!@#$%^&*()_+{}|:\"~<>?";
    const char *at = memchr(from, c, sizeof from - 1);

    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return at ? to[at - from] : c;
}

static void put(struct scan_keys *keys, char c)
{
    if (keys->n + 1u >= sizeof keys->text)
        keys->over = true;
    else
        keys->text[keys->n++] = c;
}

bool scan_keys_drop(struct scan_keys *keys)
{
    bool had = keys->n || keys->over || keys->odd;

    keys->n = 0;
    keys->keypad = keys->keypad_n = 0;
    keys->over = keys->odd = false;
    return had;
}

static enum trundle_status end_code(struct scan_keys *keys, struct trundle_code *out, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_AGAIN;

    if (keys->over)
        status = error_set(err, TRUNDLE_TOO_LARGE, "", "", "a code of more than %zu characters", sizeof keys->text - 1);
    else if (keys->odd)
        status = error_set(err, TRUNDLE_BAD_INPUT, "", "the scanner's keyboard layout must be US", "a code with a key that is no character");
    else if (keys->n)
        status = scan_line_code(keys->text, keys->n, out, err);
    (void)scan_keys_drop(keys);
    return status;
}

/* Alt and up to four keypad digits are a character by its number, when Alt comes up. */
static void end_alt(struct scan_keys *keys)
{
    if (keys->keypad_n == 0)
        return;
    if (keys->keypad == GS || (keys->keypad >= ' ' && keys->keypad <= '~'))
        put(keys, (char)keys->keypad);
    else
        keys->odd = true;
    keys->keypad = keys->keypad_n = 0;
}

static void take_key(struct scan_keys *keys, uint16_t code)
{
    char c = code < sizeof plain_keys ? plain_keys[code] : 0;

    if (keys->alt && c >= '0' && c <= '9' && keys->keypad_n < 4) {
        keys->keypad = keys->keypad * 10 + (unsigned)(c - '0');
        keys->keypad_n++;
    } else if (keys->control) {
        if (c == ']')
            put(keys, GS);
        else
            keys->odd = true;
    } else if (c == 0 || keys->alt) {
        keys->odd = true;
    } else {
        put(keys, keys->shift && c != GS && !(code >= KEY_KP7 && code <= KEY_KPDOT) && code != KEY_KPSLASH ? with_shift(c) : c);
    }
}

enum trundle_status scan_keys_push(struct scan_keys *keys, uint16_t type, uint16_t code, int32_t value, struct trundle_code *out, struct trundle_error *err)
{
    if (type == EV_SYN && code == SYN_DROPPED) {
        keys->shift = keys->control = keys->alt = false;
        keys->odd = true;                              /* the kernel lost keys, of this code or of the next */
        return TRUNDLE_AGAIN;
    }
    if (type != EV_KEY || value < 0 || value > 1)      /* 2: the kernel repeats a held key; a scanner holds none */
        return TRUNDLE_AGAIN;
    switch (code) {
    case KEY_LEFTSHIFT: case KEY_RIGHTSHIFT: keys->shift = value; break;
    case KEY_LEFTCTRL: case KEY_RIGHTCTRL: keys->control = value; break;
    case KEY_LEFTALT: case KEY_RIGHTALT:
        keys->alt = value;
        if (!value)
            end_alt(keys);
        break;
    case KEY_CAPSLOCK: case KEY_NUMLOCK: break;        /* sent around a code by some scanners; grabbed, they lock nothing */
    case KEY_ENTER: case KEY_KPENTER:
        if (value)
            return end_code(keys, out, err);
        break;
    default:
        if (value)
            take_key(keys, code);
    }
    return TRUNDLE_AGAIN;
}

enum trundle_status scan_keys_byte(struct scan_keys *keys, uint8_t byte, struct trundle_code *out, struct trundle_error *err)
{
    struct input_event event;

    _Static_assert(sizeof event <= sizeof keys->part, "the buffer holds one event");
    keys->part[keys->part_n++] = byte;
    if (keys->part_n < sizeof event)
        return TRUNDLE_AGAIN;
    memcpy(&event, keys->part, sizeof event);
    keys->part_n = 0;
    return scan_keys_push(keys, event.type, event.code, event.value, out, err);
}
