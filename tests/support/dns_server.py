"""A name server that knows a few names, for a sandbox that has none.

    python3 dns_server.py ADDRESS NAME=IP...

It answers over UDP at ADDRESS, port 53, as RFC 1035 has it: A records for IPv4 addresses, AAAA
(RFC 3596) for IPv6, and that there is no such name to all else. Every question is a line on
standard output: its type and its name.
"""

import ipaddress
import socket
import struct
import sys

A, AAAA, IN = 1, 28, 1
QUESTION = "!HHHHHH"
TYPES = {A: "A", AAAA: "AAAA"}
NO_SUCH_NAME = 3


def read_question(packet):
    """Return (name, type, end of the question)."""
    labels, at = [], struct.calcsize(QUESTION)
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    (kind,) = struct.unpack_from("!H", packet, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def answer(packet, addresses):
    """Return the answer to `packet`, from {name: addresses}."""
    identity, flags, *_ = struct.unpack_from(QUESTION, packet)
    name, kind, end = read_question(packet)
    print(TYPES.get(kind, kind), name, flush=True)
    wanted = [each.packed for each in addresses.get(name, [])
              if {4: A, 6: AAAA}[each.version] == kind]
    flags = 0x8480 | flags & 0x0100 | (0 if name in addresses else NO_SUCH_NAME)
    records = b"".join(struct.pack("!HHHIH", 0xC000 | struct.calcsize(QUESTION), kind, IN, 60,
                                   len(each)) + each for each in wanted)
    return (struct.pack(QUESTION, identity, flags, 1, len(wanted), 0, 0)
            + packet[struct.calcsize(QUESTION):end] + records)


def main():
    address, *names = sys.argv[1:]
    addresses = {}
    for name, text in (each.split("=") for each in names):
        addresses.setdefault(name, []).append(ipaddress.ip_address(text))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        while True:
            packet, client = server.recvfrom(512)
            server.sendto(answer(packet, addresses), client)


if __name__ == "__main__":
    main()
