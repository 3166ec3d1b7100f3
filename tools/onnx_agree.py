# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""Do we agree with ONNX Runtime, both ways?

    PYTHON tools/onnx_agree.py build/trundle MODEL.onnx...

For each model: (1) `trundle net import` and `run` against ONNX Runtime on the same seeded input; (2) `trundle net export` of what was imported,
run in ONNX Runtime, against the same. Prints one JSON line for each comparison. fp32 models fail when they differ by more than 1e-4, relative
to the largest number of the output. Quantised ones (`--int8 N`, N inputs) fail when the largest output is another one for more than 0.5 % of the inputs.
    PYTHON tools/onnx_agree.py build/trundle --pictures X.npy MODEL.net...

Our own models on pictures [N, H, W, C] (ninja -C build tests/net/net_pictures makes some): our export in ONNX Runtime against our run, by the same two rules.
A net that was never trained turns one step of rounding into another class, so only trained nets say something about top-1.
PYTHON needs numpy and onnxruntime (pip install onnxruntime).
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

LIMIT = 1e-4


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def shape_of(port, batch):
    return [d if isinstance(d, int) and d > 0 else batch for d in port.shape]


def trundle(program, *args):
    done = subprocess.run([program, "net", *args], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def run_ours(program, model, inputs, folder, batch):
    paths = []
    for i, x in enumerate(inputs):
        paths.append(os.path.join(folder, f"in{i}.npy"))
        np.save(paths[-1], x)
    trundle(program, "run", "--batch", str(batch), "--out", folder + "/out", model, *paths)
    return {name[:-4]: np.load(os.path.join(folder, "out", name)) for name in os.listdir(folder + "/out")}


def differ(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float("inf") if a.shape != b.shape else float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-9))


def last(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def one(program, path, folder):
    rng = np.random.default_rng(7)
    theirs = session(path)
    batch = 2 if any(not isinstance(p.shape[0], int) for p in theirs.get_inputs()) else 1
    inputs = [rng.standard_normal(shape_of(p, batch)).astype(np.float32) for p in theirs.get_inputs()]
    want = theirs.run(None, {p.name: x for p, x in zip(theirs.get_inputs(), inputs)})
    names = [p.name for p in theirs.get_outputs()]
    model, again = os.path.join(folder, "model.net"), os.path.join(folder, "again.onnx")
    trundle(program, "import", "--out", model, path)
    got = run_ours(program, model, [last(x) if x.ndim == 4 else x for x in inputs], folder, batch)
    worst = 0
    for name, y in zip(names, want):
        ours = got.get(name.replace("/", "_"))
        if ours is not None and ours.ndim == 4 and ours.shape != y.shape:
            y = last(y)
        worst = max(worst, differ(ours, y) if ours is not None else float("inf"))
    info = json.loads(trundle(program, "info", "--json", model))
    turned = sum(n["op"] == "transpose" for n in info["nodes"])
    print(json.dumps({"model": os.path.basename(path), "import": worst, "nodes": len(info["nodes"]), "transposes": turned, "limit": LIMIT}), flush=True)
    trundle(program, "export", "--onnx", "--out", again, model)
    back = session(again)
    y2 = back.run(None, {p.name: x for p, x in zip(back.get_inputs(), inputs)})
    round_trip = max(differ(b, a) for a, b in zip(want, y2))
    print(json.dumps({"model": os.path.basename(path), "export": round_trip, "limit": LIMIT}), flush=True)
    return worst <= LIMIT and round_trip <= LIMIT


def agree(a, b):
    return float(np.mean(np.argmax(a.reshape(len(a), -1), 1) == np.argmax(b.reshape(len(b), -1), 1)))


def many(program, path, folder, count):
    """Top-1 of a quantised classifier over `count` inputs, in batches."""
    rng = np.random.default_rng(11)
    theirs = session(path)
    port = theirs.get_inputs()[0]
    model, again = os.path.join(folder, "model.net"), os.path.join(folder, "again.onnx")
    trundle(program, "import", "--out", model, path)
    trundle(program, "export", "--onnx", "--out", again, model)
    back = session(again)
    ours, exported, want = [], [], []
    step = 25 if not isinstance(port.shape[0], int) else 1
    for _ in range(0, count, step):
        # noise alone looks alike to an untrained net: smooth fields of random size and contrast tell the inputs apart
        shape = shape_of(port, step)
        coarse = rng.standard_normal((shape[0], shape[1], 7, 7)).astype(np.float32) * rng.uniform(0.5, 2, (shape[0], 1, 1, 1)).astype(np.float32)
        x = np.repeat(np.repeat(coarse, -(-shape[2] // 7), 2), -(-shape[3] // 7), 3)[:, :, :shape[2], :shape[3]] + 0.3 * rng.standard_normal(shape).astype(np.float32)
        x = x.astype(np.float32)
        want.append(theirs.run(None, {port.name: x})[0])
        exported.append(back.run(None, {back.get_inputs()[0].name: x})[0])
        ours.append(next(iter(run_ours(program, model, [last(x)], folder, len(x)).values())))
    ours, exported, want = (np.concatenate(v) for v in (ours, exported, want))
    line = {"model": os.path.basename(path), "inputs": len(want), "import_top1": agree(ours, want), "export_top1": agree(exported, ours),
            "export_top1_of_original": agree(exported, want), "classes_seen": len(set(np.argmax(want.reshape(len(want), -1), 1).tolist())), "least": 0.995}
    print(json.dumps(line), flush=True)
    return line["export_top1"] >= 0.995


def trained(program, path, folder, pictures):
    again = os.path.join(folder, "again.onnx")
    x = np.load(pictures)
    trundle(program, "export", "--onnx", "--out", again, path)
    theirs = session(again).run(None, {"input": np.ascontiguousarray(np.moveaxis(x, -1, 1))})[0]
    ours = next(iter(run_ours(program, path, [x], folder, len(x)).values()))
    int8 = any(n["type"] == "u8" for n in json.loads(trundle(program, "info", "--json", path))["nodes"])
    line = {"model": os.path.basename(path), "pictures": len(x), "int8": int8, "differ": differ(theirs, ours), "top1": agree(theirs, ours)}
    print(json.dumps(line), flush=True)
    return line["top1"] >= 0.995 if int8 else line["differ"] <= LIMIT


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    count, pictures = 0, None
    if sys.argv[2] == "--pictures":
        pictures = sys.argv[3]
        del sys.argv[2:4]
    if sys.argv[2] == "--int8":
        count = int(sys.argv[3])
        del sys.argv[2:4]
    fine = True
    for path in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                fine = (trained(sys.argv[1], path, folder, pictures) if pictures else many(sys.argv[1], path, folder, count) if count else one(sys.argv[1], path, folder)) and fine
            except Exception as problem:                      # the other models are still told of
                print(json.dumps({"model": os.path.basename(path), "error": str(problem)[:400]}), flush=True)
                fine = False
    sys.exit(0 if fine else 1)


main()
