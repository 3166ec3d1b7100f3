/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A scene is drawn from the random numbers of (seed, i) alone: first its numbers, then its pixels, then blur and noise. */
#include "lab/train/pictures.h"

#include "base/std/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum shape { BOX, CAN, BOTTLE, ROUND, BANANA, BAG, PEAR, TRAY };
enum texture { PLAIN, STRIPES, CHECKS, DOTS, BLOTCH, RINGS, BAND };

/* What a class looks like before pose and light. `turn` and `pitch` are the texture's direction and repeats over the object. */
struct look { float hue, saturation, value, hue2, saturation2, value2; enum texture texture; float pitch, turn; };

struct colour { float c[3]; };

struct scene {
    enum shape shape;
    enum texture texture;
    float pitch, tx, ty, phase;
    struct colour one, two, back, slope, hand[2];
    float m[4], cx, cy;                    /* pixel (in halves of the picture) to object */
    float edge;                            /* sharpness of the outline, pixels of the picture per unit of the object */
    float light[3], shade_u, shade_v, round, gleam_u, gleam_v, gleam;
    int hands;
    float hand_x[2], hand_y[2], hand_a[2], hand_b[2], hand_turn[2][2];
    float clutter;
    uint32_t salt;
    bool blur;
    float noise;
};

static const char *const names[PICTURES_CLASSES] = {
    "box-0",    "box-1",    "box-2",    "box-3",    "can-0", "can-1", "can-2", "can-3", "bottle-0", "bottle-1", "bottle-2",
    "bottle-3", "round-0",  "round-1",  "round-2",  "round-3", "banana-0", "banana-1", "banana-2", "banana-3", "bag-0", "bag-1",
    "bag-2",    "bag-3",    "pear-0",   "pear-1",   "pear-2",  "pear-3",   "tray-0",   "tray-1",   "tray-2",   "tray-3",
};

/* Hue in turns. Siblings 0 and 1 differ in hue only, 2 and 3 in texture only. */
static struct look look_of(int label)
{
    static const float hue[PICTURES_SHAPES] = { 0.02F, 0.58F, 0.30F, 0.04F, 0.13F, 0.78F, 0.22F, 0.45F };
    static const enum texture first[PICTURES_SHAPES] = { BAND, STRIPES, BAND, BLOTCH, PLAIN, CHECKS, BLOTCH, DOTS };
    static const enum texture second[PICTURES_SHAPES] = { STRIPES, CHECKS, DOTS, STRIPES, BLOTCH, STRIPES, DOTS, CHECKS };
    int shape = label / PICTURES_SIBLINGS, sibling = label % PICTURES_SIBLINGS;
    struct look l = { .hue = hue[shape], .saturation = 0.7F, .value = 0.75F, .saturation2 = 0.25F, .value2 = 0.9F, .pitch = 2.2F };

    l.hue2 = l.hue + 0.45F;
    l.texture = first[shape];
    if (sibling == 1)
        l.hue += 0.085F;
    if (sibling >= 2) {
        l.hue += 0.33F;
        l.texture = second[shape];
        l.turn = sibling == 3 && l.texture == STRIPES ? 0.14F : 0;
        l.pitch = sibling == 2 ? 2.4F : l.texture == STRIPES ? 2.8F : 3.4F;
    }
    return l;
}

static float fraction(float x)             /* of a value above -1024 */
{
    x += 1024;
    return x - (float)(int)x;
}

