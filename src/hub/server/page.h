/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The files of web/hub inside the binary; made by web/hub/meson.build. */
#pragma once

#include "base/http/http.h"

extern const struct http_file server_page[];
extern const size_t server_page_n;
