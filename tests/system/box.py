# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""What every system test needs: boxes on free ports in folders of their own, a client that speaks TLS and can
send anything, forms with their tokens, numbers from ranges reserved for fiction. Python's standard library only.

CF_BIN_DIR names the folder with the programs (tools/test builds build/release/bin)."""
import base64
import contextlib
import hmac
import html.parser
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

SOURCE = pathlib.Path(os.environ.get("CF_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("CF_BIN_DIR", SOURCE / "build/release/bin"))
DEADLINE_s = 30
# Exit statuses of include/counterfoil/base/error.def.
EXIT = {"NotIntact": 1, "BadInput": 2, "Refused": 3, "NotFound": 4, "Conflict": 5, "Limit": 6, "Locked": 8, "NotReady": 9,
        "Io": 11, "DiskFull": 12, "WrongKey": 13, "Corrupt": 14}


def program(name):
    path = BIN / name
    if not path.is_file():
        raise FileNotFoundError(f"no {path}: build the programs first (tools/test does), or set CF_BIN_DIR")
    return str(path)


def run(*command, stdin="", timeout=120, cwd=None, env=None):
    """A program to its end; standard output and error as text."""
    return subprocess.run([str(c) for c in command], input=stdin, capture_output=True, text=True, timeout=timeout,
                          cwd=cwd, env=env, check=False)


def say(text):
    print(text, flush=True)


# ---- folders, ports, numbers ----

@contextlib.contextmanager
def folder():
    """A private folder with a short name (a control socket's path has 107 bytes at most), gone afterwards."""
    path = tempfile.mkdtemp(prefix="cf-", dir=os.environ.get("CF_TEST_TMP", "/var/tmp"))
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_ports():
    """The first of three free ports in a row."""
    for _ in range(200):
        first = random.SystemRandom().randrange(20000, 32000, 3)
        try:
            with contextlib.ExitStack() as stack:
                for offset in range(3):
                    s = stack.enter_context(socket.socket())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("0.0.0.0", first + offset))
            return first
        except OSError:
            continue
    raise RuntimeError("no three free ports in a row")


def swedish(last):
    """070-174 06 13 for 13: 13 to 98 are not used by the demo shop (5 to 12 are its people, 99 is never seen)."""
    return f"070-174 06 {last:02d}"


def fiction_numbers():
    """(number as typed, region) for ever, over both ranges reserved for fiction."""
    swedes = [(swedish(n), "SE") for n in range(13, 99)]
    americans = [(f"202 555 01{n:02d}", "US") for n in range(100)]
    return itertools.cycle(swedes + americans)


def loopback_addresses():
    """127.x.y.z for ever, never the usual one: each client its own address."""
    for n in itertools.count(2):
        yield f"127.{1 + n // 62500 % 200}.{1 + n // 250 % 250}.{1 + n % 250}"


# ---- a client that can send anything ----

class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def field(self, name, default=""):
        return next((v for k, v in self.fields if k.lower() == name.lower()), default)

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def location(self):
        return self.field("Location")

    @property
    def words(self):
        """What a person reads, one space between words."""
        reader = _WordReader()
        reader.feed(self.text)
        return " ".join(" ".join(reader.words).split())

    @property
    def headline(self):
        reader = _WordReader(only="h1")
        reader.feed(self.text)
        return " ".join(" ".join(reader.words).split())

    def forms(self):
        reader = _FormReader()
        reader.feed(self.text)
        return reader.forms

    def form(self, action):
        for form in self.forms():
            if form.action == action:
                return form
        raise AssertionError(f"no form for {action} on: {self.words[:300]}")


class _WordReader(html.parser.HTMLParser):
    def __init__(self, only=None):
        super().__init__()
        self.only, self.inside, self.hidden, self.words = only, 0, 0, []

    def handle_starttag(self, tag, attrs):
        self.inside += tag == self.only
        self.hidden += tag in ("style", "title", "script")

    def handle_endtag(self, tag):
        self.inside -= tag == self.only
        self.hidden -= tag in ("style", "title", "script")

    def handle_data(self, data):
        if not self.hidden and (self.only is None or self.inside):
            self.words.append(data)


