"""Queues and streams of Amazon's protocols, by moto: serves them over HTTP and prints the URL.

By a server that keeps connections open, as services do that people run; moto's own closes each.
"""

import waitress
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

# A poll that waits has a thread.
THREADS = 150


def main() -> None:
    app = DomainDispatcherApplication(create_backend_app)
    server = waitress.create_server(
        app, listen="127.0.0.1:0", threads=THREADS, connection_limit=2 * THREADS
    )
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
