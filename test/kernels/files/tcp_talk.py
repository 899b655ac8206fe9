#!/usr/bin/python3
"""TCP connections that go on for measurements that look at them for a while. IPv4 and IPv6.

tcp_talk.py sink PORT                              accepts and reads
tcp_talk.py deaf PORT                              accepts and never reads
tcp_talk.py talk PORT ADDRESS [BYTES [PAUSE_MS]]   one connection: BYTES (20000) every PAUSE_MS (20)
tcp_talk.py short PORT ADDRESS [BYTES [PAUSE_MS]]  a connection for each BYTES
tcp_talk.py call PORT ADDRESS                      connects to somebody who does not answer, again and again
Prints `ready` when it listens, or has tried to send for the first time. Ends with its input, or at a signal when it has none.
"""
import os
import select
import signal
import socket
import sys
import threading

mode, port, *rest = sys.argv[1:]
address = rest[0] if rest else "::"
size = int(rest[1]) if len(rest) > 1 else 20_000
pause_ms = int(rest[2]) if len(rest) > 2 else 20
family = socket.AF_INET6 if ":" in address else socket.AF_INET


def read_all(one):
    while one.recv(1 << 16):
        pass
    one.close()


def listen():
    kept = []
    with socket.create_server(("::", int(port)), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True) as listener:
        print("ready", flush=True)
        while True:
            one, _ = listener.accept()
            if mode == "sink":
                threading.Thread(target=read_all, args=(one,), daemon=True).start()
            else:
                kept.append(one)


def has_ended(wait_ms):
    """Waits so long; whether standard input has ended meanwhile."""
    asked = select.poll()
    if has_input:
        asked.register(0, select.POLLIN)
    return bool(asked.poll(wait_ms)) and not os.read(0, 4096)


def connected(seconds):
    one = socket.socket(family, socket.SOCK_STREAM)
    one.settimeout(seconds)
    one.connect((address, int(port)))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


def send():
    one = connected(60) if mode == "talk" else None
    said = False
    while not has_ended(pause_ms):
        try:
            to = one or connected(2 if mode == "call" else 60)
            to.settimeout(0.2 if mode == "talk" else 60)
            to.sendall(b"x" * size)
            if mode == "short":
                to.shutdown(socket.SHUT_WR)
                to.recv(1)
                to.close()
        except TimeoutError:
            pass  # who does not answer is what is wanted, or the window is full: it is tried again
        if not said:
            print("ready", flush=True)
        said = True


for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: os._exit(0))
has_input = True
has_input = not has_ended(0)
if mode in ("sink", "deaf"):
    threading.Thread(target=listen, daemon=True).start()
    while not has_ended(1000):
        pass
else:
    send()
os._exit(0)
