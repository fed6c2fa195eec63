"""The load test's scenarios for Locust, the tool of the Model Gateway paper.

    apt-get install python3-locust        # or: pip install locust
    MODEL_GATEWAY_KEY=mgk_... locust -f bench/locustfile.py --headless \\
        --host http://127.0.0.1:8080 --users 1000 --spawn-rate 100 --run-time 1m Submit

User classes: Submit, Result, Mixed (submit, then wait for the result), Consensus. Each user thinks for
a second between an answer and the next request, as in the paper. Environment: MODEL_GATEWAY_KEY
(needed), MODEL_GATEWAY_MODEL (esol), MODEL_GATEWAY_CONSENSUS (consensus_logs), MODEL_GATEWAY_INPUT
(JSON, a caffeine SMILES), MODEL_GATEWAY_THINK (seconds, 1).

Locust answers fewer requests per second than `deno task load` makes: one process of it is one core of
Python. Start as many as there are cores (--master, --worker) before judging a gateway by it.
"""

import json
import os
import random

from locust import FastHttpUser, constant, events, task
from locust.exception import StopUser

KEY = os.environ.get("MODEL_GATEWAY_KEY")
MODEL = os.environ.get("MODEL_GATEWAY_MODEL", "esol")
CONSENSUS = os.environ.get("MODEL_GATEWAY_CONSENSUS", "consensus_logs")
INPUT = json.loads(os.environ.get("MODEL_GATEWAY_INPUT", '{"smiles":"CN1C=NC2=C1C(=O)N(C(=O)N2C)C"}'))
THINK = float(os.environ.get("MODEL_GATEWAY_THINK", "1"))
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
JOBS_TO_READ = 100
WAIT_SECONDS = 30


@events.test_start.add_listener
def check_settings(environment, **_):
    if not KEY:
        raise SystemExit("MODEL_GATEWAY_KEY is not set: expected an API key of the gateway")
    if not environment.host:
        raise SystemExit("--host is missing: expected the gateway, such as http://127.0.0.1:8080")


class Caller(FastHttpUser):
    """Someone with a connection of their own."""

    abstract = True
    wait_time = constant(THINK)
    connection_timeout = 60
    network_timeout = 60

    def submit(self, model):
        """Answers the job's id, or None where it was refused."""
        body = json.dumps({"model": model, "input": INPUT})
        with self.client.post("/v1/jobs", data=body, headers=HEADERS, catch_response=True) as answer:
            if answer.status_code != 202:
                answer.failure(f"expected 202, not {answer.status_code}")
                return None
            return answer.json()["id"]

    def result(self, job, wait=0):
        query = f"?wait={wait}" if wait else ""
        path = f"/v1/jobs/{job}/result{query}"
        name = f"/v1/jobs/[id]/result{query}"
        with self.client.get(path, headers=HEADERS, name=name, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"expected 200, not {answer.status_code}")


class Submit(Caller):
    @task
    def act(self):
        self.submit(MODEL)


class Consensus(Caller):
    @task
    def act(self):
        self.submit(CONSENSUS)


class Mixed(Caller):
    @task
    def act(self):
        job = self.submit(MODEL)
        if job is not None:
            self.result(job, WAIT_SECONDS)


class Result(Caller):
    """Reads the results of jobs that are done; all users share them."""

    jobs = []

    def on_start(self):
        while len(self.jobs) < JOBS_TO_READ:
            job = self.submit(MODEL)
            if job is None:
                raise StopUser()
            self.result(job, WAIT_SECONDS)
            self.jobs.append(job)

    @task
    def act(self):
        self.result(random.choice(self.jobs))
