import os
import socket

import flask

app = flask.Flask(__name__)


@app.get("/api/health")
def health():
    # Healthy is a backend that reaches its database.
    with socket.create_connection((os.environ.get("DB_HOST", "postgres"), 5432), timeout=2):
        return {"status": "ok"}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8081)
