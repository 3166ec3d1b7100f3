/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/onnxruntime - ONNX Runtime as an engine, when there is one: its library is looked for when it is first asked for
 * ($TRUNDLE_ONNXRUNTIME, else libonnxruntime.so.1, libonnxruntime.so), never linked. A stretch goes through our ONNX export.
 *
 * Its GPU providers compute on the GPU, but tensors come and go through host memory.
 */
#pragma once

#include "base/net/engine.h"

extern const struct net_engine net_engine_onnxruntime;               /* "onnxruntime": its CPU provider */
extern const struct net_engine net_engine_onnxruntime_cuda;          /* "onnxruntime.cuda" */
extern const struct net_engine net_engine_onnxruntime_tensorrt;      /* "onnxruntime.tensorrt" */
