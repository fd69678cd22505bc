FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

# The lock alone first: this layer stays as long as no dependency changes.
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md celeryconfig.py ./
COPY dispatcher ./dispatcher
COPY workers ./workers
RUN pip install --no-deps --no-build-isolation -e . \
    && useradd --create-home --uid 10001 dispatcher
USER dispatcher

EXPOSE 8000
CMD ["dispatcher", "web", "--host", "0.0.0.0"]
