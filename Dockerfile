# The service and its workers. Weights are fetched when the image is built, so that it starts offline.
FROM python:3.12-slim
WORKDIR /app
COPY requirements/runtime.lock requirements/runtime.lock
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/runtime.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
 && useradd --create-home --uid 10001 fairwitness \
 && mkdir -p /data /weights && chown fairwitness /data /weights
USER fairwitness
ENV FAIRWITNESS_DATA_DIR=/data FAIRWITNESS_WEIGHTS_DIR=/weights
RUN fairwitness models install
EXPOSE 8000
CMD ["fairwitness", "serve", "--host", "0.0.0.0"]
