# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
"""One peer with one net, driven over pipes by trundle-bench net.

    peer.py ort|openvino|ncnn|torch MODEL.onnx [--mode M] [--input FILE --output FILE]

Writes one line when it stands ({"peer", "version", "mode", "resident_kib", "load_ms"}), then answers each line "N" of its
input with one line {"ns": [N times], "cpu_ns": [N times of the processor]}; ends with its input. One thread. --input: raw f32 as the model's first input has it
(channels first); --output: where the first run's outputs go, raw f32, one after the other. The model is fp32, or int8 as QDQ.
"""

import argparse
import json
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402 - after the variables that it reads


def first_input(path):
    import onnx

    return [d.dim_value or 1 for d in onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim]


def with_whole_biases(path):
    """ONNX Runtime takes a quantised convolution's bias as i32 in units of its sum, else it computes in f32. Ours are f32."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    made = {o: n for n in graph.node for o in n.output}
    constant = {c.name: c for c in graph.initializer}
    nodes, after = [], []
    for node in graph.node:
        feeds = [made.get(i) for i in node.input[:2]]
        if node.op_type in ("Conv", "Gemm") and len(node.input) > 2 and node.input[2] in constant \
           and all(f is not None and f.op_type == "DequantizeLinear" for f in feeds):
            scales = [numpy_helper.to_array(constant[f.input[1]]) for f in feeds]
            bias, scale = numpy_helper.to_array(constant[node.input[2]]), (scales[0] * scales[1]).astype(np.float32).reshape(-1)
            whole = np.clip(np.rint(bias / scale), -2**31 + 1, 2**31 - 1).astype(np.int32)
            name = f"bias{len(after)}"
            after += [numpy_helper.from_array(whole, name + "/q"), numpy_helper.from_array(scale if scale.size > 1 else scale[0], name + "/s"),
                      numpy_helper.from_array(np.zeros_like(whole) if scale.size > 1 else np.int32(0), name + "/z")]
            nodes.append(helper.make_node("DequantizeLinear", [name + "/q", name + "/s", name + "/z"], [name], **({"axis": 0} if scale.size > 1 else {})))
            node.input[2] = name
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(after)
    return model.SerializeToString()


def own_form(path):
    """The f32 file quantised by ONNX Runtime's own tool: u8 between a convolution and the addition behind it too, which is what it and others are
    fast at. Made once, beside the file."""
    own = path.replace(".int8.", ".own8.")
    if not os.path.exists(own):
        import logging

        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

        logging.disable(logging.WARNING)
        plain = path.replace(".int8.", ".f32.")
        shape, random = first_input(plain), np.random.default_rng(7)
        import onnx

        name = onnx.load(plain, load_external_data=False).graph.input[0].name

        class Noise(CalibrationDataReader):
            left = 8

            def get_next(self):
                self.left -= 1
                return {name: random.normal(0, 1, shape).astype(np.float32)} if self.left >= 0 else None

        quantize_static(plain, own + ".part", Noise(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        op_types_to_quantize=["Conv", "Add", "MaxPool", "GlobalAveragePool", "Gemm", "Resize", "Concat", "Relu", "Clip", "Reshape", "Flatten"])
        os.replace(own + ".part", own)
    return own


def ort(path, mode, x):
    import onnxruntime as rt

    options = rt.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = rt.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = rt.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    model = with_whole_biases(path) if ".int8." in path else path
    start = time.perf_counter_ns()
    session = rt.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    load = time.perf_counter_ns() - start
    names = [o.name for o in session.get_outputs()]
    feed = {session.get_inputs()[0].name: x}
    return rt.__version__, load, lambda: session.run(names, feed)


def openvino(path, mode, x):
    import openvino as ov

    core = ov.Core()
    config = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
              "ENABLE_CPU_PINNING": False}
    start = time.perf_counter_ns()
    request = core.compile_model(core.read_model(path), "CPU", config).create_infer_request()
    load = time.perf_counter_ns() - start
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))
    count = len(request.model_outputs)

    def run():
        request.infer()
        return [request.get_output_tensor(i).data for i in range(count)]

    return ov.__version__, load, run


def ncnn(path, mode, x):
    import ncnn as nn

    from onnx_net import to_ncnn

    param, weights, inputs, outputs = to_ncnn(path)
    net = nn.Net()
    net.opt.num_threads = 1
    net.opt.use_vulkan_compute = False
    for half in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, half, False)
    if mode == "sgemm":
        net.opt.use_winograd_convolution = False
    start = time.perf_counter_ns()
    if net.load_param(param) or net.load_model(weights):
        raise RuntimeError("ncnn refused its own format")
    load = time.perf_counter_ns() - start
    picture = nn.Mat(x[0])

    def run():
        extractor = net.create_extractor()
        extractor.input(inputs[0], picture)
        return [np.array(extractor.extract(name)[1]) for name in outputs]

    return nn.__version__, load, run


def torch(path, mode, x):
    import torch as t

    from onnx_net import to_torch

    t.set_num_threads(1)
    t.set_grad_enabled(False)
    net = to_torch(path).eval()
    value = t.from_numpy(x)
    start = time.perf_counter_ns()
    if mode in ("jit", "jit-last"):
        if mode == "jit-last":
            net, value = net.to(memory_format=t.channels_last), value.contiguous(memory_format=t.channels_last)
        call = t.jit.optimize_for_inference(t.jit.freeze(t.jit.trace(net, value)))
        for _ in range(3):
            call(value)
    elif mode == "inductor":
        import torch._inductor.config as config

        config.freezing = True
        config.cpp.threads = 1
        call = t.compile(net, mode="max-autotune-no-cudagraphs" if os.environ.get("TRUNDLE_TORCH_TUNE") else None)
        call(value)
    else:
        call = net.to(memory_format=t.channels_last) if mode == "last" else net
        value = value.contiguous(memory_format=t.channels_last) if mode == "last" else value
        call(value)
    load = time.perf_counter_ns() - start

    def run():
        y = call(value)
        return [v.numpy() for v in (y if isinstance(y, (tuple, list)) else [y])]

    return t.__version__, load, run


def resident_kib():
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=("ort", "openvino", "ncnn", "torch"))
    parser.add_argument("model")
    parser.add_argument("--mode", default="")
    parser.add_argument("--input")
    parser.add_argument("--output")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)   # what a library prints goes to standard error
    os.dup2(2, 1)
    shape = first_input(options.model)
    if options.input:
        x = np.fromfile(options.input, np.float32).reshape(shape)
    else:
        x = np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)
    if options.mode == "own":
        options.model = own_form(options.model)
    before = resident_kib()
    version, load, run = globals()[options.peer](options.model, options.mode, x)
    outputs = run()
    if options.output:
        with open(options.output, "wb") as file:
            for y in outputs:
                file.write(np.ascontiguousarray(y, np.float32).tobytes())
    for _ in range(2):
        run()
    print(json.dumps({"peer": options.peer, "version": version, "mode": options.mode, "load_ms": load / 1e6,
                      "resident_kib": resident_kib(), "resident_before_kib": before}), file=answers)
    clock, busy = time.perf_counter_ns, time.process_time_ns
    for line in sys.stdin:
        times, work = [], []
        for _ in range(int(line)):
            work.append(-busy())
            start = clock()
            run()
            times.append(clock() - start)
            work[-1] += busy()
        print(json.dumps({"ns": times, "cpu_ns": work}), file=answers)


if __name__ == "__main__":
    main()
