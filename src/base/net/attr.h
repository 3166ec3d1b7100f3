/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/attr - the attributes of a node as a table of fields, so that files, printing and comparing need no code for each operator.
 * An attribute at its default (net_node_of) is not written.
 */
#pragma once

#include "base/net/graph.h"
#include "base/std/json.h"

/* A new object of what differs from the defaults; NULL: no memory. */
json_t *net_attr_json(const struct net_node *node);
/* Sets what the object names, on a node from net_node_of. BAD_INPUT: an unknown field, a wrong kind, out of range. */
TRUNDLE_MUST_USE enum trundle_status net_attr_parse(const struct json_at *at, struct net_node *node, struct trundle_error *err);
