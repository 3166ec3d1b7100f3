# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""Random boxes and tracks through `trundle eval coco` and `trundle eval mot`, and through pycocotools and TrackEval.

    python3 -m venv peers && peers/bin/pip install pycocotools trackeval
    peers/bin/python tools/coco_mot_peers.py [--rounds 50] [--seed 1] [--trundle build/trundle]

Prints the largest difference of each figure and exits 1 when one is above 1e-6. A peer that is not installed is named and left out.
"""
import argparse
import contextlib
import io
import json
import math
import os
import random
import subprocess
import sys
import tempfile

LIMIT = 1e-6


def ours(trundle, verb, truth, found):
    run = subprocess.run([trundle, "eval", verb, truth, found, "--json"], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def note(worst, key, mine, theirs):
    mine = math.nan if mine is None else mine
    difference = 0.0 if math.isnan(mine) and math.isnan(theirs) else abs(mine - theirs)
    worst[key] = max(worst.get(key, 0.0), math.inf if math.isnan(difference) else difference)


def rounded(box, whole):
    return [float(round(v)) for v in box] if whole else box


def random_coco(r):
    images, classes = r.randint(1, 30), r.randint(1, 6)
    truth = {"info": {}, "images": [{"id": 3 * i + 1, "width": 640, "height": 480} for i in range(images)],
             "categories": [{"id": 2 * c + 1, "name": f"c{c}"} for c in range(classes)], "annotations": []}
    found = []
    whole = r.random() < .5            # whole pixels give ties
    for image in truth["images"]:
        for _ in range(r.choice([0, 1, 3, 8])):
            size = r.choice([15, 60, 200])
            box = [r.uniform(0, 400), r.uniform(0, 300), r.uniform(4, size), r.uniform(4, size)]
            box = rounded(box, whole)
            category = r.choice(truth["categories"])["id"]
            crowd = int(r.random() < .1)
            truth["annotations"].append({"id": len(truth["annotations"]) + 1, "image_id": image["id"], "category_id": category, "bbox": box,
                                         "area": box[2] * box[3] * r.uniform(.5, 1), "iscrowd": crowd})
            for _ in range(r.choice([0, 1, 1, 2]) + 3 * crowd):
                noise = r.choice([.02, .1, .3])
                moved = [box[0] + noise * box[2] * r.gauss(0, 1), box[1] + noise * box[3] * r.gauss(0, 1),
                         box[2] * math.exp(noise * r.gauss(0, 1)), box[3] * math.exp(noise * r.gauss(0, 1))]
                moved = rounded(moved, whole)
                found.append({"image_id": image["id"], "category_id": category if r.random() < .9 else r.choice(truth["categories"])["id"],
                              "bbox": moved, "score": round(r.random(), 2 if whole else 9)})
        for _ in range(r.choice([0, 2, 2, 130])):
            found.append({"image_id": image["id"], "category_id": r.choice(truth["categories"])["id"],
                          "bbox": [r.uniform(0, 400), r.uniform(0, 300), r.uniform(1, 150), r.uniform(1, 150)], "score": r.random() / 2})
    r.shuffle(found)
    return truth, found


def check_coco(trundle, r, rounds, folder):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    names = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
    worst = {}
    for _ in range(rounds):
        truth, found = random_coco(r)
        if not found:
            continue
        paths = os.path.join(folder, "gt.json"), os.path.join(folder, "dt.json")
        for path, value in zip(paths, (truth, found)):
            with open(path, "w", encoding="ascii") as f:
                json.dump(value, f)
        mine = ours(trundle, "coco", *paths)
        with contextlib.redirect_stdout(io.StringIO()):
            gt = COCO(paths[0])
            e = COCOeval(gt, gt.loadRes(paths[1]), "bbox")
            e.evaluate()
            e.accumulate()
            e.summarize()
        for key, value in zip(names, e.stats):
            note(worst, key, mine[key], math.nan if value < -.5 else float(value))
        for k, category in enumerate(e.params.catIds):
            p = e.eval["precision"][:, :, k, 0, 2]
            note(worst, "class AP", mine["per_class_AP"][str(category)], float(p[p > -1].mean()) if (p > -1).any() else math.nan)
    return worst


def random_mot(r):
    truth, found = [], []
    frames = r.randint(1, 60)
    whole = r.random() < .5
    next_id = 1
    for track in range(r.randint(1, 12)):
        x, y, w, h = r.uniform(0, 300), r.uniform(0, 200), r.uniform(20, 80), r.uniform(20, 80)
        vx, vy = r.gauss(0, 3), r.gauss(0, 3)
        first = r.randint(1, frames)
        found_id = next_id
        next_id += 1
        noise = r.choice([.02, .08, .2])
        for t in range(first, r.randint(first, frames) + 1):
            box = [x, y, w, h]
            x, y = x + vx, y + vy
            if r.random() < .05:
                continue
            truth.append((t, track + 1, *rounded(box, whole), 0 if r.random() < .03 else 1))
            if r.random() < .05:
                found_id, next_id = next_id, next_id + 1
            if r.random() < .12:
                continue
            moved = [box[0] + noise * w * r.gauss(0, 1), box[1] + noise * h * r.gauss(0, 1), w * math.exp(noise * r.gauss(0, 1) / 2), h * math.exp(noise * r.gauss(0, 1) / 2)]
            found.append((t, found_id, *rounded(moved, whole), 1))
    for _ in range(r.choice([0, 0, 20])):
        found.append((r.randint(1, frames), 100000 + len(found), r.uniform(0, 300), r.uniform(0, 200), r.uniform(10, 80), r.uniform(10, 80), 1))
    return truth, found


def boxes_by_frame(rows, frames):
    import numpy as np
    ids = {v: i for i, v in enumerate(sorted({row[1] for row in rows}))}
    out_ids, out_boxes = [], []
    for t in range(1, frames + 1):
        here = [row for row in rows if row[0] == t]
        out_ids.append(np.array([ids[row[1]] for row in here], dtype=int))
        out_boxes.append(np.array([row[2:6] for row in here], dtype=float).reshape(-1, 4))
    return out_ids, out_boxes, len(ids)


def check_mot(trundle, r, rounds, folder):
    import numpy as np
    for name, kind in (("float", float), ("int", int), ("bool", bool)):      # older TrackEval, newer numpy
        if name not in np.__dict__:
            setattr(np, name, kind)
    from trackeval.datasets._base_dataset import _BaseDataset
    from trackeval.metrics import CLEAR, HOTA, Identity
    worst = {}
    for _ in range(rounds):
        truth, found = random_mot(r)
        paths = os.path.join(folder, "gt.txt"), os.path.join(folder, "found.txt")
        for path, rows in zip(paths, (truth, found)):
            with open(path, "w", encoding="ascii") as f:
                f.writelines(",".join(repr(v) for v in row) + ",-1,-1,-1\n" for row in rows)
        mine = ours(trundle, "mot", *paths)
        kept = [row for row in truth if row[6]]
        frames = max([row[0] for row in truth + found], default=1)
        gt_ids, gt_boxes, gt_n = boxes_by_frame(kept, frames)
        tr_ids, tr_boxes, tr_n = boxes_by_frame(found, frames)
        data = {"num_timesteps": frames, "gt_ids": gt_ids, "tracker_ids": tr_ids, "num_gt_ids": gt_n, "num_tracker_ids": tr_n,
                "num_gt_dets": len(kept), "num_tracker_dets": len(found),
                "similarity_scores": [_BaseDataset._calculate_box_ious(a, b, box_format="xywh") for a, b in zip(gt_boxes, tr_boxes)]}
        if not kept or not found:
            continue
        theirs = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for metric in (HOTA(), CLEAR({"PRINT_CONFIG": False}), Identity({"PRINT_CONFIG": False})):
                theirs.update(metric.eval_sequence(data))
        for key, value in mine.items():
            name = {"HOTA0": "HOTA(0)"}.get(key, key)
            if name in theirs:
                note(worst, key, value, float(np.mean(theirs[name])))
    return worst


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--rounds", type=int, default=50)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--trundle", default="build/trundle")
    a = p.parse_args()
    bad = False
    with tempfile.TemporaryDirectory() as folder:
        for name, check in (("pycocotools", check_coco), ("TrackEval", check_mot)):
            try:
                worst = check(a.trundle, random.Random(a.seed), a.rounds, folder)
            except ImportError as e:
                print(f"{name}: not installed ({e}), left out")
                continue
            print(f"{name}: {a.rounds} random inputs, seed {a.seed}, largest difference")
            for key, value in worst.items():
                print(f"  {key:10} {value:.2e}{'  TOO MUCH' if value > LIMIT else ''}")
                bad = bad or value > LIMIT
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
