/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bodies by Open Dynamics Engine. Sleeping is ours: what sleeps is as good as a wall until something hits it. */
#include "lab/sim/body.h"

#include <math.h>
#include <ode/ode.h>
#include <stdlib.h>
#include <string.h>

enum { CONTACTS = 6, WALLS = 5, AWAKE = 1, ASLEEP = 2 };
static const double GRAVITY = 9.81;
static const double STILL_MS = .012, STILL_RADS = .12, STILL_S = .12;      /* slower than this for so long: asleep */
static const double CREEP_MS = .05, CREEP_S = .8, AWAKE_S = 3;            /* ... or creeping for so long; or awake at all for so long */
static const double HIT_MS = .04;                                          /* a neighbour that moves faster than this wakes */
static const double TIRED_S = 1, TIRED = .02;                              /* from then on things that keep each other awake lose speed */
static const double FAST_MS = 4, FAST_RADS = 40;

struct body {
    dBodyID body;
    dGeomID geom;
    int id;
    bool awake, hit;                       /* hit: wakes after this step */
    struct body_shape shape;
    double still_s, awake_s, before_vz;
};

struct bodies {
    dWorldID world;
    dSpaceID space;
    dJointGroupID contacts;
    struct body_world config;
    struct body_hooks hooks;
    struct body body[BODIES_MAX];
    size_t n;
    double now;
    long steps;                            /* now is steps / hz while something moves */
    bool moving;
    double burst_s;                        /* how long something has moved without a new cause */
    unsigned strays;
};

static size_t index_of(const struct bodies *b, int id)
{
    size_t i = 0;

    while (i < b->n && b->body[i].id != id)
        i++;
    return i;
}

static const struct body *find(const struct bodies *b, int id)
{
    size_t i = index_of(b, id);

    return i < b->n ? &b->body[i] : NULL;
}

static struct body_pose pose_of(const struct body *body)
{
    const dReal *p = dBodyGetPosition(body->body), *q = dBodyGetQuaternion(body->body);

    return (struct body_pose){ { p[0], p[1], p[2] }, { q[0], q[1], q[2], q[3] } };
}

enum trundle_status bodies_new(const struct body_world *config, const struct body_hooks *hooks, struct bodies **out, struct trundle_error *err)
{
    struct bodies *b = calloc(1, sizeof *b);
    const double *size = config->size_m;
    const double wall[WALLS][4] = { { 0, 0, 1, 0 }, { 1, 0, 0, 0 }, { -1, 0, 0, -size[0] }, { 0, 1, 0, 0 }, { 0, -1, 0, -size[1] } };

    if (!b)
        return error_set(err, TRUNDLE_NO_MEMORY, "bodies", NULL, "no memory");
    if (!dInitODE2(0)) {
        free(b);
        return error_set(err, TRUNDLE_NO_MEMORY, "bodies", NULL, "the physics engine does not start");
    }
    dRandSetSeed(1);
    b->config = *config;
    b->hooks = *hooks;
    b->world = dWorldCreate();
    b->space = dSimpleSpaceCreate(NULL);
    b->contacts = dJointGroupCreate(0);
    dWorldSetGravity(b->world, 0, 0, -GRAVITY);
    dWorldSetERP(b->world, config->soft ? .15 : .2);
    dWorldSetCFM(b->world, config->soft ? 1e-4 : 1e-5);
    dWorldSetQuickStepNumIterations(b->world, 20);
    dWorldSetContactMaxCorrectingVel(b->world, .4);
    dWorldSetContactSurfaceLayer(b->world, .0005);
    dWorldSetAngularDamping(b->world, .004);
    dWorldSetAutoDisableFlag(b->world, 0);
    for (int i = 0; i < WALLS; i++) {
        dGeomID plane = dCreatePlane(b->space, wall[i][0], wall[i][1], wall[i][2], wall[i][3]);

        dGeomSetCategoryBits(plane, ASLEEP);
        dGeomSetCollideBits(plane, AWAKE);
    }
    *out = b;
    return TRUNDLE_OK;
}

