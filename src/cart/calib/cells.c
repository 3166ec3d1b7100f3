/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Counts to grams, and the least squares that calibrate them. */
#include "cart/calib/cells.h"

#include <math.h>
#include <string.h>

double cells_mass_g(const struct cart_cell *cell, int32_t raw)
{
    return raw == TRUNDLE_CELL_NONE ? (double)NAN : cell->gain_g * ((double)raw - cell->offset);
}

void cells_load(const struct cart_cells *cells, const double raw[TRUNDLE_CELLS_MAX], double least_g, double *out_mass_g, double *out_x_m,
                double *out_y_m)
{
    double sum = 0, x = 0, y = 0;

    for (int i = 0; i < cells->n; i++) {
        double m = cells->cell[i].gain_g * (raw[i] - cells->cell[i].offset);

        sum += m;
        x += m * cells->cell[i].x_m;
        y += m * cells->cell[i].y_m;
    }
    *out_mass_g = sum;
    *out_x_m = fabs(sum) >= least_g ? x / sum : (double)NAN;
    *out_y_m = fabs(sum) >= least_g ? y / sum : (double)NAN;
}

/* ---- calibration ---- */

enum { N = TRUNDLE_CELLS_MAX };

struct normal { double a[N][N], b[N]; };   /* A^T W A, A^T W b */

static void add_row(struct normal *s, int n, const double row[N], double value, double sd)
{
    double w = 1 / (sd * sd);

    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            s->a[i][j] += w * row[i] * row[j];
        s->b[i] += w * row[i] * value;
    }
}

/* Cholesky; the prior keeps it positive. out_inverse_diag may be NULL. */
static bool solve(const struct normal *s, int n, double out[N], double *out_inverse_diag)
{
    double l[N][N] = { { 0 } }, z[N];

    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double v = s->a[i][j];

            for (int k = 0; k < j; k++)
                v -= l[i][k] * l[j][k];
            if (i == j && !(v > 0))
                return false;
            l[i][j] = i == j ? sqrt(v) : v / l[j][j];
        }
    }
    for (int unit = -1; unit < (out_inverse_diag ? n : 0); unit++) {
        for (int i = 0; i < n; i++) {
            z[i] = unit < 0 ? s->b[i] : i == unit;
            for (int k = 0; k < i; k++)
                z[i] -= l[i][k] * z[k];
            z[i] /= l[i][i];
        }
        for (int i = n - 1; i >= 0; i--) {
            for (int k = i + 1; k < n; k++)
                z[i] -= l[k][i] * z[k];
            z[i] /= l[i][i];
        }
        if (unit < 0)
            memcpy(out, z, (size_t)n * sizeof *z);
        else
            out_inverse_diag[unit] = z[unit];
    }
    return true;
}

/* Five different places that span the floor: the smaller spread of the cloud is at least 5 cm. */
static enum trundle_status check_places(const struct cells_place *place, size_t n, struct trundle_error *err)
{
    static const char where[] = "calibrate cells", hint[] = "corners and middle of the floor, 20 cm or more apart";
    size_t empty = 0, loaded = 0, different = 0;
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0, least;

