/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle sim privacy, trundle sim still */
#pragma once

int sim_privacy_main(int argc, char **argv);
int sim_still_main(int argc, char **argv);
