# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""Models of real architectures with seeded random weights, as ONNX, for tools/onnx_agree.py.

    PYTHON tools/onnx_models.py DIR [NAME...]

Writes DIR/fp32/NAME{,_batch}_{traced,exported}.onnx (batch fixed or free; PyTorch's two exporters, the second where onnxscript is installed) and
DIR/int8/NAME_{u8,s8}.onnx (QDQ, per-channel weights, by onnxruntime.quantization). The heads are centred on smooth random pictures, so that different
pictures have different largest outputs. PYTHON needs torch, torchvision, onnx, onnxruntime.
"""
import os
import sys
import tempfile
import warnings

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer


class Block(nn.Module):
    def __init__(self, a, b, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(b)

    def forward(self, x):
        return F.silu(self.norm(self.conv(x)))


class Yolo(nn.Module):
    """Detector-shaped: SiLU, split, concat, pooling pyramid, upsampling, two heads turned to [N, boxes, 9]."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(Block(3, 16, 2), Block(16, 32, 2), Block(32, 64, 2))
        self.mid, self.deep = Block(64, 64), Block(64, 128, 2)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.up, self.low = Block(128, 64), Block(128, 64)
        self.head = nn.ModuleList([nn.Conv2d(64, 27, 1), nn.Conv2d(128, 27, 1)])

    def forward(self, x):
        x = self.stem(x)
        y, z = self.mid(x).chunk(2, 1)
        x = torch.cat([y, z * torch.sigmoid(y)], 1)
        e = self.deep(x)
        e = e + self.pool(e)
        low = self.low(torch.cat([F.interpolate(self.up(e), scale_factor=2.0, mode="nearest"), x], 1))
        outs = []
        for head, t in zip(self.head, (low, e)):
            p = head(t)
            n, _, h, w = p.shape
            outs.append(p.view(n, 3, 9, h, w).permute(0, 1, 3, 4, 2).reshape(n, -1, 9).sigmoid())
        return torch.cat(outs, 1)


MODELS = {
    "resnet18": (lambda: torchvision.models.resnet18(weights=None), 224),
    "mobilenet_v2": (lambda: torchvision.models.mobilenet_v2(weights=None), 224),
    "mobilenet_v3_small": (lambda: torchvision.models.mobilenet_v3_small(weights=None), 224),
    "efficientnet_b0": (lambda: torchvision.models.efficientnet_b0(weights=None), 224),
    "vit_small": (lambda: VisionTransformer(64, 16, 4, 4, 64, 128, num_classes=10), 64),
    "yolo_nano": (Yolo, 128),
}
QUANTISED = ("resnet18", "mobilenet_v2", "mobilenet_v3_small")


def pictures(rng, n, size):
    """Smooth coloured fields and noise; tools/onnx_agree.py draws the same kind."""
    coarse = rng.standard_normal((n, 3, 7, 7)) * rng.uniform(0.5, 2, (n, 1, 1, 1))
    fine = np.repeat(np.repeat(coarse, -(-size // 7), 2), -(-size // 7), 3)[:, :, :size, :size]
    return (fine + 0.3 * rng.standard_normal((n, 3, size, size))).astype(np.float32)


def seeded(make, size, rng):
    torch.manual_seed(1)
    model = make().eval()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.data.uniform_(0.8, 1.2)
            m.bias.data.normal_(0, 0.1)
            m.momentum = None                               # the plain mean of what comes by
    if isinstance(model, VisionTransformer):
        for p in (model.heads.head.weight, model.class_token, model.encoder.pos_embedding):
            nn.init.normal_(p, 0, 0.1)
    model.train()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.eval()
    with torch.no_grad():
        model(torch.from_numpy(pictures(rng, 24, size)))    # running statistics
        model.eval()
        last = [m for m in model.modules() if isinstance(m, nn.Linear)]
        if last and not isinstance(model, Yolo):
            logits = model(torch.from_numpy(pictures(rng, 48, size)))
            deviation = logits.std(0) + 1e-6
            last[-1].bias.data = (last[-1].bias - logits.mean(0)) / deviation
            last[-1].weight.data = last[-1].weight / deviation[:, None]
    return model


def export(model, x, path, free, dynamo):
    names = {"input_names": ["input"], "output_names": ["output"]}
    if dynamo:
        shapes = {"x": {0: torch.export.Dim("n")}} if free else None
        torch.onnx.export(model, (x,), path, dynamo=True, external_data=False, dynamic_shapes=shapes, verbose=False, **names)
    else:
        axes = {"input": {0: "n"}, "output": {0: "n"}} if free else None
        torch.onnx.export(model, x, path, opset_version=17, dynamo=False, dynamic_axes=axes, **names)


def quantise(source, target, rng, size, signed):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = [{"input": pictures(rng, 1, size)} for _ in range(16)]

        def get_next(self):
            return self.left.pop() if self.left else None

    with tempfile.TemporaryDirectory() as folder:
        prepared = os.path.join(folder, "prepared.onnx")
        quant_pre_process(source, prepared)
        quantize_static(prepared, target, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8,
                        activation_type=QuantType.QInt8 if signed else QuantType.QUInt8)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    folder = sys.argv[1]
    for kind in ("fp32", "int8"):
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
    try:
        import onnxscript  # noqa: F401
        exporters = ("traced", "exported")
    except ImportError:
        exporters = ("traced",)
    for name in sys.argv[2:] or MODELS:
        make, size = MODELS[name]
        rng = np.random.default_rng(5)
        model = seeded(make, size, rng)
        for free in (False, True):
            x = torch.from_numpy(pictures(rng, 2 if free else 1, size))
            for exporter in exporters:
                export(model, x, os.path.join(folder, "fp32", f"{name}{'_batch' if free else ''}_{exporter}.onnx"), free, exporter == "exported")
        if name in QUANTISED:
            for signed in (False, True):
                quantise(os.path.join(folder, "fp32", f"{name}_batch_traced.onnx"), os.path.join(folder, "int8", f"{name}_{'s8' if signed else 'u8'}.onnx"), rng, size, signed)
        print(name, flush=True)


main()
