FROM python:3.12-slim

# PyTorch's own index has CPU wheels, a tenth of the size: pytorch.org names it (choose Pip, CPU).
#   docker build --build-arg PIP_EXTRA_INDEX_URL=... -t diffusion-explorer .
ARG PIP_EXTRA_INDEX_URL=

RUN useradd --create-home --uid 10001 explorer
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py ./
COPY checkpoints checkpoints
COPY explorer explorer
RUN mkdir -p checkpoints/runs && chown explorer checkpoints/runs

USER explorer
ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/tmp/explorer \
    PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD \
    ["python", "-c", "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:7860/gradio_api/app_id', timeout=4)"]
CMD ["python", "app.py"]
