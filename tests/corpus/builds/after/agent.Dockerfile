# The same, as it is recommended.
FROM python:3.11-slim AS builder
COPY requirements.txt .
RUN pip wheel --no-cache-dir --wheel-dir /wheels -r requirements.txt

FROM python:3.11-slim AS runtime
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*
RUN groupadd -r agent && useradd -r -g agent agent
WORKDIR /app
COPY --from=builder /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links=/wheels /wheels/*
COPY --chown=agent:agent . .
USER agent
CMD ["python", "agent.py"]

FROM runtime AS development
USER root
RUN pip install pytest black ruff ipython debugpy