class Form:
    """A form as a browser would send it: hidden inputs, chosen options; boxes are ticked by the test."""

    def __init__(self, action):
        self.action, self.inputs, self.boxes, self.ticked = action, {}, [], []

    def fields(self, ticks=(), **values):
        out = list({**self.inputs, **values}.items())
        return out + list(ticks)


class _FormReader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self.select, self.options = [], None, []

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self.forms.append(Form(a.get("action")))
        if not self.forms:
            return
        form = self.forms[-1]
        if tag == "input" and a.get("type") == "checkbox":
            form.boxes.append((a.get("name"), a.get("value")))
            if "checked" in a:
                form.ticked.append((a.get("name"), a.get("value")))
        elif tag == "input" and a.get("name"):
            form.inputs[a["name"]] = a.get("value") or ""
        elif tag == "select":
            self.select = a.get("name")
        elif tag == "option" and self.select and ("selected" in a or self.select not in form.inputs):
            form.inputs[self.select] = a.get("value", "")

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None


class Closed(ConnectionError):
    """The other side ended the connection before a whole answer came."""


class Client:
    """One HTTPS connection, made anew when the box closed it. host is what the Host field says; source is the
    address it comes from; cookies are kept."""

    def __init__(self, port, ca, host="localhost", source=None, certificate=None, key=None, timeout=DEADLINE_s,
                 session=None):
        self.port, self.host, self.source, self.timeout = port, host, source, timeout
        self.authority = f"{host}:{port}"
        self.context = session or tls_context(ca, certificate, key)
        self.cookies, self.socket, self.buffer = {}, None, b""

    def close(self):
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.close()
        self.socket, self.buffer = None, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self):
        self.close()
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            raw.settimeout(self.timeout)
            if self.source:
                raw.bind((self.source, 0))
            raw.connect(("127.0.0.1", self.port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = self.context.wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            raw.close()
            raise

    def send(self, data):
        """Sends bytes as they are and reads one answer."""
        if self.socket is None:
            self.connect()
        # A refusal may come before everything is sent; the answer is what counts.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self.socket.sendall(data)
        return self.answer()

    def answer(self, has_body=True):
        head = self._until(b"\r\n\r\n").decode("latin-1")
        lines = head.split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
        answer = Answer(status, fields, b"")
        if answer.field("Transfer-Encoding") == "chunked":
            while size := int(self._until(b"\r\n"), 16):
                answer.body += self._take(size + 2)[:size]
            self._until(b"\r\n")
        elif has_body and answer.field("Content-Length"):
            answer.body = self._take(int(answer.field("Content-Length")))
        for name, value in fields:
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition(";")
                key, _, text = cookie.partition("=")
                self.cookies[key] = text
                if not text or "max-age=0" in rest.lower():
                    del self.cookies[key]
        if answer.field("Connection").lower() == "close":
            self.close()
        return answer

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError) as e:
            self.close()
            raise Closed(str(e)) from e
        if not data:
            self.close()
            raise Closed("the connection ended")
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        out, _, self.buffer = self.buffer.partition(mark)
        return out

    def _take(self, size):
        while len(self.buffer) < size:
            self._more()
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def head(self, method, target, fields=(), body=None, usual=True):
        lines = [f"{method} {target} HTTP/1.1"]
        given = {name.lower() for name, _ in fields}
        if usual and "host" not in given:
            lines.append(f"Host: {self.authority}")
        if usual and self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        lines += [f"{name}: {value}" for name, value in fields]
        if body is not None and "content-length" not in given:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def request(self, method, target, fields=(), body=None):
        data = self.head(method, target, fields, body) + (body or b"")
        fresh = self.socket is None
        try:
            return self.send(data) if method != "HEAD" else self._send_head_only(data)
        except Closed:
            # An idle connection may have been closed by the box; only a request that cannot write is sent again.
            if fresh or method not in ("GET", "HEAD"):
                raise
            return self.send(data)

    def _send_head_only(self, data):
        if self.socket is None:
            self.connect()
        self.socket.sendall(data)
        return self.answer(has_body=False)

    def get(self, target, **fields):
        return self.request("GET", target, _names(fields))

    def post(self, target, form, **fields):
        """form: pairs, or a dict, or bytes as they are."""
        body = form if isinstance(form, bytes) else urllib.parse.urlencode(form).encode()
        fields.setdefault("content_type", "application/x-www-form-urlencoded")
        fields.setdefault("origin", f"https://{self.authority}")
        return self.request("POST", target, _names(fields), body)


def _names(fields):
    return [(k.replace("_", "-"), v) for k, v in fields.items() if v is not None]


def tls_context(ca, certificate=None, key=None):
    context = ssl.create_default_context(cafile=str(ca))
    if certificate:
        context.load_cert_chain(str(certificate), str(key))
    return context


# ---- what people do ----

ALL_TOPICS = ("orders", "care", "offers", "tastings")
BOTH_CHANNELS = ("whatsapp", "sms")


class Receipt:
    def __init__(self, token, page):
        self.token, self.page = token, page

    @property
    def code(self):
        digits = [w for w in self.page.words.split() if w.isdigit() and len(w) == 6]
        return digits[0] if digits else ""


def opt_in(client, number, region="SE", link="caja", topics=ALL_TOPICS, channels=BOTH_CHANNELS, lang="en"):
    """A customer says yes; the receipt page was seen when this returns."""
    token = opt_in_token(client, number, region, link, topics, channels, lang)
    page = client.get(f"/r/{token}")
    if page.status != 200:
        raise AssertionError(f"the receipt page answered {page.status}")
    return Receipt(token, page)


def opt_in_token(client, number, region="SE", link="caja", topics=ALL_TOPICS, channels=BOTH_CHANNELS, lang="en"):
    page = client.get(f"/o/{link}?lang={lang}")
    if page.status != 200:
        raise AssertionError(f"the form answered {page.status}: {page.words[:200]}")
    form = page.form(f"/o/{link}")
    ticks = [("topic", t) for t in topics] + [("channel", c) for c in channels] + [("age", "yes")]
    done = client.post(f"/o/{link}", form.fields([t for t in ticks if t in form.boxes], number=number, region=region))
    if done.status != 303 or not done.location.startswith("/r/"):
        raise AssertionError(f"the opt-in was answered {done.status}: {done.words[:400]}")
    return done.location[3:]


def opt_in_many(box, count, numbers, addresses, **choices):
    """Tokens of so many opt-ins, one after the other, from no address more often than its cap allows."""
    tokens = []
    while len(tokens) < count:
        with box.customer(source=next(addresses)) as client:
            for _ in range(min(50, count - len(tokens))):
                number, region = next(numbers)
                tokens.append(opt_in_token(client, number, region, **choices))
    return tokens


def keep_topics(client, token, topics):
    form = client.get(f"/m/{token}").form(f"/m/{token}")
    return client.post(form.action, form.fields([("topic", t) for t in topics]))


def stop_all(client, token):
    form = client.get(f"/m/{token}").form(f"/m/{token}/stop")
    return client.post(form.action, form.fields())


def stop_by_number(client, number, region="SE"):
    form = client.get("/stop?lang=en").form("/stop")
    return client.post("/stop", form.fields(number=number, region=region))


def one_time_code(secret, at, step=0):
    """RFC 6238, as the app on a telephone makes it; secret in base 32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    tag = hmac.digest(key, (int(at) // 30 + step).to_bytes(8, "big"), "sha1")
    number = int.from_bytes(tag[tag[-1] & 15:][:4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


RECOVERY_CODES = {}  # unused ones, by port and user


class Staff:
    """A logged-in member of the staff, in English. The first log-in sets up the second factor, or uses the secret
    that is known; later ones take a recovery code each, since no code of time is accepted twice."""

    def __init__(self, client, user, password, secret=None, now=time.time):
        self.client, self.user, self.secret, self.now = client, user, secret, now
        form = client.get("/staff/login").form("/staff/login")
        done = client.post("/staff/login", form.fields(user=user, password=password))
        if done.status != 303 or not done.location.startswith("/staff/login/"):
            raise AssertionError(f"the password was answered {done.status}: {done.words[:300]}")
        {"/staff/login/enrol": self.enrol, "/staff/login/code": self.second_step}[done.location]()

    @property
    def codes(self):
        return RECOVERY_CODES.setdefault((self.client.port, self.user), [])

    def keep_codes(self, page):
        self.codes[:] = re.findall(r"<code>([0-9a-z-]{14})</code>", page.text)
        if len(self.codes) != 10:
            raise AssertionError(f"no recovery codes, {page.status}: {page.words[:300]}")

    def enrol(self):
        page = self.client.get("/staff/login/enrol")
        self.secret = re.search(r"[?&;]secret=([A-Z2-7]{32})", page.text)[1]
        form = page.form("/staff/login/enrol")
        self.enrolled_at = self.now()
        code = one_time_code(self.secret, self.enrolled_at)
        self.keep_codes(self.client.post(form.action, form.fields(code=code)))

    def second_step(self):
        form = self.client.get("/staff/login/code").form("/staff/login/code")
        code = self.codes.pop() if self.codes else one_time_code(self.secret, self.now())
        done = self.client.post(form.action, form.fields(code=code))
        if done.status != 303 or done.location != "/staff":
            raise AssertionError(f"the second step was answered {done.status}: {done.words[:300]}")
        if len(self.codes) < 2:
            form = self.client.get("/staff/account").form("/staff/account/codes")
            code = self.codes.pop() if self.codes else one_time_code(self.secret, self.now(), step=1)
            self.keep_codes(self.client.post(form.action, form.fields(code=code)))

    def check(self, number, region="SE", topic="offers", channel="whatsapp"):
        form = self.client.get("/staff/check?lang=en").form("/staff/check")
        return self.client.post("/staff/check", form.fields(number=number, region=region, topic=topic,
                                                            channel=channel), accept_language="en")

    def write(self, verdict):
        """Presses the button below a yes."""
        form = verdict.form("/staff/write")
        return self.client.post(form.action, form.fields(), accept_language="en")

    def confirm(self, code):
        form = self.client.get("/staff/confirm").form("/staff/confirm")
        look = self.client.post("/staff/confirm", form.fields(code=code), accept_language="en")
        if look.status != 200:
            return look
        form = look.form("/staff/confirm/yes")
        return self.client.post("/staff/confirm/yes", form.fields(), accept_language="en")

    def stop(self, number, region="SE"):
        form = self.client.get("/staff/stop").form("/staff/stop")
        return self.client.post("/staff/stop", form.fields(number=number, region=region), accept_language="en")


# ---- a box ----

class Box:
    """A fresh shop: counterfoil.toml, certificates, data folder, and a daemon that can be started and killed."""

    staff_user, staff_password, staff_secret = "maria", "tres-faroles-test-1", None

    def __init__(self, at, data=None, board="generic"):
        self.folder = pathlib.Path(at)
        self.folder.mkdir(exist_ok=True)
        self.port = free_ports()
        self.config = self.folder / "counterfoil.toml"
        self.data = pathlib.Path(data) if data else self.folder / "data"
        self.tls = self.folder / "tls"
        self.ca, self.log_key = self.tls / "ca.pem", self.folder / "log-key.pem"
        self.peer_certificate, self.peer_key = self.folder / "peer.pem", self.folder / "peer.key"
        self.log = self.folder / "daemon.log"
        self.clock_file = self.folder / "clock"
        self.board, self.anchor, self.second_copy, self.process = board, "", "", None

    # making

    def make(self, peer=True, user=True):
        self.write_certificates()
        self.write_config()
        self.expect(self.cli("init"))
        if user:
            self.expect(self.cli("user", "add", self.staff_user, "--role", "manager", stdin=self.staff_password + "\n"))
        if peer:
            self.expect(self.cli("peer", "add", "office", "--recipient", "head-office", "--certificate",
                                 self.peer_certificate))
        self.log_key.write_text(self.expect(self.cli("log-key")).stdout)
        return self

    def write_config(self, change=lambda text: text):
        text = (pathlib.Path(__file__).parent / "shop.toml").read_text(encoding="utf-8")
        clock = 'clock_control = "clock"' if self.board == "fake" else "clock_trusted = true"
        for key, path in (("anchor", self.anchor), ("second_copy", self.second_copy)):
            if path:
                clock += f'\n{key} = "{path}"'
        for key, value in {"@BOARD@": self.board, "@CLOCK@": clock, "@CUSTOMER@": self.port,
                           "@STAFF@": self.port + 1, "@SYNC@": self.port + 2}.items():
            text = text.replace(key, str(value))
        self.config.write_text(change(text), encoding="utf-8")

    def write_certificates(self):
        self.tls.mkdir(exist_ok=True)
        make_authority(self.ca, self.tls / "ca.key")
        make_certificate(self.ca, self.tls / "ca.key", self.tls / "server.pem", self.tls / "server.key", "localhost",
                         "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth")
        make_certificate(self.ca, self.tls / "ca.key", self.peer_certificate, self.peer_key, "head-office",
                         "extendedKeyUsage=clientAuth")

    def set_clock(self, instant, state="synced"):
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(f"{int(instant)} {state}\n")
        fresh.replace(self.clock_file)

    # living

    def daemon_command(self):
        return [program("counterfoild"), "--config", str(self.config), "--data", str(self.data)]

    def start(self, **popen):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.daemon_command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            **popen)
        self.wait_serving()
        return self

    def wait_serving(self):
        until = time.monotonic() + DEADLINE_s
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}: {self.log_tail()}")
            status = self.status()
            if status and status.get("serving") and (status.get("index_ready") or status.get("read_only")):
                return status
            time.sleep(0.02)
        raise AssertionError(f"the daemon is not ready after {DEADLINE_s} s: {self.log_tail()}")

    def start_expecting_failure(self, timeout=DEADLINE_s, **popen):
        """Runs the daemon to its end: (exit status, standard error)."""
        ended = subprocess.run(self.daemon_command(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=timeout, check=False, **popen)
        return ended.returncode, ended.stderr

    def stop(self):
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(DEADLINE_s)
        self.process = None
        return status

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_s)
        self.process = None

    def log_tail(self):
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "(no log)"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_s)

    # asking

    def cli(self, *arguments, stdin="", timeout=120):
        return run(program("counterfoil"), "--config", self.config, "--data", self.data, *arguments, stdin=stdin,
                   timeout=timeout)

    @staticmethod
    def expect(ended, status=0):
        if ended.returncode != status:
            raise AssertionError(f"{ended.args} ended with {ended.returncode}, not {status}:\n"
                                 f"{ended.stdout}{ended.stderr}")
        return ended

    def status(self):
        """What the running daemon says of itself; nothing while none answers."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(DEADLINE_s)
                s.connect(str(self.data / "control.sock"))
                s.sendall(b'{"do":"status"}\n')
                line = b""
                while not line.endswith(b"\n"):
                    piece = s.recv(65536)
                    if not piece:
                        return None
                    line += piece
                return json.loads(line).get("ok")
        except OSError:
            return None

    def events(self):
        return self.status()["events"]

    def customer(self, **options):
        return Client(self.port, self.ca, **options)

    def staff_client(self, **options):
        return Client(self.port + 1, self.ca, **options)

    def staff(self, client=None, **options):
        return Staff(client or self.staff_client(**options), self.staff_user, self.staff_password, self.staff_secret,
                     self.now)

    def now(self):
        return int(self.clock_file.read_text().split()[0]) if self.board == "fake" else time.time()

    def peer(self, **options):
        options.setdefault("certificate", self.peer_certificate)
        options.setdefault("key", self.peer_key)
        return Client(self.port + 2, self.ca, **options)

    def pull_command(self, bundle, *more):
        return [program("counterfoil"), "pull", f"https://127.0.0.1:{self.port + 2}", str(bundle), "--key",
                str(self.log_key), "--ca", str(self.ca), "--certificate", str(self.peer_certificate), "--client-key",
                str(self.peer_key), *more]

    def pull(self, bundle, *more):
        return run(*self.pull_command(bundle, *more))

    def verify_bundle(self, bundle, *more):
        return run(program("counterfoil-verify"), bundle, "--key", self.log_key, *more)

    def verify(self):
        return self.cli("verify")


class Demo(Box):
    """The demo shop of `counterfoil demo`, with its people."""

    def __init__(self, at):
        super().__init__(at)
        self.facts_file = self.folder / "facts.json"
        self.shop = self.folder / "shop"
        self.config, self.data = self.shop / "counterfoil.toml", self.shop / "data"
        self.log = self.shop / "daemon.log"
        self.output = self.folder / "demo.out"

    def start(self, **popen):
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen(
                [program("counterfoil"), "demo", "--at-any-time", "--dir", str(self.shop), "--port", str(self.port), "--json",
                 str(self.facts_file)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **popen)
        until = time.monotonic() + 2 * DEADLINE_s
        while not self.facts_file.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the demo shop did not open: {self.output.read_text()[-2000:]} {self.log_tail()}")
            time.sleep(0.05)
        self.facts = json.loads(self.facts_file.read_text())
        self.staff_user, self.staff_password = self.facts["staff_user"], self.facts["staff_password"]
        self.staff_secret = self.facts["staff_secret"]
        self.ca, self.log_key = pathlib.Path(self.facts["ca_file"]), pathlib.Path(self.facts["log_key_file"])
        self.peer_certificate = pathlib.Path(self.facts["sync_cert"])
        self.peer_key = pathlib.Path(self.facts["sync_key"])
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_s)
            except subprocess.TimeoutExpired:
                self.process.kill()


# ---- certificates, by openssl ----

def openssl(*arguments):
    ended = run("openssl", *arguments)
    if ended.returncode != 0:
        raise AssertionError(f"openssl {arguments[0]}: {ended.stderr}")
    return ended


def make_authority(certificate, key):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "100",
            "-subj", "/CN=Test authority", "-keyout", key, "-out", certificate, "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")


def make_certificate(ca, ca_key, certificate, key, name, extensions, days=90,
                     kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), how=()):
    with tempfile.TemporaryDirectory() as scratch:
        request, extra = pathlib.Path(scratch) / "csr", pathlib.Path(scratch) / "ext"
        extra.write_text("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nsubjectKeyIdentifier=hash\n"
                         "authorityKeyIdentifier=keyid\n" + extensions + "\n")
        openssl("req", "-new", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", days,
                "-extfile", extra, "-out", certificate, *how)
    os.chmod(key, 0o600)


# ---- running a file of tests ----

def bundle_entries(bundle):
    """The entry lines of a bundle in order."""
    files = sorted(pathlib.Path(bundle).glob("entries-*.ndjson"), key=lambda p: int(p.stem.split("-")[1]))
    return [line for file in files for line in file.read_text().splitlines()]


def readme_blocks(title):
    """The fenced sh blocks of one section of README.md, joined."""
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert blocks, "the section has lost its commands"
    return "".join(blocks)


def main():
    unittest.main(verbosity=2, warnings="ignore", argv=[sys.argv[0], *sys.argv[1:]])
