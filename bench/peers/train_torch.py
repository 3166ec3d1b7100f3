# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""A training step in PyTorch, driven over pipes by trundle-bench-train.

    train_torch.py NET.json DIR --mode eager|channels_last|compile --threads N [--losses STEPS]

DIR holds what the C side wrote: weights.json (names and shapes), weights.raw, input.raw, labels.raw. The net is of the part of the network language
that the two nets of the benchmark use. Answers each line "N" with {"ns": [N times]}; with --losses prints the first losses instead.
"""

import argparse
import json
import os
import resource
import sys
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("net")
    parser.add_argument("dir")
    parser.add_argument("--mode", default="eager")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--losses", type=int, default=0)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter_ns()
    import numpy as np
    import torch
    from torch import nn

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    net = json.load(open(args.net))
    listed = json.load(open(os.path.join(args.dir, "weights.json")))
    flat = np.fromfile(os.path.join(args.dir, "weights.raw"), np.float32)
    weight, at = {}, 0
    for w in listed["weights"]:
        n = int(np.prod(w["shape"]))
        weight[w["name"]] = torch.from_numpy(flat[at:at + n].reshape(w["shape"]).copy())
        at += n
    batch, height, width, channels = listed["input"]
    x = torch.from_numpy(np.fromfile(os.path.join(args.dir, "input.raw"), np.float32).reshape(batch, height, width, channels).copy()).permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(np.fromfile(os.path.join(args.dir, "labels.raw"), np.int32).astype(np.int64))
    layers = []

    def conv(name, out, kernel, stride, depthwise):
        w = weight[name + ".weight"].permute(0, 3, 1, 2).contiguous()
        layer = nn.Conv2d(w.shape[0] if depthwise else w.shape[1], w.shape[0], kernel, stride, kernel // 2, groups=w.shape[0] if depthwise else 1, bias=False)
        norm = nn.BatchNorm2d(w.shape[0], eps=1e-5)
        with torch.no_grad():
            layer.weight.copy_(w)
            norm.weight.copy_(weight[name + ".norm.gamma"])
            norm.bias.copy_(weight[name + ".norm.beta"])
        layers.extend([layer, norm, nn.ReLU(inplace=True)])

    for i, layer in enumerate(net["layers"]):
        if "conv" in layer:
            conv(f"layer{i}.conv", layer["conv"], layer.get("kernel", 3), layer.get("stride", 1), False)
        elif "separable" in layer:
            conv(f"layer{i}.separable.depthwise", 0, layer.get("kernel", 3), layer.get("stride", 1), True)
            conv(f"layer{i}.separable.point", layer["separable"], 1, 1, False)
        elif "global_pool" in layer:
            layers.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
        else:
            w = weight[f"layer{i}.linear.weight"]
            last = nn.Linear(w.shape[1], w.shape[0])
            with torch.no_grad():
                last.weight.copy_(w)
                last.bias.copy_(weight[f"layer{i}.linear.bias"])
            layers.append(last)
    model = nn.Sequential(*layers).train()
    if args.mode != "eager":
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=listed["rate"], momentum=0.9)
    run = torch.compile(model) if args.mode == "compile" else model
    criterion = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(run(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    if args.losses:
        print(json.dumps({"loss": [step().item() for _ in range(args.losses)]}))
        return
    step()
    print(json.dumps({"peer": "torch", "version": torch.__version__, "mode": args.mode, "load_ms": (time.perf_counter_ns() - start) / 1e6,
                      "resident_kib": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss), "resident_before_kib": float(before)}), flush=True)
    for line in sys.stdin:
        ns = []
        for _ in range(int(line)):
            t = time.perf_counter_ns()
            step()
            ns.append(time.perf_counter_ns() - t)
        print(json.dumps({"ns": ns}), flush=True)


main()
