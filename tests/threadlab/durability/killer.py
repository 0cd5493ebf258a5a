"""Starts real servers on one store, one after the other, and kills each with SIGKILL while it is being used.

    python killer.py PORT STORE KEY_FILE SEED KILLS

Each is a fork of this process, which has everything imported, and runs `serve` as a shell would. After the last kill one more is started
and left to serve until this process's standard input closes.
"""

import os
import random
import signal
import socket
import sys
import time

from threadlab import cli
from threadlab.text import tokens


def start(port: int, store: str, key_file: str) -> int:
    pid = os.fork()
    if pid == 0:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it has the rest of a short life
        os._exit(cli.main(["serve", "--quiet", "--port", str(port), "--store", store, "--key-file", key_file]))
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return pid
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server did not start")


def end(pid: int, how: int) -> int:
    os.kill(pid, how)
    return os.waitpid(pid, 0)[1]


def main() -> None:
    port, (store, key_file), (seed, kills) = int(sys.argv[1]), sys.argv[2:4], map(int, sys.argv[4:6])
    chance = random.Random(seed)
    tokens.count("so that its tables are read before the first fork, too", "gpt-4o")
    for number in range(kills):
        pid = start(port, store, key_file)
        time.sleep(chance.uniform(0.01, 0.3))
        end(pid, signal.SIGKILL)
        print(f"killed {number}", flush=True)
    pid = start(port, store, key_file)
    print("serving", flush=True)
    sys.stdin.read()
    raise SystemExit(end(pid, signal.SIGTERM))


main()
