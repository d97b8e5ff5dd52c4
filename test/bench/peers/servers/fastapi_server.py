"""FastAPI over ONNX Runtime as it is written by hand: nested lists in and out, a plain function, several processes.

POST /predict {"INPUT": nested list, ...} answers {"OUTPUT": nested list, ...}; GET /health.
"""
import os
import sys

import fastapi
import numpy as np
import pydantic
import uvicorn

import options


def application():
    session = options.open_session(os.environ["BENCH_MODEL"], os.environ["BENCH_THREADS"])
    dtypes, names = options.dtypes_of(session), options.output_names(session)
    Inputs = pydantic.create_model("Inputs", **{name: (list | float, ...) for name in dtypes})
    app = fastapi.FastAPI()

    @app.post("/predict")
    def predict(inputs: Inputs):
        outputs = session.run(None, {name: np.array(getattr(inputs, name), dtype) for name, dtype in dtypes.items()})
        return dict(zip(names, (output.tolist() for output in outputs)))

    @app.get("/health")
    def health():
        return {}

    return app


if __name__ == "__main__":
    asked = options.read_options()
    os.environ["BENCH_MODEL"], os.environ["BENCH_THREADS"] = str(asked.model), str(asked.threads)
    os.environ["PYTHONPATH"] = sys.path[0]
    uvicorn.run("fastapi_server:application", factory=True, host="127.0.0.1", port=asked.http_port,
                workers=asked.workers, access_log=False, log_level="warning")
