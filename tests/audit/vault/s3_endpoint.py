"""A small S3 endpoint on the loopback: objects, ranges, listings, multipart uploads, signatures.

It checks AWS Signature Version 4 of every request, so that credentials matter.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

VERBS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_NO_UPLOAD = b"<Error><Code>NoSuchUpload</Code></Error>"
KEY_ID, SECRET, BUCKET = "AKIATEST", "very-secret-text", "vault"


class _Server(ThreadingHTTPServer):
    """Keeps what went wrong in a request; a client that goes away is nothing wrong."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            self.errors.append(error)

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.errors: list[BaseException | None] = []


class S3Endpoint:
    """The server; `objects` maps keys to bytes, `open_uploads` the parts of multipart uploads."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.open_uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[str] = []
        self.fail_next: list[int] = []
        self.numbers = count(1)
        self.lock = threading.Lock()
        methods = {f"do_{verb}": _Handler.handle_any for verb in VERBS}
        handler = type("Bound", (_Handler,), {"endpoint": self, **methods})
        self.server = _Server(handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        assert not self.server.errors, [repr(each) for each in self.server.errors]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    endpoint: S3Endpoint

    def log_message(self, *args: object) -> None:
        pass

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        bucket, _, key = unquote(split.path).lstrip("/").partition("/")
        server = self.endpoint
        with server.lock:
            server.requests.append(f"{self.command} {self.path}")
            if server.fail_next:
                self.answer(server.fail_next.pop(0), b"<Error><Code>Planned</Code></Error>")
            elif not self.signed(body):
                self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            elif bucket != BUCKET:
                self.answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
            else:
                getattr(self, f"on_{self.command.lower()}")(key, query, body)

    def on_put(self, key: str, query: dict[str, str], body: bytes) -> None:
        if "uploadId" in query:
            parts = self.endpoint.open_uploads.get(query["uploadId"])
            if parts is None:
                self.answer(404, _NO_UPLOAD)
                return
            parts[int(query["partNumber"])] = body
        else:
            self.endpoint.objects[key] = (body, datetime.now(UTC))
        self.answer(200, b"", {"ETag": _etag(body)})

    def on_post(self, key: str, query: dict[str, str], body: bytes) -> None:
        if "uploads" in query:
            upload = f"u{next(self.endpoint.numbers)}"
            self.endpoint.open_uploads[upload] = {}
            text = f"<UploadId>{upload}</UploadId><Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key>"
            self.xml("InitiateMultipartUploadResult", text)
            return
        parts = self.endpoint.open_uploads.pop(query["uploadId"], None)
        if parts is None:  # a client that had no answer in time completes a second time
            self.answer(404, _NO_UPLOAD)
            return
        wanted = [int(n) for n in re.findall(rb"<PartNumber>(\d+)<", body)]
        if any(len(parts[n]) < 5 << 20 for n in wanted[:-1]):
            self.answer(400, b"<Error><Code>EntityTooSmall</Code></Error>")
            return
        whole = b"".join(parts[n] for n in wanted)
        self.endpoint.objects[key] = (whole, datetime.now(UTC))
        self.xml("CompleteMultipartUploadResult", f"<ETag>{_etag(whole)}</ETag>")

    def on_delete(self, key: str, query: dict[str, str], body: bytes) -> None:
        if "uploadId" in query:
            self.endpoint.open_uploads.pop(query["uploadId"], None)
        else:
            self.endpoint.objects.pop(key, None)
        self.answer(204, b"")

    def on_head(self, key: str, query: dict[str, str], body: bytes) -> None:
        self.on_get(key, query, body)

    def on_get(self, key: str, query: dict[str, str], body: bytes) -> None:
        if "list-type" in query:
            self.listing(query)
            return
        if key not in self.endpoint.objects:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        data, when = self.endpoint.objects[key]
        headers = {"ETag": _etag(data), "Last-Modified": format_datetime(when, usegmt=True)}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self.answer(200, data, headers)
            return
        start, end = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
        if start >= len(data):
            self.answer(416, b"<Error><Code>InvalidRange</Code></Error>")
            return
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        self.answer(206, data[start : end + 1], headers)

    def listing(self, query: dict[str, str]) -> None:
        """Two keys a page, so that paging is used."""
        after = query.get("continuation-token", query.get("start-after", ""))
        prefix = query.get("prefix", "")
        keys = sorted(k for k in self.endpoint.objects if k.startswith(prefix) and k > after)
        page, more = keys[:2], len(keys) > 2
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
            f"<LastModified>{when:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{_etag(data)}</ETag></Contents>"
            for key in page
            for data, when in [self.endpoint.objects[key]]
        )
        if more:
            rows += f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        self.xml("ListBucketResult", f"<IsTruncated>{str(more).lower()}</IsTruncated>{rows}")

    def xml(self, root: str, text: str) -> None:
        self.answer(200, f"<{root}>{text}</{root}>".encode(), {"Content-Type": "application/xml"})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)

    def signed(self, body: bytes) -> bool:
        """AWS Signature Version 4, with the payload's hash where it is signed."""
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/((\d+)/([^/]+)/s3/aws4_request), ?"
            r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
            self.headers.get("Authorization", ""),
        )
        if found is None or found[1] != KEY_ID:
            return False
        payload = self.headers["x-amz-content-sha256"]
        if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return False
        split = urlsplit(self.path)
        pairs = sorted(parse_qsl(split.query, keep_blank_values=True))
        names = found[5].split(";")
        canonical = "\n".join(
            [
                self.command,
                quote(unquote(split.path)),
                "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs),
                *(f"{name}:{self.headers[name].strip()}" for name in names),
                "",
                found[5],
                payload,
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{found[2]}\n{digest}"
        key = f"AWS4{SECRET}".encode()
        for word in (found[3], found[4], "s3", "aws4_request"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), found[6])


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'