void bodies_free(struct bodies *b)
{
    if (!b)
        return;
    dJointGroupDestroy(b->contacts);
    for (size_t i = 0; i < b->n; i++) {
        dGeomDestroy(b->body[i].geom);
        dBodyDestroy(b->body[i].body);
    }
    dSpaceDestroy(b->space);
    dWorldDestroy(b->world);
    dCloseODE();
    free(b);
}

double bodies_now(const struct bodies *b)
{
    return b->now;
}

bool bodies_awake(const struct bodies *b)
{
    return b->moving;
}

unsigned bodies_strays(const struct bodies *b)
{
    return b->strays;
}

static void wake(struct bodies *b, struct body *body)
{
    struct body_pose pose = pose_of(body);

    body->still_s = 0;
    if (body->awake)
        return;
    if (!b->moving) {
        b->moving = true;
        b->steps = (long)ceil(b->now * b->config.hz - 1e-6);
        b->now = (double)b->steps / b->config.hz;
    }
    body->awake = true;
    body->awake_s = 0;
    dGeomSetCategoryBits(body->geom, AWAKE);
    dGeomSetCollideBits(body->geom, AWAKE | ASLEEP);
    dBodyEnable(body->body);
    if (b->hooks.woke)
        b->hooks.woke(b->hooks.user, b->now, body->id, &pose);
}

static void lay_to_rest(struct bodies *b, struct body *body)
{
    struct body_pose pose = pose_of(body);

    body->awake = false;
    dBodySetLinearVel(body->body, 0, 0, 0);
    dBodySetAngularVel(body->body, 0, 0, 0);
    dGeomSetCategoryBits(body->geom, ASLEEP);
    dGeomSetCollideBits(body->geom, AWAKE);
    dBodyDisable(body->body);
    if (b->hooks.slept)
        b->hooks.slept(b->hooks.user, b->now, body->id, &pose);
}

/* ---- one step ---- */

static struct body *body_of(dGeomID geom)
{
    dBodyID id = dGeomGetBody(geom);

    return id ? dBodyGetData(id) : NULL;
}

static void touch(void *user, dGeomID one, dGeomID two)
{
    struct bodies *b = user;
    struct body *x = body_of(one), *y = body_of(two), *mover;
    dContact contact[CONTACTS];
    bool x_moves = x && x->awake, y_moves = y && y->awake;
    int n;

    if (!x_moves && !y_moves)
        return;
    n = dCollide(one, two, CONTACTS, &contact[0].geom, sizeof contact[0]);
    if (n == 0)
        return;
    mover = x_moves ? x : y;
    for (int i = 0; i < n; i++) {
        dContact *c = &contact[i];
        dVector3 v;
        dJointID joint;

        if (x && y && x_moves != y_moves) {
            dBodyGetPointVel(mover->body, c->geom.pos[0], c->geom.pos[1], c->geom.pos[2], v);
            if (dCalcVectorLength3(v) > HIT_MS * (1 + 3 * fmax(0, b->burst_s - TIRED_S)))
                (x_moves ? y : x)->hit = true;     /* after this step: its other contacts may be made already */
        }
        c->surface.mode = dContactApprox1 | dContactBounce | dContactRolling;
        c->surface.mu = b->config.friction;
        c->surface.bounce = b->config.bounce;
        c->surface.bounce_vel = .15;
        c->surface.rho = c->surface.rho2 = b->config.rolling_m;
        c->surface.rhoN = b->config.rolling_m;
        if (b->config.soft) {
            c->surface.mode |= dContactSoftERP | dContactSoftCFM;
            c->surface.soft_erp = .15;
            c->surface.soft_cfm = 1e-4;
        }
        joint = dJointCreateContact(b->world, b->contacts, c);
        dJointAttach(joint, x_moves ? x->body : NULL, y_moves ? y->body : NULL);
    }
}

