"""Calls of gRPC: ADDRESS TOKEN. Prints answers, codes, and the fields before and behind them."""

import sys

import grpc

address, token = sys.argv[1:]
bearer = [("authorization", "Bearer " + token)]
channel = grpc.insecure_channel(address)
raw = dict(request_serializer=lambda b: b, response_deserializer=lambda b: b)


def fields(metadata):
    return sorted((key, value) for key, value in metadata or [] if key != "date")


def show(what, call, answer):
    print(what, answer, call.code(), call.details())
    print("  before", fields(call.initial_metadata()), "behind", fields(call.trailing_metadata()))


def unary(method, name, metadata=None):
    call = channel.unary_unary("/quayside.v1." + method, **raw)
    message = b"\x0a" + bytes([len(name)]) + name
    try:
        answer, done = call.with_call(message, metadata=metadata, timeout=20)
        show(method, done, answer)
    except grpc.RpcError as error:
        show(method, error, None)


unary("Tracking/GetContainer", b"QSCU1003", bearer)
unary("Tracking/GetContainer", b"nothing", bearer)
unary("Tracking/GetContainer", b"x" * 100, bearer)
unary("Tracking/GetContainer", b"QSCU1003")
unary("Tracking/Nothing", b"QSCU1003", bearer)

# Both sides stream: list the services, and what is in one of them; and a stream without a question.
info = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", **raw)
symbol = b"quayside.v1.Tracking"
questions = [b"\x3a\x00", b"\x22" + bytes([len(symbol)]) + symbol, b"\x3a\x00"]
for asked in (questions, []):
    call = info(iter(asked), timeout=20)
    show("stream", call, [bytes(part) for part in call])
