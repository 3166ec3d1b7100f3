# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""The ONNX files of the bench as peers without an ONNX reader of their own want them.

    to_ncnn(path)  -> files of its .param and .bin, names of inputs and outputs; fp32, or its int8 where the file is QDQ
    to_torch(path) -> a torch.nn.Module of the fp32 file

They know the operators of the bench's nets and refuse every other one by name. ncnn's int8 is symmetric: the range of a
u8 tensor becomes the scale that covers it, and what stands between two int8 convolutions alone is requantised as its own
tool does; additions and joins are then fp32 in it.
"""

import struct
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


class Op:
    def __init__(self, kind, name, inputs, outputs, attributes):
        self.kind, self.name, self.inputs, self.outputs, self.attributes = kind, name, inputs, outputs, attributes
        self.act = None                   # None, ("relu",), ("clip", low, high), ("leaky", slope)


class Net:
    """Operators over float tensors. `scale[t]`: half range / 127 of an activation that QDQ says is stored in u8."""

    def __init__(self, path):
        model = onnx.load(path)
        graph = model.graph
        self.constant = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
        self.inputs = [i.name for i in graph.input if i.name not in self.constant]
        self.outputs = [o.name for o in graph.output]
        self.shape = {i.name: [d.dim_value or 1 for d in i.type.tensor_type.shape.dim] for i in graph.input}
        self.scale, self.weight = {}, {}  # weight[t]: (i8, scales)
        self.ops, alias, stored = [], {}, {}

        def real(name):
            while name in alias:
                name = alias[name]
            return name

        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            inputs = [real(n) for n in node.input]
            if node.op_type == "Constant":
                self.constant[node.output[0]] = numpy_helper.to_array(attributes["value"])
            elif node.op_type in ("Identity", "Dropout"):
                alias[node.output[0]] = inputs[0]
            elif node.op_type == "QuantizeLinear":
                low, high = (-128, 127) if self.constant[inputs[2]].dtype == np.int8 else (0, 255)
                scale, zero = float(self.constant[inputs[1]]), int(self.constant[inputs[2]])
                self.scale[inputs[0]] = max(abs(low - zero), abs(high - zero)) * scale / 127
                alias[node.output[0]] = inputs[0]
                if zero == low and inputs[0] not in self.inputs:   # nothing below 0 is stored: a ReLU that a quantiser left out
                    floor = inputs[0] + "_floor"
                    self.scale[floor] = self.scale[inputs[0]]
                    self.ops.append(Op("Relu", floor, [inputs[0]], [floor], {}))
                    alias[node.output[0]] = floor
            elif node.op_type == "DequantizeLinear":
                if inputs[0] in self.constant:
                    q, s = self.constant[inputs[0]], np.atleast_1d(self.constant[inputs[1]])
                    zero = self.constant[inputs[2]] if len(inputs) > 2 else np.zeros(1)
                    along = [1] * q.ndim
                    axis = attributes.get("axis", 1)
                    if s.size > 1:
                        along[axis] = s.size
                    zero = np.broadcast_to(np.atleast_1d(zero), s.shape)
                    self.constant[node.output[0]] = ((q.astype(np.float32) - zero.reshape(along)) * s.reshape(along)).astype(np.float32)
                    if q.dtype == np.int8:
                        self.weight[node.output[0]] = (q, np.broadcast_to(s, (q.shape[axis] if s.size > 1 else 1,)))
                else:
                    alias[node.output[0]] = inputs[0]
            else:
                self.ops.append(Op(node.op_type, node.name or node.output[0], inputs, list(node.output), attributes))
        self.outputs = [real(n) for n in self.outputs]
        self.normalise()
        self.fuse()

    def users(self, tensor):
        return [op for op in self.ops if tensor in op.inputs]

    def normalise(self):
        """x / max(|x|, eps) in three operators becomes one again."""
        made = {op.outputs[0]: op for op in self.ops}
        for op in self.ops:
            least = made.get(op.inputs[1]) if op.kind == "Div" else None
            norm = made.get(least.inputs[0]) if least and least.kind in ("Max", "Clip") else None
            if norm and norm.kind == "ReduceL2" and norm.inputs[0] == op.inputs[0]:
                op.kind, op.inputs, op.attributes = "LpNormalization", op.inputs[:1], {"axis": 1, "p": 2}
                norm.kind = least.kind = "unused"
        self.ops = [op for op in self.ops if op.kind != "unused"]

    def fuse(self):
        """Relu and Clip move into the convolution or addition before them where it alone feeds them."""
        kept, made = [], {}
        for op in self.ops:
            before = made.get(op.inputs[0])
            act = None
            if op.kind == "Relu":
                act = ("relu",)
            elif op.kind == "LeakyRelu":
                act = ("leaky", op.attributes.get("alpha", 0.01))
            elif op.kind == "Clip":
                act = ("clip", float(self.constant[op.inputs[1]]), float(self.constant[op.inputs[2]]))
            if op.kind == "Relu" and before and before.kind in ("Relu", "MaxPool", "GlobalAveragePool", "Concat", "Resize") and op.name.endswith("_floor"):
                act = None                # already above 0
            if act and before and before.kind == "Conv" and not before.act and len(self.users(op.inputs[0])) == 1 and op.inputs[0] not in self.outputs:
                before.act = act
                before.outputs = op.outputs
                made[op.outputs[0]] = before
                continue
            kept.append(op)
            made[op.outputs[0]] = op
        self.ops = kept


def refuse(op):
    raise NotImplementedError(f"{op.name}: the bench's converter does not know {op.kind}")


def square(values, what, op):
    if len(set(values)) != 1:
        raise NotImplementedError(f"{op.name}: uneven {what}")
    return values[0]


# ncnn's file format: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure and operators.md of that wiki.

class Ncnn:
    def __init__(self, net):
        self.net, self.lines, self.blobs, self.bin = net, [], 0, bytearray()
        self.uses = {}
        for op in net.ops:
            for t in op.inputs:
                if t and t not in net.constant:
                    self.uses[t] = self.uses.get(t, 0) + 1
        for t in net.outputs:
            self.uses[t] = self.uses.get(t, 0) + 1
        self.feed, self.quantised, self.requantised = {}, set(), {}
        for op in net.ops:
            if op.kind in ("Conv", "Gemm", "MatMul") and op.inputs[1] in net.weight and op.inputs[0] in net.scale:
                self.quantised.add(op.name)
        for op in net.ops:                # requantised: all that it feeds are int8 convolutions
            users = net.users(op.outputs[0])
            if op.kind == "Conv" and op.name in self.quantised and users and op.outputs[0] not in net.outputs \
               and all(u.kind == "Conv" and u.name in self.quantised for u in users):
                self.requantised[op.name] = True

    def layer(self, kind, name, inputs, outputs, params):
        text = " ".join(f"{k}={v}" for k, v in params.items())
        self.lines.append(f"{kind} {name} {len(inputs)} {len(outputs)} {' '.join(inputs)} {' '.join(outputs)} {text}".replace("  ", " "))
        self.blobs += len(outputs)

    def made(self, tensor):
        """After a tensor with several readers comes a Split: each of ncnn's blobs has one."""
        n = self.uses.get(tensor, 0)
        if n <= 1:
            self.feed[tensor] = [tensor]
            return
        names = [f"{tensor}_split{i}" for i in range(n)]
        self.layer("Split", f"split_{tensor}", [tensor], names, {})
        self.feed[tensor] = names

    def take(self, tensor):
        return self.feed[tensor].pop(0)

    def floats(self, values, flag):
        if flag:
            self.bin += struct.pack("<I", 0)
        self.bin += np.ascontiguousarray(values, "<f4").tobytes()

    def weights(self, op, bias, scale_in, scale_out):
        w = self.net.constant[op.inputs[1]]
        if op.name in self.quantised:
            q, s = self.net.weight[op.inputs[1]]
            self.bin += struct.pack("<I", 0x000D4B38) + q.tobytes()
            self.bin += b"\0" * (-len(q.tobytes()) % 4)
        else:
            self.floats(w, True)
        if bias is not None:
            self.floats(bias, False)
        if op.name in self.quantised:
            self.floats(1 / np.broadcast_to(s, (w.shape[0],)), False)
            self.floats([1 / scale_in], False)
            if scale_out:
                self.floats([1 / scale_out], False)

    def act(self, op):
        if not op.act:
            return {}
        if op.act[0] == "relu":
            return {9: 1}
        if op.act[0] == "leaky":
            return {9: 2, -23310: f"1,{op.act[1]:g}"}
        return {9: 3, -23310: f"2,{op.act[1]:g},{op.act[2]:g}"}

    def convolution(self, op):
        net, a = self.net, op.attributes
        w = net.constant[op.inputs[1]]
        bias = net.constant[op.inputs[2]] if len(op.inputs) > 2 else None
        groups = a.get("group", 1)
        pads = a.get("pads", [0] * 4)
        params = {0: w.shape[0], 1: w.shape[3], 11: w.shape[2], 2: square(a.get("dilations", [1]), "dilation", op), 3: square(a.get("strides", [1]), "stride", op),
                  4: pads[1], 14: pads[0], 15: pads[3], 16: pads[2], 5: int(bias is not None), 6: w.size}
        scale_in, scale_out = net.scale.get(op.inputs[0]), None
        if groups > 1:
            params[7] = groups
        if op.name in self.quantised:
            params[8] = 1
            if self.requantised.get(op.name):
                scale_out = net.scale[op.outputs[0]]
                params[8] = 101
        params.update(self.act(op))
        if groups > 1 and op.name in self.quantised:   # a depthwise one stores a scale for each group
            q, s = net.weight[op.inputs[1]]
            if groups != w.shape[0]:
                refuse(op)
        self.layer("ConvolutionDepthWise" if groups > 1 else "Convolution", op.name, [self.take(op.inputs[0])], op.outputs, params)
        self.weights(op, bias, scale_in, scale_out)

    def product(self, op):
        net, a = self.net, op.attributes
        w = net.constant[op.inputs[1]]
        if not a.get("transB") and op.name in self.quantised:
            self.quantised.discard(op.name)
        w = w if a.get("transB") else w.T
        net.constant[op.inputs[1]] = w
        bias = net.constant[op.inputs[2]] if len(op.inputs) > 2 else None
        params = {0: w.shape[0], 1: int(bias is not None), 2: w.size}
        if op.name in self.quantised:
            params[8] = 1
        self.layer("InnerProduct", op.name, [self.take(op.inputs[0])], op.outputs, params)
        self.weights(op, bias, net.scale.get(op.inputs[0]), None)

    def write(self, op):
        net, a, k = self.net, op.attributes, op.kind
        tensors = [t for t in op.inputs if t and t not in net.constant]
        if k == "Conv":
            return self.convolution(op)
        if k in ("Gemm", "MatMul"):
            return self.product(op)
        inputs = [self.take(t) for t in tensors]
        if k == "Relu":
            self.layer("ReLU", op.name, inputs, op.outputs, {})
        elif k == "Clip":
            self.layer("Clip", op.name, inputs, op.outputs, {0: float(net.constant[op.inputs[1]]), 1: float(net.constant[op.inputs[2]])})
        elif k in ("Add", "Mul") and len(inputs) == 2:
            self.layer("BinaryOp", op.name, inputs, op.outputs, {0: 0 if k == "Add" else 2})
        elif k == "Sigmoid":
            self.layer("Sigmoid", op.name, inputs, op.outputs, {})
        elif k in ("MaxPool", "AveragePool"):
            pads = a.get("pads", [0] * 4)
            self.layer("Pooling", op.name, inputs, op.outputs, {0: int(k != "MaxPool"), 1: a["kernel_shape"][1], 11: a["kernel_shape"][0],
                       2: square(a.get("strides", [1]), "stride", op), 3: pads[1], 13: pads[0], 14: pads[3], 15: pads[2], 5: 1})
        elif k == "GlobalAveragePool" or (k == "ReduceMean"):
            self.layer("Pooling", op.name, inputs, op.outputs, {0: 1, 4: 1})
        elif k in ("Flatten", "Reshape", "Squeeze"):
            self.layer("Flatten", op.name, inputs, op.outputs, {})
        elif k == "Concat":
            self.layer("Concat", op.name, inputs, op.outputs, {0: 0})
        elif k == "Resize":
            sizes = net.constant.get(op.inputs[3]) if len(op.inputs) > 3 else None
            params = {0: 1 if a["mode"] == b"nearest" else 2}
            if sizes is not None:
                params.update({3: int(sizes[2]), 4: int(sizes[3])})
            else:
                scales = net.constant[op.inputs[2]]
                params.update({1: f"{float(scales[2]):e}", 2: f"{float(scales[3]):e}"})
            self.layer("Interp", op.name, inputs, op.outputs, params)
        elif k == "LpNormalization":
            self.layer("Reshape", op.name + "_3d", inputs, [op.name + "_3d"], {0: 1, 1: 1, 2: -1})   # it takes no vector
            self.layer("Normalize", op.name, [op.name + "_3d"], op.outputs, {0: 0, 1: 1, 2: "1e-12", 3: 1, 9: 0})
            self.floats([1.0], False)
        elif k == "Softmax":
            self.layer("Softmax", op.name, inputs, op.outputs, {0: 0, 1: 1})
        else:
            refuse(op)

    def files(self):
        for t in self.net.inputs:
            self.layer("Input", t, [], [t], {})
            self.made(t)
        for op in self.net.ops:
            self.write(op)
            self.made(op.outputs[0])
        outputs = [self.feed[t][-1] for t in self.net.outputs]
        folder = Path(tempfile.mkdtemp(prefix="trundle-ncnn-"))
        (folder / "net.param").write_text(f"7767517\n{len(self.lines)} {self.blobs}\n" + "\n".join(self.lines) + "\n")
        (folder / "net.bin").write_bytes(bytes(self.bin))
        return str(folder / "net.param"), str(folder / "net.bin"), self.net.inputs, outputs