    for (size_t k = 0; k < n; k++) {
        bool again = false;

        if (!(place[k].mass_g >= 0 && place[k].mass_g < 1e6))
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "reading %zu: mass %g g", k + 1, place[k].mass_g);
        if (place[k].mass_g <= 0) {
            empty++;
            continue;
        }
        if (!(fabs(place[k].x_m) < 10 && fabs(place[k].y_m) < 10))
            return error_set(err, TRUNDLE_BAD_INPUT, where, "metres in the basket frame", "reading %zu: place (%g, %g)", k + 1, place[k].x_m,
                             place[k].y_m);
        loaded++;
        x += place[k].x_m;
        y += place[k].y_m;
        for (size_t j = 0; j < k; j++)
            again |= place[j].mass_g > 0 && hypot(place[j].x_m - place[k].x_m, place[j].y_m - place[k].y_m) < 0.02;
        different += !again;
    }
    if (!empty)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "record the empty basket too", "no reading of the empty basket: offsets cannot be found");
    if (different < 5)
        return error_set(err, TRUNDLE_BAD_INPUT, where, hint, "the mass was at %zu different places, needed are 5", different);
    x /= (double)loaded;
    y /= (double)loaded;
    for (size_t k = 0; k < n; k++) {
        if (place[k].mass_g > 0) {
            xx += (place[k].x_m - x) * (place[k].x_m - x) / (double)loaded;
            yy += (place[k].y_m - y) * (place[k].y_m - y) / (double)loaded;
            xy += (place[k].x_m - x) * (place[k].y_m - y) / (double)loaded;
        }
    }
    least = 0.5 * (xx + yy - sqrt((xx - yy) * (xx - yy) + 4 * xy * xy));
    if (!(least > 0.05 * 0.05))
        return error_set(err, TRUNDLE_BAD_INPUT, where, hint, "the places lie nearly on one line: across it they spread by %.1f cm, needed are 5",
                         100 * sqrt(fmax(least, 0)));
    return TRUNDLE_OK;
}

static enum trundle_status check_residuals(const struct cells_fit *fit, const struct cells_place *place, size_t n, struct trundle_error *err)
{
    double worst = 0;
    size_t at = 0;

    for (size_t k = 0; k < n; k++) {
        double off = place[k].mass_g > 0 ? fabs(fit->mass_residual_g[k]) / (0.02 * place[k].mass_g) : 0;

        if (place[k].mass_g > 0)
            off = fmax(off, hypot(fit->x_residual_m[k], fit->y_residual_m[k]) / 0.06);
        if (!(off <= worst)) {
            worst = off;
            at = k;
        }
    }
    if (worst <= 1)
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", "check its place, its mass, and that nothing touches the basket",
                     "reading %zu does not fit: %.1f g and (%.3f, %.3f) m off after the best fit", at + 1, fit->mass_residual_g[at],
                     fit->x_residual_m[at], fit->y_residual_m[at]);
}

enum trundle_status cells_solve(const struct cart_cells *start, const struct cells_place *place, size_t n, struct cells_fit *out,
                                struct trundle_error *err)
{
    struct normal mass = { 0 }, mx = { 0 }, my = { 0 };
    struct cells_fit fit = { .cells = *start };
    double empty[N] = { 0 }, gain[N], qx[N], qy[N], variance[N], sd_sum[N] = { 0 }, up = 0, down = 0;
    size_t empties = 0, loaded = 0, sds = 0;
    int c = start->n;

    if (n > CELLS_PLACES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "calibrate cells", NULL, "%zu readings, limit %d", n, (int)CELLS_PLACES_MAX);
    if (c != 3 && c != 4)
        return error_set(err, TRUNDLE_UNSUPPORTED, "calibrate cells", "a platform stands on 3 or 4 cells", "the cart file has %d cells", c);
    TRY(check_places(place, n, err));
    for (size_t k = 0; k < n; k++) {
        bool known = true;

        for (int i = 0; i < c; i++) {
            if (!isfinite(place[k].raw[i]))
                return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", "check its cable", "reading %zu: cell %d gave nothing", k + 1, i + 1);
            if (place[k].mass_g <= 0)
                empty[i] += place[k].raw[i];
            known &= place[k].raw_sd[i] > 0;
        }
        empties += place[k].mass_g <= 0;
        for (int i = 0; known && i < c; i++)
            sd_sum[i] += place[k].raw_sd[i] * place[k].raw_sd[i];
        sds += known;
    }
    for (int i = 0; i < c; i++)
        fit.cells.cell[i].offset = empty[i] /= (double)empties;

