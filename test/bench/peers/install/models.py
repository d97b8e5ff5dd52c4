"""Makes the models of the bench that no package brings, from fixed seeds: FOLDER/NAME/model.onnx.

    python models.py FOLDER
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

# Every onnxruntime that a peer brings reads these.
OPERATOR_SET, FORMAT = 17, 8
FLOAT = onnx.TensorProto.FLOAT


class Graph:
    """Nodes in a row, each reading what the one before gave."""

    def __init__(self, seed, shape):
        self.random, self.nodes, self.weights = np.random.default_rng(seed), [], []
        self.shape, self.value = shape, "x"

    def weight(self, *shape, scale):
        name = f"w{len(self.weights)}"
        values = self.random.standard_normal(shape, np.float32) * np.float32(scale)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, operator, *weights, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.value, *weights], [output], **attributes))
        self.value = output

    def model(self, shape):
        self.nodes[-1].output[0] = "y"
        graph = helper.make_graph(self.nodes, "bench", [helper.make_tensor_value_info("x", FLOAT, self.shape)],
                                  [helper.make_tensor_value_info("y", FLOAT, shape)], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPERATOR_SET)], ir_version=FORMAT)


def layers(seed, widths):
    """Dense layers with ReLU between them, and probabilities at the end."""
    graph = Graph(seed, ["batch", widths[0]])
    for index, (read, given) in enumerate(zip(widths, widths[1:])):
        if index > 0:
            graph.add("Relu")
        graph.add("Gemm", graph.weight(read, given, scale=read ** -0.5), graph.weight(given, scale=0.01))
    graph.add("Softmax", axis=1)
    return graph.model(["batch", widths[-1]])


def convolutions(seed):
    """Seven convolutions of 3 x 3 over a picture of 224 x 224, then the mean of each channel and 1,000 classes."""
    graph = Graph(seed, ["batch", 3, 224, 224])
    channels, strides = [3, 32, 32, 64, 64, 128, 128, 128], [2, 1, 2, 1, 2, 1, 2]
    for read, given, stride in zip(channels, channels[1:], strides):
        kernel = graph.weight(given, read, 3, 3, scale=(9 * read) ** -0.5)
        graph.add("Conv", kernel, graph.weight(given, scale=0.01), pads=[1, 1, 1, 1], strides=[stride, stride])
        graph.add("Relu")
    graph.add("GlobalAveragePool")
    graph.add("Flatten")
    graph.add("Gemm", graph.weight(128, 1000, scale=128 ** -0.5), graph.weight(1000, scale=0.01))
    graph.add("Softmax", axis=1)
    return graph.model(["batch", 1000])


def mean(seed):
    """Reads all of a body of any size, and answers four numbers: what is left is the server's own work."""
    graph = Graph(seed, ["batch", 4])
    graph.add("ReduceMean", axes=[0], keepdims=1)
    return graph.model([1, 4])


def main():
    made = {"iris": lambda: layers(1, [4, 16, 3]), "conv224": lambda: convolutions(2),
            "mlp": lambda: layers(3, [1024, 4096, 4096, 1000]), "mean": lambda: mean(4),
            # 553 MB of weights.
            "large": lambda: layers(5, [1024, 8192, 8192, 7660])}
    for name, make in made.items():
        folder = pathlib.Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "model.onnx").exists():
            model = make()
            onnx.checker.check_model(model)
            onnx.save(model, folder / "model.partial")
            (folder / "model.partial").rename(folder / "model.onnx")


if __name__ == "__main__":
    main()
