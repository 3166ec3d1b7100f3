/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle/place - the slots of a cart in the scratch folder, and what tests do to them that must succeed.
 *
 *     struct slots_config c = place_config(place_fresh(&m, "slots"));
 *     place_install(&c, make_bundle(&m, .serial = 1, .sign = 1));
 *     (void)place_good(&c);
 */
#pragma once

#include "base/bundle/slots_inside.h"
#include "tests/bundle/make.h"

struct slots_config place_config(const char *folder);
/* A folder of that name that holds the keyring and nothing else; static storage, one. */
const char *place_fresh(const struct make *m, const char *name);
void place_install(const struct slots_config *c, const char *bundle);
struct slots place_good(const struct slots_config *c);