    /* one factor brings the file's gains to the size of these readings; they are the prior */
    for (size_t k = 0; k < n; k++) {
        double sum = 0;

        for (int i = 0; i < c; i++)
            sum += start->cell[i].gain_g * (place[k].raw[i] - empty[i]);
        up += sum * place[k].mass_g;
        down += sum * sum;
    }
    if (!(down > 0))
        return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", "check cables and source", "no cell reacts to the mass");
    for (int i = 0; i < c; i++) {
        double row[N] = { 0 }, most = 0, g0 = start->cell[i].gain_g * up / down, reach = 0;

        for (size_t k = 0; k < n; k++) {
            most = fmax(most, fabs(place[k].raw[i] - empty[i]));
            reach = fmax(reach, place[k].mass_g);
        }
        if (!(most * fabs(g0) > 0.02 * reach))
            return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", "is the cell connected, and the floor free to press on it?",
                             "cell %d does not react to the mass", i + 1);
        row[i] = 1;
        add_row(&mass, c, row, g0, 0.2 * fabs(g0));
    }
    for (size_t k = 0; k < n; k++) {
        double a[N];

        for (int i = 0; i < c; i++)
            a[i] = place[k].raw[i] - empty[i];
        if (place[k].mass_g > 0)
            add_row(&mass, c, a, place[k].mass_g, 0.3 + 5e-4 * place[k].mass_g);
    }
    if (!solve(&mass, c, gain, variance))
        return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", NULL, "the readings have no solution");
    for (int i = 0; i < c; i++) {
        double row[N] = { 0 };

        if (!(fabs(gain[i]) > 1e-12))
            return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", "check its cable", "cell %d comes out with gain 0", i + 1);
        row[i] = 1;
        add_row(&mx, c, row, start->cell[i].x_m * gain[i], 0.05 * fabs(gain[i]));
        add_row(&my, c, row, start->cell[i].y_m * gain[i], 0.05 * fabs(gain[i]));
    }
    for (size_t k = 0; k < n; k++) {
        double a[N];

        for (int i = 0; i < c; i++)
            a[i] = place[k].raw[i] - empty[i];
        if (place[k].mass_g > 0) {
            add_row(&mx, c, a, place[k].mass_g * place[k].x_m, 0.005 * place[k].mass_g);
            add_row(&my, c, a, place[k].mass_g * place[k].y_m, 0.005 * place[k].mass_g);
        }
    }
    if (!solve(&mx, c, qx, NULL) || !solve(&my, c, qy, NULL))
        return error_set(err, TRUNDLE_BAD_INPUT, "calibrate cells", NULL, "the readings have no solution");
    for (int i = 0; i < c; i++) {
        struct cart_cell *cell = &fit.cells.cell[i];

        cell->gain_g = gain[i];
        cell->x_m = qx[i] / gain[i];
        cell->y_m = qy[i] / gain[i];
        fit.gain_sd[i] = sqrt(variance[i]) / fabs(gain[i]);
        if (sds && sd_sum[i] > 0)
            cell->sd_g = fmax(fabs(gain[i]) * sqrt(sd_sum[i] / (double)sds), 1e-6);
    }
    for (size_t k = 0; k < n; k++) {
        double m, x, y;

        cells_load(&fit.cells, place[k].raw, place[k].mass_g > 0 ? 0 : INFINITY, &m, &x, &y);
        fit.mass_residual_g[k] = m - place[k].mass_g;
        fit.x_residual_m[k] = place[k].mass_g > 0 ? x - place[k].x_m : (double)NAN;
        fit.y_residual_m[k] = place[k].mass_g > 0 ? y - place[k].y_m : (double)NAN;
        if (place[k].mass_g > 0) {
            loaded++;
            fit.mass_rms_g += fit.mass_residual_g[k] * fit.mass_residual_g[k];
            fit.place_rms_m += fit.x_residual_m[k] * fit.x_residual_m[k] + fit.y_residual_m[k] * fit.y_residual_m[k];
        }
    }
    fit.mass_rms_g = sqrt(fit.mass_rms_g / (double)loaded);
    fit.place_rms_m = sqrt(fit.place_rms_m / (double)loaded);
    TRY(check_residuals(&fit, place, n, err));
    *out = fit;
    return TRUNDLE_OK;
}
