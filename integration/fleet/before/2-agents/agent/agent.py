import os
import signal
import sys

import click

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
click.echo(f"{os.environ.get('AGENT', 'agent')}: waiting for work")
while True:
    signal.pause()
