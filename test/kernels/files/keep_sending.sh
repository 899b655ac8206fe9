#!/bin/bash
# A server: datagrams to ADDRESS PORT, one each 5 ms at most, until it is told to end. Says how many: SENT.
exec python3 - "$@" << 'END'
import signal, socket, sys, time
address, port = sys.argv[1], int(sys.argv[2])
sender = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
ended = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: ended.append(True))
print("ready", flush=True)
sent = 0
while not ended:
    try:
        sender.sendto(b"x" * 32, (address, port))
        sent += 1
    except OSError:
        # What an egress program drops comes back as ENOBUFS; what nobody listens for, as ECONNREFUSED.
        sent += 1
    time.sleep(0.005)
print(f"SENT={sent}", flush=True)
END