static void limit(dBodyID body, double keep)
{
    const dReal *v = dBodyGetLinearVel(body), *w = dBodyGetAngularVel(body);
    double speed = dCalcVectorLength3(v), spin = dCalcVectorLength3(w);

    if (keep < 1) {
        dBodySetLinearVel(body, keep * v[0], keep * v[1], keep * v[2]);
        dBodySetAngularVel(body, keep * w[0], keep * w[1], keep * w[2]);
        return;
    }
    if (speed > FAST_MS)
        dBodySetLinearVel(body, v[0] * FAST_MS / speed, v[1] * FAST_MS / speed, v[2] * FAST_MS / speed);
    if (spin > FAST_RADS)
        dBodySetAngularVel(body, w[0] * FAST_RADS / spin, w[1] * FAST_RADS / spin, w[2] * FAST_RADS / spin);
}

/* What went through a wall, or lost its numbers, falls again in the middle. */
static void keep_inside(struct bodies *b, struct body *body)
{
    const double *size = b->config.size_m;
    const dReal *p = dBodyGetPosition(body->body);
    double lo[2], hi[2];

    if (p[0] > 0 && p[0] < size[0] && p[1] > 0 && p[1] < size[1] && p[2] > -.02 && p[2] < 4)       /* a flat one may be pressed in a little */
        return;
    b->strays++;
    for (int k = 0; k < 2; k++) {
        lo[k] = .35 * size[k];
        hi[k] = .65 * size[k];
    }
    dBodySetPosition(body->body, .5 * size[0], .5 * size[1], bodies_top(b, lo, hi) + .15);
    dBodySetQuaternion(body->body, (const dQuaternion){ 1, 0, 0, 0 });
    dBodySetLinearVel(body->body, 0, 0, 0);
    dBodySetAngularVel(body->body, 0, 0, 0);
}

static void step(struct bodies *b)
{
    double dt = 1 / b->config.hz, shake[2] = { 0, 0 }, sum = 0, x = 0, y = 0, t = b->now;
    bool any = false;

    if (b->hooks.shaken)
        b->hooks.shaken(b->hooks.user, t, shake);
    dWorldSetGravity(b->world, shake[0], shake[1], -GRAVITY);
    dSpaceCollide(b->space, b, touch);
    for (size_t i = 0; i < b->n; i++)
        if (b->body[i].awake)
            b->body[i].before_vz = dBodyGetLinearVel(b->body[i].body)[2];
    (void)dWorldQuickStep(b->world, dt);
    dJointGroupEmpty(b->contacts);
    b->steps++;
    b->now = (double)b->steps / b->config.hz;
    for (size_t i = 0; i < b->n; i++) {
        struct body *body = &b->body[i];
        struct body_pose pose;
        double speed, spin, n;

        if (!body->awake)
            continue;
        n = body->shape.mass_kg * ((dBodyGetLinearVel(body->body)[2] - body->before_vz) / dt + GRAVITY);
        limit(body->body, 1 - fmin(.03, TIRED * fmax(0, fmax(b->burst_s, body->awake_s) - TIRED_S)));
        keep_inside(b, body);
        pose = pose_of(body);
        sum += n;
        x += n * pose.p[0];
        y += n * pose.p[1];
        speed = dCalcVectorLength3(dBodyGetLinearVel(body->body));
        spin = dCalcVectorLength3(dBodyGetAngularVel(body->body));
        body->still_s = speed < STILL_MS && spin < STILL_RADS ? body->still_s + dt : 0;
        body->awake_s += dt;
        if (b->hooks.moved)
            b->hooks.moved(b->hooks.user, b->now, body->id, &pose);
    }
    if (b->hooks.pressed && fabs(sum) > 1e-9)
        b->hooks.pressed(b->hooks.user, t, fmin(b->config.size_m[0], fmax(0, x / sum)), fmin(b->config.size_m[1], fmax(0, y / sum)), sum);
    else if (b->hooks.pressed)
        b->hooks.pressed(b->hooks.user, t, .5 * b->config.size_m[0], .5 * b->config.size_m[1], 0);
    for (size_t i = 0; i < b->n; i++) {
        struct body *body = &b->body[i];
        double speed;

        if (!body->awake)
            continue;
        speed = dCalcVectorLength3(dBodyGetLinearVel(body->body));
        if (body->still_s > STILL_S || (body->awake_s > CREEP_S && speed < CREEP_MS) || (body->awake_s > AWAKE_S && speed < 4 * CREEP_MS))
            lay_to_rest(b, body);
        else
            any = true;
    }
    for (size_t i = 0; i < b->n; i++)
        if (b->body[i].hit) {
            b->body[i].hit = false;
            wake(b, &b->body[i]);
            any = true;
        }
    b->moving = any;
    b->burst_s = any ? b->burst_s + dt : 0;
    if (!any && b->hooks.quiet)
        b->hooks.quiet(b->hooks.user, b->now);
}

