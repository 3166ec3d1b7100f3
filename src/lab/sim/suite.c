/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Suite files: the field table, and reading by it. */
#include "lab/sim/suite_read.h"

#include "base/std/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const unsigned char embed_suite_smoke[];
extern const size_t embed_suite_smoke_n;
extern const unsigned char embed_suite_v1[];
extern const size_t embed_suite_v1_n;
extern const unsigned char embed_suite_v1_other[];
extern const size_t embed_suite_v1_other_n;

static const char *const details[] = { "plain", "rich" };
static const char *const bodies_model[] = { "placed", "rigid", "soft" };
static const char *const shopper_policy[] = { "habits", "sweep" };

static const char *const cell_noises[] = { "pink", "fitted", "heavy" };

#define N(section, key, lo, hi, text) { #section, #key, offsetof(struct sim_suite, section.key), SUITE_NUMBER, lo, hi, NULL, text }
#define W(section, key, lo, hi, text) { #section, #key, offsetof(struct sim_suite, section.key), SUITE_WHOLE, lo, hi, NULL, text }
#define R(section, key, lo, hi, text) { #section, #key, offsetof(struct sim_suite, section.key), SUITE_RANGE, lo, hi, NULL, text }
#define C(section, key, words, text) { #section, #key, offsetof(struct sim_suite, section.key), SUITE_CHOICE, 0, COUNT_OF(words) - 1, words, text }
#define T(section, key, text) { #section, #key, offsetof(struct sim_suite, section.key), SUITE_STRING, 0, sizeof ((struct sim_suite *)0)->section.key - 1, NULL, text }

static const char *const engine_words[] = { "raster", "trace" };
static const char *const place_words[] = { "sides", "rim" };
static const char *const around_words[] = { "nothing", "store" };

