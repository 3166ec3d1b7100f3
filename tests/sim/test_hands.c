/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Hands: closed shapes, people that differ as the suite says, grips that hold what they hold. */
#include "lab/sim/hands.h"

#include "lab/sim/model.h"
#include "tests/support/support.h"

#include <math.h>
#include <string.h>

static struct sim_suite *v1(void)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;

    support_ok(sim_suite_load(support_source("suites/v1.json"), &suite, &err), &err);
    return suite;
}

static const double GREY[3] = { 100, 100, 100 };
static const struct cart_basket BASKET = { .size_m = { .54, .74, .42 } };

static struct hands *hands_of(const struct sim_suite *suite, uint64_t seed)
{
    struct hands *h = NULL;

    assert_int_equal(hands_new(suite, &BASKET, seed, GREY, GREY, &h), TRUNDLE_OK);
    return h;
}

/* A box of this half size at the middle of the basket, held where the script holds things. */
static void grip(const struct hands *h, const float half[3], uint8_t id, struct sim_scene *scene)
{
    static struct sim_mesh mesh;
    const double p[3] = { .27 - .035, .37 - .035, .3 + .75 * (double)half[2] + .025 };

    mesh = (struct sim_mesh){ .half_m = { half[0], half[1], half[2] } };
    *scene = (struct sim_scene){ .n = 1 };
    scene->solid[0] = (struct sim_solid){ .id = id, .mesh = &mesh, .pose = sim_pose_make(.27, .37, .3, 0, 0, 0) };
    hands_place(h, id % 2, p, scene);
    assert_int_equal(scene->n, 3);
}

static void shapes_are_closed(void **state)
{
    struct sim_suite *suite = v1();
    struct hands *h = hands_of(suite, 3);
    static const float size[3][3] = { { .02f, .02f, .08f }, { .04f, .03f, .1f }, { .1f, .08f, .05f } };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sim_scene scene;

        grip(h, size[i], 1, &scene);
        for (uint32_t s = 1; s < scene.n; s++) {
            const struct sim_mesh *m = scene.solid[s].mesh;
            double sum[3] = { 0 }, area = 0;

            assert_int_equal(scene.solid[s].id, SIM_HAND_ID);
            assert_true(m->vertices < 4096 && m->triangles > 500);
            for (uint32_t t = 0; t < m->triangles; t++) {
                const float *a = m->vertex[m->index[3 * t]].p, *b = m->vertex[m->index[3 * t + 1]].p, *c = m->vertex[m->index[3 * t + 2]].p;
                double n[3];

                for (int k = 0; k < 3; k++) {
                    int j = (k + 1) % 3, l = (k + 2) % 3;

                    n[k] = .5 * ((double)(b[j] - a[j]) * (double)(c[l] - a[l]) - (double)(b[l] - a[l]) * (double)(c[j] - a[j]));
                    sum[k] += n[k];
                }
                area += sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
            }
            for (int k = 0; k < 3; k++)
                assert_true(fabs(sum[k]) < .01 * area);
        }
    }
    hands_free(h);
    sim_suite_free(suite);
}

static void a_hand_is_at_what_it_holds(void **state)
{
    struct sim_suite *suite = v1();
    static const float half[3] = { .03f, .03f, .09f };
    int from_side = 0, seeds = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++, seeds++) {
        struct hands *h = hands_of(suite, seed);
        const struct sim_solid *hand;
        struct sim_scene scene;
        double away = 0, up;

        grip(h, half, (uint8_t)(seed % 40 + 1), &scene);
        hand = &scene.solid[2];
        for (int k = 0; k < 2; k++)
            away += (double)((hand->pose.t[k] - scene.solid[0].pose.t[k]) * (hand->pose.t[k] - scene.solid[0].pose.t[k]));
        away = sqrt(away);
        up = (double)(hand->pose.t[2] - scene.solid[0].pose.t[2]);
        assert_true(away < .09 && up < .125 && up > -.02);        /* palm at its side or on its top */
        assert_true(away > .03 || up > .09);
        if (up < .05) {                                            /* and then at the shopper's side of it */
            double shoulder = seed % 40 % 2 ? -1 : 1;              /* id is one more */

            assert_true(shoulder * (double)(hand->pose.t[0] - scene.solid[0].pose.t[0]) + 1.2 * -(double)(hand->pose.t[1] - scene.solid[0].pose.t[1]) > 0);
            from_side++;
        }
        hands_free(h);
    }
    print_message("# %d of %d from the side\n", from_side, seeds);
    assert_near((double)from_side / seeds, suite->look.side_grip_share, .2);
    {   /* nothing near: where the script has it */
        struct hands *h = hands_of(suite, 1);
        struct sim_scene scene = { 0 };
        const double p[3] = { .1, .2, .5 };

        hands_place(h, 0, p, &scene);
        assert_int_equal(scene.n, 2);
        for (int k = 0; k < 3; k++)
            assert_near(scene.solid[1].pose.t[k], p[k], 1e-6);
        hands_free(h);
    }
    sim_suite_free(suite);
}

static double luma_of(const struct sim_texture *t)
{
    uint32_t c = t->level[t->levels - 1][0];

    return .3 * (c >> 16 & 255) + .59 * (c >> 8 & 255) + .11 * (c & 255);
}

static void people_differ(void **state)
{
    struct sim_suite *suite = v1();
    static const float half[3] = { .03f, .03f, .09f };
    double darkest = 255, lightest = 0;
    int children = 0;
    enum { PEOPLE = 200 };

    (void)state;
    for (uint64_t seed = 0; seed < PEOPLE; seed++) {
        struct hands *h = hands_of(suite, seed);
        struct sim_scene scene;
        double size;

        grip(h, half, 1, &scene);
        size = (double)scene.solid[2].mesh->half_m[1] / .0425;       /* of the mean hand's half width */
        children += size < .8;
        assert_true(size > .6 && size < 1.2);
        darkest = fmin(darkest, luma_of(scene.solid[2].texture));
        lightest = fmax(lightest, luma_of(scene.solid[2].texture));
        hands_free(h);
    }
    print_message("# skins and gloves of luma %.0f to %.0f, %d children of %d\n", darkest, lightest, children, PEOPLE);
    assert_true(darkest < 60 && lightest > 180);
    assert_near((double)children / PEOPLE, suite->look.child_share, .05);
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_closed),
        cmocka_unit_test(a_hand_is_at_what_it_holds),
        cmocka_unit_test(people_differ),
    };

    return support_run(tests);
}
