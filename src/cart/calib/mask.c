/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The mask by interval arithmetic: a pixel is a bundle of lines (its area, and every pose within the tolerance), given as
 * intervals of origin and direction. It is kept when no line of the bundle can miss. */
#include "cart/calib/mask.h"

#include <math.h>
#include <string.h>

struct range { double lo, hi; };

static struct range around(double x, double by)
{
    return (struct range){ x - by, x + by };
}

static struct range add(struct range a, struct range b)
{
    return (struct range){ a.lo + b.lo, a.hi + b.hi };
}

static struct range times(struct range a, struct range b)
{
    double p[4] = { a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi };

    return (struct range){ fmin(fmin(p[0], p[1]), fmin(p[2], p[3])), fmax(fmax(p[0], p[1]), fmax(p[2], p[3])) };
}

static struct range inverse(struct range a)        /* a.lo > 0 */
{
    return (struct range){ 1 / a.hi, 1 / a.lo };
}

static bool within(struct range a, double lo, double hi)
{
    return a.lo >= lo && a.hi <= hi;
}

struct bundle { struct range o[3], d[3]; };

/* Every line of the bundle crosses the mouth inside the rim and then meets the floor or a solid wall first. The walls are
 * upright, so a line that is inside the rim at the mouth and on the inner side of a wall's plane at its end never
 * crossed that plane in between. */
static bool ends_inside(const struct bundle *b, const struct cart_basket *basket)
{
    const bool solid[4] = { basket->wall[0] == CART_WALL_SOLID, basket->wall[1] == CART_WALL_SOLID, basket->wall[2] == CART_WALL_SOLID,
                            basket->wall[3] == CART_WALL_SOLID };
    const double *size = basket->size_m;
    struct range down = { -b->d[2].hi, -b->d[2].lo }, per_down, above, at;
    /* what lies behind a solid wall is never seen, so there an end beyond it is an end on it */
    double lo[2] = { solid[3] ? -(double)INFINITY : 0, solid[0] ? -(double)INFINITY : 0 };
    double hi[2] = { solid[1] ? (double)INFINITY : size[0], solid[2] ? (double)INFINITY : size[1] };
    bool floor = true;

    if (!(down.lo > 1e-6) || !(b->o[2].lo > 0))
        return false;
    per_down = inverse(down);
    above = (struct range){ fmax(b->o[2].lo - size[2], 0), fmax(b->o[2].hi - size[2], 0) };
    for (int k = 0; k < 2; k++) {
        at = add(b->o[k], times(b->d[k], times(above, per_down)));
        if (!within(at, 0, size[k]))
            return false;
        at = add(b->o[k], times(b->d[k], times(b->o[2], per_down)));
        floor = floor && within(at, lo[k], hi[k]);
    }
    if (floor)
        return true;
    for (int wall = 0; wall < 4; wall++) {
        int k = wall % 2 ? 0 : 1, other = 1 - k;
        bool far = wall == 1 || wall == 2;
        struct range toward = far ? b->d[k] : (struct range){ -b->d[k].hi, -b->d[k].lo }, way;

        if (!solid[wall] || !(toward.lo > 1e-6))
            continue;
        way = far ? (struct range){ size[k] - b->o[k].hi, size[k] - b->o[k].lo } : b->o[k];
        at = add(b->o[other], times(b->d[other], times(way, inverse(toward))));
        if (within(at, lo[other], hi[other]))
            return true;
    }
    return false;
}

static double apart(const double a[3], const double b[3])
{
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]));
}

/* Where the camera's housing ends, and from there on, every line is over the basket and its rim: both places are, and what lies between. */
static bool clear_of_rim(const struct bundle *b, const struct cart_basket *basket)
{
    for (int k = 0; k < 2; k++)
        if (!within(add(b->o[k], times(b->d[k], around(MASK_HOUSING_M, 0))), -MASK_RIM_M, basket->size_m[k] + MASK_RIM_M))
            return false;
    return true;
}

