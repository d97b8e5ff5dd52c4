"""The KServe SDK with a model of our own: the Open Inference Protocol v2 as JSON, with binary tensors, and gRPC."""
import logging

import kserve
from kserve.utils.utils import generate_uuid

import options


class Model(kserve.Model):
    def __init__(self, name, path, threads):
        super().__init__(name)
        self.path, self.threads, self.session = path, threads, None

    def load(self):
        self.session = options.open_session(self.path, self.threads)
        self.ready = True
        return True

    def predict(self, request, headers=None):
        results = self.session.run(None, {value.name: value.as_numpy() for value in request.inputs})
        outputs = []
        for value, result in zip(self.session.get_outputs(), results):
            output = kserve.InferOutput(value.name, list(result.shape), options.DATATYPES[value.type])
            output.set_data_from_numpy(result, binary_data=True)
            outputs.append(output)
        return kserve.InferResponse(request.id or generate_uuid(), self.name, outputs,
                                    use_binary_outputs=request.use_binary_outputs,
                                    requested_outputs=request.request_outputs)


if __name__ == "__main__":
    asked = options.read_options()
    model = Model(asked.name, asked.model, asked.threads)
    model.load()
    # A line a request otherwise.
    logging.getLogger("kserve.trace").setLevel(logging.WARNING)
    kserve.ModelServer(http_port=asked.http_port, grpc_port=asked.grpc_port, workers=asked.workers,
                       enable_latency_logging=False, access_log_format=None).start([model])