void bodies_run(struct bodies *b, double t)
{
    while (b->moving && b->now + .5 / b->config.hz < t)
        step(b);
    if (!b->moving && t > b->now)
        b->now = t;
}

/* ---- coming and going ---- */

static dGeomID make_geom(struct bodies *b, const struct body_shape *s, dBodyID body)
{
    const double *h = s->half_m;
    dGeomID geom;
    dMass mass;

    switch (s->form) {
    case BODY_CYLINDER:
        geom = dCreateCylinder(b->space, .5 * (h[0] + h[1]), 2 * h[2]);
        dMassSetCylinderTotal(&mass, s->mass_kg, 3, .5 * (h[0] + h[1]), 2 * h[2]);
        break;
    case BODY_SPHERE:
        geom = dCreateSphere(b->space, (h[0] + h[1] + h[2]) / 3);
        dMassSetSphereTotal(&mass, s->mass_kg, (h[0] + h[1] + h[2]) / 3);
        break;
    case BODY_CAPSULE: {
        double r = fmin(.5 * (h[1] + h[2]), h[0] - .001);
        dQuaternion turn;

        geom = dCreateCapsule(b->space, r, 2 * (h[0] - r));
        dMassSetBoxTotal(&mass, s->mass_kg, 2 * h[0], 2 * r, 2 * r);
        dGeomSetBody(geom, body);
        dQFromAxisAndAngle(turn, 0, 1, 0, M_PI / 2);
        dGeomSetOffsetQuaternion(geom, turn);
        break;
    }
    default:
        geom = dCreateBox(b->space, 2 * h[0], 2 * h[1], 2 * h[2]);
        dMassSetBoxTotal(&mass, s->mass_kg, 2 * h[0], 2 * h[1], 2 * h[2]);
        break;
    }
    dGeomSetBody(geom, body);
    dBodySetMass(body, &mass);
    dGeomSetCategoryBits(geom, AWAKE);
    dGeomSetCollideBits(geom, AWAKE | ASLEEP);
    return geom;
}

static double deepest(const struct bodies *b, dGeomID geom)
{
    double depth = 0;

    for (int i = 0; i < dSpaceGetNumGeoms(b->space); i++) {
        dGeomID other = dSpaceGetGeom(b->space, i);
        dContactGeom c[CONTACTS];
        int n = other == geom ? 0 : dCollide(geom, other, CONTACTS, c, sizeof c[0]);

        for (int j = 0; j < n; j++)
            depth = fmax(depth, c[j].depth);
    }
    return depth;
}

static void find_room(const struct bodies *b, struct body *body, bool settle)
{
    const double margin = .001;
    double shift[3] = { 0, 0, 0 };
    dReal box[6];

    dGeomGetAABB(body->geom, box);
    for (int k = 0; k < 3; k++) {
        double size = k < 2 ? b->config.size_m[k] : (double)INFINITY;

        if (box[2 * k] < margin)
            shift[k] = margin - box[2 * k];
        else if (box[2 * k + 1] > size - margin)
            shift[k] = size - margin - box[2 * k + 1];
    }
    for (int i = 0; i < 160; i++) {
        const dReal *p = dBodyGetPosition(body->body);

        dBodySetPosition(body->body, p[0] + shift[0], p[1] + shift[1], p[2] + shift[2]);
        shift[0] = shift[1] = 0;
        shift[2] = .004;
        if (deepest(b, body->geom) < .002)
            break;
        settle = false;                    /* it went up: that is where it touches */
    }
    for (int i = 0; i < 60 && settle; i++) {
        const dReal *p = dBodyGetPosition(body->body);

        dBodySetPosition(body->body, p[0], p[1], p[2] - .001);
        settle = deepest(b, body->geom) < .0005;
    }
}

