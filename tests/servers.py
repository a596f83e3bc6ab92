"""Real servers for tests: started on loopback and free ports, gone when the test process is gone."""

import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SEAWEED_BUCKET = "uji"
# The parts of `weed mini` that always listen: each has an HTTP and a gRPC port, and takes others silently if these
# are busy, so all are named.
SEAWEED_PARTS = ("master", "volume", "filer", "s3", "admin")


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket, the server behind it and the keys to it."""

    endpoint: str
    name: str
    access_key: str
    secret_key: str
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """What boto3's chain needs: the store takes credentials from nowhere else."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self):
        """A bare boto3 client, for looking behind the store's back."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=2,
                read_timeout=20,
                retries={"total_max_attempts": 1},
            ),
        )


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def die_with_parent() -> None:
    """In a child, before exec: SIGKILL as soon as the parent is gone, however it went (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@contextmanager
def seaweedfs(folder: Path, *, seconds: float = 30) -> Iterator[Bucket]:
    """Run SeaweedFS with an empty bucket in `folder`; its own log is `folder`/weed.log.

    Raises RuntimeError with the end of that log when it does not answer within `seconds`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    access, secret = secrets.token_hex(10), secrets.token_hex(20)
    identity = {
        "name": "uji",
        "credentials": [{"accessKey": access, "secretKey": secret}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    ports = free_ports(2 * len(SEAWEED_PARTS))
    http = dict(zip(SEAWEED_PARTS, ports, strict=False))
    command = [str(Path(sys.executable).with_name("weed")), "mini", f"-dir={folder}", f"-s3.config={config}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-webdav=false", "-admin.ui=false"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{part}.port={port}" for part, port in http.items()]
    command += [f"-{part}.port.grpc={port}" for part, port in zip(SEAWEED_PARTS, ports[len(http) :], strict=True)]
    # Without these keys the filer gives every object to anyone who asks its own port.
    guard = {f"WEED_JWT_FILER_SIGNING_{kind}": secrets.token_hex(16) for kind in ("KEY", "READ_KEY")}
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            env=os.environ | guard,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one thread runs when a fixture starts
        )
    bucket = Bucket(f"http://127.0.0.1:{http['s3']}", SEAWEED_BUCKET, access, secret, process.pid)
    try:
        _await_bucket(bucket, process, folder / "weed.log", seconds)
        yield bucket
    finally:
        process.kill()  # a gentle stop takes 2.4 s, and the data is thrown away; but then its sockets stay behind
        process.wait()
        for part in SEAWEED_PARTS:
            for port in ports:
                for name in (f"seaweedfs-{part}-{port}.sock", f"seaweedfs-{part}-grpc-{port}.sock"):
                    Path("/tmp", name).unlink(missing_ok=True)


def _await_bucket(bucket: Bucket, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    client = bucket.client()
    while True:
        try:
            client.create_bucket(Bucket=bucket.name)
            client.put_object(Bucket=bucket.name, Key="hidup", Body=b"")  # the volumes come last
            client.delete_object(Bucket=bucket.name, Key="hidup")
            return
        except (BotoCoreError, ClientError) as error:
            taken = isinstance(error, ClientError) and error.response["Error"]["Code"] == "BucketAlreadyOwnedByYou"
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"SeaweedFS does not answer: {error}\n{log.read_text()[-2000:]}") from error
            if not taken:
                time.sleep(0.05)


@contextmanager
def losing_one_answer(endpoint: str) -> Iterator[str]:
    """A wire to `endpoint` that hangs up instead of passing on its first success: the deed is done, nobody knows."""
    target = endpoint.removeprefix("http://").split(":")
    lost = threading.Event()

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection((target[0], int(target[1]))) as server:
            asking = threading.Thread(target=pump, args=(client, server), daemon=True)
            asking.start()
            while answer := server.recv(1 << 16):
                if answer.startswith(b"HTTP/1.1 200") and not lost.is_set():
                    lost.set()
                    break
                client.sendall(answer)
            for each in (client, server):
                with suppress(OSError):  # the other end was quicker
                    each.shutdown(socket.SHUT_RDWR)
            asking.join()

    def pump(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):  # hung up on in the middle of a question
            while request := client.recv(1 << 16):
                server.sendall(request)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert lost.is_set()
