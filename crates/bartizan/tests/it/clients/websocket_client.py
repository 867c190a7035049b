"""Messages over a WebSocket: ADDRESS TOKEN. Prints what comes back."""

import asyncio
import sys

import websockets

address, token = sys.argv[1:]
SUBSCRIBE = '{"type":"subscribe","shipment":1003}'
PADDED = '{"type":"ping","pad":"' + "x" * 5000 + '"}'
TEXTS = [
    '{"type":"ping"}',
    PADDED,
    SUBSCRIBE,
    # In pieces.
    [SUBSCRIBE[:9], SUBSCRIBE[9:20], SUBSCRIBE[20:]],
    "no JSON, \u00e9\u20ac\U0001f6a2",
    "",
]


async def talk(compression):
    fields = [("authorization", "Bearer " + token)]
    url = f"ws://{address}/ws"
    async with websockets.connect(url, extra_headers=fields, compression=compression) as socket:
        await socket.send(b"\x00\xff is not answered")
        for text in TEXTS:
            await socket.send(text)
            print(await asyncio.wait_for(socket.recv(), 20))
        waiter = await socket.ping(b"payload")
        await asyncio.wait_for(waiter, 20)
        await socket.close(4001, "enough")
    print("closed", socket.close_code, socket.close_reason)


async def refused():
    try:
        await websockets.connect(f"ws://{address}/nothing")
    except websockets.InvalidStatusCode as error:
        print("refused", error.status_code)


async def main():
    for compression in (None, "deflate"):
        await talk(compression)
    await refused()


asyncio.run(main())
