import hmac
import os

import flask

app = flask.Flask(__name__)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/metrics")
def metrics():
    given, name = flask.request.authorization, os.environ.get("METRICS_USER")
    password = os.environ.get("METRICS_PASS")
    if not (given and name and password and given.username == name):
        flask.abort(401)
    if not hmac.compare_digest(given.password.encode(), password.encode()):
        flask.abort(401)
    return "up 1\n"
