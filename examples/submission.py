#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""Another system, scored by the same judge: reads trips with nothing of ours, writes a submission.

    pip install mcap mcap-protobuf-support
    python3 examples/submission.py trips/*.mcap >events.jsonl
    trundle eval trips --submission events.jsonl

What it does is as little as can be: when the load has held still at another level, something was put in or taken out; a code scanned
shortly before names it, else the product of the nearest mass. Put your own system in the place of `watch`. /truth is never read.
"""
import json
import sys

from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

STEP_G, STILL_G, STILL_S, SCAN_S = 40, 12, 0.5, 5


def messages(path):
    """(seconds since the start, topic, message) in the order in which a cart consumes them, and what the trip carries to be read by."""
    with open(path, "rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        head = next(m.metadata for m in reader.iter_metadata() if m.name == "trundle.trip")
        files = {a.name: json.loads(a.data) for a in reader.iter_attachments()}
        start = int(head["start_wall_ns"])
        topics = ["/cell", "/code", "/cam/0"]  # every topic but /truth may be read

        def run():
            for _, channel, raw, message in reader.iter_decoded_messages(topics=topics):
                yield (raw.publish_time - start) * 1e-9, channel.topic, message

        yield head, files["cart.json"], files["catalog.json"], run()


def watch(cart, catalog, stream):
    """(t_s, kind, product) of each event."""
    cells = cart["cells"]["cell"]
    mass = {p["product"]: p["mass_g"] for p in catalog["products"] if p.get("mass_g") and not p.get("by_weight")}
    inside, window, level, scan, frames = [], [], None, None, 0
    for t, topic, m in stream:
        if topic == "/code":
            digits = m.text.decode("ascii", "replace")
            key = "gtin:" + digits.zfill(14) if digits.isdigit() and len(digits) <= 14 else None
            scan = (t, key) if key in mass else scan
        elif topic == "/cam/0":
            frames += 1  # m.data is a JPEG
        else:
            window.append((t, sum(c["gain_g"] * (raw - c["offset"]) for c, raw in zip(cells, m.raw))))
            window = [w for w in window if w[0] > t - STILL_S]
            grams = [g for _, g in window]
            if max(grams) - min(grams) > STILL_G or t - window[0][0] < 0.9 * STILL_S:
                continue
            now = sum(grams) / len(grams)
            change, level = now - (now if level is None else level), now
            if change > STEP_G:
                key = scan[1] if scan and t - scan[0] < SCAN_S else min(mass, key=lambda k: abs(mass[k] - change))
                scan = None
                inside.append((key, change))
                yield t - STILL_S, "put", key
            elif change < -STEP_G and inside:
                gone = min(inside, key=lambda i: abs(i[1] + change))
                inside.remove(gone)
                yield t - STILL_S, "take", gone[0]


for trip in sys.argv[1:]:
    for head, cart, catalog, stream in messages(trip):
        for t, kind, product in watch(cart, catalog, stream):
            print(json.dumps({"trip": head["seed"], "t_s": round(max(t, 0), 3), "kind": kind, "product": product, "count": 1}))
