"""Compose projects as docker-compose 1.x resolves them, all in one process.

Reads a list of {"folder", "files", "environment"}, writes a list of
{"model"} or {"refusal"} in the same order.
"""
import json
import logging
import os
import sys

import yaml
from compose.config import config
from compose.config.environment import Environment
from compose.config.serialize import serialize_config

# An unset variable is a warning here; what it leads to is compared.
logging.disable(logging.CRITICAL)
# As for `up --no-build`: it need not be there what images are built from.
sys.argv.append("--no-build")


def resolve(job):
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    environment = Environment.from_env_file(job["folder"])
    files = config.find(job["folder"], job["files"], environment, job["folder"])
    return yaml.safe_load(serialize_config(config.load(files), escape_dollar=False))


def answer(job):
    try:
        return {"model": resolve(job)}
    except Exception as error:  # It has no common class for what it refuses.
        return {"refusal": getattr(error, "msg", None) or str(error) or repr(error)}


json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout, default=str)
