"""A client that openapi-python-client makes of the server's /openapi.json, for a model of two inputs and three outputs."""
import atexit
import importlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import checks
from checks import check, equal

http, _ = checks.addresses()
folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-openapi-"))
atexit.register(shutil.rmtree, folder)
document = folder / "openapi.json"
document.write_bytes(urllib.request.urlopen(f"http://{http}/openapi.json").read())
# It would have what it made formatted by programs that are not installed here.
(folder / "config.yaml").write_text("post_hooks: []\n")
made = subprocess.run(
    [sys.executable, "-m", "openapi_python_client", "generate", "--path", document, "--meta", "none",
     "--output-path", folder / "made_client", "--config", folder / "config.yaml"],
    check=True, capture_output=True, text=True,
)
sys.path.insert(0, str(folder))


def of(module):
    return importlib.import_module(f"made_client.{module}")


models = of("models")
client = of("client").Client(base_url=f"http://{http}", raise_on_unexpected_status=True)


def inputs(a=(1.0, 0.0), b=(0.5, 0.0)):
    return [
        models.InferInputA(name="a", datatype="FP32", shape=[1, 2], data=list(a)),
        models.InferInputB(name="b", datatype="FP32", shape=[1, 2], data=list(b)),
    ]


@check("the document is taken without a warning, as a whole")
def _():
    equal(made.stderr.strip(), "")
    assert "WARNING" not in made.stdout.upper(), made.stdout
    operations = sum(len(path) for path in json.loads(document.read_text())["paths"].values())
    functions = list((folder / "made_client" / "api").glob("*/[!_]*.py"))
    assert 15 <= len(functions) <= operations, f"{len(functions)} of {operations} operations"


@check("a prediction in the Open Inference Protocol, its outputs typed, NaN among them")
def _():
    answer = of("api.predictions.infer").sync(client=client, body=models.InferRequest(inputs=inputs(), id="7"))
    assert isinstance(answer, models.InferResponse), answer
    equal(answer.id, "7")
    total, difference, quotient = answer.outputs
    assert isinstance(total, models.InferOutputTotal) and isinstance(quotient, models.InferOutputQuotient)
    equal((total.data, difference.data, quotient.data), ([1.5, 0.0], [0.5, 0.0], [2.0, "NaN"]))


@check("outputs that are asked for by name")
def _():
    wanted = [models.RequestedOutput(name=models.RequestedOutputName("difference"))]
    body = models.InferRequest(inputs=inputs(), outputs=wanted)
    (answer,) = of("api.predictions.infer").sync(client=client, body=body).outputs
    equal((answer.name, answer.data), ("difference", [0.5, 0.0]))


@check("a prediction in V1, by rows and by columns, and in the shortest form")
def _():
    predict = of("api.predictions.predict_v1")
    row = models.V1RequestInstancesItem(a=[1.0, 2.0], b=[1.0, 1.0])
    (prediction,) = predict.sync(client=client, body=models.V1Request(instances=[row])).predictions
    equal(prediction.to_dict(), {"total": [2, 3], "difference": [0, 1], "quotient": [1, 2]})
    columns = models.V1RequestInputs(a=[[1.0, 2.0]], b=[[1.0, 1.0]])
    equal(predict.sync(client=client, body=models.V1Request(inputs=columns)).outputs.total, [[2, 3]])
    data = models.PredictRequestInputData(a=[[1.0, 2.0]], b=[[1.0, 1.0]])
    answer = of("api.predictions.predict").sync(client=client, body=models.PredictRequest(input_data=data))
    equal(answer.predictions.difference, [[0, 1]])


@check("a mistake is a problem with its code")
def _():
    problem = of("api.predictions.infer").sync(client=client, body=models.InferRequest(inputs=inputs()[:1]))
    assert isinstance(problem, models.Problem), problem
    equal(problem.code, "MissingInput")


@check("what the server tells of itself and of the model")
async def _():
    equal((await of("api.server.server_metadata").asyncio(client=client)).name, "slipway")
    equal(of("api.server.server_ready").sync(client=client).ready, True)
    metadata = of("api.model.model_metadata").sync(client=client)
    equal([(one.name, one.datatype, one.shape) for one in metadata.inputs], [("a", "FP32", [-1, 2]), ("b", "FP32", [-1, 2])])
    equal(of("api.model.model_config").sync(client=client).name, "m")
    equal(of("api.pages.home").sync(client=client).status, "alive")


checks.run_checks()