static float clampf(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static float unit(struct rng *r)
{
    return (float)rng_unit(r);
}

static float between(struct rng *r, float lo, float hi)
{
    return lo + (hi - lo) * unit(r);
}

static struct colour paint(float hue, float saturation, float value)
{
    struct colour out;

    for (int k = 0; k < 3; k++) {
        float t = 6 * fraction(hue + (float)(3 - k) / 3 - (k == 0 ? 1 : 0));
        float ramp = clampf(t < 3 ? 2 - t : t - 4, 0, 1);

        out.c[k] = value * (1 - saturation * (1 - ramp));
    }
    return out;
}

static uint64_t mix(uint64_t x)            /* splitmix64's finish */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static struct scene compose(struct rng *r, int label, int size)
{
    struct look l = look_of(label);
    float turn = between(r, -0.11F, 0.11F) * 6.2831853F, scale = between(r, 0.52F, 0.86F), squash = between(r, 0.82F, 1.18F);
    float shear = between(r, -0.2F, 0.2F), grey = between(r, 0.15F, 0.85F), gain = between(r, 0.55F, 1.3F), warm = between(r, -0.14F, 0.14F);
    float c = cosf(turn) / scale, s = sinf(turn) / scale, saturation, value;
    bool skin;
    struct scene k = { .shape = (enum shape)(label / PICTURES_SIBLINGS), .texture = l.texture, .pitch = l.pitch * between(r, 0.9F, 1.1F) };

    k.tx = cosf(l.turn * 6.2831853F);
    k.ty = sinf(l.turn * 6.2831853F);
    k.phase = unit(r);
    value = between(r, 0.85F, 1.15F);                      /* one draw a statement: the order of arguments is the compiler's */
    saturation = between(r, 0.75F, 1.2F);
    k.one = paint(l.hue + between(r, -0.025F, 0.025F), l.saturation * saturation, l.value * value);
    k.two = paint(l.hue2 + between(r, -0.06F, 0.06F), l.saturation2, l.value2);
    k.m[0] = c * squash;
    k.m[1] = s * squash + shear;
    k.m[2] = -s;
    k.m[3] = c;
    k.cx = between(r, -0.24F, 0.24F);
    k.cy = between(r, -0.24F, 0.24F);
    k.edge = 0.5F * (float)size * scale;
    saturation = between(r, 0, 0.5F);
    k.back = paint(unit(r), saturation, grey);
    for (int i = 0; i < 3; i++)
        k.slope.c[i] = between(r, -0.2F, 0.2F);
    k.light[0] = gain * (1 + warm);
    k.light[1] = gain;
    k.light[2] = gain * (1 - warm);
    k.shade_u = between(r, -0.35F, 0.35F);
    k.shade_v = between(r, -0.35F, 0.35F);
    k.round = k.shape == BOX || k.shape == TRAY ? 0 : between(r, 0.1F, 0.45F);
    k.gleam_u = between(r, -0.4F, 0.4F);
    k.gleam_v = between(r, -0.4F, 0.4F);
    k.gleam = between(r, 0, 0.5F);
    k.hands = (int)rng_below(r, 3);
    for (int i = 0; i < k.hands; i++) {
        float angle = unit(r) * 6.2831853F, far = between(r, 0.3F, 0.8F);

        k.hand_x[i] = far * cosf(angle) + k.cx;
        k.hand_y[i] = far * sinf(angle) + k.cy;
        k.hand_a[i] = between(r, 0.2F, 0.45F);
        k.hand_b[i] = between(r, 0.1F, 0.24F);
        angle = unit(r) * 6.2831853F;
        k.hand_turn[i][0] = cosf(angle);
        k.hand_turn[i][1] = sinf(angle);
        skin = unit(r) < 0.6F;
        value = skin ? between(r, 0.3F, 0.9F) : unit(r);
        saturation = skin ? between(r, 0.3F, 0.6F) : unit(r);
        k.hand[i] = paint(skin ? between(r, 0.03F, 0.09F) : unit(r), saturation, value);
    }
    k.clutter = between(r, 0, 0.35F);
    k.salt = (uint32_t)rng_u64(r);
    k.blur = unit(r) < 0.3F;
    k.noise = between(r, 0, 0.13F);
    return k;
}

/* Half the width of a shape at height v (down), and below zero where it has ended. */
static float half_width(enum shape shape, float v)
{
    float a = v < 0 ? -v : v;

    switch (shape) {
    case BOX:
        return a < 0.85F ? 0.62F : -1;
    case CAN:
        return a < 0.78F ? 0.52F - (a > 0.7F ? (a - 0.7F) * 0.8F : 0) : -1;
    case BOTTLE:
        return a > 0.97F ? -1 : v < -0.5F ? 0.16F : v < -0.2F ? 0.16F + (v + 0.5F) * 0.9F : 0.43F;
    case ROUND:
        return a < 0.74F ? sqrtf(0.5476F - v * v) : -1;
    case BAG:
        return a < 0.88F ? 0.58F + 0.12F * (1 - a) - (a > 0.76F ? 0.05F * fraction(9 * a) : 0) : -1;
    case PEAR:
        return a > 0.84F ? -1 : sqrtf(0.7056F - v * v) * (v < 0.1F ? 0.42F + 0.25F * (v + 0.84F) : 0.655F);
    case TRAY:
        return a < 0.5F ? 0.9F - (a > 0.42F ? a - 0.42F : 0) : -1;
    case BANANA:
        break;
    }
    return -1;
}

/* How far inside the outline, about, in the object's units. */
static float inside(enum shape shape, float u, float v)
{
    float w;

    if (shape == BANANA) {
        float x = u, y = v + 0.95F, wide = 0.25F * (1 - 0.75F * u * u);

        w = sqrtf(x * x + y * y) - 1.05F;
        return (u < 0 ? -u : u) > 0.9F ? -1 : wide - (w < 0 ? -w : w);
    }
    w = half_width(shape, v);
    return w < 0 ? -1 : w - (u < 0 ? -u : u);
}

static float lattice(uint32_t salt, int x, int y)
{
    uint32_t h = (uint32_t)x * 0x9e3779b1U ^ (uint32_t)y * 0x85ebca77U ^ salt;

    h = (h ^ (h >> 15)) * 0x2c1b3c6dU;
    h ^= h >> 13;
    return (float)(h & 0xffff) * (1.0F / 65535.0F);
}

static float cloud(uint32_t salt, float x, float y)
{
    int i = (int)(x + 256) - 256, j = (int)(y + 256) - 256;
    float fx = x - (float)i, fy = y - (float)j, a = lattice(salt, i, j), b = lattice(salt, i + 1, j);
    float c = lattice(salt, i, j + 1), d = lattice(salt, i + 1, j + 1);

    return a + (b - a) * fx + (c + (d - c) * fx - a - (b - a) * fx) * fy;
}

/* Share of the second colour at a place of the object. */
static float weave(const struct scene *k, float u, float v)
{
    float x = (u * k->tx + v * k->ty) * k->pitch + k->phase, y = (v * k->tx - u * k->ty) * k->pitch + k->phase;
    float a, b;

    switch (k->texture) {
    case PLAIN:
        return (u > 0 ? u : -u) > 0.78F ? 0.8F : 0;
    case STRIPES:
        return fraction(x) < 0.4F ? 1 : 0;
    case CHECKS:
        return (fraction(x) < 0.5F) == (fraction(y) < 0.5F) ? 1 : 0;
    case DOTS:
        a = fraction(x) - 0.5F;
        b = fraction(y) - 0.5F;
        return a * a + b * b < 0.1F ? 1 : 0;
    case BLOTCH:
        return clampf(5 * (cloud(k->salt, x * 1.4F, y * 1.4F) - 0.55F), 0, 1);
    case RINGS:
        return fraction((u * u + v * v) * k->pitch) < 0.4F ? 1 : 0;
    case BAND:
        a = v - 0.1F;
        return (a < 0 ? -a : a) < 0.3F ? fraction(x * 2) < 0.25F ? 0.2F : 1 : 0;
    }
    return 0;
}

static void shade(const struct scene *k, float x, float y, float edge_px, uint8_t out[3])
{
    float dx = x - k->cx, dy = y - k->cy, u = k->m[0] * dx + k->m[1] * dy, v = k->m[2] * dx + k->m[3] * dy, cover = 0;
    float murk = k->clutter * (cloud(k->salt ^ 0x5bd1e995U, 3 * x, 3 * y) - 0.5F);
    float c[3];

    for (int i = 0; i < 3; i++)
        c[i] = k->back.c[i] + k->slope.c[i] * (i & 1 ? x : y) + murk;
    if (u > -1 && u < 1 && v > -1 && v < 1)
        cover = clampf(0.5F + edge_px * inside(k->shape, u, v), 0, 1);
    if (cover > 0) {
        float t = weave(k, u, v), gu = u - k->gleam_u, gv = v - k->gleam_v, gleam = 1 - 12 * (gu * gu + gv * gv);
        float l = 1 + k->shade_u * u + k->shade_v * v - k->round * u * u * 1.6F;

        for (int i = 0; i < 3; i++) {
            float own = (k->one.c[i] + (k->two.c[i] - k->one.c[i]) * t) * l + (gleam > 0 ? gleam * k->gleam : 0);

            c[i] += (own - c[i]) * cover;
        }
    }
    for (int h = 0; h < k->hands; h++) {
        float hx = x - k->hand_x[h], hy = y - k->hand_y[h];
        float a = (hx * k->hand_turn[h][0] + hy * k->hand_turn[h][1]) / k->hand_a[h], b = (hy * k->hand_turn[h][0] - hx * k->hand_turn[h][1]) / k->hand_b[h];

        if (a * a + b * b < 1)
            for (int i = 0; i < 3; i++)
                c[i] = k->hand[h].c[i] * (1 - 0.3F * b * b);
    }
    for (int i = 0; i < 3; i++)
        out[i] = (uint8_t)(clampf(c[i] * k->light[i], 0, 1) * 255 + 0.5F);
}

/* Three taps of 1 2 1 along each axis, in place. */
static void soften(uint8_t *rgb, int size)
{
    uint8_t above[3 * PICTURES_SIZE_MAX], here[3 * PICTURES_SIZE_MAX];
    int row = 3 * size;

    if (row < 3 || row > (int)sizeof above)          /* pictures_draw has checked it; gcc 12 wants to see it */
        return;
    for (int y = 0; y < size; y++) {
        uint8_t *p = rgb + (size_t)y * (size_t)row, left[3] = { p[0], p[1], p[2] };

        for (int i = 0; i < row; i++) {
            uint8_t now = p[i];

            p[i] = (uint8_t)((left[i % 3] + 2 * now + (i + 3 < row ? p[i + 3] : now) + 2) / 4);
            left[i % 3] = now;
        }
    }
    memcpy(above, rgb, (size_t)row);
    for (int y = 0; y < size; y++) {
        uint8_t *p = rgb + (size_t)y * (size_t)row, *below = y + 1 < size ? p + row : p;

        memcpy(here, p, (size_t)row);
        for (int i = 0; i < row; i++)
            p[i] = (uint8_t)((above[i] + 2 * here[i] + below[i] + 2) / 4);
        memcpy(above, here, (size_t)row);
    }
}

static void grain(uint8_t *rgb, int size, float amount, uint64_t key)
{
    int32_t gain = (int32_t)(amount * 255 * 2.45F * 256 / 255);        /* the sum of two bytes has a deviation of 104 */

    for (int i = 0; i < size * size; i++, rgb += 3) {
        uint64_t bits;

        key ^= key << 13;
        key ^= key >> 7;
        key ^= key << 17;
        bits = key * UINT64_C(0x2545f4914f6cdd1d) >> 16;
        for (int k = 0; k < 3; k++, bits >>= 16) {
            int v = rgb[k] + ((int)(bits & 255) + (int)(bits >> 8 & 255) - 255) * gain / 256;

            rgb[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

void pictures_draw(uint64_t seed, uint64_t i, int size, uint8_t *out_rgb, int *out_label)
{
    uint64_t key = mix(mix(seed) + i);
    struct rng r = rng_seed(key, "pictures");
    int label = (int)rng_below(&r, PICTURES_CLASSES);
    struct scene k = compose(&r, label, size);
    float step = 2.0F / (float)size;

    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            shade(&k, ((float)x + 0.5F) * step - 1, ((float)y + 0.5F) * step - 1, k.edge, out_rgb + 3 * ((size_t)y * (size_t)size + (size_t)x));
    if (k.blur)
        soften(out_rgb, size);
    grain(out_rgb, size, k.noise, key | 1);
    if (out_label)
        *out_label = label;
}

const char *pictures_class(int label)
{
    return label >= 0 && label < PICTURES_CLASSES ? names[label] : "?";
}
