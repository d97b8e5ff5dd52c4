"""tritonclient over HTTP, synchronous and asyncio."""
import checks
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from checks import DATATYPES, FULL, ODD, check, equal, refused, refused_async, same_bits
from tritonclient.utils import InferenceServerException

http, _ = checks.addresses()
client = triton.InferenceServerClient(http, concurrency=4)


def inputs(binary, values=FULL, datatypes=DATATYPES):
    made = []
    for datatype in datatypes:
        data = values.get(datatype, FULL[datatype])
        one = triton.InferInput(f"in_{datatype}", list(data.shape), datatype)
        made.append(one.set_data_from_numpy(data, binary_data=binary))
    return made


def outputs(binary, datatypes=DATATYPES):
    return [triton.InferRequestedOutput(f"out_{datatype}", binary_data=binary) for datatype in datatypes]


def compare(result, values=FULL, datatypes=DATATYPES):
    equal([output["name"] for output in result.get_response()["outputs"]], [f"out_{one}" for one in datatypes])
    for datatype in datatypes:
        same_bits(result.as_numpy(f"out_{datatype}"), values.get(datatype, FULL[datatype]))


@check("health")
def _():
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("m") and client.is_model_ready("m", "1") and client.is_model_ready("m", "v1")
    assert not client.is_model_ready("other") and not client.is_model_ready("m", "2")


@check("metadata")
def _():
    server = client.get_server_metadata()
    equal(server["name"], "slipway")
    assert {"binary_tensor_data", "model_configuration", "statistics"} <= set(server["extensions"])
    for version in ("", "1", "v1"):
        model = client.get_model_metadata("m", version)
        names = {"parameters": {"dims": ["rows", 3]}}
        equal(model["inputs"][0], {"name": "in_BOOL", "datatype": "BOOL", "shape": [-1, 3]} | names)
        equal(len(model["outputs"]), len(DATATYPES))


@check("configuration")
def _():
    config = client.get_model_config("m")
    equal(config["max_batch_size"], 0)
    equal(config["input"][-1], {"name": "in_BYTES", "data_type": "TYPE_STRING", "dims": [-1, 3]})


@check("statistics")
def _():
    client.infer("m", inputs(True))
    for statistics in (client.get_inference_statistics(), client.get_inference_statistics("m", "1")):
        (model,) = statistics["model_stats"]
        equal(model["name"], "m")
        assert model["inference_count"] >= 1 and model["inference_stats"]["success"]["ns"] > 0


@check("repository index")
def _():
    equal(client.get_model_repository_index(), [{"name": "m", "version": "v1", "state": "READY", "reason": ""}])


for binary_in in (True, False):
    for binary_out in (True, False):
        for algorithm in (None, "gzip", "deflate"):
            form = f"{'binary' if binary_in else 'JSON'} to {'binary' if binary_out else 'JSON'}"

            @check(f"every datatype, {form}, compressed by {algorithm}")
            def _(binary_in=binary_in, binary_out=binary_out, algorithm=algorithm):
                result = client.infer(
                    "m",
                    inputs(binary_in),
                    outputs=outputs(binary_out),
                    request_id="a 1",
                    request_compression_algorithm=algorithm,
                    response_compression_algorithm=algorithm,
                )
                compare(result)
                equal(result.get_response()["id"], "a 1")


@check("all outputs are binary when none is named")
def _():
    result = client.infer("m", inputs(True))
    compare(result)
    assert all("binary_data_size" in output["parameters"] for output in result.get_response()["outputs"])


@check("NaN and infinities, by binary and back as JSON")
def _():
    compare(client.infer("m", inputs(True, ODD)), ODD)
    result = client.infer("m", inputs(True, ODD), outputs=outputs(False))
    equal(result.get_output("out_FP32")["data"], ["NaN", "Infinity", "-Infinity"])
    compare(result, ODD)


@check("outputs in the order in which they are named")
def _():
    compare(client.infer("m", inputs(True), outputs=outputs(True, ["INT64", "BOOL"])), FULL, ["INT64", "BOOL"])


@check("several rows, none, and many requests at once")
def _():
    many = {datatype: data.repeat(100, axis=0) for datatype, data in FULL.items()}
    for request in [client.async_infer("m", inputs(True, many)) for _ in range(8)]:
        compare(request.get_result(), many)
    none = {datatype: data[:0] for datatype, data in FULL.items()}
    for binary in (True, False):
        compare(client.infer("m", inputs(binary, none), outputs=outputs(binary)), none)


