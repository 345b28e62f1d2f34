# One image for all processes of Chofesh: web (the default), worker and beat (compose.yaml).
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home chofesh && mkdir /data /keys && chown chofesh /data /keys
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
USER chofesh
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 CHOFESH_DATA_DIR=/data CHOFESH_KEYS_DIR=/keys
VOLUME ["/data", "/keys"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "chofesh.server"]
