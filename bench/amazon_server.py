"""Queues and streams of Amazon's protocols, by moto: serves them over HTTP and prints the URL."""

import signal

from moto.server import ThreadedMotoServer


def main() -> None:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
