/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pixels and lines of sight: the pinhole model with OpenCV's k1 k2 p1 p2 k3 (OpenCV manual, "Camera Calibration and 3D
 * Reconstruction", detailed description). */
#include "cart/calib/cart_file.h"

#include <math.h>

/* Ideal (x, y) at depth 1 to distorted (x, y) at depth 1. */
static void distort(const double k[5], double x, double y, double out[2])
{
    double r2 = x * x + y * y;
    double radial = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));

    out[0] = x * radial + 2 * k[2] * x * y + k[3] * (r2 + 2 * x * x);
    out[1] = y * radial + k[2] * (r2 + 2 * y * y) + 2 * k[3] * x * y;
}

bool cart_camera_project(const struct cart_camera *camera, const double point_m[3], double out_px[2])
{
    const double *T = camera->T_basket_cam;
    double d[3] = { point_m[0] - T[3], point_m[1] - T[7], point_m[2] - T[11] };
    double c[3], bent[2];

    for (int i = 0; i < 3; i++)
        c[i] = T[i] * d[0] + T[4 + i] * d[1] + T[8 + i] * d[2];
    if (!(c[2] > 1e-9))
        return false;
    distort(camera->distortion, c[0] / c[2], c[1] / c[2], bent);
    out_px[0] = camera->fx_px * bent[0] + camera->cx_px;
    out_px[1] = camera->fy_px * bent[1] + camera->cy_px;
    return true;
}

void cart_camera_ray(const struct cart_camera *camera, double x_px, double y_px, double out_origin_m[3], double out_direction[3])
{
    const double *T = camera->T_basket_cam;
    double goal[2] = { (x_px - camera->cx_px) / camera->fx_px, (y_px - camera->cy_px) / camera->fy_px };
    double x = goal[0], y = goal[1], norm;

    /* Newton's method with the Jacobian by differences: a few steps for any lens that does not fold the picture over. */
    for (int i = 0; i < 30; i++) {
        double at[2], dx[2], dy[2], j[4], det, ex, ey;
        const double h = 1e-6;

        distort(camera->distortion, x, y, at);
        ex = goal[0] - at[0];
        ey = goal[1] - at[1];
        if (fabs(ex) + fabs(ey) < 1e-12)
            break;
        distort(camera->distortion, x + h, y, dx);
        distort(camera->distortion, x, y + h, dy);
        j[0] = (dx[0] - at[0]) / h;
        j[1] = (dy[0] - at[0]) / h;
        j[2] = (dx[1] - at[1]) / h;
        j[3] = (dy[1] - at[1]) / h;
        det = j[0] * j[3] - j[1] * j[2];
        if (!(fabs(det) > 1e-6))
            break;
        x += (j[3] * ex - j[1] * ey) / det;
        y += (j[0] * ey - j[2] * ex) / det;
    }
    if (!isfinite(x) || !isfinite(y)) {
        x = goal[0];
        y = goal[1];
    }
    norm = 1 / sqrt(x * x + y * y + 1);
    for (int i = 0; i < 3; i++) {
        out_origin_m[i] = T[4 * i + 3];
        out_direction[i] = (T[4 * i] * x + T[4 * i + 1] * y + T[4 * i + 2]) * norm;
    }
}
