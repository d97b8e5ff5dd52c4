"""MLServer with a runtime of our own: the Open Inference Protocol v2 as JSON and gRPC.

As a script it writes the settings that MLServer reads and becomes `mlserver start`. --workers 0 runs the model in the
server's own process.
"""
import json
import os
import pathlib
import sys

import mlserver
import mlserver.codecs

import options

# Seconds that a request may wait for others to make a batch with.
BATCH_WAIT = 0.002


class Model(mlserver.MLModel):
    async def load(self):
        parameters = self.settings.parameters
        self.session = options.open_session(parameters.uri, parameters.extra["threads"])
        self.names = options.output_names(self.session)
        return True

    async def predict(self, request):
        codec = mlserver.codecs.NumpyCodec
        outputs = self.session.run(None, {value.name: codec.decode_input(value) for value in request.inputs})
        encoded = [codec.encode_output(name, output) for name, output in zip(self.names, outputs)]
        return mlserver.types.InferenceResponse(model_name=self.name, id=request.id, outputs=encoded)


if __name__ == "__main__":
    asked = options.read_options()
    server = {"host": "127.0.0.1", "http_port": asked.http_port, "grpc_port": asked.grpc_port,
              "metrics_port": asked.metrics_port, "parallel_workers": asked.workers, "debug": False}
    model = {"name": asked.name, "implementation": "mlserver_server.Model",
             "parameters": {"uri": str(asked.model), "extra": {"threads": asked.threads}}}
    if asked.batch:
        model |= {"max_batch_size": asked.batch, "max_batch_time": BATCH_WAIT}
    for file, settings in {"settings.json": server, "model-settings.json": model}.items():
        (asked.scratch / file).write_text(json.dumps(settings))
    os.environ["PYTHONPATH"] = sys.path[0]
    program = str(pathlib.Path(sys.executable).with_name("mlserver"))
    os.execv(program, [program, "start", str(asked.scratch)])
