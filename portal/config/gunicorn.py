"""How the web server runs: few processes, many threads, because most threads wait.

A thread that waits for a person holds no database connection; the pool of
connections (DATABASE_POOL_SIZE) is much smaller than the number of threads.
"""

import os
from typing import Any

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "64"))
# Loaded once and forked: half the time to start, and shared memory.
preload_app = True
timeout = 60
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_SECONDS", "30"))
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
# Heartbeats on a disk can stall a worker; memory cannot.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
limit_request_line = 8190
limit_request_fields = 60
# Nobody steers it from outside, so it opens no door for that.
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
raw_env = ["COUNTERSIGN_PROCESS=web"]


def child_exit(server: Any, worker: Any) -> None:
    """This will forget the counts of a web process that ended."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
