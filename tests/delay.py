"""A long cable: a TCP proxy that hands on every byte some milliseconds later. LISTEN-PORT HOST PORT DELAY-MS"""

import asyncio
import sys


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Hand on what comes, later and in order, and then the end."""
    loop, due = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

    async def hand_on() -> None:
        while True:
            at_s, data = await due.get()
            await asyncio.sleep(max(0.0, at_s - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)

    handing = asyncio.create_task(hand_on())
    try:
        while data := await reader.read(1 << 16):
            due.put_nowait((loop.time() + delay_s, data))
    except ConnectionError:
        pass  # as good as its end
    due.put_nowait((loop.time(), b""))
    await handing


async def main(port: int, host: str, to_port: int, delay_s: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, to_port)
        await asyncio.gather(carry(reader, there_writer, delay_s), carry(there_reader, writer, delay_s))

    async with await asyncio.start_server(connect, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) / 1e3))
