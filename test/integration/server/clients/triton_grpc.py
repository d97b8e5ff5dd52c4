"""tritonclient over gRPC, synchronous and asyncio."""
import queue

import checks
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from checks import DATATYPES, FULL, ODD, check, equal, refused, refused_async, same_bits
from tritonclient.utils import InferenceServerException

_, grpc = checks.addresses()
client = triton.InferenceServerClient(grpc)


def inputs(values=FULL, datatypes=DATATYPES):
    made = []
    for datatype in datatypes:
        data = values.get(datatype, FULL[datatype])
        made.append(triton.InferInput(f"in_{datatype}", list(data.shape), datatype).set_data_from_numpy(data))
    return made


def outputs(datatypes):
    return [triton.InferRequestedOutput(f"out_{datatype}") for datatype in datatypes]


def compare(result, values=FULL, datatypes=DATATYPES):
    equal([output.name for output in result.get_response().outputs], [f"out_{one}" for one in datatypes])
    for datatype in datatypes:
        same_bits(result.as_numpy(f"out_{datatype}"), values.get(datatype, FULL[datatype]))


@check("health")
def _():
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("m") and client.is_model_ready("m", "1") and client.is_model_ready("m", "v1")


@check("metadata")
def _():
    server = client.get_server_metadata()
    equal(server.name, "slipway")
    assert "binary_tensor_data" in server.extensions
    for version in ("", "1", "v1"):
        model = client.get_model_metadata("m", version, as_json=True)
        equal(model["inputs"][0], {"name": "in_BOOL", "datatype": "BOOL", "shape": ["-1", "3"]})
        equal(len(model["outputs"]), len(DATATYPES))


@check("configuration")
def _():
    config = client.get_model_config("m").config
    equal((config.name, config.max_batch_size, list(config.input[-1].dims)), ("m", 0, [-1, 3]))
    equal(config.input[-1].data_type, triton.model_config_pb2.TYPE_STRING)


@check("statistics")
def _():
    client.infer("m", inputs())
    for statistics in (client.get_inference_statistics(), client.get_inference_statistics("m", "1")):
        (model,) = statistics.model_stats
        equal(model.name, "m")
        assert model.inference_count >= 1 and model.inference_stats.success.ns > 0


@check("repository index")
def _():
    (model,) = client.get_model_repository_index().models
    equal((model.name, model.version, model.state), ("m", "v1", "READY"))


for algorithm in (None, "gzip", "deflate"):

    @check(f"every datatype, compressed by {algorithm}")
    def _(algorithm=algorithm):
        result = client.infer("m", inputs(), request_id="a 1", compression_algorithm=algorithm)
        compare(result)
        equal(result.get_response().id, "a 1")


@check("NaN and infinities")
def _():
    compare(client.infer("m", inputs(ODD)), ODD)


@check("outputs in the order in which they are named")
def _():
    compare(client.infer("m", inputs(), outputs=outputs(["INT64", "BOOL"])), FULL, ["INT64", "BOOL"])


@check("several rows, none, and many requests at once")
def _():
    many = {datatype: data.repeat(100, axis=0) for datatype, data in FULL.items()}
    done = queue.Queue()
    for _ in range(8):
        client.async_infer("m", inputs(many), lambda result, error: done.put((result, error)), client_timeout=30)
    for _ in range(8):
        result, error = done.get(timeout=30)
        assert error is None, error
        compare(result, many)
    none = {datatype: data[:0] for datatype, data in FULL.items()}
    compare(client.infer("m", inputs(none)), none)


@check("parameters that nothing here follows are refused by name")
def _():
    def asked(**options):
        return lambda: client.infer("m", inputs(), **options)

    refused(InferenceServerException, 'parameter "temperature"', asked(parameters={"temperature": 1}))
    refused(InferenceServerException, 'parameter "sequence_', asked(sequence_id=5, sequence_start=True))
    refused(InferenceServerException, 'parameter "priority"', asked(priority=1))
    refused(InferenceServerException, 'parameter "timeout"', asked(timeout=1000))
    top = [triton.InferRequestedOutput("out_FP32", class_count=2)]
    refused(InferenceServerException, 'parameter "classification"', asked(outputs=top))


@check("mistakes are told with their status")
def _():
    rest = [one for one in inputs() if one.name() != "in_FP32"]
    error = refused(InferenceServerException, 'input "in_FP32" is missing', lambda: client.infer("m", rest))
    equal(error.status(), "StatusCode.INVALID_ARGUMENT")
    wrong_type = triton.InferInput("in_FP32", [1, 3], "FP64").set_data_from_numpy(FULL["FP64"])
    refused(InferenceServerException, 'has datatype "FP64"', lambda: client.infer("m", [wrong_type, *rest]))
    error = refused(InferenceServerException, '"other"', lambda: client.infer("other", inputs()))
    equal(error.status(), "StatusCode.NOT_FOUND")
    error = refused(InferenceServerException, '"9"', lambda: client.is_model_ready("m", "9"))
    equal(error.status(), "StatusCode.NOT_FOUND")


@check("what Triton has and there is not here is refused, streams among it")
def _():
    for call in (
        client.get_system_shared_memory_status,
        client.get_cuda_shared_memory_status,
        client.get_trace_settings,
        client.get_log_settings,
        lambda: client.load_model("m"),
        lambda: client.unload_model("m"),
    ):
        equal(refused(InferenceServerException, "", call).status(), "StatusCode.UNIMPLEMENTED")
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    result, error = answers.get(timeout=30)
    client.stop_stream()
    assert result is None and error.status() == "StatusCode.UNIMPLEMENTED", error


@check("asyncio")
async def _():
    async with triton_aio.InferenceServerClient(grpc) as aio:
        assert await aio.is_server_live() and await aio.is_server_ready() and await aio.is_model_ready("m", "1")
        equal((await aio.get_server_metadata()).name, "slipway")
        equal((await aio.get_model_metadata("m")).versions, ["v1"])
        equal((await aio.get_model_config("m")).config.name, "m")
        equal((await aio.get_inference_statistics("m")).model_stats[0].version, "v1")
        equal((await aio.get_model_repository_index()).models[0].state, "READY")
        for algorithm in (None, "gzip", "deflate"):
            compare(await aio.infer("m", inputs(), compression_algorithm=algorithm))
        error = await refused_async(InferenceServerException, '"other"', lambda: aio.infer("other", inputs()))
        equal(error.status(), "StatusCode.NOT_FOUND")


checks.run_checks()
client.close()