@check("bodies that the client makes for others to send")
def _():
    body, size = triton.InferenceServerClient.generate_request_body(inputs(True), outputs=outputs(True))
    response = client._client_stub.post("/v2/models/m/infer", body=body, headers={"Inference-Header-Content-Length": size})
    length = response.get("inference-header-content-length")
    compare(triton.InferenceServerClient.parse_response_body(response.read(), header_length=int(length)))


@check("parameters that nothing here follows are refused by name")
def _():
    def asked(**options):
        return lambda: client.infer("m", inputs(True), **options)

    refused(InferenceServerException, 'parameter "temperature"', asked(parameters={"temperature": 1}))
    refused(InferenceServerException, 'parameter "sequence_', asked(sequence_id=5, sequence_start=True))
    refused(InferenceServerException, 'parameter "priority"', asked(priority=1))
    refused(InferenceServerException, 'parameter "timeout"', asked(timeout=1000))
    top = [triton.InferRequestedOutput("out_FP32", class_count=2)]
    refused(InferenceServerException, 'parameter "classification"', asked(outputs=top))


@check("mistakes are told with their status")
def _():
    wrong_shape = triton.InferInput("in_FP32", [1, 4], "FP32").set_data_from_numpy(ODD["FP32"].repeat(4)[:4].reshape(1, 4))
    rest = [one for one in inputs(True) if one.name() != "in_FP32"]
    error = refused(InferenceServerException, 'input "in_FP32" has shape [1,4]', lambda: client.infer("m", [wrong_shape, *rest]))
    equal(error.status(), "400")
    wrong_type = triton.InferInput("in_FP32", [1, 3], "FP64").set_data_from_numpy(FULL["FP64"])
    refused(InferenceServerException, 'has datatype "FP64"', lambda: client.infer("m", [wrong_type, *rest]))
    refused(InferenceServerException, 'input "in_FP32" is missing', lambda: client.infer("m", rest))
    refused(InferenceServerException, "[400]", lambda: client.infer("m", inputs(True), outputs=[triton.InferRequestedOutput("z")]))
    equal(refused(InferenceServerException, '"other"', lambda: client.infer("other", inputs(True))).status(), "404")
    equal(refused(InferenceServerException, '"9"', lambda: client.get_model_metadata("m", "9")).status(), "404")


@check("what Triton has and there is not here is refused")
def _():
    for call in (
        client.get_system_shared_memory_status,
        client.get_cuda_shared_memory_status,
        client.get_trace_settings,
        client.get_log_settings,
        lambda: client.load_model("m"),
        lambda: client.unload_model("m"),
        lambda: client.register_system_shared_memory("a", "/a", 1),
    ):
        equal(refused(InferenceServerException, "", call).status(), "404")
    shared = triton.InferInput("in_FP32", [1, 3], "FP32")
    shared.set_shared_memory("region", 12)
    rest = [one for one in inputs(True) if one.name() != "in_FP32"]
    refused(InferenceServerException, "shared_memory", lambda: client.infer("m", [shared, *rest]))


@check("asyncio")
async def _():
    async with triton_aio.InferenceServerClient(http) as aio:
        assert await aio.is_server_live() and await aio.is_server_ready() and await aio.is_model_ready("m", "1")
        equal((await aio.get_server_metadata())["name"], "slipway")
        equal((await aio.get_model_metadata("m"))["versions"], ["v1"])
        equal((await aio.get_model_config("m"))["name"], "m")
        equal((await aio.get_inference_statistics("m"))["model_stats"][0]["version"], "v1")
        equal((await aio.get_model_repository_index())[0]["state"], "READY")
        for binary in (True, False):
            for algorithm in (None, "gzip", "deflate"):
                compare(
                    await aio.infer(
                        "m",
                        inputs(binary),
                        outputs=outputs(binary),
                        request_compression_algorithm=algorithm,
                        response_compression_algorithm=algorithm,
                    )
                )
        error = await refused_async(InferenceServerException, '"other"', lambda: aio.infer("other", inputs(True)))
        equal(error.status(), "404")


checks.run_checks()
client.close()
