# syntax=docker/dockerfile:1
# The same, as it is recommended: a cache that is mounted, and a hash seed that Python draws anyway.
FROM python:3.11-slim AS builder
WORKDIR /build
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    pip wheel --no-deps --wheel-dir /build/wheels -r requirements.txt

FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl dumb-init \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd -g 1000 appuser && useradd -u 1000 -g appuser -s /bin/false appuser
COPY --from=builder /build/wheels /wheels
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-index --find-links=/wheels /wheels/* && rm -rf /wheels
WORKDIR /app
COPY --chown=appuser:appuser . .
USER 1000:1000
ENV PYTHONHASHSEED=random
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 \
    CMD curl -f http://localhost:8081/api/health || exit 1
ENTRYPOINT ["dumb-init", "--"]
CMD ["python", "-u", "server.py"]
