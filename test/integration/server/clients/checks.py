"""Checks of a client by name, run one after the other; each prints a line of JSON that says what was wrong, or null."""
import asyncio
import inspect
import json
import sys
import traceback

import numpy as np

_checks = []


def check(name):
    def register(function):
        _checks.append((name, function))
        return function

    return register


def run_checks():
    """All in one event loop: clients that are shared between checks are bound to the one they began in."""

    async def run():
        for name, function in _checks:
            fault = None
            try:
                result = function()
                if inspect.isawaitable(result):
                    await result
            except BaseException:
                fault = traceback.format_exc(limit=-3)
            print(json.dumps({"check": name, "fault": fault}), flush=True)

    asyncio.run(run())


def equal(found, wanted):
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def same_bits(found, wanted):
    """Shape, datatype and every bit; strings by what they are."""
    assert found is not None, "there is no such output"
    equal(found.shape, wanted.shape)
    if wanted.dtype == np.object_:
        decoded = [text.decode() if isinstance(text, bytes) else text for text in found.ravel().tolist()]
        equal(decoded, [text.decode() for text in wanted.ravel().tolist()])
        return
    equal(found.dtype, wanted.dtype)
    assert found.tobytes() == wanted.tobytes(), f"found {found!r}, wanted {wanted!r}"


def refused(kind, pattern, call):
    """Gives the error back."""
    try:
        call()
    except kind as error:
        assert pattern in str(error), f"{pattern!r} is not in {error}"
        return error
    raise AssertionError("it was not refused")


async def refused_async(kind, pattern, call):
    try:
        await call()
    except kind as error:
        assert pattern in str(error), f"{pattern!r} is not in {error}"
        return error
    raise AssertionError("it was not refused")


def addresses():
    """Of HTTP and of gRPC, without a scheme."""
    return sys.argv[1], sys.argv[2]


# One row of every datatype of the model, at the ends of their ranges, by the names of its inputs. Floats have their odd
# values where the form can carry them.
FULL = {
    "BOOL": np.array([[True, False, True]]),
    "UINT8": np.array([[0, 1, 255]], np.uint8),
    "UINT16": np.array([[0, 1, 65535]], np.uint16),
    "UINT32": np.array([[0, 1, 2**32 - 1]], np.uint32),
    "UINT64": np.array([[0, 2**53 + 1, 2**64 - 1]], np.uint64),
    "INT8": np.array([[-128, 0, 127]], np.int8),
    "INT16": np.array([[-(2**15), 0, 2**15 - 1]], np.int16),
    "INT32": np.array([[-(2**31), 0, 2**31 - 1]], np.int32),
    "INT64": np.array([[-(2**63), 2**53 + 1, 2**63 - 1]], np.int64),
    "FP16": np.array([[-0.0, 0.1, 65504]], np.float16),
    "FP32": np.array([[-0.0, 0.1, 3.4028235e38]], np.float32),
    "FP64": np.array([[-0.0, 0.1, 1.7976931348623157e308]], np.float64),
    "BYTES": np.array([["", "grüße 😀", 'a "b"\n'.strip()]], object),
}
FULL["BYTES"] = np.array([[text.encode() for text in FULL["BYTES"][0]]], object)
ODD = {
    "FP16": np.array([[np.nan, np.inf, -np.inf]], np.float16),
    "FP32": np.array([[np.nan, np.inf, -np.inf]], np.float32),
    "FP64": np.array([[np.nan, np.inf, -np.inf]], np.float64),
}
DATATYPES = list(FULL)
