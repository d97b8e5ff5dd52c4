"""LitServe with its own JSON.

POST /predict {"INPUT": nested list, ...} answers {"OUTPUT": nested list, ...}; GET /health.
"""
import litserve
import numpy as np

import options

# Seconds that a request may wait for others to make a batch with.
BATCH_WAIT = 0.002


class Model(litserve.LitAPI):
    def __init__(self, path, threads, **settings):
        super().__init__(**settings)
        self.path, self.threads = path, threads

    def setup(self, device):
        self.session = options.open_session(self.path, self.threads)
        self.dtypes, self.names = options.dtypes_of(self.session), options.output_names(self.session)

    def decode_request(self, request):
        return {name: np.array(request[name], dtype) for name, dtype in self.dtypes.items()}

    def batch(self, requests):
        return {name: np.concatenate([request[name] for request in requests]) for name in self.dtypes}

    def predict(self, inputs):
        return self.session.run(None, inputs)

    def unbatch(self, outputs):
        return [[output[row:row + 1] for output in outputs] for row in range(len(outputs[0]))]

    def encode_response(self, outputs):
        return dict(zip(self.names, (output.tolist() for output in outputs)))


if __name__ == "__main__":
    asked = options.read_options()
    batching = {"max_batch_size": asked.batch, "batch_timeout": BATCH_WAIT} if asked.batch else {}
    model = Model(asked.model, asked.threads, **batching)
    server = litserve.LitServer(model, accelerator="cpu", workers_per_device=asked.workers)
    server.run(host="127.0.0.1", port=asked.http_port, num_api_servers=asked.workers, generate_client_file=False,
               log_level="warning")
