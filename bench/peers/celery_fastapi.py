"""The peer in Python: Celery behind FastAPI, as their own guides put them together.

No key, no model, no idempotency; pydantic checks the body, and results are kept in Redis.

    celery_fastapi.py server PORT REDIS_URL    HTTP: POST /v1/jobs, POST /predict
    celery_fastapi.py worker REDIS_URL         runs the tasks
    celery_fastapi.py measured REDIS_URL JOBS  fills the queue, works it off and prints the moments

Needs celery, fastapi, uvicorn and redis (Debian: celery python3-fastapi python3-uvicorn).
"""

import subprocess
import sys
import time

from celery import Celery

MODE = sys.argv[1]
REDIS_URL = sys.argv[3] if MODE == "server" else sys.argv[2]

app = Celery("peer", broker=REDIS_URL, backend=REDIS_URL)
app.conf.update(
    task_serializer="json",
    worker_prefetch_multiplier=64,
    result_expires=3600,
    broker_pool_limit=64,
)


@app.task(name="noop")
def noop(model_input):
    return model_input


def serve(port):
    from fastapi import FastAPI
    from pydantic import BaseModel
    import uvicorn

    api = FastAPI()

    class Body(BaseModel):
        model: str
        input: dict

    @api.get("/readyz")
    def ready():
        return "ready"

    @api.post("/v1/jobs", status_code=202)
    def submit(body: Body):
        return {"id": noop.delay(body.input).id, "status": "queued"}

    @api.post("/predict")
    def predict(body: Body):
        return {"result": noop.delay(body.input).get(timeout=30)}

    uvicorn.run(api, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def work():
    """One child for each processor, which is what Celery does by itself."""
    app.worker_main(["worker", "--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"])


def measured(jobs):
    """Prints filling, filled, warm (a fifth is done) and done."""
    import redis

    print("filling", flush=True)
    with app.producer_or_acquire() as producer:
        for _ in range(jobs):
            noop.apply_async(({"smiles": "CN1C=NC2=C1C(=O)N(C(=O)N2C)C"},), producer=producer)
    print("filled", flush=True)
    client = redis.Redis.from_url(REDIS_URL)
    others = client.dbsize()
    worker = subprocess.Popen(
        [sys.executable, __file__, "worker", REDIS_URL],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        warm = False
        while True:
            # Each result is a key of its own.
            done = client.dbsize() - others
            if not warm and done >= jobs // 5:
                warm = True
                print("warm", flush=True)
            if done >= jobs - 10:  # Celery's own keys come and go
                print("done", flush=True)
                return
            time.sleep(0.02)
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    if MODE == "server":
        serve(int(sys.argv[2]))
    elif MODE == "worker":
        work()
    else:
        measured(int(sys.argv[3]))