const struct suite_field suite_fields[] = {
    W(store, products, 10, SUITE_PRODUCTS_MAX, "packaged products of a store"),
    R(store, family, 1, 12, "products of one brand in one category"),
    N(store, single_share, 0, 1, "brands with one product in a category, whatever `family` says"),
    W(store, near_pairs, 0, 100, "pairs of products whose mean masses are made near-equal"),
    N(store, near_pair_g, 0, 50, "how near, g"),
    N(store, mass_cv, 0, .2, "median over products of the unit-to-unit sd of mass, as a share of the mean"),
    N(store, mass_cv_spread, 0, 1, "sd of the logarithm of that share over products"),
    N(store, zipf, 0, 3, "exponent of popularity by rank inside a category"),
    N(store, upca_share, 0, 1, "products with a UPC-A code; the others have EAN-13"),
    N(store, produce_share, 0, 1, "items bought that are loose fruit and vegetables"),
    W(store, n_for_m, 0, 50, "promotions of the kind n for m, each over one family"),
    W(store, percent_off, 0, 50, "promotions of the kind percent off"),
    W(store, member_prices, 0, 100, "products with a lower price for members"),
    W(store, enrol_pictures, 1, 8, "enrolment pictures per product"),
    W(store, enrol_px, 32, 512, "their side, pixels"),
    N(store, near_share, 0, .3, "pairs of packaged products within near_pair_g in mean mass: made so many by packings of other mass; 0 leaves it"),
    N(store, light_share, 0, 1, "items picked with a mean mass under 50 g: made so many by popularity; 0 leaves it"),
    C(look, detail, details, "plain: few shapes, one print, nothing of the rows below; rich"),
    N(look, text_only_share, 0, 1, "families whose members differ in the flavour's text only"),
    N(look, size_only_share, 0, 1, "families whose members differ in size (and the printed quantity) only; the others differ in colour and text"),
    N(look, redesign_share, 0, 1, "products on sale in an old and a new print"),
    N(look, old_share, 0, 1, "of their items, those in the old print"),
    N(look, enrol_old_share, 0, 1, "of their enrolment pictures, those of the old print"),
    N(look, deform, 0, 2, "dents, bulges and crumpled film; 1 as found on shelves"),
    N(look, wear_share, 0, 1, "items with scuffs and dirt"),
    N(look, wear, 0, 1, "how much of such an item they cover"),
    N(look, gloss, 0, 2, "factor on the gloss of packs"),
    N(look, clear, 0, 1, "factor on the clearness of packs"),
    N(look, piece_spread, 0, .3, "sd of the logarithm of length by width over pieces of produce"),
    N(look, ripeness_sd, 0, 1, "sd of ripeness over lots and pieces of produce: from the first colour to the second"),
    N(look, bag_share, 0, 1, "produce of several pieces that comes in a thin clear bag"),
    R(look, skin, 0, 1, "tone of the shopper's skin, dark to light"),
    R(look, hand_scale, .5, 1.4, "size of an adult's hand by the mean one"),
    N(look, child_share, 0, 1, "trips on which the hands are a child's, at .68 of an adult's size"),
    N(look, glove_share, 0, 1, "trips with gloves"),
    N(look, long_sleeve_share, 0, 1, "trips with long sleeves; the others show the forearm"),
    N(look, stripe_share, 0, 1, "sleeves with stripes"),
    N(look, ring_share, 0, 1, "hands with a ring"),
    N(look, watch_share, 0, 1, "trips with a watch or a bracelet"),
    N(look, side_grip_share, 0, 1, "items held from the side; the others from above"),
    T(look, textures, "folder of JPEG or PNG front faces; empty: none"),
    R(cart, width_m, .3, 1, "basket inner width"),
    R(cart, length_m, .3, 1.4, "basket inner length"),
    R(cart, height_m, .2, .8, "height of the mouth plane over the floor"),
    N(cart, wire_share, 0, 1, "chance of each wall to be wire instead of solid"),
    R(cart, camera_above_m, .02, .5, "cameras above the mouth plane"),
    N(cart, camera_jitter_m, 0, .2, "sd of a camera's place along the rim"),
    N(cart, aim_jitter_m, 0, .2, "sd of the point it looks at"),
    R(cart, focal_px, 50, 2000, "focal length"),
    R(cart, k1, -.4, .4, "first radial distortion coefficient"),
    N(cart, tolerance_deg, 0, 10, "stated pose tolerance of a camera"),
    N(cart, tolerance_m, 0, .1, "stated pose tolerance of a camera"),
    N(cart, e_g, .1, 100, "verification interval of the scale"),
    N(cart, max_g, 1000, 200000, "capacity of the scale"),
    W(cart, cameras, 2, 4, "cameras on the rim"),
    C(cart, camera_place, place_words, "sides: middles of left, right, front, rear; rim: anywhere on it, spread out"),
    N(cart, camera_move_m, 0, .2, "cameras stand this far from where they would, and the cart file knows"),
    N(cart, camera_shift_m, 0, .2, "cameras stand this far from where the cart file says"),
    C(render, engine, engine_words, "what makes the pictures"),
    W(camera, width_px, 64, 1920, "picture width"),
    W(camera, height_px, 64, 1080, "picture height"),
    N(camera, fps, 1, 60, "pictures a second; the cameras run half a period apart"),
    N(camera, noise_dn, 0, 30, "sd of noise per pixel and colour, of 255"),
    N(camera, exposure_sd, 0, .5, "sd of the logarithm of a trip's exposure"),
    N(camera, flicker_sd, 0, .2, "sd of the logarithm of slow exposure changes inside a trip"),
    W(camera, jpeg_quality, 20, 100, "JPEG quality"),
    R(camera, latency_s, 0, 1, "sensed to consumed"),
    N(camera, drop_share, 0, .5, "frames lost, which a drop message says"),
    N(camera, exposure_ms, 0, 50, "time in which a row sees: what moves is blurred (trace)"),
    N(camera, readout_ms, 0, 60, "last row after the first: what moves leans (trace)"),
    N(camera, dark_dn, 0, 30, "sd of noise that comes to noise_dn in the dark, of 255"),
    N(camera, white_sd, 0, .3, "sd of the logarithm of a trip's red and blue gain, the camera's white balance being off"),
    N(camera, white_drift_sd, 0, .1, "sd of the logarithm of slow changes of that inside a trip"),
    N(camera, auto_exposure, 0, 1, "how far exposure follows what is seen towards mid-grey; 0: fixed"),
    N(light, ambient, 0, 1.5, "light from everywhere"),
    N(light, diffuse, 0, 1.5, "light from the ceiling"),
    N(light, tint_sd, 0, .3, "sd of red and blue gain over stores"),
    W(light, tubes, 0, 8, "rows of tubes overhead (trace); none: one round lamp"),
    N(light, tube_width, .005, 2, "their width, of their height over the basket"),
    R(light, kelvin, 2000, 12000, "colour temperature of a store's tubes"),
    R(light, window, 0, 1.5, "daylight from one side, on a wall that faces it (trace)"),
    N(light, window_kelvin, 2000, 12000, "its colour temperature"),
    N(light, place_m, .5, 50, "way in the store over which light changes"),
    N(light, place_sd, 0, .5, "sd of the logarithm of brightness over places"),
    N(light, place_tint_sd, 0, .2, "sd of the logarithm of red gain over places: warm aisles, cold freezers"),
    C(backdrop, around, around_words, "what is seen past the rim and through wire (trace)"),
    N(backdrop, seat_share, 0, 1, "carts with a child seat over the rear wall (trace)"),
    N(backdrop, shopper_share, 0, 1, "carts whose shopper stands behind, in the light (trace)"),
    W(shown, width_px, 160, 1920, "codes shown to the scanner's camera (`sim codes`; no part of trips): picture width"),
    W(shown, height_px, 120, 1080, "picture height"),
    R(shown, focal_px, 100, 4000, "focal length of the scanner's camera"),
    R(shown, module_px, 1, 8, "width of a code's module in the picture, over the whole code"),
    R(shown, tilt_deg, 0, 60, "between the code's normal and the line of sight, any way"),
    R(shown, turn_deg, 0, 180, "turn of the code in the picture, either way"),
    R(shown, speed_ms, 0, 1, "of the hand that shows it: blurs over the exposure"),
    R(shown, above_m, 0, 1, "that camera above the mouth plane, over the middle of the basket"),
    R(shown, aim_deg, -60, 60, "how far up it looks"),
    N(shown, hand_share, 0, 1, "pictures with the hand in sight, where it can hold the thing without covering the code"),
    N(cells, hz, 10, 1000, "readings a second"),
    N(cells, gain_g, 1e-4, 10, "g per count, nominal"),
    N(cells, gain_spread, 0, .5, "sd of gain over cells, as a share"),
    N(cells, offset_sd, 0, 1e6, "sd of offsets over cells, counts"),
    N(cells, white_g, 0, 50, "sd of white noise of one cell and sample"),
    N(cells, drift_g, 0, 50, "pink: sd of 1/f drift of one cell over a trip"),
    N(cells, calibration_gain_sd, 0, .05, "sd of the cart file's gain error, as a share"),
    N(cells, calibration_offset_g, 0, 50, "sd of the cart file's offset error"),
    N(cells, inset_m, 0, .3, "cells from the corners of the floor"),
    N(cells, pan_g, 0, 20000, "mass of the empty basket on the cells"),
    R(cells, resonance_hz, 2, 100, "resonance of the empty scale; a load lowers it"),
    R(cells, damping, .02, 2, "damping ratio of that resonance"),
    R(cells, latency_s, 0, .5, "sensed to consumed"),
    C(cells, noise, cell_noises, "family of the noise of a standing cell"),
    N(cells, flicker_g, 0, 20, "fitted, heavy: floor of the Allan deviation of one cell, flicker noise"),
    N(cells, walk_g, 0, 10, "fitted, heavy: random walk of one cell, sd after one second"),
    N(cells, slope_gs, 0, 2, "fitted, heavy: sd of the steady drift of one cell over trips, g/s"),
    N(cells, spikes_per_min, 0, 600, "fitted, heavy: readings of one cell that are off"),
    R(cells, spike_g, 0, 1000, "by how much, either way"),
    N(cells, tail_nu, 2.1, 100, "heavy: degrees of freedom of the white noise, which is Student's t of the same sd"),
    N(cells, popcorn_g, 0, 20, "heavy: step of a cell that hops between two levels"),
    N(cells, popcorn_s, .01, 600, "heavy: mean time on a level"),
    N(cells, bursts_per_min, 0, 600, "heavy: times at which the converter loses its lowest bits"),
    N(cells, burst_s, .01, 60, "heavy: mean length of that"),
    W(cells, burst_counts, 1, 65536, "heavy: step of the converter meanwhile, counts"),
    N(cells, hysteresis_g, 0, 50, "half the width of a cell's loop between loading and unloading"),
    N(cells, hysteresis_span_g, 1, 50000, "load over which a cell changes branch (1 - 1/e of it)"),
    N(cells, creep_share, 0, .05, "load that a cell shows only slowly"),
    N(cells, creep_s, .1, 10000, "time constant of that"),
    N(cells, zero_gk, 0, 50, "sd over cells of the zero's temperature coefficient, g/K"),
    N(cells, span_k, 0, .01, "sd over cells of the gain's temperature coefficient, 1/K"),
    N(cells, thermal_s, .1, 10000, "time constant of a cell's temperature behind the air's"),
    N(cells, cold_k, 0, 60, "how much colder the air beside frozen food is"),
    N(cells, cold_m, .1, 50, "how far that reaches (1 sd)"),
    R(cells, warm_k, 0, 60, "warming of the electronics after switching on"),
    N(cells, warm_s, 1, 100000, "time constant of that"),
    N(cells, filter_s, 0, 1, "time constant of the converter's filter"),
    N(imu, hz, 10, 1000, "readings a second"),
    N(imu, accel_noise_ms2, 0, 2, "sd of noise"),
    N(imu, gyro_noise_rads, 0, .5, "sd of noise"),
    N(imu, accel_bias_ms2, 0, 2, "sd of bias over trips"),
    N(imu, gyro_bias_rads, 0, .5, "sd of bias over trips"),
    R(imu, latency_s, 0, .5, "sensed to consumed"),
    N(imu, ahead_m, -2, 2, "sensor ahead of the middle between the wheels that do not steer: what turns do to it"),
    N(imu, right_m, -2, 2, "the same to the right"),
    N(imu, mount_deg, 0, 20, "sd over stores of the mount's tilt, each way"),
    N(imu, side_share, 0, 5, "horizontal shaking, as a share of the vertical"),
    N(imu, shake_rads, 0, 5, "pitch rate per m/s2 of shaking at 1 m/s that no axle accounts for"),
    R(motion, speed_ms, .1, 3, "speed of a rolling cart"),
    R(motion, roughness_ms2, 0, 10, "sd of vertical vibration at 1 m/s, by store floor"),
    R(motion, bump_ms2, 0, 60, "peak of a bump (kerb, joint, another cart)"),
    N(motion, accel_ms2, .1, 5, "of starting and stopping"),
    N(motion, turn_rads, 0, 3, "sd of turning rate while rolling"),
    N(motion, vibration_hz, 1, 100, "centre of the vibration's band"),
    N(motion, floor_bumps_per_m, 0, 2, "joints crossed while rolling"),
    N(motion, load_height_m, 0, 2, "centre of the load over the cells: what starting, stopping and slopes shift ahead or back"),
    N(motion, turn_height_m, 0, 2, "the same for what turns and slopes shift sideways"),
    N(motion, wheelbase_m, 0, 2, "between front and rear wheels, which meet bumps one after the other; 0: at once"),
    N(motion, pitch_share, 0, 5, "vibration that is opposite at front and rear, as a share of what is common"),
    N(motion, roll_share, 0, 5, "the same for left and right"),
    N(motion, tile_m, .02, 5, "side of the floor's tiles"),
    R(motion, tile_ms2, 0, 20, "peak at each joint of tiles at 1 m/s, by store floor"),
    N(motion, bump_ahead_share, 0, 5, "jolt along the cart, as a share of a bump's peak"),
    N(motion, camber_deg, 0, 5, "sd of the floor's tilt from place to place, each way"),
    N(motion, camber_m, .1, 100, "way after which it has changed"),
    N(motion, slope_share, 0, 1, "rolls that come onto a ramp, up or down"),
    R(motion, slope_deg, 0, 15, "of ramps"),
    N(motion, slope_stay_share, 0, 1, "of these, those on which the cart still stands after the roll"),
    N(motion, tilt_deg_kg, 0, 5, "tilt of the chassis per kg that leans or pulls half a metre from its middle"),
    N(motion, lean_per_min, 0, 60, "arms that lean on the rim"),
    R(motion, lean_g, 0, 50000, "how hard"),
    R(motion, lean_s, .2, 120, "how long"),
    N(motion, lean_sway, 0, 1, "sway of that force, as a share"),
    R(motion, sway_hz, .02, 10, "how fast people sway"),
    N(motion, bag_share, 0, 1, "trips with a bag that hangs on the basket for a while"),
    R(motion, bag_g, 0, 50000, "its mass"),
    R(motion, bag_m, .02, 2, "length of its pendulum"),
    N(motion, child_share, 0, 1, "trips in which a child pulls at the side"),
    R(motion, child_g, 0, 100000, "how hard down"),
    R(motion, child_pull_g, 0, 100000, "how hard sideways, at the rim"),
    R(motion, child_s, .2, 120, "how long"),
    N(loc, hz, .1, 20, "location fixes a second"),
    N(loc, sd_m, 0, 10, "sd of a fix"),
    R(loc, latency_s, 0, 2, "sensed to consumed"),
    N(tick, hz, 1, 100, "clock ticks a second"),
    W(truth, frames, 0, 1, "1: what each frame shows is told, boxes, masks and poses"),
    N(faults, share, 0, 1, "trips in which something breaks"),
    N(faults, camera_dead, 0, 100, "weight among faults: a camera gives nothing from then on"),
    N(faults, camera_smeared, 0, 100, "weight: grease on a lens from then on"),
    N(faults, frames_late, 0, 100, "weight: a camera's frames come late for a while"),
    N(faults, frames_lost, 0, 100, "weight: a camera's frames are lost for a while"),
    N(faults, cell_drift, 0, 100, "weight: a cell drifts away from then on"),
    N(faults, cell_stuck, 0, 100, "weight: a cell keeps saying the same from then on"),
    N(faults, cell_dead, 0, 100, "weight: a cell gives nothing from then on"),
    N(faults, scanner_mute, 0, 100, "weight: the scanner reads nothing for a while"),
    N(faults, no_location, 0, 100, "weight: no location fix for a while"),
    N(faults, clock_jump, 0, 100, "weight: the clock that stamps a camera's frames jumps"),
    N(faults, no_network, 0, 100, "weight: no network from then on; no sample of a trip depends on it"),
    N(faults, power_loss, 0, 100, "weight: for a while the cart senses nothing at all"),
    R(faults, lasts_s, 1, 600, "how long lateness, loss, muteness and missing fixes last"),
    R(faults, dark_s, .1, 60, "how long a power loss lasts"),
    R(faults, late_s, 0, 5, "how late late frames are"),
    R(faults, lost, 0, 1, "share of frames lost"),
    R(faults, drift_gs, 0, 100, "speed of a drifting cell, g/s, up or down"),
    R(faults, smear, .01, 1, "radius of the grease, of the picture's height"),
    R(faults, jump_s, 0, 60, "how far a clock jumps, forward or back"),
    N(faults, catalog_stale_share, 0, 1, "stores whose catalog has old prices"),
    N(faults, catalog_missing_share, 0, 1, "stores whose catalog lacks products"),
    N(faults, catalog_products, 0, .5, "of the products there: how many are old or missing"),
    R(faults, stale_price, .5, 1.5, "an old price, of the one on the shelf"),
    R(shopper, events, 1, 40, "puts, takes and moves of a trip"),
    R(shopper, duration_s, 5, 600, "length of a trip"),
    R(shopper, reach_s, .1, 3, "hand from outside to over its target, and back"),
    R(shopper, lower_s, .1, 3, "from there down, and up"),
    R(shopper, grip_s, .02, 3, "fingers closing or opening"),
    R(shopper, drop_m, 0, .5, "height from which an item is let go; half of the time it is set down"),
    R(shopper, scan_before_s, .2, 5, "scan to crossing the mouth"),
    R(shopper, scan_after_s, .2, 5, "release to scan, when scanned after"),
    R(shopper, pick_before_s, .2, 10, "PLU picked to crossing the mouth"),
    R(shopper, code_latency_s, 0, 1, "scanner: sensed to consumed"),
    R(shopper, touch_latency_s, 0, 1, "touchscreen: sensed to consumed"),
    R(shopper, press_g, 0, 2000, "force of a hand that grips or sets down"),
    R(shopper, lift_s, .03, 2, "load leaving the floor in a take, or reaching it when set down"),
    R(shopper, double_gap_s, 0, 2, "between the two of a double"),
    R(shopper, rummage_g, 0, 3000, "force of a hand that only rummages"),
    N(shopper, scan_share, 0, 1, "packaged items that are scanned"),
    N(shopper, scan_after_share, 0, 1, "of those, scanned after being put"),
    N(shopper, pick_share, 0, 1, "produce whose PLU is picked before the put"),
    N(shopper, take_share, 0, 1, "events that take an item out"),
    N(shopper, put_back_share, 0, 1, "of takes, those of the item put last"),
    N(shopper, move_share, 0, 1, "events that move an item inside"),
    N(shopper, double_share, 0, 1, "puts of two items at once"),
    N(shopper, repeat_share, 0, 1, "puts of a product that is inside already"),
    N(shopper, rolling_share, 0, 1, "events while the cart rolls"),
    N(shopper, hand_only_share, 0, 1, "hand entries without an event, per event"),
    N(shopper, bump_share, 0, 1, "bumps of the standing cart, per event"),
    N(shopper, member_share, 0, 1, "trips with a member card"),
    N(shopper, stay_share, 0, 1, "events at the same place as the one before"),
    C(shopper, policy, shopper_policy, "this and the rest of the section are for bodies that are not placed; habits: shelf by shelf, each thing at once; sweep: along the aisles, things gathered and put in a row"),
    N(shopper, items_median, 1, 40, "things put in a trip, repeats included"),
    N(shopper, spread_below, 0, 2, "sd of the logarithm of their number, below the median"),
    N(shopper, spread_above, 0, 2, "sd of it above the median"),
    R(shopper, items, 1, 60, "bounds of their number"),
    R(shopper, walk_s, 0, 60, "from shelf to shelf"),
    W(shopper, places, 1, 40, "places that are looked at before one is chosen, mostly the lowest: few make piles"),
    R(shopper, pause_s, 0, 10, "before a hand moves, standing"),
    N(shopper, scan_spread, 0, 5, "sd over shoppers of the log odds that something is scanned"),
    N(shopper, light_share, 0, 1, "packaged things picked for being under 50 g, on top of those that chance brings"),
    N(shopper, in_hand_share, 0, 1, "puts of two things in one hand"),
    N(shopper, overlap_share, 0, 1, "puts that begin before the one before is over"),
    N(shopper, change_share, 0, 1, "things brought in and carried out again, per event"),
    N(shopper, wrong_plu_share, 0, 1, "of picked PLUs, those of another kind by mistake"),
    N(shopper, bag_share, 0, 1, "things inside gathered in a bag and moved together, per event"),
    C(bodies, model, bodies_model, "placed: things stay where they are put; rigid: they fall, roll and settle; soft: the same with springs for contacts"),
    N(bodies, hz, 60, 1000, "steps a second"),
    N(bodies, friction, 0, 3, "coefficient of friction"),
    N(bodies, bounce, 0, .9, "share of the speed that comes back"),
    N(bodies, rolling_m, 0, .1, "rolling resistance: torque over normal force"),
    N(bodies, shift_ms2, 0, 100, "acceleration of the cart from which things inside begin to move"),
    R(bodies, release_ms, 0, 2, "sideways speed of a hand that lets go"),
    R(bodies, spin_rads, 0, 20, "turning rate of what it lets go"),
    R(bodies, push_ms, 0, 2, "speed that a rummaging hand gives to 0.5 kg"),
    N(shrink, share, 0, 1, "trips with a shrink scenario or its twin"),
    N(shrink, twin_share, 0, 1, "of those, honest twins"),
    N(shrink, no_scan, 0, 1000, "weight of the scenario among them"),
    N(shrink, scan_one_of_two, 0, 1000, "weight"),
    N(shrink, cheap_code, 0, 1000, "weight"),
    N(shrink, swap_after_weigh, 0, 1000, "weight"),
    N(shrink, heavier_after_weigh, 0, 1000, "weight"),
    N(shrink, take_and_replace, 0, 1000, "weight"),
    N(shrink, hidden, 0, 1000, "weight"),
    N(shrink, past_cameras, 0, 1000, "weight"),
    N(shrink, lean_on_scale, 0, 1000, "weight"),
    N(shrink, cart_swap, 0, 1000, "weight"),
    R(shrink, lean_g, 0, 20000, "what a hand takes off the scale while it lifts the rim"),
};
const size_t suite_fields_n = COUNT_OF(suite_fields);

