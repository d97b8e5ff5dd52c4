"""The client of KServe's SDK: V1, V2 as JSON and in binary form, gRPC."""
import logging

import checks
import grpc as grpc_status
import httpx
import numpy as np
from checks import DATATYPES, FULL, ODD, check, equal, refused_async, same_bits
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

http, grpc = checks.addresses()
base = f"http://{http}"
# It logs what it raises.
logging.disable(logging.CRITICAL)
# Its own JSON form has no half floats.
IN_JSON = [datatype for datatype in DATATYPES if datatype != "FP16"]


def request(binary, values=FULL, datatypes=DATATYPES, **more):
    inputs = []
    for datatype in datatypes:
        data = values.get(datatype, FULL[datatype])
        one = InferInput(f"in_{datatype}", list(data.shape), datatype)
        one.set_data_from_numpy(data, binary_data=binary)
        inputs.append(one)
    return InferRequest(model_name="m", infer_inputs=inputs, **more)


def compare(response, values=FULL, datatypes=DATATYPES):
    equal([output.name for output in response.outputs], [f"out_{one}" for one in datatypes])
    for output, datatype in zip(response.outputs, datatypes):
        found = output.as_numpy()
        same_bits(found.reshape(output.shape), values.get(datatype, FULL[datatype]))


def rest(protocol):
    return InferenceRESTClient(RESTConfig(protocol=protocol))


@check("V1: health")
async def _():
    async with rest("v1") as client:
        assert await client.is_server_live(base)
        assert await client.is_model_ready(base, "m")
        error = await refused_async(httpx.HTTPStatusError, '"other"', lambda: client.is_model_ready(base, "other"))
        equal(error.response.status_code, 404)


@check("V1: instances, columns, mistakes")
async def _():
    row = {f"in_{datatype}": FULL[datatype][0].tolist() for datatype in ("INT32", "FP32")}
    async with rest("v1") as client:
        answer = await client.infer(base, {"instances": [row_of()]}, model_name="m")
        equal(answer["predictions"][0]["out_INT32"], row["in_INT32"])
        equal(np.float32(answer["predictions"][0]["out_FP32"]).tolist(), row["in_FP32"])
        columns = {name: [value] for name, value in row_of().items()}
        equal((await client.infer(base, {"inputs": columns}, model_name="m"))["outputs"]["out_BOOL"], [[True, False, True]])
        await refused_async(httpx.HTTPStatusError, "400", lambda: client.infer(base, {"instances": [{}]}, model_name="m"))
        await refused_async(httpx.HTTPStatusError, "explain", lambda: client.explain(base, "m", {"instances": []}))


def row_of():
    def plain(value):
        return value.decode() if isinstance(value, bytes) else value

    return {f"in_{datatype}": [plain(value) for value in data[0].tolist()] for datatype, data in FULL.items()}


@check("V2: health")
async def _():
    async with rest("v2") as client:
        assert await client.is_server_live(base) and await client.is_server_ready(base)
        assert await client.is_model_ready(base, "m") and not await client.is_model_ready(base, "other")


@check("V2: every datatype, binary to binary")
async def _():
    async with rest("v2") as client:
        asked = request(True, parameters={"binary_data_output": True}, request_id="a 1")
        response = await client.infer(base, asked, model_name="m")
        compare(response)
        equal(response.id, "a 1")
        odd = request(True, ODD, parameters={"binary_data_output": True})
        compare(await client.infer(base, odd, model_name="m"), ODD)


@check("V2: every datatype, JSON to JSON")
async def _():
    async with rest("v2") as client:
        asked = request(False, datatypes=IN_JSON)
        halves = request(True, datatypes=["FP16"]).inputs
        asked.inputs.extend(halves)
        wanted = [RequestedOutput(f"out_{datatype}", parameters={"binary_data": False}) for datatype in IN_JSON]
        asked.request_outputs = wanted
        compare(await client.infer(base, asked, model_name="m"), FULL, IN_JSON)


@check("V2: outputs in the form and the order in which they are named")
async def _():
    async with rest("v2") as client:
        names = ["FP64", "BYTES"]
        wanted = [RequestedOutput(f"out_{one}", parameters={"binary_data": one == "BYTES"}) for one in names]
        compare(await client.infer(base, request(True, request_outputs=wanted), model_name="m"), FULL, names)


@check("V2: mistakes are told with their status")
async def _():
    async with rest("v2") as client:
        partial = request(True, datatypes=["FP32"])
        error = await refused_async(httpx.HTTPStatusError, "is missing", lambda: client.infer(base, partial, model_name="m"))
        equal(error.response.status_code, 400)
        error = await refused_async(httpx.HTTPStatusError, '"z"', lambda: client.infer(base, request(True), model_name="z"))
        equal(error.response.status_code, 404)


@check("gRPC: health")
async def _():
    async with InferenceGRPCClient(grpc) as client:
        assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("m")
        error = await refused_async(grpc_status.RpcError, '"other"', lambda: client.is_model_ready("other"))
        equal(error.code(), grpc_status.StatusCode.NOT_FOUND)


@check("gRPC: every datatype, raw and typed")
async def _():
    async with InferenceGRPCClient(grpc) as client:
        compare(await client.infer(request(True)))
        compare(await client.infer(request(True, ODD)), ODD)
        partial = request(False, datatypes=IN_JSON)
        error = await refused_async(grpc_status.RpcError, '"in_FP16" is missing', lambda: client.infer(partial))
        equal(error.code(), grpc_status.StatusCode.INVALID_ARGUMENT)


checks.run_checks()
