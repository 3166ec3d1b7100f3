/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* hub - what the parts of `trundle hub` share: each part is one word behind it, with its own options. */
#pragma once

#include "cmd/option.h"

#define HUB_DIR "hub"

int hub_invite(int argc, char **argv);
int hub_user(int argc, char **argv);
int hub_backup(int argc, char **argv);
int hub_restore(int argc, char **argv);
int hub_fsck(int argc, char **argv);
