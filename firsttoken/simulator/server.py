"""The HTTP edge: which path is answered how, and the way of a request through the checks to its slot."""

import asyncio
import time
from functools import partial

import msgspec
from aiohttp import web

from firsttoken.simulator.admission import Admission
from firsttoken.simulator.dialects import ROUTES
from firsttoken.simulator.dialects.dialect import Route
from firsttoken.simulator.errors import ApiError, broken, unknown_url, wrong_method
from firsttoken.simulator.exchange import Exchange
from firsttoken.simulator.host import Host
from firsttoken.simulator.timing.write_timer import WriteTimer
from firsttoken.simulator.truth import TruthLog

LARGEST_BODY = 64 * 2**20
"""Bytes of a request; room for a prompt of some ten million words."""


MODELS = "/v1/models"


class Server:
    """Serves the hosted models; every request for an answer leaves one line in the log, however it ends."""

    def __init__(self, host: Host, log: TruthLog) -> None:
        self._host = host
        self._log = log
        self._write_timer = WriteTimer()
        self._admissions = {name: Admission(hosted.service) for name, hosted in host.models.items()}
        self._open: set[Exchange] = set()
        self._ending = False

    def application(self) -> web.Application:
        """Return the aiohttp application; it wants a runner with handler_cancellation."""
        app = web.Application(client_max_size=LARGEST_BODY)
        for path, route in ROUTES.items():
            app.router.add_post(path, partial(self._answer, route))
        app.router.add_get(MODELS, self._list_models)
        app.router.add_route("*", "/{tail:.*}", self._refuse_url)
        return app

    def end(self) -> None:
        """Cut every request that is under way; their handlers end with it."""
        self._ending = True
        for exchange in self._open:
            exchange.abort()

    async def _answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(request)
        self._open.add(exchange)
        try:
            return await self._serve(route, exchange)
        except ApiError as error:
            return exchange.refuse(error)
        except (asyncio.CancelledError, ConnectionError):
            exchange.truth.fault = exchange.truth.fault or ("server_ended" if self._ending else "client_gone")
            raise asyncio.CancelledError from None  # aiohttp closes the connection of a cancelled handler, quietly
        finally:
            self._open.discard(exchange)
            exchange.truth.end_ns = time.monotonic_ns()
            self._log.add(exchange.truth)

    async def _serve(self, route: Route, exchange: Exchange) -> web.StreamResponse:
        """Check a request, wait for a slot, answer. Raises ApiError for whatever is answered with an error."""
        ask = route.read_ask(await exchange.request.read())
        exchange.truth.model = ask.model
        hosted = self._host.find(ask.model, exchange.key)
        hosted.check(ask)
        service = hosted.service
        job = service.deal(ask.prompt.tokens, ask.max_tokens, ask.prompt.blocks)
        async with self._admissions[ask.model].slot(job):
            exchange.truth.slot_wait_ns = job.waited_ns
            if job.fault == "error":
                exchange.truth.fault = "error"
                raise broken(service.headers(time.monotonic_ns()))
            answer = route.answer(ask, job, exchange.name, int(time.time()))
            give = exchange.stream if ask.stream else exchange.send_whole
            return await give(answer, job, service, self._write_timer)

    async def _list_models(self, request: web.Request) -> web.Response:
        exchange = Exchange(request)
        try:
            names = self._host.list_models(exchange.key)
        except ApiError as error:
            return exchange.refuse(error)
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "firsttoken"} for name in names]
        return exchange.respond(200, msgspec.json.encode({"object": "list", "data": models}), {})

    async def _refuse_url(self, request: web.Request) -> web.Response:
        if request.path in (*ROUTES, MODELS):
            error = wrong_method(request.method, request.path)
        else:
            error = unknown_url(request.method, request.path)
        return Exchange(request).refuse(error)
