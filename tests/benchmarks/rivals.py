"""What others do with the same streams: `python tests/benchmarks/rivals.py sdk|aiohttp PORT STREAMS`.

Rule: the shortest program that a competent user of the package would write, so many streams back to back, begun over
one answer's time. It runs until its stdin closes; its CPU time is read from outside, as that of every client.
"""

import os
import sys

RAMP_S = 1.5
ASK = {
    "model": "bench",
    "messages": [{"role": "user", "content": "Tell me a story."}],
    "max_tokens": 100,
    "stream": True,
    "stream_options": {"include_usage": True},
}


def read_with_sdk(port: int, streams: int) -> None:
    """The OpenAI package's own client, in greenlets: what most Locust files do."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    import gevent.os
    from openai import OpenAI

    client = OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)

    def stream_back_to_back(start_s: float) -> None:
        gevent.sleep(start_s)
        while True:
            for _chunk in client.chat.completions.create(**ASK):
                pass

    for number in range(streams):
        gevent.spawn(stream_back_to_back, RAMP_S * number / streams)
    gevent.os.tp_read(0, 1)
    os._exit(0)


def read_with_aiohttp(port: int, streams: int) -> None:
    """aiohttp, reading lines: what most benchmark clients do."""
    import asyncio

    import aiohttp

    async def stream_back_to_back(session: aiohttp.ClientSession, start_s: float) -> None:
        await asyncio.sleep(start_s)
        while True:
            async with session.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=ASK) as answer:
                async for _line in answer.content:
                    pass

    async def run() -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            users = [
                asyncio.create_task(stream_back_to_back(session, RAMP_S * number / streams))
                for number in range(streams)
            ]
            await asyncio.to_thread(os.read, 0, 1)
            for user in users:
                user.cancel()

    asyncio.run(run())


def main() -> None:
    """Be the client that the first argument names."""
    clients = {"sdk": read_with_sdk, "aiohttp": read_with_aiohttp}
    clients[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))


if __name__ == "__main__":
    main()
