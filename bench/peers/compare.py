# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""The peers alone, interleaved: compare.py FOLDER [--seconds S] [--net NAME]... over files that nets.py made.

A table of milliseconds (median, least) and, of each output, the largest difference from ONNX Runtime's over its largest value.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PEERS = {"f32": (("ort", ""), ("openvino", ""), ("ncnn", ""), ("torch", "jit"), ("torch", "jit-last"), ("torch", "inductor")),
         "int8": (("ort", ""), ("openvino", ""), ("ncnn", ""))}


class Worker:
    def __init__(self, peer, mode, model, core, out):
        here = Path(__file__).parent
        self.label, self.times, self.out = f"{peer} {mode}".strip(), [], out
        self.process = subprocess.Popen(["taskset", "-c", core, sys.executable, str(here / "peer.py"), peer, str(model), "--mode", mode, "--output", out],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read().strip().splitlines()[-1])
        return json.loads(line)

    def run(self, n):
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()
        self.times += self.answer()["ns"]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--net", action="append")
    parser.add_argument("--core", default="1")
    options = parser.parse_args()
    for net in options.net or ("resnet18", "mobilenetv2", "detector", "embedding"):
        for kind, peers in PEERS.items():
            workers = []
            with tempfile.TemporaryDirectory() as scratch:
                for peer, mode in peers:
                    try:
                        workers.append(Worker(peer, mode, options.folder / f"{net}.{kind}.onnx", options.core, f"{scratch}/{peer}{mode}"))
                    except RuntimeError as error:
                        print(f"{net} {kind} {peer} {mode}: {error}")
                end = time.monotonic() + options.seconds
                while time.monotonic() < end:
                    for worker in workers:
                        worker.run(5)
                truth = np.fromfile(f"{scratch}/ort", np.float32)
                for worker in workers:
                    y = np.fromfile(worker.out, np.float32)
                    off = np.abs(y - truth).max() / np.abs(truth).max() if y.size == truth.size else float("nan")
                    ms = np.array(worker.times) / 1e6
                    print(f"{net:12} {kind:5} {worker.label:16} {np.median(ms):8.3f} {ms.min():8.3f}  off {off:.1e}  {worker.about['version']}"
                          f"  load {worker.about['load_ms']:.0f} ms  rss {worker.about['resident_kib'] // 1024} MiB", flush=True)
                    worker.end()


if __name__ == "__main__":
    main()
