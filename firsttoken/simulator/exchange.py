"""One request and its answer over HTTP, and the truth about them as it comes to pass."""

import asyncio
from time import monotonic_ns
from uuid import uuid4

from aiohttp import HttpVersion11, web

from firsttoken.simulator.dialects.dialect import Answer
from firsttoken.simulator.errors import ApiError
from firsttoken.simulator.service import Job, Service
from firsttoken.simulator.timing.stream import Mute, Stream
from firsttoken.simulator.timing.write_timer import WriteTimer
from firsttoken.simulator.truth import Truth

SSE = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
JSON = {"content-type": "application/json"}


class Exchange:
    """A request from its arrival to the end of its answer; made when its headers have been read."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.name = uuid4().hex
        self.truth = Truth(request_id=f"req_{self.name}", model="", arrival_ns=monotonic_ns())

    @property
    def key(self) -> str:
        """The bearer key of the request, empty if there is none."""
        return self.request.headers.get("authorization", "").removeprefix("Bearer ").strip()

    async def stream(self, answer: Answer, job: Job, service: Service, write_timer: WriteTimer) -> web.StreamResponse:
        """Send headers and what precedes the tokens now, ahead of them, and each token when it is due.

        HTTP/1.0 knows no chunks: there the end of the connection ends the answer.
        """
        response = web.StreamResponse(headers=SSE | self._headers() | service.headers(monotonic_ns()))
        is_chunked = self.request.version >= HttpVersion11
        if is_chunked:
            response.enable_chunked_encoding()
        else:
            response.force_close()
        await response.prepare(self.request)
        self.truth.status = response.status
        await response.write(answer.opening())
        stream = Stream(job, service, answer.tokens(), self._transport(), self.request.protocol, is_chunked=is_chunked)
        try:
            await self._run(stream, job, write_timer)
        finally:
            self.truth.first_token_ns, self.truth.last_token_ns = stream.first_token_ns, stream.last_token_ns
        await response.write_eof(answer.closing())
        return response

    async def send_whole(
        self, answer: Answer, job: Job, service: Service, write_timer: WriteTimer
    ) -> web.StreamResponse:
        """Take the time that a stream would take, then answer in one piece."""
        await self._run(
            Stream(job, service, answer.tokens(), Mute(self._transport()), self.request.protocol), job, write_timer
        )
        return self.respond(200, answer.whole(), service.headers(monotonic_ns()))

    async def _run(self, stream: Stream, job: Job, write_timer: WriteTimer) -> None:
        try:
            await write_timer.run(stream)
        finally:
            self.truth.tokens = stream.tokens
            self.truth.fault = job.fault if stream.struck else None
        if self.truth.fault == "cut":
            raise ConnectionResetError("the connection was cut, as planned for this request")

    def refuse(self, error: ApiError) -> web.Response:
        """Answer with an error."""
        return self.respond(error.status, error.body(), error.headers)

    def respond(self, status: int, body: bytes, headers: dict[str, str]) -> web.Response:
        """Answer in one piece, with these headers beside those that every answer carries."""
        self.truth.status = status
        return web.Response(status=status, body=body, headers=JSON | self._headers() | headers)

    def abort(self) -> None:
        """Cut the connection."""
        if self.request.transport:
            self.request.transport.abort()

    def _headers(self) -> dict[str, str]:
        """Return the request's id and the milliseconds from its arrival to now."""
        processing_ms = (monotonic_ns() - self.truth.arrival_ns) // 1_000_000
        return {"x-request-id": self.truth.request_id, "openai-processing-ms": str(processing_ms)}

    def _transport(self) -> asyncio.Transport:
        if self.request.transport is None:
            raise ConnectionResetError("the client closed the connection before it was answered")
        return self.request.transport
