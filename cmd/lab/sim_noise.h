/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* `trundle sim noise`: what the noise of real scales is made of, beside a simulated one. */
#pragma once

int sim_noise(int argc, char **argv);
