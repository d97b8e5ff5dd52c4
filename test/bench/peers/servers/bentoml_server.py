"""BentoML with its own JSON; GET /readyz.

POST /predict {"inputs": {"INPUT": nested list, ...}} answers {"OUTPUT": nested list, ...}. With its batching, which is
of one array: POST /predict {"x": nested list} answers a nested list.
"""
import os
import pathlib
import sys

import bentoml
import numpy as np

import options

# Milliseconds within which a gathered batch has to be answered; BentoML finds out itself how long to wait.
BATCH_LATENCY = 1000
WORKERS, BATCH = (int(os.environ.get(f"BENCH_{name}", 0)) for name in ("WORKERS", "BATCH"))


@bentoml.service(workers=WORKERS or 1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Model:
    def __init__(self):
        self.session = options.open_session(os.environ["BENCH_MODEL"], os.environ["BENCH_THREADS"])
        self.dtypes, self.names = options.dtypes_of(self.session), options.output_names(self.session)

    if BATCH:
        @bentoml.api(batchable=True, max_batch_size=BATCH, max_latency_ms=BATCH_LATENCY)
        def predict(self, x: np.ndarray) -> np.ndarray:
            return self.session.run(None, {"x": x.astype(np.float32)})[0]
    else:
        @bentoml.api
        def predict(self, inputs: dict) -> dict:
            feeds = {name: np.array(inputs[name], dtype) for name, dtype in self.dtypes.items()}
            outputs = self.session.run(None, feeds)
            return dict(zip(self.names, (output.tolist() for output in outputs)))


if __name__ == "__main__":
    asked = options.read_options()
    os.environ.update(BENCH_MODEL=str(asked.model), BENCH_THREADS=str(asked.threads), BENCH_WORKERS=str(asked.workers),
                      BENCH_BATCH=str(asked.batch), PYTHONPATH=sys.path[0], BENTOML_HOME=str(asked.scratch / "bentoml"),
                      BENTOML_DO_NOT_TRACK="1")
    program = str(pathlib.Path(sys.executable).with_name("bentoml"))
    os.execv(program, [program, "serve", "bentoml_server:Model", "--working-dir", sys.path[0], "--host", "127.0.0.1",
                       "--port", str(asked.http_port)])
