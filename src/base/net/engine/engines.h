/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/engines - the engines that this build has, by name. A library of its own, which the cart does not link: it runs our
 * kernels only.
 */
#pragma once

#include "base/net/engine.h"

const struct net_engine *const *net_engines(int *out_n);
const struct net_engine *net_engine_named(const char *name);     /* NULL: none */