bool bodies_add(struct bodies *b, int id, const struct body_shape *shape, bool settle, struct body_pose *pose, const double velocity[3], const double spin[3])
{
    struct body *body = &b->body[b->n];

    if (b->n == BODIES_MAX || find(b, id))
        return false;
    if (!b->moving) {
        b->moving = true;
        b->steps = (long)ceil(b->now * b->config.hz - 1e-6);
        b->now = (double)b->steps / b->config.hz;
    }
    b->burst_s = 0;
    *body = (struct body){ .id = id, .shape = *shape, .awake = true };
    body->body = dBodyCreate(b->world);
    body->geom = make_geom(b, shape, body->body);
    b->n++;
    for (size_t i = 0; i < b->n; i++)
        dBodySetData(b->body[i].body, &b->body[i]);
    dBodySetPosition(body->body, pose->p[0], pose->p[1], pose->p[2]);
    dBodySetQuaternion(body->body, (const dQuaternion){ pose->q[0], pose->q[1], pose->q[2], pose->q[3] });
    find_room(b, body, settle);
    dBodySetLinearVel(body->body, velocity[0], velocity[1], velocity[2]);
    dBodySetAngularVel(body->body, spin[0], spin[1], spin[2]);
    *pose = pose_of(body);
    if (b->hooks.woke)
        b->hooks.woke(b->hooks.user, b->now, id, pose);
    return true;
}

void bodies_remove(struct bodies *b, int id)
{
    size_t at = index_of(b, id);
    struct body *body = &b->body[at];
    double lo[3], hi[3];

    if (at == b->n)
        return;
    (void)bodies_box(b, id, lo, hi);
    if (body->awake)
        lay_to_rest(b, body);
    dGeomDestroy(body->geom);
    dBodyDestroy(body->body);
    *body = b->body[--b->n];
    b->burst_s = 0;
    for (size_t i = 0; i < b->n; i++)
        dBodySetData(b->body[i].body, &b->body[i]);
    for (size_t i = 0; i < b->n; i++) {
        double other_lo[3], other_hi[3];
        bool touches = true;

        (void)bodies_box(b, b->body[i].id, other_lo, other_hi);
        for (int k = 0; k < 3; k++)
            touches = touches && other_lo[k] < hi[k] + .004 && other_hi[k] > lo[k] - .004;
        if (touches)
            wake(b, &b->body[i]);
    }
    if (b->moving) {
        b->moving = false;
        for (size_t i = 0; i < b->n; i++)
            b->moving = b->moving || b->body[i].awake;
        if (!b->moving && b->hooks.quiet)
            b->hooks.quiet(b->hooks.user, b->now);
    }
}

bool bodies_pose(const struct bodies *b, int id, struct body_pose *out)
{
    const struct body *body = find(b, id);

    if (body)
        *out = pose_of(body);
    return body != NULL;
}

bool bodies_box(const struct bodies *b, int id, double out_lo[3], double out_hi[3])
{
    const struct body *body = find(b, id);
    dReal box[6];

    if (!body)
        return false;
    dGeomGetAABB(body->geom, box);
    for (int k = 0; k < 3; k++) {
        out_lo[k] = box[2 * k];
        out_hi[k] = box[2 * k + 1];
    }
    return true;
}

double bodies_top(const struct bodies *b, const double lo[2], const double hi[2])
{
    double top = 0;

    for (size_t i = 0; i < b->n; i++) {
        dReal box[6];

        dGeomGetAABB(b->body[i].geom, box);
        if (box[0] < hi[0] && box[1] > lo[0] && box[2] < hi[1] && box[3] > lo[1])
            top = fmax(top, box[5]);
    }
    return top;
}

