//! Python: a Flask application behind gunicorn, a master with two workers.

use serde_json::json;

use super::{Service, health, page};

pub(crate) const GUNICORN: Service = Service {
    name: "gunicorn",
    files: &[("/srv/python/app.py", APP)],
    hardens: "",
    plain: || {
        json!({
            "WorkingDir": "/srv/python",
            "Cmd": ["gunicorn", "--workers", "2", "--bind", "0.0.0.0:8000", "app:app"],
            "ExposedPorts": {"8000/tcp": {}},
        })
    },
    hardened: || {
        json!({
            "User": "1000:1000",
            "WorkingDir": "/srv/python",
            "Entrypoint": ["tini", "--"],
            "Cmd": [
                "gunicorn", "--workers", "2", "--timeout", "30", "--keep-alive", "5",
                "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/tmp", "--graceful-timeout", "3", "app:app",
            ],
            "Env": ["PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"],
            "ExposedPorts": {"8000/tcp": {}},
            "Healthcheck": health(&["python3", "-c", PROBE]),
        })
    },
    ask: |container| page(container, 8000),
    answer: "served by gunicorn",
};

const APP: &str = "\
import flask

app = flask.Flask(__name__)


@app.route('/')
def index():
    return 'served by gunicorn'
";

const PROBE: &str = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/', timeout=1)";
