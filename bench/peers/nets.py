# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""The four nets of `./dev bench net` as ONNX files, made from seeds, for looking at the peers alone.

    nets.py DIR     writes DIR/{resnet18,mobilenetv2,detector,embedding}.{f32,int8}.onnx

`./dev bench net` itself measures files that `trundle net export` wrote; these have the same layers. Batch norms are folded:
a convolution has a bias. int8 is QDQ: u8 activations, i8 weights with a scale for each output channel.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Layers in order; each method takes and gives names of tensors, and remembers (channels, height, width)."""

    def __init__(self, seed, channels, height, width):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.shape = [], [], {"x": (channels, height, width)}
        self.macs = 0
        self.input = [1, channels, height, width]

    def name(self, kind):
        return f"{kind}_{len(self.nodes)}"

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, shape, **attributes):
        out = self.name(op.lower())
        self.nodes.append(helper.make_node(op, inputs, [out], name=out, **attributes))
        self.shape[out] = shape
        return out

    def conv(self, x, out, kernel, stride=1, groups=1, act="relu", gain=None):
        c, h, w = self.shape[x]
        pad = kernel // 2
        oh, ow = (h + 2 * pad - kernel) // stride + 1, (w + 2 * pad - kernel) // stride + 1
        fan = c // groups * kernel * kernel
        gain = gain or (2.0 if act else 1.0)
        weight = self.random.normal(0, np.sqrt(gain / fan), (out, c // groups, kernel, kernel)).astype(np.float32)
        name = self.name("conv")
        y = self.node("Conv", [x, self.constant(name + "_w", weight),
                               self.constant(name + "_b", self.random.normal(0, 0.1, out).astype(np.float32))],
                      (out, oh, ow), kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4, group=groups)
        self.macs += oh * ow * out * fan
        return self.act(y, act)

    def act(self, x, act):
        if act == "relu":
            return self.node("Relu", [x], self.shape[x])
        if act == "relu6":
            low, high = self.constant(x + "_low", np.float32(0)), self.constant(x + "_high", np.float32(6))
            return self.node("Clip", [x, low, high], self.shape[x])
        return x

    def add(self, a, b, act=None):
        return self.act(self.node("Add", [a, b], self.shape[a]), act)

    def maxpool(self, x):
        c, h, w = self.shape[x]
        return self.node("MaxPool", [x], (c, (h - 1) // 2 + 1, (w - 1) // 2 + 1), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)

    def double(self, x):
        c, h, w = self.shape[x]
        scales = self.constant(x + "_scales", np.array([1, 1, 2, 2], np.float32))
        return self.node("Resize", [x, "", scales], (c, 2 * h, 2 * w), mode="nearest",
                         coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def concat(self, a, b):
        c, h, w = self.shape[a]
        return self.node("Concat", [a, b], (c + self.shape[b][0], h, w), axis=1)

    def linear(self, x, out):
        c = self.shape[x][0]
        x = self.node("GlobalAveragePool", [x], (c, 1, 1))
        x = self.node("Flatten", [x], (c,), axis=1)
        weight = self.random.normal(0, np.sqrt(1 / c), (out, c)).astype(np.float32)
        self.macs += c * out
        return self.node("Gemm", [x, self.constant("linear_w", weight), self.constant("linear_b", np.zeros(out, np.float32))],
                         (out,), transB=1)

    def model(self, outputs):
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, [1, *self.shape[y]]) for y in outputs], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def resnet18():
    b = Builder(18, 3, 224, 224)
    x = b.maxpool(b.conv("x", 64, 7, 2))
    for channels, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        y = b.conv(b.conv(x, channels, 3, stride), channels, 3, act=None, gain=0.5)
        if stride == 2:
            x = b.conv(x, channels, 1, stride, act=None)
        x = b.add(x, y, "relu")
    return b, [b.linear(x, 1000)]


def inverted(b, x, t, out, stride, act):
    c = b.shape[x][0]
    y = x if t == 1 else b.conv(x, c * t, 1, act=act)
    y = b.conv(y, c * t, 3, stride, groups=c * t, act=act)
    y = b.conv(y, out, 1, act=None)
    return b.add(x, y) if stride == 1 and c == out else y


def mobilenetv2():
    b = Builder(2, 3, 224, 224)
    x = b.conv("x", 32, 3, 2, act="relu6")
    for t, c, n, s in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(n):
            x = inverted(b, x, t, c, s if i == 0 else 1, "relu6")
    return b, [b.linear(b.conv(x, 1280, 1, act="relu6"), 1000)]


def residual(b, x):
    c = b.shape[x][0]
    return b.add(x, b.conv(b.conv(x, c, 3), c, 3, act=None, gain=0.5), "relu")


def detector():
    """A dense one-stage detector at 320x256 (240 rows and padding): three scales, 8 values a cell."""
    b = Builder(3, 3, 256, 320)
    x, scale = b.conv("x", 16, 3, 2), []
    for channels, blocks in ((32, 1), (64, 3), (128, 2), (256, 1)):
        x = b.conv(x, channels, 3, 2)
        for _ in range(blocks):
            x = residual(b, x)
        scale.append(x)
    p5 = scale[3]
    p4 = b.conv(b.concat(b.double(b.conv(p5, 128, 1)), scale[2]), 128, 3)
    p3 = b.conv(b.concat(b.double(b.conv(p4, 64, 1)), scale[1]), 64, 3)
    return b, [b.conv(b.conv(p, 64, 3), 8, 1, act=None) for p in (p3, p4, p5)]


def embedding():
    """Inverted residuals at 112x112 to 128 numbers of length 1: about 30 million multiply-accumulates."""
    b = Builder(4, 3, 112, 112)
    x = b.conv("x", 16, 3, 2)
    for t, c, n, s in ((1, 16, 1, 1), (4, 24, 2, 2), (4, 40, 2, 2), (4, 64, 3, 2), (4, 96, 2, 1)):
        for i in range(n):
            x = inverted(b, x, t, c, s if i == 0 else 1, "relu")
    y = b.linear(b.conv(x, 256, 1), 128)
    return b, [b.node("LpNormalization", [y], (128,), axis=1, p=2)]


NETS = {"resnet18": resnet18, "mobilenetv2": mobilenetv2, "detector": detector, "embedding": embedding}


def quantised(source, target, shape):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Noise(CalibrationDataReader):
        def __init__(self):
            self.random, self.left = np.random.default_rng(7), 8

        def get_next(self):
            self.left -= 1
            return {"x": self.random.normal(0, 1, shape).astype(np.float32)} if self.left >= 0 else None

    quantize_static(str(source), str(target), Noise(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    op_types_to_quantize=["Conv", "Add", "MaxPool", "GlobalAveragePool", "Gemm", "Resize", "Concat", "Relu", "Clip", "Flatten"])


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in NETS.items():
        builder, outputs = make()
        plain = folder / f"{name}.f32.onnx"
        onnx.save(builder.model(outputs), plain)
        quantised(plain, folder / f"{name}.int8.onnx", builder.input)
        print(f"{name}: {builder.macs / 1e6:.1f} million multiply-accumulates")


if __name__ == "__main__":
    main()