bool bodies_covered(const struct bodies *b, int id)
{
    const struct body *body = find(b, id);
    double lo[3], hi[3];

    if (!body)
        return false;
    (void)bodies_box(b, id, lo, hi);
    for (size_t i = 0; i < b->n; i++) {
        const struct body *other = &b->body[i];
        double olo[3], ohi[3], in[2];

        if (other == body)
            continue;
        (void)bodies_box(b, other->id, olo, ohi);
        for (int k = 0; k < 2; k++)
            in[k] = fmin(hi[k], ohi[k]) - fmax(lo[k], olo[k]);
        if (in[0] > .01 && in[1] > .01 && dBodyGetPosition(other->body)[2] > dBodyGetPosition(body->body)[2] && ohi[2] > hi[2] + .005)
            return true;
    }
    return false;
}

void bodies_push(struct bodies *b, const double at[3], double radius, double speed)
{
    for (size_t i = 0; i < b->n; i++) {
        struct body *body = &b->body[i];
        const dReal *p = dBodyGetPosition(body->body);
        double d[3] = { p[0] - at[0], p[1] - at[1], .3 * (p[2] - at[2]) }, n = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) + 1e-6, v;

        if (hypot(d[0], d[1]) > radius + .5 * (body->shape.half_m[0] + body->shape.half_m[1]) || fabs(p[2] - at[2]) > radius + body->shape.half_m[2])
            continue;
        wake(b, body);
        v = fmin(speed * .5 / body->shape.mass_kg, 2 * speed);
        dBodySetLinearVel(body->body, v * d[0] / n, v * d[1] / n, 0);
    }
}

void bodies_wake(struct bodies *b)
{
    b->burst_s = 0;
    for (size_t i = 0; i < b->n; i++)
        wake(b, &b->body[i]);
}

double bodies_energy(const struct bodies *b)
{
    double sum = 0;

    for (size_t i = 0; i < b->n; i++) {
        const dReal *v = dBodyGetLinearVel(b->body[i].body), *w = dBodyGetAngularVel(b->body[i].body);
        dVector3 local, spin;
        dMass mass;

        dBodyGetMass(b->body[i].body, &mass);
        dBodyVectorFromWorld(b->body[i].body, w[0], w[1], w[2], local);
        dMultiply0_331(spin, mass.I, local);
        sum += .5 * mass.mass * dCalcVectorDot3(v, v) + .5 * dCalcVectorDot3(local, spin) + mass.mass * GRAVITY * dBodyGetPosition(b->body[i].body)[2];
    }
    return sum;
}

/* ---- turning ---- */

void body_turn(double yaw, double pitch, double roll, double q[4])
{
    double cz = cos(.5 * yaw), sz = sin(.5 * yaw), cx = cos(.5 * pitch), sx = sin(.5 * pitch), cy = cos(.5 * roll), sy = sin(.5 * roll);
    double w = cz * cx, x = cz * sx, y = sz * sx, z = sz * cx;     /* Rz Rx */

    q[0] = w * cy - y * sy;
    q[1] = x * cy - z * sy;
    q[2] = w * sy + y * cy;
    q[3] = z * cy + x * sy;
}

void body_turn_times(const double a[4], const double b[4], double out[4])
{
    const double q[4] = { a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3], a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
                          a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1], a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0] };

    memcpy(out, q, sizeof q);
}

void body_turn_between(const double a[4], const double b[4], double f, double out[4])
{
    double dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3], sign = dot < 0 ? -1 : 1, angle = acos(fmin(1, fabs(dot))), n = 0;
    double wa = angle < 1e-4 ? 1 - f : sin((1 - f) * angle) / sin(angle), wb = angle < 1e-4 ? f : sin(f * angle) / sin(angle);

    for (int k = 0; k < 4; k++) {
        out[k] = wa * a[k] + sign * wb * b[k];
        n += out[k] * out[k];
    }
    for (int k = 0; k < 4; k++)
        out[k] /= sqrt(n);
}