/* The lines of a pixel; false where the lens model can't be undone. */
static bool lines_of(const struct cart_camera *camera, int x, int y, struct bundle *out)
{
    const double turn = 2 * sin(camera->tolerance_deg * 0.00872664625997164788);
    double o[3], d[3], corner[3], back[2], ahead[3], area = 0;

    cart_camera_ray(camera, x, y, o, d);
    for (int i = 0; i < 3; i++)
        ahead[i] = o[i] + d[i];
    if (!cart_camera_project(camera, ahead, back) || hypot(back[0] - x, back[1] - y) > 0.1)
        return false;
    for (int i = 0; i < 4; i++) {
        cart_camera_ray(camera, x + (i % 2 ? 0.5 : -0.5), y + (i / 2 ? 0.5 : -0.5), o, corner);
        area = fmax(area, apart(d, corner));
    }
    if (area > 0.2)
        return false;
    for (int i = 0; i < 3; i++) {
        out->o[i] = around(o[i], camera->tolerance_m + 1e-9);
        out->d[i] = around(d[i], turn + 1.05 * area + 1e-9);
    }
    return true;
}

size_t mask_bytes(const struct cart_camera *camera)
{
    return (size_t)camera->width_px * (size_t)camera->height_px;
}

enum trundle_status mask_make(const struct cart_camera *camera, const struct cart_basket *basket, uint8_t *out, size_t size,
                              struct trundle_error *err)
{
    struct bundle lines;
    size_t kept = 0;

    if (size < mask_bytes(camera))
        return error_set(err, TRUNDLE_BAD_ARG, "mask", NULL, "%zu bytes for %d x %d pixels", size, camera->width_px, camera->height_px);
    memset(out, 0, mask_bytes(camera));
    if (camera->role == CART_CAMERA_SCANNER)
        return TRUNDLE_OK;
    for (int y = 0; y < camera->height_px; y++) {
        for (int x = 0; x < camera->width_px; x++) {
            bool k = lines_of(camera, x, y, &lines) && ends_inside(&lines, basket);

            out[(size_t)y * (size_t)camera->width_px + (size_t)x] = k;
            kept += k;
        }
    }
    if (!kept)
        return error_set(err, TRUNDLE_BAD_INPUT, "mask", "turn the camera into the basket, or fix its pose better than the stated tolerance",
                         "no pixel surely ends inside the basket with a pose known to %g deg and %g m", camera->tolerance_deg,
                         camera->tolerance_m);
    return TRUNDLE_OK;
}

enum trundle_status mask_among_people(const struct cart_camera *camera, const struct cart_basket *basket, uint8_t *mask, size_t size,
                                      struct trundle_error *err)
{
    struct bundle lines;
    size_t kept = 0;

    TRY(mask_make(camera, basket, mask, size, err));
    for (int y = 0; y < camera->height_px; y++) {
        for (int x = 0; x < camera->width_px; x++) {
            uint8_t *k = &mask[(size_t)y * (size_t)camera->width_px + (size_t)x];

            *k = *k && lines_of(camera, x, y, &lines) && clear_of_rim(&lines, basket);
            kept += *k;
        }
    }
    if (!kept && camera->role != CART_CAMERA_SCANNER)
        return error_set(err, TRUNDLE_BAD_INPUT, "mask", "put the camera over the basket or on its rim, or fix its pose better than the stated tolerance",
                         "%g m from the camera every line may still be outside of the rim, where people stand, with a pose known to %g deg and %g m",
                         MASK_HOUSING_M, camera->tolerance_deg, camera->tolerance_m);
    return TRUNDLE_OK;
}

void mask_apply(const uint8_t *mask, uint8_t *pixels, int width_px, int height_px, size_t stride_bytes, int channels)
{
    for (int y = 0; y < height_px; y++)
        for (int x = 0; x < width_px; x++)
            if (!mask[(size_t)y * (size_t)width_px + (size_t)x])
                memset(pixels + (size_t)y * stride_bytes + (size_t)x * (size_t)channels, 0, (size_t)channels);
}

void mask_apply_plane(const uint8_t *mask, int width_px, int height_px, uint8_t *plane, size_t stride_bytes, int by_x, int by_y, uint8_t blank)
{
    for (int y = 0; y < height_px; y++)
        for (int x = 0; x < width_px; x++)
            if (!mask[(size_t)y * (size_t)width_px + (size_t)x])
                plane[(size_t)(y / by_y) * stride_bytes + (size_t)(x / by_x)] = blank;
}
