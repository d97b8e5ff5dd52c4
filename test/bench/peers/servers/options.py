"""The command line that every Python peer takes, and how each opens the model with ONNX Runtime."""
import argparse
import pathlib

import numpy as np

# The element types of the models of this bench, as ONNX Runtime names them.
DATATYPES = {"tensor(float)": "FP32", "tensor(int64)": "INT64"}
DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True, help="file of the model")
    parser.add_argument("--name", required=True, help="what the model is called in paths and messages")
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, required=True)
    parser.add_argument("--metrics-port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True, help="processes, or instances of the model")
    parser.add_argument("--threads", type=int, required=True, help="of one run of the model")
    parser.add_argument("--batch", type=int, default=0, help="largest batch that the peer may gather; 0: none")
    parser.add_argument("--scratch", type=pathlib.Path, required=True, help="folder for files of the peer's own")
    return parser.parse_args()


def open_session(path, threads):
    import onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(threads)
    return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def dtypes_of(session):
    return {value.name: DTYPES[value.type] for value in session.get_inputs()}


def output_names(session):
    return [value.name for value in session.get_outputs()]