enum trundle_status suite_refuse_unknown(const struct json_at *at, bool (*known)(const char *section, const char *key), const char *section,
                                         struct trundle_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(at->value, key, value) {
        if (key[0] != '_' && !known(section, key))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "docs/simulator.md lists the fields", "field '%.60s' is not known", key);
    }
    return TRUNDLE_OK;
}

static bool known_root(const char *section, const char *key)
{
    static const char *const others[] = { "version", "name", "extends", "start_wall_s", "packs", "categories", "produce", "pairs" };

    (void)section;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (!strcmp(key, others[i]))
            return true;
    for (size_t i = 0; i < suite_fields_n; i++)
        if (!strcmp(key, suite_fields[i].section))
            return true;
    return false;
}

static bool known_field(const char *section, const char *key)
{
    for (size_t i = 0; i < suite_fields_n; i++)
        if (!strcmp(section, suite_fields[i].section) && !strcmp(key, suite_fields[i].key))
            return true;
    return false;
}

enum trundle_status suite_take_range(const struct json_at *at, const char *key, double lo, double hi, struct suite_range *out,
                                     struct trundle_error *err)
{
    double pair[2];

    TRY(json_take_numbers(at, key, pair, 2, err));
    if (pair[0] < lo || pair[1] > hi || pair[0] > pair[1])
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s is [%g, %g], allowed is low to high within %g to %g", key, pair[0],
                         pair[1], lo, hi);
    *out = (struct suite_range){ pair[0], pair[1] };
    return TRUNDLE_OK;
}

