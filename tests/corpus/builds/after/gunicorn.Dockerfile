# The same, as it is recommended: a fixed number, no shell, an init, and nothing secret.
FROM python:3.11.9-slim AS builder
COPY requirements.txt .
RUN pip wheel --no-cache-dir --wheel-dir /wheels -r requirements.txt

FROM python:3.11.9-slim
RUN apt-get update && apt-get install -y --no-install-recommends dumb-init \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1001 app && useradd --uid 1001 --gid 1001 --shell /bin/false app
WORKDIR /app
COPY --from=builder /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links=/wheels /wheels/*
COPY --chown=root:root . .
USER 1001:1001
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
    CMD ["python", "-m", "app.health"]
ENTRYPOINT ["dumb-init", "--"]
CMD ["gunicorn", "--timeout=60", "--keep-alive=5", "--workers=3", "app:app"]
