/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* runtime/summary - a replay's result as text for people and as one JSON line. */
#pragma once

#include "cart/runtime/replay.h"

TRUNDLE_MUST_USE enum trundle_status summary_text(const struct replay_summary *s, struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status summary_json(const struct replay_summary *s, struct bytes *out);
/* One decision as a JSON line. */
TRUNDLE_MUST_USE enum trundle_status summary_decision_json(const struct trundle_message *m, struct bytes *out);