static enum trundle_status take_choice(const struct json_at *at, const struct suite_field *f, unsigned char *field, struct trundle_error *err)
{
    char word[SUITE_TEXT], hint[256] = "";
    int found = -1;

    TRY(json_take_text(at, f->key, word, sizeof word, err));
    for (int i = 0; i <= (int)f->hi; i++) {
        size_t n = strlen(hint);

        if (!strcmp(word, f->words[i]))
            found = i;
        (void)snprintf(hint + n, sizeof hint - n, "%s%s", i ? " " : "", f->words[i]);
    }
    if (found < 0)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, hint, "%s is '%s', which is not known", f->key, word);
    memcpy(field, &found, sizeof found);
    return TRUNDLE_OK;
}

static enum trundle_status take_fields(const struct json_at *root, struct sim_suite *s, struct trundle_error *err)
{
    struct json_at at = { 0 };
    const char *section = "";

    for (size_t i = 0; i < suite_fields_n; i++) {
        const struct suite_field *f = &suite_fields[i];
        unsigned char *field = (unsigned char *)s + f->offset;
        double x = 0;

        if (strcmp(section, f->section) != 0) {
            section = f->section;
            TRY(json_take_object(root, section, &at, err));
            TRY(suite_refuse_unknown(&at, known_field, section, err));
        }
        if (f->kind == SUITE_CHOICE) {
            TRY(take_choice(&at, f, field, err));
            continue;
        }
        if (f->kind == SUITE_STRING) {
            TRY(json_take_text(&at, f->key, (char *)field, (size_t)f->hi + 1, err));
            continue;
        }
        if (f->kind == SUITE_RANGE) {
            struct suite_range range;

            TRY(suite_take_range(&at, f->key, f->lo, f->hi, &range, err));
            memcpy(field, &range, sizeof range);
            continue;
        }
        if (f->kind == SUITE_WHOLE) {
            int64_t whole;

            TRY(json_take_integer(&at, f->key, (int64_t)f->lo, (int64_t)f->hi, &whole, err));
            x = (double)whole;
        } else {
            TRY(json_take_number(&at, f->key, f->lo, f->hi, &x, err));
        }
        memcpy(field, &x, sizeof x);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_all(const struct json_at *root, struct sim_suite *s, struct trundle_error *err)
{
    int64_t version;

    if (!json_is_object(root->value))
        return error_set(err, TRUNDLE_BAD_INPUT, root->where, NULL, "must be an object {...}");
    TRY(suite_refuse_unknown(root, known_root, "", err));
    TRY(json_take_integer(root, "version", 1, 1, &version, err));
    TRY(json_take_text(root, "name", s->name, sizeof s->name, err));
    if (!*s->name || strspn(s->name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(s->name))
        return error_set(err, TRUNDLE_BAD_INPUT, root->where, NULL, "name '%s' must be of a-z 0-9 _ -", s->name);
    TRY(json_take_number(root, "start_wall_s", 0, 4e9, &s->start_wall_s, err));
    TRY(take_fields(root, s, err));
    return suite_take_lists(root, s, err);
}

/* The text of a suite by name: NAME.json in $TRUNDLE_SUITES, else in suites/, else built in. */
static enum trundle_status read_named(const char *name, struct bytes *out, char where[4096], struct trundle_error *err)
{
    static const struct { const char *name; const unsigned char *bytes; const size_t *n; } built_in[] = {
        { "smoke", embed_suite_smoke, &embed_suite_smoke_n }, { "v1", embed_suite_v1, &embed_suite_v1_n },
        { "v1-other", embed_suite_v1_other, &embed_suite_v1_other_n } };
    const char *folder = getenv("TRUNDLE_SUITES");

    (void)snprintf(where, 4096, "%.2000s/%.2000s.json", folder ? folder : "suites", name);
    if (access(where, R_OK) == 0)
        return file_read(where, 4 << 20, out, err);
    for (size_t i = 0; i < COUNT_OF(built_in); i++)
        if (!strcmp(name, built_in[i].name)) {
            (void)snprintf(where, 4096, "%s (built in)", name);
            return bytes_append(out, built_in[i].bytes, *built_in[i].n) == TRUNDLE_OK ? TRUNDLE_OK
                                                                                       : error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a suite");
        }
    return file_read(where, 4 << 20, out, err);
}

/* What a suite extends is read first, and overlaid field by field (lists as a whole). `root_name` gets the name of the first of the chain. */
static enum trundle_status inherit(json_t **root, const char *where, char root_name[SUITE_TEXT], int depth, struct trundle_error *err)
{
    struct json_at at = json_at_root(*root, where);
    char name[SUITE_TEXT], base_where[4096];
    struct bytes text = { 0 };
    json_t *base = NULL;
    enum trundle_status status;

    if (!json_is_object(*root) || !json_has(&at, "extends")) {
        const char *own = json_string_value(json_object_get(*root, "name"));

        (void)snprintf(root_name, SUITE_TEXT, "%s", own ? own : "");
        return TRUNDLE_OK;
    }
    TRY(json_take_text(&at, "extends", name, sizeof name, err));
    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name))
        return error_set(err, TRUNDLE_BAD_INPUT, at.where, "the name of a suite, as v1", "extends '%s' must be of a-z 0-9 _ -", name);
    if (depth == 4)
        return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "a chain of more than 4 suites, or one that extends itself");
    TRY_GOTO(status, read_named(name, &text, base_where, err), out);
    TRY_GOTO(status, json_parse(text.data, text.n, base_where, &base, err), out);
    TRY_GOTO(status, inherit(&base, base_where, root_name, depth + 1, err), out);
    (void)json_object_del(*root, "extends");
    if (!json_is_object(base) || json_object_update_recursive(base, *root) != 0) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "cannot be laid over %s", base_where);
        goto out;
    }
    json_decref(*root);
    *root = base;
    base = NULL;
