#!/usr/bin/python3
"""Answers DNS queries over UDP and TCP: dns_server.py PORT ADDRESS…

The first label says how: never… not at all; nx… NXDOMAIN; big… with 20 TXT records of 200 bytes, over TCP in pieces of 90
bytes; below cluster.local NXDOMAIN, unless it begins with svc; anything else with 10.1.2.3 (A), fd00::7 (AAAA), or nothing. Once it is told to end it prints QUERIES, those it got.
"""
import signal
import socket
import struct
import sys
import threading

port, *addresses = sys.argv[1:]
queries = 0
counting = threading.Lock()


def answer_to(query):
    global queries
    with counting:
        queries += 1
    end = 12
    while query[end]:
        end += query[end] + 1
    label = query[13:13 + query[12]].decode("latin-1")
    (asked,) = struct.unpack(">H", query[end + 1:end + 3])
    records, code = [], 0
    if label.startswith("never"):
        return None
    cluster = query[12:end].lower().endswith(b"\x07cluster\x05local")
    if label.startswith("nx") or (cluster and not label.startswith("svc")):
        code = 3
    elif label.startswith("big"):
        records = [(16, b"\xc8" + bytes([97 + at]) * 200) for at in range(20)]
    elif asked == 1:
        records = [(1, bytes([10, 1, 2, 3]))]
    elif asked == 28:
        records = [(28, bytes([0xFD] + [0] * 14 + [7]))]
    rows = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data for kind, data in records)
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
    return head + query[12:end + 5] + rows


def serve_udp(receiver):
    while True:
        query, sender = receiver.recvfrom(4096)
        answer = answer_to(query)
        if answer:
            receiver.sendto(answer, sender)


def serve_stream(stream):
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    while True:
        got = stream.recv(4096)
        if not got:
            return stream.close()
        held += got
        while len(held) >= 2 and len(held) >= 2 + int.from_bytes(held[:2], "big"):
            size = int.from_bytes(held[:2], "big")
            answer, held = answer_to(held[2:2 + size]), held[2 + size:]
            if answer:
                framed = len(answer).to_bytes(2, "big") + answer
                for at in range(0, len(framed), 90):
                    stream.send(framed[at:at + 90])


def serve_tcp(listener):
    while True:
        stream = listener.accept()[0]
        threading.Thread(target=serve_stream, args=(stream,), daemon=True).start()


for address in addresses:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    udp.bind((address, int(port)))
    tcp = socket.socket(family, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind((address, int(port)))
    tcp.listen(16)
    for serve, on in ((serve_udp, udp), (serve_tcp, tcp)):
        threading.Thread(target=serve, args=(on,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
print("ready", flush=True)
signal.sigwait([signal.SIGINT, signal.SIGTERM])
print(f"QUERIES={queries}", flush=True)
