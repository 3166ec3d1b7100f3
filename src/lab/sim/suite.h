/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/suite - a suite file as a plain struct: every constant of the simulated world.
 *
 * Scalars and ranges are described by one table (suite.c: path, bounds, meaning), which checks the file, names a bad field
 * and is what docs/simulator.md lists; a field that the table does not have is refused. Units are in the names.
 */
#pragma once

#include "lab/sim/sim.h"

enum {
    SUITE_TEXT = 32, SUITE_WORDS = 16, SUITE_CATEGORIES = 48, SUITE_QUANTITIES = 4, SUITE_PRODUCE = 32, SUITE_PRODUCTS_MAX = 480,
    SUITE_PAIRS = 128, SUITE_PATH = 1024
};

struct suite_range { double lo, hi; };

enum suite_pack {
    SUITE_CARTON, SUITE_BOX, SUITE_CAN, SUITE_BOTTLE, SUITE_JAR, SUITE_POUCH, SUITE_GLASS, SUITE_CLEAR_BOTTLE, SUITE_TRAY, SUITE_CUP, SUITE_SACHET,
    SUITE_BLISTER, SUITE_MULTIPACK, SUITE_PACKS
};
extern const char *const suite_pack_name[SUITE_PACKS];

enum suite_form { SUITE_ROUND, SUITE_BANANA, SUITE_LONG, SUITE_PEAR, SUITE_CONE, SUITE_LUMPY, SUITE_BUNCH, SUITE_LEAFY, SUITE_FORMS };
extern const char *const suite_form_name[SUITE_FORMS];

enum suite_detail { SUITE_PLAIN, SUITE_RICH };

struct suite_category {
    char   name[SUITE_TEXT];
    double share;                          /* of packaged items bought */
    uint32_t packs;                        /* bits of enum suite_pack */
    size_t quantities_n;
    double quantity[SUITE_QUANTITIES];     /* content, in `unit` */
    char   unit[8];
    double g_per_unit, ml_per_unit;
    struct suite_range cents_per_1000;
    int64_t tax_bp;
    size_t words_n, flavours_n;
    char   word[SUITE_WORDS][SUITE_TEXT], flavour[SUITE_WORDS][SUITE_TEXT];
};

struct suite_produce {
    char   name[SUITE_TEXT];
    int64_t plu;
    double share;                          /* of produce bought */
    enum suite_form form;
    double length_m, diameter_m;           /* of a piece of mean mass */
    double piece_g, piece_sd_g;
    struct suite_range pieces;
    struct suite_range cents_per_kg;
    double rgb[3], rgb2[3];                /* 0..255: body, spots or ends */
};

enum suite_noise { SUITE_PINK, SUITE_FITTED, SUITE_HEAVY };
enum suite_bodies { SUITE_PLACED, SUITE_RIGID, SUITE_SOFT };
enum suite_policy { SUITE_HABITS, SUITE_SWEEP };

struct suite_pack_shape { double tare_share, tare_g, aspect[3], fill, gloss, clear; };

/* Two categories; the place after the last (categories_n) is produce. */
struct suite_pair { size_t a, b; double odds; };