out:
    json_decref(base);
    bytes_done(&text);
    return status;
}

enum trundle_status sim_suite_parse(const void *bytes, size_t n, const char *where, struct sim_suite **out, struct trundle_error *err)
{
    struct sim_suite *s = calloc(1, sizeof *s);
    json_t *root = NULL;
    enum trundle_status status;
    struct json_at at;

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for the suite");
    TRY_GOTO(status, json_parse(bytes, n, where, &root, err), out);
    TRY_GOTO(status, inherit(&root, where, s->root, 0, err), out);
    at = json_at_root(root, where);
    status = take_all(&at, s, err);
    if (status == TRUNDLE_OK)
        status = suite_check(s, where, err);
    if (status == TRUNDLE_OK)
        status = suite_find_textures(s, where, err);
    if (status == TRUNDLE_NOT_FOUND)          /* a field that must be there: bad input, not a missing file */
        status = TRUNDLE_BAD_INPUT;
    if (err && status == TRUNDLE_BAD_INPUT)
        err->status = status;
out:
    json_decref(root);
    if (status == TRUNDLE_OK)
        *out = s;
    else
        free(s);
    return status;
}

enum trundle_status sim_suite_load(const char *name_or_path, struct sim_suite **out, struct trundle_error *err)
{
    char where[4096];
    struct bytes b = { 0 };
    enum trundle_status status;

    if (!name_or_path || !*name_or_path || strlen(name_or_path) > 2000)
        return error_set(err, TRUNDLE_BAD_ARG, "suite", NULL, "no suite named");
    (void)snprintf(where, sizeof where, "%s", name_or_path);
    status = strpbrk(name_or_path, "/.") ? file_read(where, 4 << 20, &b, err) : read_named(name_or_path, &b, where, err);
    if (status == TRUNDLE_OK)
        status = sim_suite_parse(b.data, b.n, where, out, err);
    bytes_done(&b);
    return status;
}

void sim_suite_free(struct sim_suite *suite)
{
    free(suite);
}

const char *sim_suite_name(const struct sim_suite *suite)
{
    return suite->name;
}

int64_t sim_store_of(int64_t seed)
{
    int64_t q = seed / SIM_TRIPS_PER_STORE;

    return seed % SIM_TRIPS_PER_STORE < 0 ? q - 1 : q;
}
