"""Triton as nvidia-pytriton ships it: without its ONNX Runtime backend.

Its Python backend calls functions in this process. The Open Inference Protocol v2 as JSON, with binary tensors, and
gRPC. --workers is the number of instances.
"""
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

import options

# Microseconds that a request may wait for others to make a batch with.
BATCH_WAIT = 500


def function_of(session, is_batched):
    names = options.output_names(session)

    @batch
    def infer_batch(**inputs):
        return dict(zip(names, session.run(None, inputs)))

    def infer_each(requests):
        return [dict(zip(names, session.run(None, request.data))) for request in requests]

    return infer_batch if is_batched else infer_each


def tensors_of(values, is_batched):
    shapes = [[size if isinstance(size, int) and size > 0 else -1 for size in value.shape] for value in values]
    return [Tensor(name=value.name, dtype=options.DTYPES[value.type], shape=shape[1:] if is_batched else shape)
            for value, shape in zip(values, shapes)]


if __name__ == "__main__":
    asked = options.read_options()
    is_batched = asked.batch > 0
    sessions = [options.open_session(asked.model, asked.threads) for _ in range(asked.workers)]
    if is_batched:
        batcher = DynamicBatcher(max_queue_delay_microseconds=BATCH_WAIT)
        settings = ModelConfig(max_batch_size=asked.batch, batcher=batcher)
    else:
        settings = ModelConfig(batching=False)
    ports = TritonConfig(http_address="127.0.0.1", http_port=asked.http_port, grpc_address="127.0.0.1",
                         grpc_port=asked.grpc_port, allow_metrics=False)
    with Triton(config=ports) as triton:
        triton.bind(asked.name, infer_func=[function_of(session, is_batched) for session in sessions],
                    inputs=tensors_of(sessions[0].get_inputs(), is_batched),
                    outputs=tensors_of(sessions[0].get_outputs(), is_batched), config=settings, strict=False)
        triton.serve()