def to_ncnn(path):
    return Ncnn(Net(path)).files()


def to_torch(path):
    import torch
    from torch import nn
    from torch.nn import functional as f

    net = Net(path)

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = nn.ModuleDict()
            for op in net.ops:
                key = op.name.replace(".", "_").replace("/", "_")
                w = net.constant.get(op.inputs[1]) if len(op.inputs) > 1 else None
                bias = net.constant.get(op.inputs[2]) if len(op.inputs) > 2 else None
                a = op.attributes
                if op.kind == "Conv":
                    pads = a.get("pads", [0] * 4)
                    even = pads[0] == pads[2] and pads[1] == pads[3]
                    part = nn.Conv2d(w.shape[1] * a.get("group", 1), w.shape[0], w.shape[2:], a.get("strides", 1), tuple(pads[:2]) if even else 0,
                                     a.get("dilations", 1), a.get("group", 1), bias is not None)
                    op.pads = None if even else (pads[1], pads[3], pads[0], pads[2])
                elif op.kind in ("Gemm", "MatMul"):
                    w = w if a.get("transB") else w.T
                    part = nn.Linear(w.shape[1], w.shape[0], bias is not None)
                else:
                    continue
                part.weight.data = torch.from_numpy(np.array(w))
                if bias is not None:
                    part.bias.data = torch.from_numpy(np.array(bias))
                self.part[key] = part
                op.key = key

        def forward(self, x):
            value = {net.inputs[0]: x}
            for op in net.ops:
                a, v = op.attributes, [value[t] for t in op.inputs if t in value]
                if op.kind == "Conv":
                    y = self.part[op.key](f.pad(v[0], op.pads) if op.pads else v[0])
                elif op.kind in ("Gemm", "MatMul"):
                    y = self.part[op.key](v[0])
                elif op.kind == "Relu":
                    y = f.relu(v[0])
                elif op.kind == "Clip":
                    y = f.hardtanh(v[0], float(net.constant[op.inputs[1]]), float(net.constant[op.inputs[2]]))
                elif op.kind == "Add":
                    y = v[0] + v[1]
                elif op.kind == "Mul":
                    y = v[0] * v[1]
                elif op.kind == "Sigmoid":
                    y = torch.sigmoid(v[0])
                elif op.kind == "MaxPool":
                    y = f.max_pool2d(v[0], a["kernel_shape"], a["strides"], a["pads"][:2])
                elif op.kind in ("GlobalAveragePool", "ReduceMean"):
                    y = f.adaptive_avg_pool2d(v[0], 1)
                elif op.kind in ("Flatten", "Reshape", "Squeeze"):
                    y = torch.flatten(v[0], 1)
                elif op.kind == "Concat":
                    y = torch.cat(v, 1)
                elif op.kind == "Resize":
                    y = f.interpolate(v[0], scale_factor=2.0, mode="nearest")
                elif op.kind == "LpNormalization":
                    y = f.normalize(v[0], dim=1)
                elif op.kind == "Softmax":
                    y = f.softmax(v[0], 1)
                else:
                    refuse(op)
                if op.act and op.act[0] == "relu":
                    y = f.relu(y)
                elif op.act and op.act[0] == "clip":
                    y = f.hardtanh(y, op.act[1], op.act[2])
                elif op.act:
                    y = f.leaky_relu(y, op.act[1])
                value[op.outputs[0]] = y
            outputs = [value[t] for t in net.outputs]
            return outputs[0] if len(outputs) == 1 else tuple(outputs)

    return Module()
