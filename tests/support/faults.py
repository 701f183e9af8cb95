"""What can go wrong with an answer, one function each.

Each returns a fault for `Registry.on(endpoint, fault, times=N)`. A fault is called with
the Exchange in place of the normal answer and may do with the connection what it likes.
Nothing here is really endless: every loop ends when the client hangs up, when the
registry is closed, or at a cap.
"""

from wire import Answer

ENDLESS_MAX = 32 * 1024 * 1024
SILENCE_MAX = 120.0

RATE_LIMITED = (b'{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 880.092'
                b'\xc2\xb5s, allowed: 44000/minute"}]}\n')


def answer(status, body=b"", headers=()):
    """This status, body and these headers, whatever was asked."""
    return lambda exchange: exchange.reply(Answer(status, body, tuple(headers)))


def rate_limited(headers=()):
    """429 in the words of GHCR."""
    return answer(429, RATE_LIMITED, (("content-type", "application/json"), *headers))


def redirect(url, status=302):
    return answer(status, b"", [("location", url)])


def not_json(status=200, title="Hotel Wifi"):
    """What a captive portal or a proxy says."""
    page = (b"<!DOCTYPE html>\n<html><head><title>%s</title></head>\n"
            b"<body>Please log in to the network</body></html>\n" % title.encode())
    return answer(status, page, [("content-type", "text/html")])


def big_body(size=10_000_000, status=200):
    """A whole, valid JSON answer of `size` bytes."""
    head, tail = b'{"padding":"', b'"}\n'
    body = head + b"x" * (size - len(head) - len(tail)) + tail
    return answer(status, body, [("content-type", "application/json")])


def reset():
    """The connection is reset (RST) instead of an answer."""
    return lambda exchange: exchange.connection.reset()


def close():
    """The connection is closed in good order, without an answer."""
    return lambda exchange: exchange.connection.close()


def close_midway():
    """All headers and half of the body, then the connection is closed."""
    def fault(exchange):
        head, _, body = exchange.encoded().partition(b"\r\n\r\n")
        exchange.connection.send(head + b"\r\n\r\n" + body[:len(body) // 2])
        exchange.connection.close()
    return fault


def silence():
    """The request is read and nothing is ever said."""
    def fault(exchange):
        exchange.connection.wait_for_hangup(SILENCE_MAX)
        exchange.connection.close()
    return fault


def delay(seconds):
    """The normal answer, late."""
    def fault(exchange):
        if exchange.connection.pause(seconds):
            exchange.connection.send(exchange.encoded())
    return fault


def drip(interval):
    """The normal answer, a byte at a time."""
    def fault(exchange):
        for byte in exchange.encoded():
            if not exchange.connection.pause(interval):
                return
            exchange.connection.send(bytes([byte]))
    return fault


def endless_headers():
    return _endless(b"HTTP/1.1 200 OK\r\n", b"x-filler: " + b"x" * 1000 + b"\r\n")


def endless_line():
    """A header whose one field does not end."""
    return _endless(b"HTTP/1.1 200 OK\r\nx-filler: ", b"x" * 16384)


def endless_body():
    """A body without a length that does not end."""
    return _endless(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n", b" " * 16384)


def _endless(head, filler):
    def fault(exchange):
        connection = exchange.connection
        connection.send(head)
        while connection.sent < ENDLESS_MAX and connection.pause(0):
            connection.send(filler)
        connection.close()
    return fault
