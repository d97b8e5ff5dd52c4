"""ONNX Runtime alone, the limit of the machine: one request, again and again, on one or several threads.

Reads the request as JSON of the Open Inference Protocol v2 and prints one line of JSON: rate, latencies in ms, and
processor time a run in ms; with --outputs what the model answers instead.
"""
import argparse
import json
import pathlib
import threading
import time

import numpy as np

import options

DTYPES = {"FP32": np.float32, "INT64": np.int64}
# The first runs pay for ONNX Runtime's memory.
WARM_UP_RUNS = 5


def read_request(file):
    inputs = json.loads(file.read_text())["inputs"]
    return {value["name"]: array_of(**value) for value in inputs}


def array_of(name, datatype, shape, data):
    return np.array(data, DTYPES[datatype]).reshape(shape)


def measure(session, request, parallel, seconds):
    took, end = [], time.perf_counter() + seconds

    def run_until_end():
        while (begun := time.perf_counter()) < end:
            session.run(None, request)
            took.append(1000 * (time.perf_counter() - begun))

    threads = [threading.Thread(target=run_until_end) for _ in range(parallel)]
    processor, begun = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, processor = time.perf_counter() - begun, time.process_time() - processor
    return {"perSecond": len(took) / elapsed, "p50Ms": float(np.percentile(took, 50)),
            "p99Ms": float(np.percentile(took, 99)), "cpuMs": 1000 * processor / len(took)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--request", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=1, help="of one run")
    parser.add_argument("--parallel", type=int, default=1, help="runs at the same time")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--outputs", action="store_true", help="print the outputs instead, each as a flat list")
    asked = parser.parse_args()
    session, request = options.open_session(asked.model, asked.threads), read_request(asked.request)
    if asked.outputs:
        outputs = [output.ravel().tolist() for output in session.run(None, request)]
        print(json.dumps(dict(zip(options.output_names(session), outputs))))
        return
    for _ in range(WARM_UP_RUNS):
        session.run(None, request)
    print(json.dumps(measure(session, request, asked.parallel, asked.seconds)))


if __name__ == "__main__":
    main()
