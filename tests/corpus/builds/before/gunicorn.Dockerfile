# A service on gunicorn as it was.
FROM python:slim
ENV METRICS_USER=metrics METRICS_PASS=changeme-metrics
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt && useradd --shell /bin/bash app
USER app
HEALTHCHECK --interval=5m --timeout=3s CMD curl -f http://localhost:8000/health
CMD gunicorn --bind 0.0.0.0:8000 app:app
