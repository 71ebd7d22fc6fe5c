"""All ways, by name: how the callers of a client process are opened.

Each is an async function of the process's configuration that gives the sessions' callers, one for each
session; sessions that share connections have the same object. MIN_VERSION_IN_BATCHES names the ways
that can ask for a version of each key of a batch."""

import concurrent.futures

from kit.load.callers.batch import BatchCaller
from kit.load.callers.client_library import ClientLibraryCaller
from kit.load.callers.pipeline import PipelineCaller
from kit.load.callers.rest import RestCaller
from kit.load.callers.unary import UnaryCaller

MIN_VERSION_IN_BATCHES = ("batch",)


def _for_each_coordinator(kind):
    async def open_callers(config):
        callers = [kind(i, address) for i, address in enumerate(config["coordinators"])]
        return callers * config["sessions"]
    return open_callers


async def _open_rest(config):
    gateways = list(enumerate(config["gateways"])) * config["sessions"]
    pool = concurrent.futures.ThreadPoolExecutor(len(gateways))
    return [RestCaller(gateway, port, pool) for gateway, port in gateways]


async def _open_client_library(config):
    caller = await ClientLibraryCaller(config["coordinators"]).start()
    return [caller] * config["sessions"] * len(config["coordinators"])


CALLERS = {
    "unary": _for_each_coordinator(UnaryCaller),
    "batch": _for_each_coordinator(BatchCaller),
    "pipeline": _for_each_coordinator(PipelineCaller),
    "rest": _open_rest,
    "client": _open_client_library,
}
# The ways that can touch many keys in one call.
TOUCH_IN_BATCHES = ("batch",)
# The part of a round's operations that each way gets.
SHARES = {"unary": 0.3, "rest": 0.2, "client": 0.25, "pipeline": 0.15, "batch": 0.1}
# The part of their calls that are batches, and the most keys of one.
BATCHES = {"batch": (1.0, 10), "rest": (0.15, 10), "client": (0.15, 10)}