struct sim_suite {
    char name[SUITE_TEXT];
    char root[SUITE_TEXT];                 /* name of the first of the chain that it extends, else its own: what seeds are drawn with, so that
                                            * a variant has the same stores and shoppers as what it varies */
    double start_wall_s;
    struct {
        double products, near_pairs, near_pair_g, mass_cv, mass_cv_spread, zipf, upca_share, produce_share;
        double n_for_m, percent_off, member_prices, enrol_pictures, enrol_px, near_share, light_share;
        double single_share;
        struct suite_range family;
    } store;
    struct {
        int detail;                        /* enum suite_detail */
        double text_only_share, size_only_share, redesign_share, old_share, enrol_old_share, deform, wear_share, wear, gloss, clear;
        double piece_spread, ripeness_sd, bag_share, child_share, glove_share, long_sleeve_share, stripe_share, ring_share, watch_share, side_grip_share;
        struct suite_range skin, hand_scale;
        char textures[SUITE_PATH];         /* found: as given, or below the suite file's folder; "" none */
    } look;
    struct {
        struct suite_range width_m, length_m, height_m, camera_above_m, focal_px, k1;
        double wire_share, camera_jitter_m, aim_jitter_m, tolerance_deg, tolerance_m, e_g, max_g, cameras, camera_move_m, camera_shift_m;
        int camera_place;
    } cart;
    struct { int engine; } render;
    struct {
        double width_px, height_px, fps, noise_dn, exposure_sd, flicker_sd, jpeg_quality, drop_share;
        double exposure_ms, readout_ms, dark_dn, white_sd, white_drift_sd, auto_exposure;
        struct suite_range latency_s;
    } camera;
    struct {
        double ambient, diffuse, tint_sd, tubes, tube_width, window_kelvin, place_m, place_sd, place_tint_sd;
        struct suite_range kelvin, window;
    } light;
    struct {
        double width_px, height_px, hand_share;
        struct suite_range focal_px, module_px, tilt_deg, turn_deg, speed_ms, above_m, aim_deg;
    } shown;
    struct { int around; double seat_share, shopper_share; } backdrop;
    struct {
        double hz, gain_g, gain_spread, offset_sd, white_g, drift_g, calibration_gain_sd, calibration_offset_g, inset_m, pan_g;
        struct suite_range resonance_hz, damping, latency_s;
        double flicker_g, walk_g, slope_gs, spikes_per_min, tail_nu, popcorn_g, popcorn_s, bursts_per_min, burst_s, burst_counts, hysteresis_g;
        double hysteresis_span_g, creep_share, creep_s, zero_gk, span_k, thermal_s, cold_k, cold_m, warm_s, filter_s;
        struct suite_range spike_g, warm_k;
        int noise;                         /* enum suite_noise */
    } cells;
    struct {
        double hz, accel_noise_ms2, gyro_noise_rads, accel_bias_ms2, gyro_bias_rads;
        struct suite_range latency_s;
        double ahead_m, right_m, mount_deg, side_share, shake_rads;
    } imu;
    struct {
        struct suite_range speed_ms, roughness_ms2, bump_ms2;
        double accel_ms2, turn_rads, vibration_hz, floor_bumps_per_m;
        double load_height_m, turn_height_m, wheelbase_m, pitch_share, roll_share, tile_m, bump_ahead_share, camber_deg, camber_m, slope_share;
        double slope_stay_share, tilt_deg_kg, lean_per_min, lean_sway, bag_share, child_share;
        struct suite_range tile_ms2, slope_deg, lean_g, lean_s, sway_hz, bag_g, bag_m, child_g, child_pull_g, child_s;
    } motion;
    struct {
        double hz, sd_m;
        struct suite_range latency_s;
    } loc;
    struct { double hz; } tick;
    struct { double frames; } truth;
    struct {
        double share, camera_dead, camera_smeared, frames_late, frames_lost, cell_drift, cell_stuck, cell_dead, scanner_mute, no_location;
        double clock_jump, no_network, power_loss, catalog_stale_share, catalog_missing_share, catalog_products;
        struct suite_range lasts_s, dark_s, late_s, lost, drift_gs, smear, jump_s, stale_price;
    } faults;
    struct {
        struct suite_range events, duration_s, reach_s, lower_s, grip_s, drop_m, scan_before_s, scan_after_s, pick_before_s;
        struct suite_range code_latency_s, touch_latency_s, press_g, lift_s, double_gap_s, rummage_g;
        double scan_share, scan_after_share, pick_share, take_share, put_back_share, move_share, double_share, repeat_share;
        double rolling_share, hand_only_share, bump_share, member_share, stay_share;
        /* of shoppers whose things are bodies */
        int policy;                        /* enum suite_policy */
        struct suite_range items, walk_s, pause_s;
        double places, items_median, spread_below, spread_above, scan_spread, light_share, in_hand_share, overlap_share, change_share, wrong_plu_share, bag_share;
    } shopper;
    struct {
        int model;                         /* enum suite_bodies */
        double hz, friction, bounce, rolling_m, shift_ms2;
        struct suite_range release_ms, spin_rads, push_ms;
    } bodies;
    struct {
        double share, twin_share, no_scan, scan_one_of_two, cheap_code, swap_after_weigh, heavier_after_weigh, take_and_replace, hidden, past_cameras;
        double lean_on_scale, cart_swap;
        struct suite_range lean_g;
    } shrink;
    struct suite_pack_shape pack[SUITE_PACKS];
    size_t categories_n, produce_n, pairs_n;
    struct suite_category category[SUITE_CATEGORIES];
    struct suite_produce produce[SUITE_PRODUCE];
    struct suite_pair pair[SUITE_PAIRS];
};

/* One row of the field table, for docs and tests. */
enum suite_kind { SUITE_NUMBER, SUITE_WHOLE, SUITE_RANGE, SUITE_CHOICE, SUITE_STRING };   /* double, double, struct suite_range, int, char[hi + 1] */
struct suite_field {
    const char *section, *key;
    size_t offset;
    enum suite_kind kind;
    double lo, hi;                         /* of a choice: 0 and the last index */
    const char *const *words;              /* of a choice: hi + 1 names; its value in a file is one of them */
    const char *text;
};
extern const struct suite_field suite_fields[];
extern const size_t suite_fields_n;
