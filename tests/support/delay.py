"""A relay that is far away: it adds the round trip time of a long line to a loopback server.

    python3 delay.py ADDRESS PORT UPSTREAM_ADDRESS UPSTREAM_PORT ROUND_TRIP_MS

Whatever passes is held back for half of that time, each way. The kernel accepts a connection
here at once, so a new one is held back for a whole round trip: what TCP's own handshake would
take. A client that does one thing after the other then needs a round trip for each thing that
it waits for, and (its time here - its time without us) / ROUND_TRIP_MS counts them.

Every connection accepted is a line on standard output.
"""

import asyncio
import contextlib
import sys


class Relay:
    def __init__(self, upstream, round_trip):
        self.upstream = upstream
        self.round_trip = round_trip

    async def serve(self, reader, writer):
        print("connection", flush=True)
        accepted = asyncio.get_running_loop().time()
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._carry(reader, far_writer, accepted + self.round_trip),
                             self._carry(far_reader, writer, accepted))

    async def _carry(self, reader, writer, not_before):
        """Carry one direction; what came first leaves first."""
        way = asyncio.Queue()
        sender = asyncio.create_task(self._send(way, writer))
        clock = asyncio.get_running_loop().time
        data = True
        while data:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            way.put_nowait((max(clock(), not_before) + self.round_trip / 2, data))
        await sender

    async def _send(self, way, writer):
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(OSError):
            while True:
                when, data = await way.get()
                await asyncio.sleep(when - clock())
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()


async def main():
    address, port, upstream, upstream_port, milliseconds = sys.argv[1:]
    relay = Relay((upstream, int(upstream_port)), float(milliseconds) / 1000)
    server = await asyncio.start_server(relay.serve, address, int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
